package sim

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// An apiError is an error in the form of OpenAI's API.
type apiError struct {
	status  int
	Message string  `json:"message"`
	Type    string  `json:"type"`
	Param   *string `json:"param"`
	Code    *string `json:"code"`
}

// write sends e; headers that were set before go along.
func (e *apiError) write(w http.ResponseWriter) {
	sendJSON(w, e.status, map[string]*apiError{"error": e})
}

func badRequest(param, text string) *apiError {
	return &apiError{status: http.StatusBadRequest, Message: text, Type: "invalid_request_error", Param: &param}
}

func badJSON() *apiError {
	return &apiError{
		status:  http.StatusBadRequest,
		Message: "the body of the request could not be read as JSON of the expected form",
		Type:    "invalid_request_error",
	}
}

func bodyTooLarge(limit int64) *apiError {
	return &apiError{
		status:  http.StatusRequestEntityTooLarge,
		Message: fmt.Sprintf("the body of the request is larger than %d bytes", limit),
		Type:    "invalid_request_error",
	}
}

func unknownURL(method, path string) *apiError {
	code := "unknown_url"
	return &apiError{
		status:  http.StatusNotFound,
		Message: fmt.Sprintf("unknown request URL: %s %s (simulated API)", method, path),
		Type:    "invalid_request_error", Code: &code,
	}
}

func notFound(code, text string) *apiError {
	return &apiError{status: http.StatusNotFound, Message: text, Type: "invalid_request_error", Code: &code}
}

func rateLimited() *apiError {
	code := "rate_limit_exceeded"
	return &apiError{
		status:  http.StatusTooManyRequests,
		Message: "simulated: rate limit reached",
		Type:    "requests", Code: &code,
	}
}

func serverError() *apiError {
	return &apiError{
		status:  http.StatusInternalServerError,
		Message: "simulated: the server had an error while processing the request",
		Type:    "server_error",
	}
}

// sendJSON sends v as a whole JSON body.
func sendJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil { // only for values that this package does not make
		panic(fmt.Errorf("encode reply: %w", err))
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// A client that is gone is the only way for this to fail.
	_, _ = w.Write(append(body, '\n'))
}
