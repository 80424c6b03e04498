package sim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// gemini is the manner of Google's API for its own models, also as Vertex AI
// serves it.
type gemini struct {
	// array means that errors come as the only element of one, as where a
	// stream is asked for as a JSON array.
	array bool
}

// asGemini tells by the query in which of its two forms a stream is wanted.
func asGemini(r *http.Request) provider {
	return gemini{array: strings.HasSuffix(r.URL.Path, ":streamGenerateContent") && !wantsEvents(r)}
}

// wantsEvents reports whether a stream is to be of server-sent events.
func wantsEvents(r *http.Request) bool { return r.URL.Query().Get("alt") == "sse" }

// A googleStatus is what is wrong, in the form of google.rpc.Status.
type googleStatus struct {
	Code    int              `json:"code"`
	Message string           `json:"message"`
	Status  string           `json:"status"`
	Details []map[string]any `json:"details,omitempty"`
}

func (g gemini) failure(f *failure, _ string) (int, any) {
	body := map[string]googleStatus{"error": f.google()}
	if g.array {
		return f.status(), []any{body}
	}
	return f.status(), body
}

// mark tells nothing: the id of a reply stands in its body.
func (gemini) mark(http.Header, string) {}

// quota tells nothing: there are no such headers.
func (gemini) quota(http.Header, quota) {}

func (f *failure) google() googleStatus {
	e := googleStatus{Code: f.status(), Message: f.message, Status: "INVALID_ARGUMENT"}
	switch f.kind {
	case missing:
		e.Status = "NOT_FOUND"
	case limited:
		e.Status = "RESOURCE_EXHAUSTED"
		e.Details = []map[string]any{{
			"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": fmt.Sprintf("%ds", f.retryAfter),
		}}
	case broken:
		e.Status = "INTERNAL"
	case overload:
		e.Status = "UNAVAILABLE"
	}
	return e
}

// maxCamelDepth is how deep field names are read in either spelling; no field
// that is looked at lies deeper.
const maxCamelDepth = 8

// camel gives a JSON text with its field names in lower camel case, which the
// real API takes as well as names with underscores. What users name is left
// as it is.
func camel(raw json.RawMessage, depth int) json.RawMessage {
	if depth == 0 {
		return raw
	}
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) == nil && list != nil {
		for i := range list {
			list[i] = camel(list[i], depth-1)
		}
		return json.RawMessage(encode(list))
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(raw, &fields) != nil || fields == nil {
		return raw
	}
	spelt := make(map[string]json.RawMessage, len(fields))
	for name, value := range fields {
		name = camelName(name)
		if !usersOwn(name) {
			value = camel(value, depth-1)
		}
		spelt[name] = value
	}
	return json.RawMessage(encode(spelt))
}

func camelName(name string) string {
	words := strings.Split(name, "_")
	for i, word := range words {
		if i > 0 && word != "" {
			words[i] = strings.ToUpper(word[:1]) + word[1:]
		}
	}
	return strings.Join(words, "")
}

// usersOwn are the fields inside which names are the user's.
func usersOwn(name string) bool {
	switch name {
	case "args", "response", "parameters", "parametersJsonSchema", "responseSchema", "responseJsonSchema":
		return true
	}
	return false
}
