package wire

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Detect reads off the head of a request whose API it speaks. path is the raw
// (escaped) path without the name of an upstream, query the raw query. The path
// decides; headers are asked only where several APIs share it, and
// Authorization never is: the APIs' clients send it interchangeably. Only a
// POST has a dialect.
func Detect(method, path, query string, h http.Header) Target {
	t, known := byPath(path, query)
	if !known {
		t = byHeader(path, h)
	}
	if method != http.MethodPost {
		return Target{Provider: t.Provider}
	}
	return t
}

// An endpoint is one way in which the path of a known call ends.
type endpoint struct {
	// parents lists the segments that may stand before the last; empty: any.
	parents []string
	last    string
	target  Target
}

// endpoints are tried in order. Messages need a known parent because OpenAI's
// /threads/{id}/messages ends alike.
var endpoints = []endpoint{
	{[]string{"chat"}, "completions", Target{Provider: ProviderOpenAI, Dialect: OpenAIChat}},
	{nil, "responses", Target{Provider: ProviderOpenAI, Dialect: OpenAIResponses}},
	{[]string{"", "v1", "anthropic"}, messages, Target{Provider: ProviderAnthropic, Dialect: AnthropicMessages}},
	{[]string{messages}, "count_tokens", Target{Provider: ProviderAnthropic}},
	{[]string{messages}, "batches", Target{Provider: ProviderAnthropic}},
	{[]string{"v1"}, "complete", Target{Provider: ProviderAnthropic}},
}

// messages is how the paths of Anthropic's calls end, and of one of OpenAI's.
const messages = "messages"

// byPath is what the path alone tells, if it tells anything.
func byPath(path, query string) (Target, bool) {
	rest, last := cutLast(path)
	if t, ok := verbCall(rest, last, query); ok {
		return t, true
	}
	if t, ok := bedrockCall(rest, last); ok {
		return t, true
	}
	_, parent := cutLast(rest)
	for _, e := range endpoints {
		if last == e.last && e.under(parent) {
			return e.at(path), true
		}
	}
	if geminiVersion(path) {
		return Target{Provider: ProviderGemini}, true
	}
	if strings.Contains(path, "/messages/batches/") {
		return Target{Provider: ProviderAnthropic}, true
	}
	return Target{}, false
}

func (e endpoint) under(parent string) bool {
	if len(e.parents) == 0 {
		return true
	}
	return slices.Contains(e.parents, parent)
}

// at is the endpoint's target; below one of Gemini's versions (its
// OpenAI-compatible surface, /v1beta/openai/) it is Gemini's. Azure's paths
// name a deployment.
func (e endpoint) at(path string) Target {
	t := e.target
	if geminiVersion(path) {
		t.Provider = ProviderGemini
	}
	if _, rest, ok := strings.Cut(path, "/openai/deployments/"); ok && t.Dialect != Unknown {
		deployment, _, _ := strings.Cut(rest, "/")
		t.Model = unescape(deployment)
	}
	return t
}

// geminiVersion reports whether path lies below an API version that only
// Gemini has.
func geminiVersion(path string) bool {
	for _, v := range [...]string{"/v1beta/", "/v1alpha/", "/upload/v1beta/"} {
		if strings.HasPrefix(path, v) {
			return true
		}
	}
	return false
}

// verbCall reads paths of the form …/models/NAME:verb: Gemini's, and those of
// any vendor's models on Vertex AI. Fine-tuned models of OpenAI have colons in
// their names too, so only known verbs count.
func verbCall(rest, last, query string) (Target, bool) {
	name, verb, ok := cutColon(last)
	if !ok || rest == "" {
		return Target{}, false
	}
	switch verb {
	case "generateContent":
		return Target{Provider: ProviderGemini, Dialect: GeminiGenerate, Model: unescape(name)}, true
	case "streamGenerateContent":
		return Target{Provider: ProviderGemini, Dialect: GeminiGenerate, Model: unescape(name), Framing: geminiFraming(query)}, true
	case "countTokens", "embedContent", "batchEmbedContents", "batchGenerateContent",
		"predict", "predictLongRunning":
		return Target{Provider: ProviderGemini}, true
	case "rawPredict", "streamRawPredict":
		return vertexCall(rest, unescape(name)), true
	}
	return Target{}, false
}

// geminiFraming is how a stream of Gemini's is framed: alt=sse asks for events.
func geminiFraming(query string) Framing {
	for pair := range strings.SplitSeq(query, "&") {
		if pair == "alt=sse" {
			return Events
		}
	}
	return Array
}

// vertexCall is a call of a partner's model on Vertex AI, which has the
// partner's own body. count-tokens is a call, not a model.
func vertexCall(rest, model string) Target {
	t := Target{Provider: ProviderOpenAI, Dialect: OpenAIChat, ByBody: true, Model: model}
	if strings.Contains(rest, "/publishers/anthropic/") {
		t.Provider, t.Dialect = ProviderAnthropic, AnthropicMessages
	}
	if model == "count-tokens" {
		return Target{Provider: t.Provider}
	}
	return t
}

// bedrockCall reads /model/{id}/invoke of Amazon Bedrock, which has the body of
// the model's vendor. Its streams are of a framing of their own and its
// Converse API is another dialect: neither is read.
func bedrockCall(rest, last string) (Target, bool) {
	if last != "invoke" {
		return Target{}, false
	}
	above, id := cutLast(rest)
	if _, parent := cutLast(above); parent != "model" {
		return Target{}, false
	}
	t := Target{Provider: ProviderOpenAI, Dialect: OpenAIChat, ByBody: true, Model: unescape(id)}
	if strings.Contains(t.Model, "anthropic.") {
		t.Provider, t.Dialect = ProviderAnthropic, AnthropicMessages
	}
	return t, true
}

// unescape is a path segment as people write it.
func unescape(segment string) string {
	if plain, err := url.PathUnescape(segment); err == nil {
		return plain
	}
	return segment
}

// cutColon cuts s at its last colon, plain or escaped.
func cutColon(s string) (before, after string, ok bool) {
	if i := strings.LastIndexByte(s, ':'); i >= 0 {
		return s[:i], s[i+1:], true
	}
	for _, colon := range [...]string{"%3A", "%3a"} {
		if i := strings.LastIndex(s, colon); i >= 0 {
			return s[:i], s[i+len(colon):], true
		}
	}
	return s, "", false
}

// cutLast cuts the last segment off path; rest has no slash at its end.
func cutLast(path string) (rest, last string) {
	i := strings.LastIndexByte(path, '/')
	if i < 0 {
		return "", path
	}
	return strings.TrimRight(path[:i], "/"), path[i+1:]
}

// byHeader is for paths that several APIs share, such as /v1/models, and those
// of gateways that put one of their own before /messages.
func byHeader(path string, h http.Header) Target {
	_, last := cutLast(path)
	switch {
	case h.Get("X-Goog-Api-Key") != "" || h.Get("X-Goog-Api-Client") != "":
		return Target{Provider: ProviderGemini}
	case h.Get("Anthropic-Version") != "" && last == messages:
		return Target{Provider: ProviderAnthropic, Dialect: AnthropicMessages}
	case h.Get("Anthropic-Version") != "" || h.Get("X-Api-Key") != "":
		return Target{Provider: ProviderAnthropic}
	}
	return Target{Provider: ProviderOpenAI}
}
