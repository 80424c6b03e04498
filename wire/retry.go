package wire

import (
	"net/http"
	"strconv"
)

// retryHeader counts the attempts before this one. The SDKs of OpenAI and
// Anthropic send it with every call.
const retryHeader = "X-Stainless-Retry-Count"

// Retried reports whether a client's library says that it sends a request
// again: the same question, not a new one.
func Retried(h http.Header) bool {
	n, err := strconv.Atoi(h.Get(retryHeader))
	return err == nil && n > 0
}
