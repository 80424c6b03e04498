package wire

import (
	"fmt"

	"github.com/tidwall/gjson"
)

// ReadView reads the fields of a request body that hotmess acts on. body is
// the decoded body; it is not changed, and the View shares no memory with it.
// View.Dialect is that of t, unless the path is shared by several (t.ByBody).
//
// The error wraps ErrNotJSON, ErrDuplicateKey (at the top level), ErrOtherAPI
// (t.ByBody, and the body is of none that is read) or ErrNotDialect (valid JSON,
// but not a request of the dialect, or a dialect that is not Readable). Fields of
// an unexpected type are taken as absent: to refuse them is the upstream's part.
func ReadView(t Target, body []byte) (View, error) {
	v, err := readView(t, body)
	if err != nil {
		return View{}, fmt.Errorf("read %s request: %w", t.Dialect.name(), err)
	}
	return v, nil
}

func readView(t Target, body []byte) (View, error) {
	if !t.Dialect.Readable() {
		return View{}, ErrNotDialect
	}
	root, ok := parse(body)
	if !ok {
		return View{}, ErrNotJSON
	}
	if !root.IsObject() {
		return View{}, fmt.Errorf("no object: %w", ErrNotDialect)
	}
	fields, err := topLevel(root)
	if err != nil {
		return View{}, err
	}
	if t.ByBody {
		if t.Dialect = byBody(fields); t.Dialect == Unknown {
			return View{}, ErrOtherAPI
		}
	}
	v, err := grammars(t.Dialect).view(t, fields)
	v.latest()
	return v, err
}

// byBody tells the dialect of a request whose path is shared by the models of
// several vendors: Anthropic's must name its version, OpenAI's form and
// Mistral's, which is the same, have a model and messages.
func byBody(fields map[string]gjson.Result) Dialect {
	switch {
	case present(fields["anthropic_version"]):
		return AnthropicMessages
	case fields["messages"].IsArray():
		return OpenAIChat
	case fields["contents"].Exists():
		return GeminiGenerate
	}
	return Unknown
}

// topLevel lists the members of an object by their unescaped keys.
func topLevel(root gjson.Result) (map[string]gjson.Result, error) {
	fields := make(map[string]gjson.Result, 16)
	n, twice := 0, false
	root.ForEach(func(key, value gjson.Result) bool {
		n++
		if _, twice = fields[key.Str]; twice {
			return false
		}
		fields[key.Str] = value
		return true
	})
	if twice {
		return nil, fmt.Errorf("top-level key number %d: %w", n, ErrDuplicateKey)
	}
	return fields, nil
}
