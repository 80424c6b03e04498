package sim

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/tidwall/gjson"
)

// What is drawn does not depend on the dialect: these tests ask all of them.

func eachWay(t *testing.T, f func(t *testing.T, w way)) {
	t.Helper()
	for _, w := range ways() {
		t.Run(w.dialect, func(t *testing.T) { f(t, w) })
	}
}

func TestStreamsAreTheWholeReplyOfTheSameOccurrence(t *testing.T) {
	for name, test := range map[string]struct {
		server *Server
		tools  bool
		finish []string // of chat, Responses, Messages, Gemini
	}{
		"text":          {&Server{}, false, []string{"stop", "completed", "end_turn", "STOP"}},
		"thoughts":      {&Server{Reasoning: Reasoning{Show: true}}, false, []string{"stop", "completed", "end_turn", "STOP"}},
		"redacted":      {&Server{Reasoning: Reasoning{Show: true, Redacted: 1}}, false, []string{"stop", "completed", "end_turn", "STOP"}},
		"no reasoning":  {&Server{Reasoning: Reasoning{Median: -1}}, false, []string{"stop", "completed", "end_turn", "STOP"}},
		"calls":         {&Server{ParallelCalls: 3, Reasoning: Reasoning{Show: true}}, true, []string{"tool_calls", "completed", "tool_use", "STOP"}},
		"refusal":       {&Server{Refusals: 1}, false, []string{"stop", "completed", "refusal", ""}},
		"length":        {&Server{Faults: Faults{Length: 1}}, false, []string{"length", "incompletemax_output_tokens", "max_tokens", "MAX_TOKENS"}},
		"length, calls": {&Server{Faults: Faults{Length: 1}}, true, []string{"length", "incompletemax_output_tokens", "max_tokens", "MAX_TOKENS"}},
		"whole pieces":  {&Server{Chunk: 1 << 20}, false, []string{"stop", "completed", "end_turn", "STOP"}},
	} {
		for n, w := range ways() {
			body := w.body("What about task 3?", true)
			if test.tools {
				w.offer(body, tools)
			}
			twin := &Server{
				ParallelCalls: test.server.ParallelCalls, Reasoning: test.server.Reasoning, Refusals: test.server.Refusals,
				Faults: test.server.Faults, Chunk: test.server.Chunk,
			}
			for range 3 {
				reply := w.send(test.server, body, false)
				whole := w.whole(gjson.Parse(reply.Body.String()))
				stream := w.send(twin, body, true)
				folded := w.fold(t, stream.Body.String())
				for _, id := range []string{"request-id", "x-request-id"} {
					if a, b := reply.Header().Get(id), stream.Header().Get(id); a != b {
						t.Errorf("%s, %s: %s %q, streamed %q", name, w.dialect, id, a, b)
					}
				}
				if diff := cmp.Diff(whole, folded, cmpopts.IgnoreFields(said{}, "In")); diff != "" { // the body is counted whole
					t.Errorf("%s, %s: whole -, streamed +: %s", name, w.dialect, diff)
				}
				if want := test.finish[n]; want != "" && whole.Finish != want {
					t.Errorf("%s, %s: finish %q, want %q", name, w.dialect, whole.Finish, want)
				}
				if whole.In == 0 || whole.Out == 0 || (whole.Reasoning == 0) != (test.server.Reasoning.Median < 0) {
					t.Errorf("%s, %s: %d in, %d out, %d reasoning", name, w.dialect, whole.In, whole.Out, whole.Reasoning)
				}
				if shown := whole.Thoughts != "" || (w.dialect == DialectMessages && whole.Seal != ""); shown != test.server.Reasoning.Show {
					t.Errorf("%s, %s: thoughts shown: %v", name, w.dialect, shown)
				}
				if whole.Refused != (name == "refusal") || len(whole.Calls) != 3*btoi(name == "calls") {
					t.Errorf("%s, %s: %+v", name, w.dialect, whole)
				}
			}
		}
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func TestThoughtsAreOnlyToldToWhoAsks(t *testing.T) {
	eachWay(t, func(t *testing.T, w way) {
		got := w.whole(w.ask(t, &Server{Reasoning: Reasoning{Show: true}}, w.body("Hm?", false)))
		if shown := got.Thoughts != ""; shown != (w.dialect == DialectChat) || got.Reasoning == 0 {
			t.Errorf("%+v", got)
		}
	})
}

func TestModelsCanBeToldNotToReason(t *testing.T) {
	for dialect, fields := range map[string]map[string]any{
		DialectChat:      {"reasoning_effort": "none"},
		DialectResponses: {"reasoning": map[string]any{"effort": "none"}},
		DialectMessages:  {"thinking": map[string]any{"type": "disabled"}},
		DialectGemini:    {"generationConfig": map[string]any{"thinkingConfig": map[string]any{"thinkingBudget": 0}}},
	} {
		w := wayOf(dialect)
		body := w.body("Hm?", false)
		maps.Copy(body, fields)
		if got := w.whole(w.ask(t, &Server{}, body)); got.Reasoning != 0 || got.Text == "" {
			t.Errorf("%s: %+v", dialect, got)
		}
	}
}

func TestPairsDisagreeAsOftenAsTheTruthSaysInEveryDialect(t *testing.T) {
	const pairs = 500
	eachWay(t, func(t *testing.T, w way) {
		for _, calls := range []bool{false, true} {
			s := &Server{Accuracy: .7, Refusals: .1}
			differ := frequency(pairs, func(question string) bool {
				body := w.body(question, false)
				if calls {
					w.offer(body, tools[:1])
				}
				key := func(a said) string {
					_, answer, _ := strings.Cut(a.Text, "Answer: ")
					return fmt.Sprint(a.Refused, answer, a.named())
				}
				first := key(w.whole(w.ask(t, s, body)))
				return first != key(w.whole(w.ask(t, s, body)))
			})
			truth, _ := s.Summary().TrueDisagreement()
			near(t, fmt.Sprint("calls: ", calls), differ, truth, pairs)
		}
	})
}

// named is the calls without their ids.
func (a said) named() []string {
	var list []string
	for _, c := range a.Calls {
		list = append(list, c.Name+c.Arguments)
	}
	return list
}

func TestTasksAreDoneStepByStepInEveryDialect(t *testing.T) {
	eachWay(t, func(t *testing.T, w way) {
		var log bytes.Buffer
		s := &Server{Seed: 4, Steps: 5, ParallelCalls: 2, Accuracy: 1, Reasoning: Reasoning{Show: true}, TruthLog: &log}
		body, step := w.body("Please do task 12.", true), 0
		w.offer(body, tools)
		for range 4 {
			reply := w.ask(t, s, body)
			got := w.whole(reply)
			for _, c := range got.Calls {
				if !s.IsRight("12", step, tools, c.Name, c.Arguments) {
					t.Errorf("step %d: %s %s", step, c.Name, c.Arguments)
				}
				step++
			}
			if len(got.Calls) == 0 {
				break
			}
			w.reply(body, reply)
		}
		if step != 5 {
			t.Errorf("%d steps", step)
		}
		for _, line := range truths(t, &log) {
			if line.Dialect != w.dialect || line.ID != "12" || !line.Right {
				t.Errorf("truth: %+v", line)
			}
		}
	})
}

func TestWrongCallsInTheHistoryCompoundInEveryDialect(t *testing.T) {
	eachWay(t, func(t *testing.T, w way) {
		s := &Server{Compound: .5, Reasoning: Reasoning{Median: -1}}
		s.SetAccuracy(0)
		body := w.body("task 5", false)
		w.offer(body, tools)
		for range 2 {
			w.reply(body, w.ask(t, s, body))
		}
		s.SetAccuracy(.8)
		s.Mark()
		w.ask(t, s, body)
		if got, _ := s.Summary().ExpectedAccuracy(); got < .2-1e-9 || got > .2+1e-9 {
			t.Errorf("after two wrong calls the accuracy is %v, want .8 · .5²", got)
		}
	})
}

func TestStructuredAnswersInEveryDialect(t *testing.T) {
	schema := map[string]any{"type": "object", "properties": map[string]any{"color": map[string]any{"enum": []any{"red", "blue"}}}}
	eachWay(t, func(t *testing.T, w way) {
		body := w.body("Which?", false)
		w.structure(body, schema)
		if got := w.whole(w.ask(t, &Server{}, body)).Text; !strings.Contains("red blue", gjson.Get(got, "color").String()) || !gjson.Valid(got) {
			t.Errorf("answer %s", got)
		}
	})
}

func TestReplaysInEveryDialect(t *testing.T) {
	r := loadTestData(t)
	eachWay(t, func(t *testing.T, w way) {
		body := w.body("4 5 6 1", false)
		body["model"] = "alpha"
		w.path = strings.Replace(w.path, "/m:", "/alpha:", 1)
		if got := w.whole(w.ask(t, &Server{Replay: r}, body)).Text; got != "Answer: (5 - 1) * 6 = 24" {
			t.Errorf("answer %q", got)
		}
		w.path, body["model"] = strings.Replace(w.path, "/alpha:", "/gone:", 1), "gone"
		w.refused(t, &Server{Replay: r}, body, http.StatusNotFound)
	})
}

func TestTheHashIsThatOfThePromptAlone(t *testing.T) {
	for dialect, list := range map[string][]map[string]any{
		DialectChat:      {{}, {"stream": true}, {"stream_options": nil}, {"n": 2}, {"user": "u"}, {"temperature": 1}},
		DialectResponses: {{}, {"stream": true}, {"store": false}, {"include": []any{"reasoning.encrypted_content"}}, {"background": true}, {"metadata": map[string]any{}}},
		DialectMessages:  {{}, {"stream": true}, {"max_tokens": 9}, {"metadata": map[string]any{}}, {"thinking": map[string]any{"type": "adaptive"}}},
		DialectGemini:    {{}, {"generationConfig": map[string]any{"temperature": 1}}, {"safetySettings": []any{}}},
	} {
		w := wayOf(dialect)
		seen := map[string]int{}
		s := &Server{Hold: func(_ context.Context, r Request) {
			if r.Dialect != dialect || r.Occurrence != seen[r.Hash] {
				t.Errorf("%s: %+v", dialect, r)
			}
			seen[r.Hash]++
		}}
		for _, fields := range list {
			body := w.body("The same?", false)
			maps.Copy(body, fields)
			w.send(s, body, false)
		}
		w.send(s, w.body("The same?", false), true)
		if len(seen) != 1 {
			t.Errorf("%s: %d hashes", dialect, len(seen))
		}
		w.send(s, w.body("Another?", false), false)
		if len(seen) != 2 {
			t.Errorf("%s: another question has no hash of its own", dialect)
		}
	}
}

// exchangesOf asks for one of everything, over the network, and gives what
// came back: status, headers and body.
func exchangesOf(t *testing.T, s *Server) []string {
	t.Helper()
	s.Now = func() time.Time { return time.Unix(1_700_000_000, 0) }
	server := httptest.NewServer(s)
	defer server.Close()
	var list []string
	do := func(method, path string, body map[string]any) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, strings.NewReader(encode(body)))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("anthropic-version", "2023-06-01")
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		var headers []string
		for name, values := range resp.Header {
			headers = append(headers, fmt.Sprint(name, values))
		}
		slices.Sort(headers)
		list = append(list, fmt.Sprint(resp.Status, headers, string(got), err))
	}
	for _, w := range ways() {
		for range 4 {
			body := w.body("What is it?", true)
			do(http.MethodPost, w.path, body)
			w.offer(body, tools)
			body["stream"] = true
			do(http.MethodPost, w.stream, body)
		}
		do(http.MethodPost, w.path, map[string]any{})
	}
	do(http.MethodGet, "/v1/models", nil)
	do(http.MethodPost, "/v1/conversations", nil)
	do(http.MethodGet, "/nowhere", nil)
	return list
}

