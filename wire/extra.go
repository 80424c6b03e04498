package wire

import (
	"net/http"
	"slices"
)

// onceOnly are the request headers that name one call, which no other may
// repeat: an upstream may answer a repeated key with the first call's reply, or
// refuse a repeated id.
var onceOnly = []string{
	"Idempotency-Key",
	"X-Idempotency-Key",
	"X-Client-Request-Id",
	"X-Request-Id",
	"Request-Id",
	"X-Correlation-Id",
	"Helicone-Request-Id",
}

// NamesCall reports whether a request has a header that no other may repeat.
func NamesCall(h http.Header) bool {
	return slices.ContainsFunc(onceOnly, func(name string) bool { return len(h[name]) > 0 })
}

// ScrubExtra removes from h, the cloned header of a request, what an extra must
// not repeat.
func ScrubExtra(h http.Header) {
	for _, name := range onceOnly {
		h.Del(name)
	}
}
