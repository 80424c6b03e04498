package wire

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tidwall/gjson"
)

// EditExtra gives the body to send for an extra in observe mode: nothing is
// stored upstream, and a stream ends with its usage (see the grammars' edits).
// All other bytes stay as they are; a body that needs no change is returned
// itself, and body is never written to.
//
// v must be what ReadView gave for body, which is not checked again. The error
// wraps ErrNotDialect if what is to be edited is of another type than the API
// has there.
func EditExtra(v View, body []byte) ([]byte, error) {
	g := grammars(v.Dialect)
	if g == nil {
		return nil, fmt.Errorf("edit %s request: %w", v.Dialect.name(), ErrNotDialect)
	}
	root := walk(body)
	if !root.IsObject() {
		return nil, fmt.Errorf("edit %s request: no JSON object: %w", v.Dialect, ErrNotDialect)
	}
	splices, err := g.edits(v, root)
	if err != nil {
		return nil, fmt.Errorf("edit %s request: %w", v.Dialect, err)
	}
	if len(splices) == 0 {
		return body, nil
	}
	return apply(body, splices), nil
}

// A splice puts text in place of the bytes from at up to end.
type splice struct {
	at, end int
	text    string
}

// apply makes all splices, which must not overlap, in one copy of body.
func apply(body []byte, splices []splice) []byte {
	slices.SortFunc(splices, func(a, b splice) int { return a.at - b.at })
	size := len(body)
	for _, s := range splices {
		size += len(s.text)
	}
	out := make([]byte, 0, size)
	from := 0
	for _, s := range splices {
		out = append(out, body[from:s.at]...)
		out = append(out, s.text...)
		from = s.end
	}
	return append(out, body[from:]...)
}

// setMember replaces the value of key in object, or adds it at the end.
// Positions are those of the body that object was read from.
func setMember(object gjson.Result, key, value string) splice {
	if old := member(object, key); old.Exists() {
		return splice{old.Index, old.Index + len(old.Raw), value}
	}
	brace := strings.LastIndexByte(object.Raw, '}')
	text := `"` + key + `":` + value
	if strings.TrimSpace(object.Raw[1:brace]) != "" {
		text = "," + text
	}
	at := object.Index + brace
	return splice{at, at, text}
}

// dropMember takes the first member of a key out of object, with one of the
// commas around it; false if there is none.
func dropMember(object gjson.Result, key string) (s splice, found bool) {
	from, leading := object.Index+1, true // behind the brace, or the member before
	object.ForEach(func(k, value gjson.Result) bool {
		end := value.Index + len(value.Raw)
		if found = k.Str == key; !found {
			from, leading = end, false
			return true
		}
		if leading {
			end += commaIn(object.Raw[end-object.Index:])
		}
		s = splice{at: from, end: end}
		return false
	})
	return s, found
}

// commaIn is the size of a comma that rest begins with, and of the white space
// before it; 0 if there is none.
func commaIn(rest string) int {
	trimmed := strings.TrimLeft(rest, space)
	if !strings.HasPrefix(trimmed, ",") {
		return 0
	}
	return len(rest) - len(trimmed) + 1
}

// member finds the value of key; of several the last, which is the one that
// most servers take. Unlike gjson's paths it sees through escaped keys.
func member(object gjson.Result, key string) gjson.Result {
	var found gjson.Result
	object.ForEach(func(k, value gjson.Result) bool {
		if k.Str == key {
			found = value
		}
		return true
	})
	return found
}
