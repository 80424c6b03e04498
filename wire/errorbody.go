package wire

import (
	"encoding/json"
	"net/http"
)

const jsonType = "application/json"

// ErrorBody is the body of an error that hotmess itself answers with, in the
// form of d, so that a client's SDK raises its own error class; an Unknown
// dialect gets OpenAI's form, which most compatible servers share. status is
// the HTTP status sent with it, typ the error type (prefixed hotmess_ by the
// caller), message is for people.
func ErrorBody(d Dialect, status int, typ, message string) (contentType string, body []byte) {
	return jsonType, errorJSON(d, status, typ, message)
}

// StreamError is the event by which d reports an error in a stream whose head
// has been sent. Nothing may follow it.
func StreamError(d Dialect, status int, typ, message string) []byte {
	switch d {
	case OpenAIResponses:
		return event("error", marshal(responsesStreamError{"error", typ, message, nil, 0}))
	case AnthropicMessages:
		return event("error", errorJSON(d, status, typ, message))
	}
	return event("", errorJSON(d, status, typ, message))
}

// KeepAlive is what may be sent into a stream of d at any time between events
// to show that the connection lives: Anthropic's own ping event, else a comment.
func KeepAlive(d Dialect) []byte {
	if d == AnthropicMessages {
		return event("ping", []byte(`{"type": "ping"}`))
	}
	return []byte(": hotmess\n\n")
}

func event(name string, data []byte) []byte {
	var out []byte
	if name != "" {
		out = append(out, "event: "+name+"\n"...)
	}
	out = append(out, "data: "...)
	out = append(out, data...)
	return append(out, "\n\n"...)
}

func errorJSON(d Dialect, status int, typ, message string) []byte {
	switch d {
	case AnthropicMessages:
		return marshal(anthropicError{"error", anthropicDetail{typ, message}})
	case GeminiGenerate:
		reason := geminiReason{"type.googleapis.com/google.rpc.ErrorInfo", typ, "hotmess"}
		return marshal(geminiError{geminiDetail{status, message, rpcStatus(status), []geminiReason{reason}}})
	}
	return marshal(openaiError{openaiDetail{message, typ, nil, typ}})
}

// marshal is for the structs below: strings and numbers alone cannot fail.
func marshal(v any) []byte {
	body, _ := json.Marshal(v)
	return body
}

// The error forms as each provider documents them.
type (
	openaiError struct {
		Error openaiDetail `json:"error"`
	}
	openaiDetail struct {
		Message string  `json:"message"`
		Type    string  `json:"type"`
		Param   *string `json:"param"`
		Code    string  `json:"code"`
	}
	responsesStreamError struct {
		Type     string  `json:"type"`
		Code     string  `json:"code"`
		Message  string  `json:"message"`
		Param    *string `json:"param"`
		Sequence int     `json:"sequence_number"`
	}
	anthropicError struct {
		Type  string          `json:"type"`
		Error anthropicDetail `json:"error"`
	}
	anthropicDetail struct {
		Type    string `json:"type"`
		Message string `json:"message"`
	}
	geminiError struct {
		Error geminiDetail `json:"error"`
	}
	geminiDetail struct {
		Code    int            `json:"code"`
		Message string         `json:"message"`
		Status  string         `json:"status"`
		Details []geminiReason `json:"details"`
	}
	geminiReason struct {
		Kind   string `json:"@type"`
		Reason string `json:"reason"`
		Domain string `json:"domain"`
	}
)

// rpcStatus names the google.rpc.Code that Google's APIs send with an HTTP
// status.
func rpcStatus(status int) string {
	switch status {
	case http.StatusBadRequest:
		return "INVALID_ARGUMENT"
	case http.StatusUnauthorized:
		return "UNAUTHENTICATED"
	case http.StatusForbidden:
		return "PERMISSION_DENIED"
	case http.StatusNotFound:
		return "NOT_FOUND"
	case http.StatusTooManyRequests:
		return "RESOURCE_EXHAUSTED"
	case http.StatusNotImplemented:
		return "UNIMPLEMENTED"
	case http.StatusBadGateway, http.StatusServiceUnavailable:
		return "UNAVAILABLE"
	case http.StatusGatewayTimeout:
		return "DEADLINE_EXCEEDED"
	case http.StatusInternalServerError:
		return "INTERNAL"
	}
	return "UNKNOWN"
}
