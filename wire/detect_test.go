package wire

import (
	"net/http"
	"strings"
	"testing"
)

func TestDetectByPath(t *testing.T) {
	chat := Target{Provider: ProviderOpenAI, Dialect: OpenAIChat}
	responses := Target{Provider: ProviderOpenAI, Dialect: OpenAIResponses}
	messages := Target{Provider: ProviderAnthropic, Dialect: AnthropicMessages}
	generate := Target{Provider: ProviderGemini, Dialect: GeminiGenerate, Model: "gemini-2.5-pro"}
	array, events := generate, generate
	array.Framing, events.Framing = Array, Events
	openai, anthropic, gemini := Target{Provider: ProviderOpenAI}, Target{Provider: ProviderAnthropic}, Target{Provider: ProviderGemini}
	claude := Target{Provider: ProviderAnthropic, Dialect: AnthropicMessages, ByBody: true, Model: "claude-opus-4@20250514"}
	tests := []struct {
		path string
		want Target
	}{
		{"/v1/chat/completions", chat},
		{"/chat/completions", chat},
		{"//v1//chat//completions", chat},
		{"/api/v1/chat/completions", chat},
		{"/openai/deployments/gpt%2F4/chat/completions?api-version=1", Target{Provider: ProviderOpenAI, Dialect: OpenAIChat, Model: "gpt/4"}},
		{"/openai/v1/responses", responses},
		{"/openai/deployments/d/embeddings", openai},
		{"/v1beta/openai/chat/completions", Target{Provider: ProviderGemini, Dialect: OpenAIChat}},
		{"/v1/responses", responses},
		{"/responses", responses},
		{"/backend-api/codex/responses", responses},
		{"/v1/messages", messages},
		{"/messages", messages},
		{"/anthropic/v1/messages", messages},
		{"/v1beta/models/gemini-2.5-pro:generateContent?key=k", generate},
		{"/v1/models/gemini-2.5-pro:streamGenerateContent", array},
		{"/v1/models/gemini-2.5-pro:streamGenerateContent?key=k&alt=sse", events},
		{"/v1beta/models/gemini-2.5-pro%3AgenerateContent", generate},
		{"/v1/models/gemini-2.5-pro%3astreamGenerateContent?alt=sse", events},
		{"/v1/projects/p/locations/l/publishers/google/models/gemini-2.5-pro:generateContent", generate},
		{"/v1/projects/p/locations/l/publishers/anthropic/models/claude-opus-4@20250514:rawPredict", claude},
		{"/v1/projects/p/locations/l/publishers/anthropic/models/claude-opus-4%4020250514:streamRawPredict", claude},
		{"/v1/projects/p/locations/l/publishers/anthropic/models/count-tokens:rawPredict", anthropic},
		{
			"/v1/projects/p/locations/l/publishers/mistralai/models/m:rawPredict",
			Target{Provider: ProviderOpenAI, Dialect: OpenAIChat, ByBody: true, Model: "m"},
		},
		{
			"/model/us.anthropic.claude-opus-4-v1%3A0/invoke",
			Target{Provider: ProviderAnthropic, Dialect: AnthropicMessages, ByBody: true, Model: "us.anthropic.claude-opus-4-v1:0"},
		},
		{"/model/openai.gpt-oss/invoke", Target{Provider: ProviderOpenAI, Dialect: OpenAIChat, ByBody: true, Model: "openai.gpt-oss"}},
		{"/model/anthropic.claude/invoke-with-response-stream", openai},
		{"/model/anthropic.claude/converse", openai},
		{"/functions/f/invoke", openai},

		{"/v1/messages/count_tokens", anthropic},
		{"/v1/messages/batches", anthropic},
		{"/v1/messages/batches/b1/results", anthropic},
		{"/v1/complete", anthropic},
		{"/v1beta/models", gemini},
		{"/v1beta/models/m:countTokens", gemini},
		{"/v1/models/m:embedContent", gemini},
		{"/v1beta/files/f", gemini},
		{"/upload/v1beta/files", gemini},

		{"/v1/models", openai},
		{"/v1/models/ft:gpt-4o:org::id", openai},
		{"/v1/threads/t1/messages", openai},
		{"/v1/responses/r1", openai},
		{"/v1/responses/r1/cancel", openai},
		{"/v1/completions", openai},
		{"/v1/embeddings", openai},
		{"/v1/chat/completions/c1", openai},
		{"/v1internal:generateContent", openai},
		{"/v1/chat/completions2", openai},
		{"chat", openai},
		{"/", openai},
		{"", openai},
	}
	for _, test := range tests {
		path, query, _ := strings.Cut(test.path, "?")
		if got := Detect(http.MethodPost, path, query, nil); got != test.want {
			t.Errorf("POST %s: %+v, want %+v", test.path, got, test.want)
		}
		want := Target{Provider: test.want.Provider}
		if got := Detect(http.MethodGet, path, query, nil); got != want {
			t.Errorf("GET %s: %+v, want %+v", test.path, got, want)
		}
	}
}

func TestDetectSharedPathsByHeader(t *testing.T) {
	tests := []struct {
		header, want string
	}{
		{"Anthropic-Version", ProviderAnthropic},
		{"X-Api-Key", ProviderAnthropic},
		{"X-Goog-Api-Key", ProviderGemini},
		{"X-Goog-Api-Client", ProviderGemini},
		{"Authorization", ProviderOpenAI},
		{"Api-Key", ProviderOpenAI},
	}
	for _, test := range tests {
		h := http.Header{test.header: {"sk-ant-x"}}
		if got := Detect(http.MethodGet, "/v1/models", "", h).Provider; got != test.want {
			t.Errorf("%s: %s, want %s", test.header, got, test.want)
		}
		if got := Detect(http.MethodPost, "/v1/chat/completions", "", h).Provider; got != ProviderOpenAI {
			t.Errorf("%s: a header overruled the path: %s", test.header, got)
		}
	}
}

func TestDetectMessagesBelowAnyPathByTheirVersion(t *testing.T) {
	const path = "/gateway/claude/messages"
	want := Target{Provider: ProviderAnthropic, Dialect: AnthropicMessages}
	if got := Detect(http.MethodPost, path, "", http.Header{"Anthropic-Version": {"2023-06-01"}}); got != want {
		t.Errorf("with the header: %+v", got)
	}
	if got := Detect(http.MethodPost, path, "", http.Header{"X-Api-Key": {"k"}}); got.Dialect != Unknown {
		t.Errorf("by the key alone: %+v", got)
	}
}

func TestDetectAllocatesNothing(t *testing.T) {
	h := http.Header{"Authorization": {"Bearer x"}, "Content-Type": {"application/json"}}
	for _, path := range []string{"/v1/chat/completions", "/v1/models", "/v1beta/models/m%3AgenerateContent"} {
		if n := testing.AllocsPerRun(100, func() { Detect(http.MethodPost, path, "", h) }); n != 0 {
			t.Errorf("%s: %v allocations", path, n)
		}
	}
}
