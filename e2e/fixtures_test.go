package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// The replies below are written by hand in the form that the provider's
// reference gives; none is a recording.

// textBody and textStream are a plain answer.
const textBody = `{"id":"chatcmpl-1","object":"chat.completion","created":1700000000,"model":"gpt-4o-2024-08-06","choices":[{"index":0,"message":{"role":"assistant","content":"Grüße, \ud83d\ude00 4 < 5 & more","refusal":null},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":12,"total_tokens":21,"completion_tokens_details":{"reasoning_tokens":0}},"system_fingerprint":"fp_1","unknown_number":12345678901234567890}` + "\n"

func textStream() string {
	return events("chatcmpl-1", `{"role":"assistant","content":"","refusal":null}`, `{"content":"Grüße, "}`, `{"content":"😀 4 < 5"}`, `{"content":" & more"}`) + finish("chatcmpl-1", "stop", true)
}

// reasoningBody and reasoningStream show reasoning_content, the field that
// OpenAI-compatible servers of open models added.
const reasoningBody = `{"id":"chatcmpl-2","object":"chat.completion","created":1700000000,"model":"deepseek-reasoner","choices":[{"index":0,"message":{"role":"assistant","reasoning_content":"First 2, then 4.","content":"4"},"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":30,"total_tokens":39,"completion_tokens_details":{"reasoning_tokens":25}}}`

func reasoningStream() string {
	return events("chatcmpl-2", `{"role":"assistant","content":null,"reasoning_content":""}`, `{"reasoning_content":"First 2, "}`, `{"reasoning_content":"then 4."}`, `{"content":"4"}`) + finish("chatcmpl-2", "stop", true)
}

// toolBody and toolStream call one tool.
const toolBody = `{"id":"chatcmpl-3","object":"chat.completion","created":1700000000,"model":"gpt-4o-2024-08-06","choices":[{"index":0,"message":{"role":"assistant","content":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"get_weather","arguments":"{\"city\": \"Zürich\", \"days\": 3}"}}],"refusal":null},"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":80,"completion_tokens":20,"total_tokens":100}}`

func toolStream() string {
	return events("chatcmpl-3",
		`{"role":"assistant","content":null,"tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"get_weather","arguments":""}}]}`,
		`{"tool_calls":[{"index":0,"function":{"arguments":"{\"city\": \"Zü"}}]}`,
		`{"tool_calls":[{"index":0,"function":{"arguments":"rich\", \"days\": 3}"}}]}`) + finish("chatcmpl-3", "tool_calls", false)
}

// parallelBody and parallelStream call two tools; in the stream their
// fragments take turns.
const parallelBody = `{"id":"chatcmpl-4","object":"chat.completion","created":1700000000,"model":"gpt-4o-2024-08-06","choices":[{"index":0,"message":{"role":"assistant","content":null,"tool_calls":[{"id":"call_a","type":"function","function":{"name":"get_weather","arguments":"{\"city\":\"Oslo\"}"}},{"id":"call_b","type":"function","function":{"name":"get_time","arguments":"{\"zone\":\"UTC\"}"}}],"refusal":null},"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":80,"completion_tokens":30,"total_tokens":110}}`

func parallelStream() string {
	return events("chatcmpl-4",
		`{"role":"assistant","content":null}`,
		`{"tool_calls":[{"index":0,"id":"call_a","type":"function","function":{"name":"get_weather","arguments":""}}]}`,
		`{"tool_calls":[{"index":1,"id":"call_b","type":"function","function":{"name":"get_time","arguments":""}}]}`,
		`{"tool_calls":[{"index":0,"function":{"arguments":"{\"city\":"}}]}`,
		`{"tool_calls":[{"index":1,"function":{"arguments":"{\"zone\":"}}]}`,
		`{"tool_calls":[{"index":1,"function":{"arguments":"\"UTC\"}"}}]}`,
		`{"tool_calls":[{"index":0,"function":{"arguments":"\"Oslo\"}"}}]}`) + finish("chatcmpl-4", "tool_calls", true)
}

// refusalBody and refusalStream refuse.
const refusalBody = `{"id":"chatcmpl-5","object":"chat.completion","created":1700000000,"model":"gpt-4o-2024-08-06","choices":[{"index":0,"message":{"role":"assistant","content":null,"refusal":"I can't help with that."},"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":8,"total_tokens":17}}`

func refusalStream() string {
	return events("chatcmpl-5", `{"role":"assistant","content":"","refusal":null}`, `{"refusal":"I can't "}`, `{"refusal":"help with that."}`) + finish("chatcmpl-5", "stop", false)
}

// errorBody is an error as the provider sends it; errorStream breaks into a
// stream that began well.
const errorBody = `{"error":{"message":"The server had an error while processing your request.","type":"server_error","param":null,"code":null}}`

func errorStream() string {
	return events("chatcmpl-6", `{"role":"assistant","content":"half"}`) + "data: " + errorBody + "\n\n"
}

// events is a stream of deltas.
func events(id string, deltas ...string) string {
	var b strings.Builder
	for _, d := range deltas {
		fmt.Fprintf(&b, `data: {"id":"%s","object":"chat.completion.chunk","created":1700000000,"model":"gpt-4o-2024-08-06","system_fingerprint":"fp_1","choices":[{"index":0,"delta":%s,"logprobs":null,"finish_reason":null}]}`+"\n\n", id, d)
	}
	return b.String()
}

// finish is the end of a stream, with the usage event that stream_options asks
// for, or without.
func finish(id, reason string, usage bool) string {
	head := fmt.Sprintf(`data: {"id":"%s","object":"chat.completion.chunk","created":1700000000,"model":"gpt-4o-2024-08-06","system_fingerprint":"fp_1","choices":[`, id)
	end := fmt.Sprintf(`%s{"index":0,"delta":{},"logprobs":null,"finish_reason":"%s"}]}`+"\n\n", head, reason)
	if usage {
		end += head + `],"usage":{"prompt_tokens":9,"completion_tokens":12,"total_tokens":21}}` + "\n\n"
	}
	return end + "data: [DONE]\n\n"
}

// letterPrompt asks for a final answer in a form that can be compared.
const letterPrompt = "Which one is right?\nA) one\nB) two\nC) three\nEnd with a last line of the form: Answer: <letter>"

// question is the body of a chat request with one user message.
func question(t *testing.T, text string, stream bool) string {
	t.Helper()
	body, err := json.Marshal(map[string]any{
		"model": "gpt-4o", "stream": stream,
		"messages": []map[string]string{{"role": "user", "content": text}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// letterBody and letterStream answer letterPrompt; id tells replies apart.
func letterBody(id, letter string) string {
	return fmt.Sprintf(`{"id":"%s","object":"chat.completion","created":1700000000,"model":"gpt-4o","choices":[{"index":0,"message":{"role":"assistant","content":"Reply %s.\n\nAnswer: %s","refusal":null},"finish_reason":"stop"}],"usage":{"prompt_tokens":40,"completion_tokens":9,"total_tokens":49}}`, id, id, letter)
}

func letterStream(id, letter string) string {
	return events(id, `{"role":"assistant","content":""}`, `{"content":"Reply `+id+`."}`, `{"content":"\n\nAnswer: `+letter+`"}`) + finish(id, "stop", false)
}
