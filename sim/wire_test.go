package sim

import (
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/tidwall/gjson"
)

var update = flag.Bool("update", false, "write the golden files anew")

// folded is a stream put together again, by the rules of the reference.
type folded struct {
	role, content, refusal, reasoning, finish string
	calls                                     []call
	usage                                     gjson.Result
}

// fold reads the choice of one index out of a stream.
func fold(t *testing.T, body string, index int64) folded {
	t.Helper()
	var f folded
	list := events(t, body)
	if list[len(list)-1] != "[DONE]" {
		t.Fatalf("stream ends with %q", list[len(list)-1])
	}
	for _, event := range list[:len(list)-1] {
		e := gjson.Parse(event)
		if e.Get("usage").IsObject() {
			f.usage = e.Get("usage")
		}
		if c := e.Get("choices.0"); c.Exists() && c.Get("index").Int() == index {
			f.add(c)
		}
	}
	return f
}

func (f *folded) add(c gjson.Result) {
	f.role += c.Get("delta.role").String()
	f.content += c.Get("delta.content").String()
	f.refusal += c.Get("delta.refusal").String()
	f.reasoning += c.Get("delta.reasoning_content").String()
	f.finish += c.Get("finish_reason").String()
	for _, part := range c.Get("delta.tool_calls").Array() {
		i := int(part.Get("index").Int())
		for len(f.calls) <= i {
			f.calls = append(f.calls, call{})
		}
		f.calls[i].Name += part.Get("function.name").String()
		f.calls[i].Arguments += part.Get("function.arguments").String()
	}
}

func TestStreamFoldsToTheUnstreamedReply(t *testing.T) {
	for name, test := range map[string]struct {
		server func() *Server
		fields map[string]any
	}{
		"text":           {func() *Server { return &Server{} }, nil},
		"shown thoughts": {func() *Server { return &Server{Reasoning: Reasoning{Show: true}} }, nil},
		"refusal":        {func() *Server { return &Server{Refusals: 1} }, nil},
		"parallel calls": {func() *Server { return &Server{ParallelCalls: 3} }, map[string]any{"tools": tools}},
		"choices":        {func() *Server { return &Server{} }, map[string]any{"n": 3}},
		"whole text":     {func() *Server { return &Server{Chunk: 1 << 20} }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			reply := ask(t, test.server(), "What about task 3?", test.fields)
			stream := post(test.server(), with("What about task 3?", streamed(test.fields))).Body.String()
			for i, want := range reply.Get("choices").Array() {
				got := fold(t, stream, int64(i))
				message := want.Get("message")
				if got.role != "assistant" || got.content != message.Get("content").String() || got.refusal != message.Get("refusal").String() ||
					got.reasoning != message.Get("reasoning_content").String() || got.finish != want.Get("finish_reason").String() {
					t.Errorf("choice %d: %+v, want %s", i, got, want)
				}
				for j, c := range message.Get("tool_calls").Array() {
					if got.calls[j].Name != c.Get("function.name").String() || got.calls[j].Arguments != c.Get("function.arguments").String() {
						t.Errorf("call %d: %+v, want %s", j, got.calls[j], c)
					}
				}
				if diff := cmp.Diff(reply.Get("usage.completion_tokens").Int(), got.usage.Get("completion_tokens").Int()); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
}

func TestParallelCallsAreInterleaved(t *testing.T) {
	body := post(&Server{ParallelCalls: 2, Chunk: 3}, with("task 1", streamed(map[string]any{"tools": tools[:1]}))).Body.String()
	var order strings.Builder
	for _, event := range events(t, body) {
		order.WriteString(gjson.Get(event, "choices.0.delta.tool_calls.0.index").Raw)
	}
	if !strings.HasPrefix(order.String(), "010101") {
		t.Errorf("indices in order: %s", &order)
	}
}

func TestUsageOnlyWhenAskedFor(t *testing.T) {
	plain := post(&Server{}, with("Hi", map[string]any{"stream": true})).Body.String()
	if strings.Contains(plain, `"usage"`) {
		t.Error("usage in a stream whose client did not ask")
	}
	list := events(t, post(&Server{}, with("Hi", streamed(nil))).Body.String())
	last := gjson.Parse(list[len(list)-2])
	if last.Get("choices").Raw != "[]" || !last.Get("usage").IsObject() || gjson.Get(list[0], "usage").Raw != "null" {
		t.Errorf("first %s, last %s", list[0], last)
	}
}

func TestUsageAddsUp(t *testing.T) {
	body := with("How many tokens is this?", map[string]any{"n": 2})
	u := gjson.Get(post(&Server{}, body).Body.String(), "usage")
	if got, want := u.Get("prompt_tokens").Int(), int64((len(body)+3)/4); got != want {
		t.Errorf("prompt_tokens = %d, want %d", got, want)
	}
	if u.Get("total_tokens").Int() != u.Get("prompt_tokens").Int()+u.Get("completion_tokens").Int() ||
		u.Get("completion_tokens").Int() <= u.Get("completion_tokens_details.reasoning_tokens").Int() ||
		u.Get("prompt_tokens_details.cached_tokens").Raw != "0" {
		t.Errorf("usage = %s", u)
	}
}

// writes keeps each write of a reply apart.
type writes struct {
	*httptest.ResponseRecorder
	list []string
}

func (w *writes) Write(b []byte) (int, error) {
	w.list = append(w.list, string(b))
	return w.ResponseRecorder.Write(b)
}

func TestChunkSetsHowStreamsAreCut(t *testing.T) {
	sizes := func(chunk int) (runes map[int]bool, odd int) {
		w := &writes{ResponseRecorder: httptest.NewRecorder()}
		s := &Server{Chunk: chunk}
		s.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/v1/chat/completions", strings.NewReader(with("Cut?", streamed(nil)))))
		runes = map[int]bool{}
		for _, event := range events(t, w.Body.String()) {
			if piece := gjson.Get(event, "choices.0.delta.content").String(); piece != "" {
				runes[utf8.RuneCountInString(piece)] = true
			}
		}
		for _, text := range w.list {
			if !strings.HasPrefix(text, "data: ") || !strings.HasSuffix(text, "\n\n") {
				odd++
			}
		}
		return runes, odd
	}
	if runes, odd := sizes(0); len(runes) < 5 || runes[8] || odd < 10 {
		t.Errorf("Chunk 0: runes an event %v, %d writes that are no whole event", runes, odd)
	}
	if runes, odd := sizes(5); len(runes) > 2 || !runes[5] || odd != 0 {
		t.Errorf("Chunk 5: runes an event %v, %d writes that are no whole event", runes, odd)
	}
}

func TestGoldenWireForm(t *testing.T) {
	for name, fields := range map[string]map[string]any{
		"reply":        nil,
		"reply-calls":  {"tools": tools},
		"stream":       streamed(nil),
		"stream-calls": streamed(map[string]any{"tools": tools}),
	} {
		s := &Server{Seed: 1, ParallelCalls: 2, Chunk: 40, Now: func() time.Time { return time.Unix(1_700_000_000, 0) }}
		got := post(s, with("Golden task 1?", fields)).Body.String()
		path := filepath.Join("testdata", name+".golden")
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}