func TestTwinsGiveEqualBytes(t *testing.T) {
	make := func() *Server {
		return &Server{
			Seed: 6, Refusals: .1, RateHeaders: true, ParallelCalls: 2, Reasoning: Reasoning{Show: true, Redacted: .3},
			Faults: Faults{RateLimited: .1, Overloaded: .1, Failed: .1, Length: .1, Malformed: .1, Cut: .1},
		}
	}
	if diff := cmp.Diff(exchangesOf(t, make()), exchangesOf(t, make())); diff != "" {
		t.Error(diff)
	}
}

func TestRepliesAreDatedByTheClock(t *testing.T) {
	s := &Server{Now: func() time.Time { return time.Unix(1_700_000_000, 0) }}
	for _, path := range []string{"/v1/models", "/nowhere"} {
		w := request(s, http.MethodGet, path, nil, nil)
		if got := w.Header().Get("Date"); got != "Tue, 14 Nov 2023 22:13:20 GMT" {
			t.Errorf("%s: Date %q", path, got)
		}
	}
}

func TestIdsOfErrorsDoNotDependOnOrder(t *testing.T) {
	ids := func(bodies ...string) map[string]string {
		s, list := &Server{}, map[string]string{}
		for _, body := range bodies {
			list[body] = request(s, http.MethodPost, "/v1/messages", body, nil).Header().Get("request-id")
		}
		return list
	}
	got := ids("one", "two")
	if diff := cmp.Diff(got, ids("two", "one")); diff != "" || got["one"] == got["two"] {
		t.Errorf("%v, or %s", got, diff)
	}
}

