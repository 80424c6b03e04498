package sim

import (
	"strings"
	"testing"

	"github.com/tidwall/gjson"
)

// shape checks a JSON text against the fields that a reference documents, one
// a line: a path and what stands there, a type or a value.
func shape(t *testing.T, what string, got gjson.Result, fields string) {
	t.Helper()
	for line := range strings.SplitSeq(strings.TrimSpace(fields), "\n") {
		path, want, _ := strings.Cut(strings.TrimSpace(line), " ")
		if at := got.Get(path); !is(at, strings.TrimSpace(want)) {
			t.Errorf("%s: %s is %s, want %s", what, path, at.Raw, want)
		}
	}
}

// is reports whether a value is of a type, has a beginning ("x…") or is equal
// to a JSON text.
func is(v gjson.Result, want string) bool {
	switch want {
	case "string":
		return v.Type == gjson.String && v.Str != ""
	case "text": // may be empty
		return v.Type == gjson.String
	case "number":
		return v.Type == gjson.Number
	case "object":
		return v.IsObject()
	case "list":
		return v.IsArray()
	case "missing":
		return !v.Exists()
	}
	if start, ok := strings.CutSuffix(want, "…"); ok {
		return v.Type == gjson.String && strings.HasPrefix(v.Str, start)
	}
	return v.Raw == want
}
