package sim

import (
	"fmt"
	"net/http"
	"strconv"
)

// A kind is what sort of thing went wrong; each provider has its own name for
// it.
type kind int

const (
	invalid kind = iota
	missing
	tooLarge
	limited
	broken
	overload
)

// A failure is an error in no provider's form.
type failure struct {
	kind    kind
	message string
	// param is the part of the request that is to blame; empty if none.
	param string
	// code names the cause, where OpenAI has a name for it, and detail where
	// Anthropic has.
	code, detail string
	// retryAfter is told with it, in seconds; 0: not.
	retryAfter int
}

// status is the HTTP status of most providers for a failure.
func (f *failure) status() int {
	switch f.kind {
	case missing:
		return http.StatusNotFound
	case tooLarge:
		return http.StatusRequestEntityTooLarge
	case limited:
		return http.StatusTooManyRequests
	case broken:
		return http.StatusInternalServerError
	case overload:
		return http.StatusServiceUnavailable
	}
	return http.StatusBadRequest
}

func badRequest(param, format string, args ...any) *failure {
	return &failure{kind: invalid, param: param, message: fmt.Sprintf(format, args...)}
}

func badJSON() *failure {
	return badRequest("", "the body of the request could not be read as JSON of the expected form")
}

func bodyTooLarge(limit int64) *failure {
	return &failure{kind: tooLarge, message: fmt.Sprintf("the body of the request is larger than %d bytes", limit)}
}

func unknownURL(method, path string) *failure {
	return &failure{
		kind: missing, code: "unknown_url",
		message: fmt.Sprintf("unknown request URL: %s %s (simulated API)", method, path),
	}
}

func notFound(code, format string, args ...any) *failure {
	return &failure{kind: missing, code: code, message: fmt.Sprintf(format, args...)}
}

func rateLimited(seconds int) *failure {
	return &failure{kind: limited, code: "rate_limit_exceeded", message: "simulated: rate limit reached", retryAfter: seconds}
}

func serverError() *failure {
	return &failure{kind: broken, message: "simulated: the server had an error while processing the request"}
}

func overloaded() *failure {
	return &failure{kind: overload, code: "server_is_overloaded", message: "simulated: the servers are overloaded"}
}

// refuse answers an exchange with a failure, in its provider's form.
func (s *Server) refuse(x *exchange, f *failure) {
	s.identify(x)
	if f.retryAfter > 0 {
		x.w.Header().Set("Retry-After", strconv.Itoa(f.retryAfter))
	}
	status, body := x.provider.failure(f, x.id())
	sendJSON(x.w, status, body)
}
