package sim

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tidwall/gjson"
)

// said is what a reply says, read by the rules of its dialect's reference.
type said struct {
	ID, Text, Thoughts, Seal, Finish string
	Refused                          bool
	Calls                            []saidCall
	In, Out, Reasoning               int64
}

type saidCall struct{ ID, Name, Arguments string }

// A way is one dialect: how it is asked and read.
type way struct {
	dialect string
	// path for whole and streamed replies.
	path, stream string
	// body asks a question; thinking says that thoughts are wanted.
	body func(question string, thinking bool) map[string]any
	// offer adds tools to a body.
	offer func(body map[string]any, list []Tool)
	// answerJSON asks for an answer by a schema.
	structure func(body map[string]any, schema any)
	whole     func(reply gjson.Result) said
	fold      func(t *testing.T, body string) said
	// reply adds a reply, and results for all its calls, to a body.
	reply func(body map[string]any, reply gjson.Result)
}

func ways() []way { return []way{chatWay(), responsesWay(), messagesWay(), geminiWay()} }

// send sends a body, with the headers that some dialects need.
func (w way) send(s http.Handler, body map[string]any, stream bool) *httptest.ResponseRecorder {
	path, body := w.path, maps.Clone(body)
	if stream {
		path = w.stream
		if w.dialect != DialectGemini {
			body["stream"] = true
		}
	}
	return request(s, http.MethodPost, path, body, nil)
}

// request sends any request; the header that Anthropic needs is always there.
func request(s http.Handler, method, path string, body any, header http.Header) *httptest.ResponseRecorder {
	b, err := json.Marshal(body)
	if err != nil {
		panic(err)
	}
	r := httptest.NewRequest(method, path, strings.NewReader(string(b)))
	if strings.Contains(path, "/messages") {
		r.Header.Set("anthropic-version", "2023-06-01")
	}
	maps.Copy(r.Header, header)
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

// ask gives the reply to a body, which must be whole.
func (w way) ask(t *testing.T, s http.Handler, body map[string]any) gjson.Result {
	t.Helper()
	reply := w.send(s, body, false)
	if reply.Code != http.StatusOK || !gjson.Valid(reply.Body.String()) {
		t.Fatalf("%s: status %d, body %s", w.dialect, reply.Code, reply.Body)
	}
	return gjson.Parse(reply.Body.String())
}

// refused gives the error of a body that is to be refused with a status.
func (w way) refused(t *testing.T, s http.Handler, body map[string]any, status int) gjson.Result {
	t.Helper()
	reply := w.send(s, body, false)
	e := gjson.Get(reply.Body.String(), "error")
	if reply.Code != status || e.Get("message").String() == "" {
		t.Errorf("%s: status %d, want %d; body %s", w.dialect, reply.Code, status, reply.Body)
	}
	return e
}

// sse is the events of a stream: names and data. The data is checked to be
// JSON.
func sse(t *testing.T, body, end string) (names []string, data []gjson.Result) {
	t.Helper()
	if !strings.HasSuffix(body, end+end) {
		t.Fatalf("stream does not end with a blank line: %q", body)
	}
	for block := range strings.SplitSeq(strings.TrimSuffix(body, end+end), end+end) {
		name, text := "", block
		if rest, ok := strings.CutPrefix(block, "event: "); ok {
			name, text, _ = strings.Cut(rest, end)
		}
		text, ok := strings.CutPrefix(text, "data: ")
		if !ok || (!json.Valid([]byte(text)) && text != "[DONE]") {
			t.Fatalf("no event: %q", block)
		}
		names, data = append(names, name), append(data, gjson.Parse(text))
	}
	return names, data
}

func chatWay() way {
	return way{
		dialect: DialectChat, path: "/v1/chat/completions", stream: "/v1/chat/completions",
		body: func(question string, _ bool) map[string]any {
			return map[string]any{
				"model": "m", "messages": []any{map[string]any{"role": "user", "content": question}},
				"stream_options": map[string]any{"include_usage": true},
			}
		},
		offer: func(body map[string]any, list []Tool) { body["tools"] = list },
		structure: func(body map[string]any, schema any) {
			body["response_format"] = map[string]any{"type": "json_schema", "json_schema": map[string]any{"name": "x", "schema": schema}}
		},
		whole: wholeChat,
		fold:  foldChat,
		reply: func(body map[string]any, reply gjson.Result) {
			message := reply.Get("choices.0.message")
			list := append(body["messages"].([]any), message.Value())
			for _, c := range message.Get("tool_calls.#.id").Array() {
				list = append(list, map[string]any{"role": "tool", "tool_call_id": c.String(), "content": "ok"})
			}
			body["messages"] = list
		},
	}
}

func wholeChat(reply gjson.Result) said {
	m := reply.Get("choices.0.message")
	a := said{
		ID: reply.Get("id").String(), Text: m.Get("content").String() + m.Get("refusal").String(),
		Thoughts: m.Get("reasoning_content").String(), Finish: reply.Get("choices.0.finish_reason").String(),
		Refused: m.Get("refusal").Type == gjson.String,
	}
	a.count(reply.Get("usage"))
	for _, c := range m.Get("tool_calls").Array() {
		a.Calls = append(a.Calls, saidCall{c.Get("id").String(), c.Get("function.name").String(), c.Get("function.arguments").String()})
	}
	return a
}

func (a *said) count(u gjson.Result) {
	a.In, a.Out = u.Get("prompt_tokens").Int(), u.Get("completion_tokens").Int()
	a.Reasoning = u.Get("completion_tokens_details.reasoning_tokens").Int()
}

func foldChat(t *testing.T, body string) said {
	t.Helper()
	var a said
	_, data := sse(t, body, "\n")
	for _, e := range data {
		if !e.IsObject() { // [DONE]
			continue
		}
		if e.Get("usage").IsObject() {
			a.count(e.Get("usage"))
		}
		d := e.Get("choices.0.delta")
		a.ID = e.Get("id").String()
		a.Text += d.Get("content").String() + d.Get("refusal").String()
		a.Refused = a.Refused || d.Get("refusal").Exists()
		a.Thoughts += d.Get("reasoning_content").String()
		a.Finish += e.Get("choices.0.finish_reason").String()
		for _, c := range d.Get("tool_calls").Array() {
			if n := int(c.Get("index").Int()); n == len(a.Calls) {
				a.Calls = append(a.Calls, saidCall{ID: c.Get("id").String(), Name: c.Get("function.name").String()})
			}
			a.Calls[c.Get("index").Int()].Arguments += c.Get("function.arguments").String()
		}
	}
	return a
}