func TestErrorsHaveTheFormOfTheDialect(t *testing.T) {
	for name, test := range map[string]struct {
		faults Faults
		// status and type of chat and Responses, Messages, Gemini.
		status [3]int
		types  [3]string
	}{
		"rate limit": {Faults{RateLimited: 1, RetryAfter: 2 * time.Second}, [3]int{429, 429, 429}, [3]string{"requests", "rate_limit_error", "RESOURCE_EXHAUSTED"}},
		"error":      {Faults{ServerError: 1}, [3]int{500, 500, 500}, [3]string{"server_error", "api_error", "INTERNAL"}},
		"overload":   {Faults{Overloaded: 1}, [3]int{503, 529, 503}, [3]string{"service_unavailable_error", "overloaded_error", "UNAVAILABLE"}},
		"failed":     {Faults{Failed: 1}, [3]int{500, 500, 500}, [3]string{"server_error", "api_error", "INTERNAL"}},
	} {
		eachWay(t, func(t *testing.T, w way) {
			n := map[string]int{DialectMessages: 1, DialectGemini: 2}[w.dialect]
			reply := w.send(&Server{Faults: test.faults}, w.body("Hi", false), false)
			body := gjson.Parse(reply.Body.String())
			typ := body.Get("error.type").String() + body.Get("error.status").String()
			if reply.Code != test.status[n] || typ != test.types[n] || body.Get("error.message").String() == "" {
				t.Errorf("%s: status %d, %s", name, reply.Code, body)
			}
			if want := name == "rate limit"; (reply.Header().Get("Retry-After") == "2") != want {
				t.Errorf("%s: Retry-After %q", name, reply.Header().Get("Retry-After"))
			}
			checkErrorForm(t, w.dialect, reply)
		})
	}
}

