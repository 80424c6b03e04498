package wire

import (
	"encoding/json"
	"math"
	"strings"
	"unsafe"

	"github.com/tidwall/gjson"
)

// maxNumber bounds every count read from outside, far above any token count
// and far below where sums of them would overflow.
const maxNumber = 1 << 40

// parse checks that data is one JSON value and gives it without a copy: what
// is kept of it must be cloned, and data must not change meanwhile.
func parse(data []byte) (gjson.Result, bool) {
	if !json.Valid(data) {
		return gjson.Result{}, false
	}
	return walk(data), true
}

// walk is parse for data that is known to be valid. gjson.ParseBytes copies,
// which for a request with images is most of the cost of reading it; this
// string lives no longer than the caller's call.
func walk(data []byte) gjson.Result {
	return gjson.Parse(unsafe.String(unsafe.SliceData(data), len(data)))
}

// count is a whole number from 0 to maxNumber; anything else is absent.
func count(v gjson.Result) (int, bool) {
	if v.Type != gjson.Number || v.Num < 0 || v.Num != math.Trunc(v.Num) {
		return 0, false
	}
	return int(min(v.Num, maxNumber)), true
}

// str is a copy of v if it is a string, else empty.
func str(v gjson.Result) string {
	if v.Type != gjson.String {
		return ""
	}
	return strings.Clone(v.Str)
}

// textOf is a string, or any other value as its JSON; null is empty.
func textOf(v gjson.Result) string {
	switch v.Type {
	case gjson.String:
		return v.Str
	case gjson.Null:
		return ""
	}
	return v.Raw
}

// present reports whether v is there and not null.
func present(v gjson.Result) bool { return v.Exists() && v.Type != gjson.Null }

// clip is a copy of the first limit bytes of s, cut at a character.
func clip(s string, limit int) string {
	if len(s) > limit {
		s = strings.ToValidUTF8(s[:limit], "")
	}
	return strings.Clone(s)
}
