package sim

import (
	"bytes"
	"cmp"
	"context"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/tidwall/gjson"
)

func TestZeroValueAnswersAndSaysSimulated(t *testing.T) {
	w := post(&Server{}, with("What is it?", nil))
	reply := gjson.Parse(w.Body.String())
	if got := reply.Get("system_fingerprint").String(); got != "simulated" {
		t.Errorf("system_fingerprint = %q", got)
	}
	if got := w.Header().Get("X-Simulated"); got != "true" {
		t.Errorf("X-Simulated = %q", got)
	}
	if got := reply.Get("model").String(); got != "test-model" {
		t.Errorf("model = %q", got)
	}
	answerOf(t, reply)
}

func TestPathsAndMethods(t *testing.T) {
	for _, test := range []struct {
		method, path string
		status       int
	}{
		{"POST", "/v1/chat/completions", 200},
		{"POST", "/chat/completions", 200},
		{"GET", "/v1/models", 200},
		{"GET", "/models", 200},
		{"GET", "/v1/chat/completions", 404},
		{"POST", "/openai/v1/chat/completions", 200},
		{"POST", "/openai/deployments/test-model/chat/completions", 200},
		{"POST", "/v1/completions", 404},
		{"GET", "/", 404},
	} {
		w := httptest.NewRecorder()
		new(Server).ServeHTTP(w, httptest.NewRequest(test.method, test.path, strings.NewReader(with("Hi", nil))))
		if w.Code != test.status {
			t.Errorf("%s %s: status %d, want %d", test.method, test.path, w.Code, test.status)
		}
		if w.Code == 404 && gjson.Get(w.Body.String(), "error.code").String() != "unknown_url" {
			t.Errorf("%s %s: body %s", test.method, test.path, w.Body)
		}
	}
}

func TestBadRequestsGetOpenAIErrors(t *testing.T) {
	for name, test := range map[string]struct {
		body, param string
		status      int
	}{
		"not JSON":           {`{"model":`, "", 400},
		"wrong type":         {`{"model":3,"messages":[]}`, "", 400},
		"messages no list":   {`{"model":"m","messages":"hi"}`, "", 400},
		"no model":           {`{"messages":[{"role":"user","content":"x"}]}`, "model", 400},
		"no messages":        {`{"model":"m"}`, "messages", 400},
		"empty messages":     {`{"model":"m","messages":[]}`, "messages", 400},
		"n too small":        {with("x", map[string]any{"n": 0}), "n", 400},
		"n too large":        {with("x", map[string]any{"n": 129}), "n", 400},
		"tool not offered":   {with("x", map[string]any{"tools": tools, "tool_choice": map[string]any{"type": "function", "function": map[string]any{"name": "gone"}}}), "tool_choice", 400},
		"larger than a KiB ": {with(strings.Repeat("x", 1024), nil), "", 413},
	} {
		w := post(&Server{MaxBody: 1024}, test.body)
		problem := gjson.Get(w.Body.String(), "error")
		if w.Code != test.status || problem.Get("type").String() != "invalid_request_error" || problem.Get("param").String() != test.param {
			t.Errorf("%s: status %d, body %s", name, w.Code, w.Body)
		}
	}
}

func TestModelIsListedAndReported(t *testing.T) {
	list := func(s *Server) string {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/v1/models", nil))
		return gjson.Get(w.Body.String(), "data.#.id").Raw
	}
	if got := list(&Server{}); got != `["simulated-1"]` {
		t.Errorf("models = %s", got)
	}
	s := &Server{Model: "simulated-x"}
	if got := list(s); got != `["simulated-x"]` {
		t.Errorf("models = %s", got)
	}
	if got := ask(t, s, "Hi", nil).Get("model").String(); got != "simulated-x" {
		t.Errorf("reported model = %q", got)
	}
}

func TestEmbeddingsAreUnitVectorsOfTheInput(t *testing.T) {
	embed := func(input string) gjson.Result {
		w := httptest.NewRecorder()
		new(Server).ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/v1/embeddings", strings.NewReader(`{"model":"e","input":`+input+`}`)))
		return gjson.Parse(w.Body.String())
	}
	both, one := embed(`["a","b"]`), embed(`"a"`)
	if both.Get("data.#").Int() != 2 || both.Get("data.0.embedding").Raw != one.Get("data.0.embedding").Raw {
		t.Errorf("two inputs: %s, one: %s", both, one)
	}
	norm := 0.
	for _, x := range one.Get("data.0.embedding").Array() {
		norm += x.Float() * x.Float()
	}
	if math.Abs(norm-1) > 1e-9 {
		t.Errorf("norm² = %v", norm)
	}
	if got := embed(`[1,2,3]`).Get("data.#").Int(); got != 1 {
		t.Errorf("a list of tokens gave %d embeddings", got)
	}
	if got := embed(`null`).Get("error.param").String(); got != "input" {
		t.Errorf("null input: error of %q, want input", got)
	}
}

