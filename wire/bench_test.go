package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// agentTurn is the request of an agent deep in a task, of about size bytes:
// tools, a system prompt and a history of calls and their results.
func agentTurn(size int) []byte {
	messages := []object{
		{"role": "system", "content": strings.Repeat("You are an agent.\n", 500)},
		{"role": "user", "content": "Fix the failing test."},
	}
	result := strings.Repeat("func main() {\n\tfmt.Println(\"hello\")\n}\n", 100)
	for n := 10_000; n < size; n += len(result) * 12 / 10 {
		call := object{"id": "call_1", "type": "function", "function": object{"name": "tool_1", "arguments": `{"path":"main.go"}`}}
		messages = append(messages,
			object{"role": "assistant", "content": nil, "tool_calls": []object{call}},
			object{"role": "tool", "tool_call_id": "call_1", "content": result})
	}
	var tools []object
	for i := range 20 {
		parameters := object{"type": "object", "properties": object{"path": object{"type": "string"}}}
		tools = append(tools, object{"type": "function", "function": object{"name": fmt.Sprintf("tool_%d", i), "parameters": parameters}})
	}
	body, _ := json.Marshal(object{"model": "gpt-4.1", "stream": true, "messages": messages, "tools": tools})
	return body
}

func BenchmarkReadView(b *testing.B) {
	for _, size := range []int{200 << 10, 1 << 20} {
		body := agentTurn(size)
		b.Run(fmt.Sprintf("%dKiB", size>>10), func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := ReadView(chatTarget, body); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkReadViewImage: of a large image nothing may be copied.
func BenchmarkReadViewImage(b *testing.B) {
	image := "data:image/png;base64," + strings.Repeat("iVBORw0K", 1<<17)
	body := []byte(`{"model":"m","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"` + image +
		`"}},{"type":"text","text":"What is this?"}]}]}`)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ReadView(chatTarget, body); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEditExtra(b *testing.B) {
	body := agentTurn(1 << 20)
	view, err := ReadView(chatTarget, body)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := EditExtra(view, body); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFoldStream(b *testing.B) {
	const chunk = `data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1741569952,"model":"gpt-4.1","system_fingerprint":"fp_1","choices":[{"index":0,"delta":{"content":" word"},"logprobs":null,"finish_reason":null}],"usage":null}` + "\n\n"
	body := []byte(strings.Repeat(chunk, 200) + finishChunk + doneEvent)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Fold(OpenAIChat, true, bytes.NewReader(body), nil); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDetect(b *testing.B) {
	h := http.Header{"Authorization": {"Bearer x"}}
	b.ReportAllocs()
	for b.Loop() {
		Detect(http.MethodPost, "/v1/chat/completions", "", h)
	}
}
