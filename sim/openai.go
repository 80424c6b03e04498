package sim

import (
	"net/http"
	"strconv"
)

// openAI is the manner of OpenAI's API, for all of its dialects.
type openAI struct{}

// An openAIError is what is wrong, in OpenAI's form.
type openAIError struct {
	Message string  `json:"message"`
	Type    string  `json:"type"`
	Param   *string `json:"param"`
	Code    *string `json:"code"`
}

func (openAI) failure(f *failure, _ string) (int, any) {
	return f.status(), map[string]openAIError{"error": f.openAI()}
}

func (openAI) mark(h http.Header, id string) { h.Set("X-Request-Id", "req_"+id) }

func (openAI) quota(h http.Header, left quota) {
	h.Set("X-Ratelimit-Limit-Requests", strconv.Itoa(left.requests))
	h.Set("X-Ratelimit-Remaining-Requests", strconv.Itoa(left.requestsLeft))
	h.Set("X-Ratelimit-Reset-Requests", "6ms")
	h.Set("X-Ratelimit-Limit-Tokens", strconv.Itoa(left.tokens))
	h.Set("X-Ratelimit-Remaining-Tokens", strconv.Itoa(left.tokensLeft))
	h.Set("X-Ratelimit-Reset-Tokens", "1ms")
}

func (f *failure) openAI() openAIError {
	e := openAIError{Message: f.message, Type: "invalid_request_error"}
	switch f.kind {
	case limited:
		e.Type = "requests"
	case broken:
		e.Type = "server_error"
	case overload:
		e.Type = "service_unavailable_error"
	}
	if f.param != "" {
		e.Param = &f.param
	}
	if f.code != "" {
		e.Code = &f.code
	}
	return e
}

// An openAIFormat is what is asked of the form of an answer: response_format,
// with the schema inside json_schema, or text.format, with it beside the type.
type openAIFormat struct {
	Type       string  `json:"type"`
	Schema     *schema `json:"schema"`
	JSONSchema struct {
		Schema *schema `json:"schema"`
	} `json:"json_schema"`
}

func (f openAIFormat) format(of *schema) format {
	switch f.Type {
	case "json_schema":
		if of == nil {
			of = &schema{}
		}
		return format{structured: true, schema: of}
	case "json_object":
		return format{structured: true}
	}
	return format{}
}
