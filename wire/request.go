package wire

import (
	"fmt"

	"github.com/tidwall/gjson"
)

// ReadView reads the fields of a request body that hotmess acts on. body is
// the decoded body; it is not changed, and the View shares no memory with it.
//
// The error wraps ErrNotJSON, ErrDuplicateKey (at the top level) or
// ErrNotDialect (valid JSON, but not a request of d, or a dialect that is not
// Readable). Fields of an unexpected type are taken as absent: to refuse them
// is the upstream's part.
func ReadView(d Dialect, body []byte) (View, error) {
	if !d.Readable() {
		return View{}, fmt.Errorf("read %s request: %w", d.name(), ErrNotDialect)
	}
	root, ok := parse(body)
	if !ok {
		return View{}, fmt.Errorf("read %s request: %w", d, ErrNotJSON)
	}
	if !root.IsObject() {
		return View{}, fmt.Errorf("read %s request: no object: %w", d, ErrNotDialect)
	}
	fields, err := topLevel(root)
	if err != nil {
		return View{}, fmt.Errorf("read %s request: %w", d, err)
	}
	return chatView(fields)
}

// name is d for messages.
func (d Dialect) name() string {
	if d == Unknown {
		return "unknown"
	}
	return string(d)
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
