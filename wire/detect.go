package wire

import (
	"net/http"
	"slices"
	"strings"
)

// Detect reads off the head of a request whose API it speaks. path is the raw
// (escaped) path without a query and without the name of an upstream. The path
// decides; headers are asked only where several APIs share it, and
// Authorization never is: the APIs' clients send it interchangeably. Only a
// POST has a dialect.
func Detect(method, path string, h http.Header) Target {
	t, known := byPath(path)
	if !known {
		t = Target{Provider: providerByHeader(h)}
	}
	if method != http.MethodPost {
		t.Dialect = Unknown
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
	{[]string{"chat"}, "completions", Target{ProviderOpenAI, OpenAIChat}},
	{nil, "responses", Target{ProviderOpenAI, OpenAIResponses}},
	{[]string{"", "v1", "anthropic"}, "messages", Target{ProviderAnthropic, AnthropicMessages}},
	{[]string{"messages"}, "count_tokens", Target{ProviderAnthropic, Unknown}},
	{[]string{"messages"}, "batches", Target{ProviderAnthropic, Unknown}},
	{[]string{"v1"}, "complete", Target{ProviderAnthropic, Unknown}},
}

// byPath is what the path alone tells, if it tells anything.
func byPath(path string) (Target, bool) {
	if t, ok := geminiCall(path); ok {
		return t, true
	}
	rest, last := cutLast(path)
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
// OpenAI-compatible surface, /v1beta/openai/) it is Gemini's.
func (e endpoint) at(path string) Target {
	t := e.target
	if geminiVersion(path) {
		t.Provider = ProviderGemini
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

// geminiCall reads paths of the form …/models/NAME:verb. Fine-tuned models of
// OpenAI have colons in their names too, so only known verbs count.
func geminiCall(path string) (Target, bool) {
	rest, last := cutLast(path)
	_, verb, ok := cutColon(last)
	if !ok || rest == "" {
		return Target{}, false
	}
	switch verb {
	case "generateContent", "streamGenerateContent":
		return Target{ProviderGemini, GeminiGenerate}, true
	case "countTokens", "embedContent", "batchEmbedContents", "batchGenerateContent",
		"predict", "predictLongRunning":
		return Target{Provider: ProviderGemini}, true
	}
	return Target{}, false
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

// providerByHeader is for paths that several APIs share, such as /v1/models.
func providerByHeader(h http.Header) string {
	switch {
	case h.Get("X-Goog-Api-Key") != "" || h.Get("X-Goog-Api-Client") != "":
		return ProviderGemini
	case h.Get("Anthropic-Version") != "" || h.Get("X-Api-Key") != "":
		return ProviderAnthropic
	}
	return ProviderOpenAI
}
