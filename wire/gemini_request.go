package wire

import (
	"fmt"

	"github.com/tidwall/gjson"
)

// gemini is the grammar of Gemini's generateContent.
type gemini struct{}

func (gemini) view(Target, map[string]gjson.Result) (View, error) {
	return View{}, fmt.Errorf("no contents: %w", ErrNotDialect)
}

// edits changes nothing: nothing is stored, and every stream tells its usage.
func (gemini) edits(View, gjson.Result) ([]splice, error) { return nil, nil }