// checkErrorForm checks what is particular to the errors of each provider.
func checkErrorForm(t *testing.T, dialect string, reply *httptest.ResponseRecorder) {
	t.Helper()
	body := gjson.Parse(reply.Body.String())
	switch dialect {
	case DialectMessages:
		id := reply.Header().Get("request-id")
		if body.Get("type").String() != "error" || !strings.HasPrefix(id, "req_") || body.Get("request_id").String() != id {
			t.Errorf("request-id %q, body %s", id, body)
		}
	case DialectGemini:
		if body.Get("error.code").Int() != int64(reply.Code) {
			t.Errorf("body %s", body)
		}
	default:
		if !strings.HasPrefix(reply.Header().Get("x-request-id"), "req_") || !body.Get("error.param").Exists() || !body.Get("error.code").Exists() {
			t.Errorf("body %s", body)
		}
	}
}

func TestStreamsOfFailingModelsEndInTheDialectsWords(t *testing.T) {
	for dialect, test := range map[string]struct{ end, path, want string }{
		DialectChat:     {"\n", "error.type", "server_error"},
		DialectMessages: {"\n", "error.type", "api_error"},
		DialectGemini:   {"\r\n", "error.status", "INTERNAL"},
	} {
		w := wayOf(dialect)
		_, data := sse(t, w.send(&Server{Faults: Faults{Failed: 1}}, w.body("Hi", false), true).Body.String(), test.end)
		if last := data[len(data)-1]; last.Get(test.path).String() != test.want || len(data) < 3 {
			t.Errorf("%s: %d events, the last %s", dialect, len(data), last)
		}
	}
}

