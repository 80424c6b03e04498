package wire

import "errors"

// The reasons for which a body is not read. They come wrapped with a detail
// that never quotes the body.
var (
	// ErrNotJSON is a request body that is not one JSON value.
	ErrNotJSON = errors.New("not valid JSON")
	// ErrDuplicateKey is a request whose top level names one key twice:
	// servers differ in which of the two they take, so no reading is safe.
	ErrDuplicateKey = errors.New("duplicate key")
	// ErrNotDialect is a body that is not a request or reply of the dialect,
	// or a dialect that this version does not read.
	ErrNotDialect = errors.New("not a body of this dialect")
	// ErrOtherAPI is a body of a form that is not read at all.
	ErrOtherAPI = errors.New("a body of another API")
	// ErrEncoding is a Content-Encoding that Decode does not know.
	ErrEncoding = errors.New("unknown content encoding")
	// ErrTooBig is a body, event or reply beyond its limit.
	ErrTooBig = errors.New("larger than the limit")
)
