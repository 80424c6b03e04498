package wire

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
)

// defaultOutput is the cap on generated tokens where the API demands one and
// none is given.
const defaultOutput = 8192

// A Question is one user message that is asked on its own: no history, no
// tools, not streamed, nothing stored upstream.
type Question struct {
	Model, Text string
	// Temperature, if not nil, is sent as it is.
	Temperature *float64
	// OutputCap bounds the generated tokens; 0: none is sent, or 8192 where
	// the API demands one.
	OutputCap int
	// Merge is a JSON object that is merged into the body as in RFC 7396:
	// objects member by member, null takes a member away. nil: nothing is.
	Merge json.RawMessage
}

// Request is the question as a POST of d: the raw path, from the version on,
// and the body. The error wraps ErrNotDialect for a dialect that is not
// Readable, and ErrNotJSON if Merge is no JSON object.
func (q Question) Request(d Dialect) (path string, body []byte, err error) {
	fields := map[string]any{"model": q.Model}
	user := map[string]any{"role": "user", "content": q.Text}
	tuning, limit := fields, ""
	switch d {
	case OpenAIChat:
		path, limit = "/v1/chat/completions", "max_completion_tokens"
		fields["messages"] = []any{user}
	case OpenAIResponses:
		path, limit = "/v1/responses", "max_output_tokens"
		fields["input"], fields["store"] = q.Text, false
	case AnthropicMessages:
		path, limit = "/v1/messages", "max_tokens"
		fields["messages"], fields[limit] = []any{user}, defaultOutput
	case GeminiGenerate:
		path, limit = "/v1beta/models/"+url.PathEscape(q.Model)+":generateContent", "maxOutputTokens"
		tuning = map[string]any{}
		part := map[string]any{"text": q.Text}
		fields = map[string]any{"contents": []any{map[string]any{"role": "user", "parts": []any{part}}}}
	default:
		return "", nil, fmt.Errorf("ask in dialect %s: %w", d.name(), ErrNotDialect)
	}
	if q.Temperature != nil {
		tuning["temperature"] = *q.Temperature
	}
	if q.OutputCap > 0 {
		tuning[limit] = q.OutputCap
	}
	if d == GeminiGenerate && len(tuning) > 0 {
		fields["generationConfig"] = tuning
	}
	body, err = q.merged(fields)
	return path, body, err
}

// merged is fields as JSON, Merge merged into it.
func (q Question) merged(fields map[string]any) ([]byte, error) {
	base, err := json.Marshal(fields)
	if err != nil || q.Merge == nil {
		return base, err
	}
	var into, patch map[string]json.RawMessage
	if err := json.Unmarshal(q.Merge, &patch); err != nil || patch == nil {
		return nil, fmt.Errorf("what is merged into the body is no object: %w", errors.Join(ErrNotJSON, err))
	}
	if err := json.Unmarshal(base, &into); err != nil {
		return nil, err
	}
	return json.Marshal(mergePatch(into, patch))
}

// mergePatch is RFC 7396 with an object on both sides. Values stay raw, so that
// no number changes its form.
func mergePatch(into, patch map[string]json.RawMessage) map[string]json.RawMessage {
	merged := maps.Clone(into)
	if merged == nil {
		merged = map[string]json.RawMessage{}
	}
	for name, value := range patch {
		var inner, old map[string]json.RawMessage
		switch {
		case string(value) == "null":
			delete(merged, name)
		case json.Unmarshal(value, &inner) == nil:
			_ = json.Unmarshal(merged[name], &old) // what is no object is replaced
			raw, err := json.Marshal(mergePatch(old, inner))
			if err != nil { // raw values come from a JSON text
				raw = value
			}
			merged[name] = raw
		default:
			merged[name] = value
		}
	}
	return merged
}

// anthropicVersion is the version of Anthropic's API that Question speaks.
const anthropicVersion = "2023-06-01"

// SetKey sets what a request of d to its API needs besides the body: the type
// of the content, the API's version and, if key is not empty, the key.
func SetKey(h http.Header, d Dialect, key string) {
	h.Set("Content-Type", "application/json")
	if d == AnthropicMessages {
		h.Set("Anthropic-Version", anthropicVersion)
	}
	switch {
	case key == "":
	case d == AnthropicMessages:
		h.Set("X-Api-Key", key)
	case d == GeminiGenerate:
		h.Set("X-Goog-Api-Key", key)
	default:
		h.Set("Authorization", "Bearer "+key)
	}
}

// Provider is the provider whose API d is; of compatible servers too. An Unknown
// dialect has none.
func (d Dialect) Provider() string {
	switch d {
	case OpenAIChat, OpenAIResponses:
		return ProviderOpenAI
	case AnthropicMessages:
		return ProviderAnthropic
	case GeminiGenerate:
		return ProviderGemini
	}
	return ""
}