func TestStreamFaultsBreakEveryDialect(t *testing.T) {
	eachWay(t, func(t *testing.T, w way) {
		body := w.body("Hi", false)
		malformed := w.send(&Server{Faults: Faults{Malformed: 1}}, body, true).Body.String()
		sound := w.send(&Server{}, body, true).Body.String()
		if len(malformed) >= len(sound) || malformed[len(malformed)-9:] != sound[len(sound)-9:] {
			t.Errorf("%q\n%q", malformed, sound)
		}
		server := httptest.NewServer(&Server{Faults: Faults{Cut: 1}})
		defer server.Close()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+w.stream, strings.NewReader(encode(body)))
		if err != nil {
			t.Fatal(err)
		}
		if w.dialect == DialectMessages {
			r.Header.Set("anthropic-version", "2023-06-01")
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		// Gemini's streams are told from others by their path.
		if _, err := io.ReadAll(resp.Body); err == nil {
			t.Error("the body came whole")
		}
	})
}

func TestQuotaIsToldAsTheProviderTellsIt(t *testing.T) {
	for dialect, headers := range map[string][]string{
		DialectChat:      {"x-ratelimit-remaining-requests", "x-ratelimit-limit-tokens"},
		DialectResponses: {"x-ratelimit-remaining-requests", "x-ratelimit-limit-tokens"},
		DialectMessages:  {"anthropic-ratelimit-requests-remaining", "anthropic-ratelimit-output-tokens-limit", "anthropic-ratelimit-tokens-reset"},
	} {
		w := wayOf(dialect)
		reply := w.send(&Server{RateHeaders: true}, w.body("Hi", false), false)
		for _, name := range headers {
			if reply.Header().Get(name) == "" {
				t.Errorf("%s: no %s in %v", dialect, name, reply.Header())
			}
		}
	}
}

func FuzzNoDialectPanics(f *testing.F) {
	for n, w := range ways() {
		body := w.body("task 1", true)
		w.offer(body, tools)
		f.Add(n, false, encode(body))
		w.reply(body, w.first(body))
		f.Add(n, true, encode(body))
	}
	f.Fuzz(func(t *testing.T, n int, stream bool, body string) {
		w := ways()[uint(n)%uint(len(ways()))]
		path := w.path
		if stream {
			path = w.stream
		}
		r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
		r.Header.Set("anthropic-version", "2023-06-01")
		reply := httptest.NewRecorder()
		(&Server{Compound: .5, Accuracy: .5, Reasoning: Reasoning{Show: true}}).ServeHTTP(reply, r)
		if reply.Code != http.StatusOK && !gjson.Get(reply.Body.String(), "error.message").Exists() {
			t.Errorf("status %d without an error: %s", reply.Code, reply.Body)
		}
	})
}

// first is the reply of a server without knobs.
func (w way) first(body map[string]any) gjson.Result {
	return gjson.Parse(w.send(&Server{}, body, false).Body.String())
}
