package sim

import (
	"net/http"
	"strconv"
	"time"
)

// anthropic is the manner of Anthropic's API, also as Vertex AI serves it.
type anthropic struct{}

// statusOverloaded is Anthropic's own status code.
const statusOverloaded = 529

// An anthropicError is what is wrong, in Anthropic's form.
type anthropicError struct {
	Type    string            `json:"type"`
	Message string            `json:"message"`
	Details map[string]string `json:"details,omitempty"`
}

func (anthropic) failure(f *failure, id string) (int, any) {
	status := f.status()
	if f.kind == overload {
		status = statusOverloaded
	}
	return status, map[string]any{"type": "error", "error": f.anthropic(), "request_id": "req_" + id}
}

func (anthropic) mark(h http.Header, id string) { h.Set("Request-Id", "req_"+id) }

func (anthropic) quota(h http.Header, left quota) {
	reset := left.reset.UTC().Format(time.RFC3339)
	for what, of := range map[string][2]int{
		"Requests":      {left.requests, left.requestsLeft},
		"Tokens":        {left.tokens, left.tokensLeft},
		"Input-Tokens":  {left.tokens / 2, left.tokensLeft / 2},
		"Output-Tokens": {left.tokens / 2, left.tokensLeft / 2},
	} {
		h.Set("Anthropic-Ratelimit-"+what+"-Limit", strconv.Itoa(of[0]))
		h.Set("Anthropic-Ratelimit-"+what+"-Remaining", strconv.Itoa(of[1]))
		h.Set("Anthropic-Ratelimit-"+what+"-Reset", reset)
	}
}

func (f *failure) anthropic() anthropicError {
	e := anthropicError{Type: "invalid_request_error", Message: f.message}
	switch f.kind {
	case missing:
		e.Type = "not_found_error"
	case tooLarge:
		e.Type = "request_too_large"
	case limited:
		e.Type = "rate_limit_error"
	case broken:
		e.Type = "api_error"
	case overload:
		e.Type = "overloaded_error"
	}
	if f.detail != "" {
		e.Details = map[string]string{"error_code": f.detail}
	}
	return e
}

// bedrock is the manner of Amazon Bedrock, which serves Anthropic's models.
type bedrock struct{}

func (bedrock) failure(f *failure, _ string) (int, any) {
	return f.status(), map[string]string{"message": f.message}
}

func (bedrock) mark(h http.Header, id string) { h.Set("X-Amzn-Requestid", id) }

// quota tells nothing: Bedrock has no such headers.
func (bedrock) quota(http.Header, quota) {}
