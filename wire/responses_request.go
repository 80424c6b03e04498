package wire

import (
	"fmt"

	"github.com/tidwall/gjson"
)

// responses is the grammar of OpenAI Responses.
type responses struct{}

func (responses) view(Target, map[string]gjson.Result) (View, error) {
	return View{}, fmt.Errorf("no input: %w", ErrNotDialect)
}

func (responses) edits(View, gjson.Result) ([]splice, error) { return nil, nil }

func (responses) failure(f ownFailure) any { return openaiFailure(f) }

// responsesStreamError is the error event that OpenAI documents.
type responsesStreamError struct {
	Type     string  `json:"type"`
	Code     string  `json:"code"`
	Message  string  `json:"message"`
	Param    *string `json:"param"`
	Sequence int     `json:"sequence_number"`
}

func (responses) streamFailure(f ownFailure) (string, any) {
	return "error", responsesStreamError{"error", f.kind, f.message, nil, 0}
}

func (responses) ping() []byte { return comment }
