package wire

import (
	"encoding/json"
	"net/http"

	"github.com/tidwall/gjson"
)

// The error form that Google documents, a google.rpc.Status with an ErrorInfo.
type (
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

func (gemini) failure(f ownFailure) any {
	reason := geminiReason{"type.googleapis.com/google.rpc.ErrorInfo", f.kind, "hotmess"}
	return geminiError{geminiDetail{f.status, f.message, rpcStatus(f.status), []geminiReason{reason}}}
}

func (g gemini) streamFailure(f ownFailure) (string, any) { return "", g.failure(f) }

func (gemini) relayFailure(_, said gjson.Result) (string, any) {
	return "", members{"error": json.RawMessage(said.Raw)}
}

// ping is empty lines. Google's clients for Go and Python take a comment for a
// broken event, and that for Go takes one empty line for the beginning of the next.
func (gemini) ping() []byte { return []byte("\n\n") }

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