// drawnBy asks s each body and gives prompt, occurrence, answer, sorted.
func drawnBy(t *testing.T, s *Server, bodies []string) []Truth {
	t.Helper()
	var log bytes.Buffer
	s.TruthLog, s.Now = &log, func() time.Time { return time.Time{} }
	var all sync.WaitGroup
	for _, body := range bodies {
		all.Go(func() { post(s, body) })
	}
	all.Wait()
	list := truths(t, &log)
	slices.SortFunc(list, func(a, b Truth) int {
		return cmp.Or(cmp.Compare(a.Request, b.Request), cmp.Compare(a.Occurrence, b.Occurrence), cmp.Compare(a.Choice, b.Choice))
	})
	return list
}

func TestAnswersDoNotDependOnOrder(t *testing.T) {
	var bodies []string
	for range 10 {
		bodies = append(bodies, with("One?", nil), with("Two?", nil), with("Go on with task 3", map[string]any{"tools": tools}), with("One?", streamed(nil)))
	}
	knobs := func() *Server { return &Server{Seed: 5, Accuracy: .5, Faults: Faults{Slow: .3, SlowBy: 1}} }
	once := drawnBy(t, knobs(), bodies)
	slices.Reverse(bodies)
	if diff := gocmp.Diff(once, drawnBy(t, knobs(), bodies)); diff != "" {
		t.Error(diff)
	}
	if len(once) != len(bodies) {
		t.Errorf("%d truths of %d requests", len(once), len(bodies))
	}
}

func TestSeedMatters(t *testing.T) {
	bodies := []string{with("One?", nil), with("Two?", nil)}
	if gocmp.Equal(drawnBy(t, &Server{Seed: 1}, bodies), drawnBy(t, &Server{Seed: 2}, bodies)) {
		t.Error("two seeds gave the same answers")
	}
}

func TestOccurrencesOfOnePromptAreDrawnAnew(t *testing.T) {
	s := &Server{Accuracy: .5}
	seen := map[string]bool{}
	for range 40 {
		seen[answerOf(t, ask(t, s, "The same?", nil))] = true
	}
	if len(seen) < 2 {
		t.Errorf("40 answers at accuracy .5 are all %v", seen)
	}
}

func TestHoldReordersReplies(t *testing.T) {
	second := make(chan struct{})
	var order []int
	s := &Server{}
	s.Hold = func(ctx context.Context, r Request) {
		if r.Occurrence == 0 {
			<-second
		}
		order = append(order, r.Occurrence)
		if r.Occurrence == 1 {
			close(second)
		}
	}
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() { post(s, with("Held?", nil)) })
	}
	both.Wait()
	if !slices.Equal(order, []int{1, 0}) {
		t.Errorf("order = %v", order)
	}
}

func TestRateHeadersOnlyByKnob(t *testing.T) {
	for _, on := range []bool{false, true} {
		w := post(&Server{RateHeaders: on}, with("Hi", nil))
		if got := w.Header().Get("X-Ratelimit-Remaining-Requests") != ""; got != on {
			t.Errorf("RateHeaders %v: header there: %v", on, got)
		}
		if !strings.HasPrefix(w.Header().Get("X-Request-Id"), "req_") {
			t.Errorf("X-Request-Id = %q", w.Header().Get("X-Request-Id"))
		}
	}
}

func TestValidateNamesEveryKnobOutOfRange(t *testing.T) {
	if err := new(Server).Validate(nil); err != nil {
		t.Errorf("zero value: %v", err)
	}
	s := &Server{Accuracy: 1.5, Compound: math.NaN(), Steps: -1, Faults: Faults{Cut: .6, Slow: .6}, Deletions: Deletions{Wrong: .1}}
	err := s.Validate(nil)
	for _, want := range []string{"Accuracy: 1.5", "Compound: NaN", "Steps: -1", "the sum of Faults: 1.2", "Deletions.Every: is 0"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Validate = %v, want %q in it", err, want)
		}
	}
	if err := (&Server{Faults: Hostile()}).Validate(nil); err != nil {
		t.Errorf("Hostile: %v", err)
	}
}

func FuzzChatNeverPanics(f *testing.F) {
	f.Add(with("Hi", nil))
	f.Add(with("task 1", map[string]any{"tools": tools, "tool_choice": "required"}))
	f.Add(with("Hi", streamed(map[string]any{"n": 3})))
	f.Add(`{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"hi"}]}],"response_format":{"type":"json_schema","json_schema":{"schema":{"type":["null","object"],"properties":{"a":true,"b":{"minimum":9,"maximum":1,"type":"integer"}}}}}}`)
	f.Fuzz(func(t *testing.T, body string) {
		w := post(&Server{Compound: .5, Accuracy: .5}, body)
		if w.Code != http.StatusOK && !gjson.Get(w.Body.String(), "error.message").Exists() {
			t.Errorf("status %d without an error: %s", w.Code, w.Body)
		}
	})
}
