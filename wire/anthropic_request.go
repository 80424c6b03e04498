package wire

import (
	"fmt"

	"github.com/tidwall/gjson"
)

// anthropic is the grammar of Anthropic Messages.
type anthropic struct{}

func (anthropic) view(Target, map[string]gjson.Result) (View, error) {
	return View{}, fmt.Errorf("no messages array: %w", ErrNotDialect)
}

func (anthropic) edits(View, gjson.Result) ([]splice, error) { return nil, nil }

// The error form that Anthropic documents.
type (
	anthropicError struct {
		Type  string          `json:"type"`
		Error anthropicDetail `json:"error"`
	}
	anthropicDetail struct {
		Type    string `json:"type"`
		Message string `json:"message"`
	}
)

func (anthropic) failure(f ownFailure) any {
	return anthropicError{"error", anthropicDetail{f.kind, f.message}}
}

func (a anthropic) streamFailure(f ownFailure) (string, any) { return "error", a.failure(f) }

// ping is Anthropic's own event, which its clients show or skip.
func (anthropic) ping() []byte { return event("ping", []byte(`{"type": "ping"}`)) }
