package wire

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tidwall/gjson"
)

// EditExtra gives the body to send for an extra in observe mode: nothing is
// stored upstream (store is false), and a stream ends with its usage
// (stream_options.include_usage is true). All other bytes stay as they are; a
// body that needs no change is returned itself, and body is never written to.
//
// v must be what ReadView gave for body, which is not checked again. The error
// wraps ErrNotDialect if its stream_options is neither an object nor null.
func EditExtra(d Dialect, v View, body []byte) ([]byte, error) {
	if !d.Readable() {
		return nil, fmt.Errorf("edit %s request: %w", d.name(), ErrNotDialect)
	}
	usage := v.Stream && !v.IncludeUsage
	if !v.Stored && !usage {
		return body, nil
	}
	root := walk(body)
	if !root.IsObject() {
		return nil, fmt.Errorf("edit %s request: no JSON object: %w", d, ErrNotDialect)
	}
	var splices []splice
	if v.Stored {
		splices = append(splices, setMember(root, "store", "false"))
	}
	if usage {
		s, err := askForUsage(root)
		if err != nil {
			return nil, fmt.Errorf("edit %s request: %w", d, err)
		}
		splices = append(splices, s)
	}
	return apply(body, splices), nil
}

// askForUsage sets stream_options.include_usage in a Chat Completions request.
func askForUsage(root gjson.Result) (splice, error) {
	options := member(root, "stream_options")
	switch {
	case options.IsObject():
		return setMember(options, "include_usage", "true"), nil
	case !present(options):
		return setMember(root, "stream_options", `{"include_usage":true}`), nil
	}
	return splice{}, fmt.Errorf("stream_options is no object: %w", ErrNotDialect)
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
