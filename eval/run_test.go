package eval

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hotmess/wire"
)

// An oracle is a server whose replies are written by hand. It answers the
// question "… k of n" right where k is below n.
type oracle struct {
	mu    sync.Mutex
	asked map[string]int
	// bodies are those of all calls.
	bodies []string
	// before, if set, is called before a reply with the number of calls; it
	// returns a status, 0 for a whole reply.
	before func(calls int, text string) int
	// sameID gives all replies one id.
	sameID bool
	// models are the names of one letter that serve in turn; empty: "served".
	models       string
	server       *httptest.Server
	flying, most int
}

func newOracle(t *testing.T) *oracle {
	t.Helper()
	o := &oracle{asked: map[string]int{}}
	o.server = httptest.NewServer(o)
	t.Cleanup(o.server.Close)
	return o
}

func (o *oracle) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	text := string(body)
	o.mu.Lock()
	o.bodies = append(o.bodies, text)
	calls, k := len(o.bodies), o.asked[text]
	o.asked[text]++
	o.flying++
	o.most = max(o.most, o.flying)
	o.mu.Unlock()
	status := 0
	if o.before != nil {
		status = o.before(calls, text)
	}
	o.mu.Lock()
	o.flying--
	o.mu.Unlock()
	if status != 0 {
		http.Error(w, "no", status)
		return
	}
	answer, id, model := "B", fmt.Sprint(calls), "served"
	if n := len(o.models); n > 0 {
		model = o.models[k%n : k%n+1]
	}
	if k%2 == 0 { // every second sample of a question is right
		answer = "A"
	}
	if o.sameID {
		id = "one"
	}
	fmt.Fprintf(w, `{"id":"c-%s","model":"%s","choices":[{"index":0,"message":{"content":"Well.\nAnswer: %s"},"finish_reason":"stop"}],`+
		`"usage":{"prompt_tokens":10,"completion_tokens":4}}`, id, model, answer)
}

func (o *oracle) calls() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.bodies)
}

// setUp writes a data set of n questions and gives options to ask them.
func (o *oracle) setUp(t *testing.T, n int) (Options, *bytes.Buffer) {
	t.Helper()
	dir := t.TempDir()
	var set strings.Builder
	for i := range n {
		fmt.Fprintf(&set, `{"dataset":"d","task":"t","question_id":"q%d","question":"Question %d: A) yes B) no","reference":"A"}`+"\n", i, i)
	}
	options := plain()
	options.Dataset, options.Out, options.Upstream = filepath.Join(dir, "set.jsonl"), filepath.Join(dir, "out.jsonl"), o.server.URL+"/v1"
	options.Samples, options.Concurrency = 4, 3
	var log bytes.Buffer
	options.Log = &log
	if err := os.WriteFile(options.Dataset, []byte(set.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return options, &log
}

// lines reads a result.
func lines(t *testing.T, name string) []line {
	t.Helper()
	var list []line
	for raw := range strings.Lines(text(t, name)) {
		var l line
		if err := json.Unmarshal([]byte(raw), &l); err != nil {
			t.Fatal(err)
		}
		list = append(list, l)
	}
	return list
}

func right(l line) int {
	n := 0
	for _, s := range l.Samples {
		if s.Correct {
			n++
		}
	}
	return n
}

func TestRunWritesADataSet(t *testing.T) {
	o := newOracle(t)
	options, log := o.setUp(t, 5)
	options.Condition, options.Price = "high", &Price{In: 1000, Out: 10000}
	sum, err := Run(t.Context(), options)
	if err != nil {
		t.Fatalf("%v\n%s", err, log)
	}
	if want := (Summary{Questions: 5, Samples: 20}); sum != want {
		t.Errorf("%+v, want %+v", sum, want)
	}
	got := lines(t, options.Out)
	if len(got) != 5 {
		t.Fatalf("%d lines", len(got))
	}
	for i, l := range got {
		if l.ID != fmt.Sprintf("q%d", i) || l.Model != "m" || l.Task != "t" || l.Condition != "high" || l.Reference != "A" ||
			len(l.Samples) != 4 || right(l) != 2 || l.LengthField != "output_tokens" {
			t.Errorf("line %d: %+v", i, l)
		}
	}
	s := got[0].Samples[0]
	if *s.InputTokens != 10 || *s.OutputTokens != 4 || s.ReasoningTokens != nil || s.OutputChars != len("Well.\nAnswer: A") ||
		s.Served != "served" || s.Finish != "stop" || !(s.DurationS > 0) || *s.Answer != "A" && *s.Answer != "B" {
		t.Errorf("sample %+v", s)
	}
	// 200 tokens in at a thousandth of a dollar, 80 out at a hundredth.
	if !strings.Contains(log.String(), "5/5 questions · 20/20 samples · 200+80 tokens · $1.00") {
		t.Errorf("progress:\n%s", log)
	}
}

// A counter counts calls where they are made: the server may hear late of one
// that was given up.
type counter struct {
	http.RoundTripper
	calls atomic.Int64
}

func (c *counter) RoundTrip(r *http.Request) (*http.Response, error) {
	c.calls.Add(1)
	return c.RoundTripper.RoundTrip(r)
}

// TestRunGoesOnWhereItStopped stops a run in the middle and runs it again.
func TestRunGoesOnWhereItStopped(t *testing.T) {
	o := newOracle(t)
	options, _ := o.setUp(t, 6)
	ctx, cancel := context.WithCancel(t.Context())
	o.before = func(calls int, _ string) int {
		if calls == 11 {
			cancel()
		}
		return 0
	}
	_, err := Run(ctx, options)
	if err == nil || !strings.Contains(err.Error(), "stopped") || !strings.Contains(err.Error(), "the same command goes on") {
		t.Fatal(err)
	}
	if _, err := os.Stat(options.Out); err == nil {
		t.Error("a stopped run left a result")
	}
	had := strings.Count(text(t, journalName(options.Out)), "\n") - 1
	// Calls in flight when it stopped may be lost, one per worker.
	if had < 11-options.Concurrency || had > 11+options.Concurrency {
		t.Errorf("%d samples of 11 calls are in the journal", had)
	}
	o.before = nil
	counted := &counter{RoundTripper: http.DefaultTransport}
	options.Transport = counted
	if _, err := Run(t.Context(), options); err != nil {
		t.Fatal(err)
	}
	if again := counted.calls.Load(); again != int64(24-had) {
		t.Errorf("%d calls for %d missing samples", again, 24-had)
	}
	got := lines(t, options.Out)
	if len(got) != 6 || len(got[5].Samples) != 4 {
		t.Errorf("the result is %+v", got)
	}
	whole := text(t, options.Out)
	if _, err := Run(t.Context(), options); err != nil || counted.calls.Load() != int64(24-had) || text(t, options.Out) != whole {
		t.Errorf("a finished run asked again, or changed its result: %v", err)
	}
}

func TestSamplesAndLimitMayChange(t *testing.T) {
	o := newOracle(t)
	options, _ := o.setUp(t, 5)
	options.Samples, options.Limit = 2, 2
	for _, step := range []struct{ samples, limit, calls, lines int }{{2, 2, 4, 2}, {4, 3, 12, 3}, {3, 0, 18, 5}} {
		options.Samples, options.Limit = step.samples, step.limit
		if _, err := Run(t.Context(), options); err != nil {
			t.Fatal(err)
		}
		got := lines(t, options.Out)
		if o.calls() != step.calls || len(got) != step.lines || len(got[0].Samples) != step.samples {
			t.Errorf("%+v: %d calls, %d lines of %d samples", step, o.calls(), len(got), len(got[0].Samples))
		}
	}
}

func TestQuestionsWhoseSamplesAllFailAreNamed(t *testing.T) {
	o := newOracle(t)
	options, log := o.setUp(t, 4)
	o.before = func(_ int, text string) int {
		if strings.Contains(text, "Question 2:") {
			return http.StatusBadRequest
		}
		return 0
	}
	sum, err := Run(t.Context(), options)
	if want := (Summary{Questions: 4, Empty: 1, Samples: 12, Failed: 4}); err != nil || sum != want {
		t.Errorf("%+v, %v, want %+v", sum, err, want)
	}
	if got := lines(t, options.Out); len(got) != 3 || got[2].ID != "q3" {
		t.Errorf("lines %+v", got)
	}
	for _, want := range []string{"all samples of d/t/q2 failed", "d/t/q2, sample 0: the upstream answered 400 Bad Request: no", "4 failed"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log does not say %q:\n%s", want, log)
		}
	}
	o.before = nil
	if sum, err := Run(t.Context(), options); err != nil || sum.Empty != 0 || len(lines(t, options.Out)) != 4 {
		t.Errorf("again: %+v, %v", sum, err)
	}
}

func TestNothingAnsweredIsAnError(t *testing.T) {
	o := newOracle(t)
	options, _ := o.setUp(t, 2)
	o.before = func(int, string) int { return http.StatusBadRequest }
	if _, err := Run(t.Context(), options); err == nil || !strings.Contains(err.Error(), "all samples of all questions failed") {
		t.Error(err)
	}
	if _, err := os.Stat(options.Out); err == nil {
		t.Error("there is a result of nothing")
	}
}

func TestARunEndsWhenEverythingFails(t *testing.T) {
	o := newOracle(t)
	options, _ := o.setUp(t, 40)
	options.Concurrency = 1 // else a late success restarts the count
	o.before = func(calls int, _ string) int {
		if calls > 8 {
			return http.StatusUnprocessableEntity
		}
		return 0
	}
	_, err := Run(t.Context(), options)
	if err == nil || !strings.Contains(err.Error(), "25 samples failed one after the other, the last with: the upstream answered 422") {
		t.Error(err)
	}
	// One more may have begun while the last failure was judged.
	if n := o.calls(); n < 8+maxStreak || n > 8+maxStreak+1 {
		t.Errorf("%d calls, want %d or one more", n, 8+maxStreak)
	}
}

func TestARefusedKeyEndsTheRunAtOnce(t *testing.T) {
	o := newOracle(t)
	options, _ := o.setUp(t, 40)
	o.before = func(int, string) int { return http.StatusUnauthorized }
	_, err := Run(t.Context(), options)
	if err == nil || !strings.Contains(err.Error(), "401 Unauthorized: set OPENAI_API_KEY") || o.calls() > 2*options.Concurrency {
		t.Errorf("%d calls, %v", o.calls(), err)
	}
}

func TestRepliesOfOneIDAreOneSample(t *testing.T) {
	o := newOracle(t)
	o.sameID = true
	options, log := o.setUp(t, 3)
	sum, err := Run(t.Context(), options)
	if want := (Summary{Questions: 3, Short: 3, Samples: 3, Failed: 9}); err != nil || sum != want {
		t.Errorf("%+v, %v, want %+v", sum, err, want)
	}
	if !strings.Contains(log.String(), "no sample of its own") {
		t.Error(log)
	}
}

// TestEveryKnobReachesTheRequest flips what requests are made of.
func TestEveryKnobReachesTheRequest(t *testing.T) {
	o := newOracle(t)
	options, _ := o.setUp(t, 2)
	warm, instruction := 0.25, "Answer with the letter only."
	options.Temperature, options.MaxTokens, options.Instruction = &warm, 321, &instruction
	options.Body = json.RawMessage(`{"reasoning_effort":"low"}`)
	options.Concurrency, options.Samples = 1, 2
	if _, err := Run(t.Context(), options); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"temperature":0.25`, `:321`, `"reasoning_effort":"low"`, instruction, `"model":"m"`} {
		if !strings.Contains(o.bodies[0], want) {
			t.Errorf("%s is not in %s", want, o.bodies[0])
		}
	}
	if o.most != 1 {
		t.Errorf("%d calls in flight, want 1", o.most)
	}
}

func TestConcurrencyBoundsCallsInFlight(t *testing.T) {
	o := newOracle(t)
	options, _ := o.setUp(t, 8)
	full := make(chan struct{})
	o.before = func(calls int, _ string) int {
		if calls <= options.Concurrency { // wait until as many as may be are there
			if calls == options.Concurrency {
				close(full)
			}
			<-full
		}
		return 0
	}
	if _, err := Run(t.Context(), options); err != nil || o.most != options.Concurrency {
		t.Errorf("%d in flight, want %d: %v", o.most, options.Concurrency, err)
	}
}

func TestAResultWithoutItsJournalIsNotOverwritten(t *testing.T) {
	o := newOracle(t)
	options, _ := o.setUp(t, 2)
	if err := os.WriteFile(options.Out, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Run(t.Context(), options); err == nil || !strings.Contains(err.Error(), "--out") || text(t, options.Out) != "precious" || o.calls() != 0 {
		t.Errorf("%v after %d calls", err, o.calls())
	}
}

func TestBadOptionsAskNothing(t *testing.T) {
	o := newOracle(t)
	for want, change := range map[string]func(*Options){
		"--samples": func(p *Options) { p.Samples = 1 },
		"data set":  func(p *Options) { p.Dataset = "/does/not/exist" },
		"--extract": func(p *Options) { p.Extract = "number" }, // the references are letters
	} {
		options, _ := o.setUp(t, 2)
		change(&options)
		if _, err := Run(t.Context(), options); err == nil || !strings.Contains(err.Error(), want) || o.calls() != 0 {
			t.Errorf("%s: %v after %d calls", want, err, o.calls())
		}
	}
}

func TestLinesThatAreNotUsedAreSaid(t *testing.T) {
	o := newOracle(t)
	options, log := o.setUp(t, 2)
	set := text(t, options.Dataset) + strings.Repeat("{\n", maxNamed+3)
	if err := os.WriteFile(options.Dataset, []byte(set), 0o600); err != nil {
		t.Fatal(err)
	}
	sum, err := Run(t.Context(), options)
	if err != nil || sum.Unusable != maxNamed+3 || sum.Samples != 8 {
		t.Errorf("%+v, %v", sum, err)
	}
	if !strings.Contains(log.String(), "line 3: ") || !strings.Contains(log.String(), "and 3 more lines") {
		t.Error(log)
	}
}

func TestPinnedRequestsAreSaid(t *testing.T) {
	cold, warm := 0., 1.
	for _, tc := range []struct {
		temperature *float64
		body        string
		said        bool
	}{{nil, "", false}, {&warm, "", false}, {&cold, "", true}, {nil, `{"seed":7}`, true}} {
		o := newOracle(t)
		options, log := o.setUp(t, 1)
		options.Temperature = tc.temperature
		if tc.body != "" {
			options.Body = json.RawMessage(tc.body)
		}
		if _, err := Run(t.Context(), options); err != nil || strings.Contains(log.String(), "temperature 0") != tc.said {
			t.Errorf("%+v: %v, log %s", tc, err, log)
		}
	}
}

func TestSeveralServedModelsAreNamed(t *testing.T) {
	for _, models := range []string{"a", "ab"} {
		o := newOracle(t)
		o.models = models
		options, log := o.setUp(t, 1)
		want := strings.Contains(models, "b")
		if _, err := Run(t.Context(), options); err != nil || strings.Contains(log.String(), `2 models answered, as the upstream calls them: "a" 2 times, "b" 2 times`) != want {
			t.Errorf("%s: %v, log %s", models, err, log)
		}
	}
}

func TestTheLengthIsOneThatAllSamplesHave(t *testing.T) {
	n, zero := 3, 0
	for _, tc := range []struct {
		samples []Sample
		want    string
	}{
		{[]Sample{{ReasoningTokens: &n, OutputTokens: &n}, {ReasoningTokens: &zero, OutputTokens: &n}}, "reasoning_tokens"},
		{[]Sample{{ReasoningTokens: &zero, OutputTokens: &n}}, "output_tokens"},
		{[]Sample{{ReasoningTokens: &n, OutputTokens: &n}, {OutputTokens: &n}}, "output_tokens"},
		{[]Sample{{OutputTokens: &n}, {}}, "output_chars"},
	} {
		if got := lengthField([]line{{Samples: tc.samples}}); got != tc.want {
			t.Errorf("%+v: %s, want %s", tc.samples, got, tc.want)
		}
	}
}

func TestRunSpeaksEveryDialect(t *testing.T) {
	replies := map[wire.Dialect]string{
		wire.OpenAIResponses:   `{"id":"%d","status":"completed","output":[{"type":"message","content":[{"type":"output_text","text":"Answer: A"}]}],"usage":{"input_tokens":1,"output_tokens":2,"output_tokens_details":{"reasoning_tokens":1}}}`,
		wire.AnthropicMessages: `{"id":"%d","type":"message","role":"assistant","content":[{"type":"text","text":"Answer: A"}],"stop_reason":"end_turn","usage":{"input_tokens":1,"output_tokens":2}}`,
		wire.GeminiGenerate:    `{"responseId":"%d","candidates":[{"content":{"parts":[{"text":"Answer: A"}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":1,"candidatesTokenCount":2,"totalTokenCount":3}}`,
	}
	for d, reply := range replies {
		t.Run(string(d), func(t *testing.T) {
			n := 0
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				n++ // one call at a time
				fmt.Fprintf(w, reply, n)
			}))
			defer server.Close()
			options, _ := newOracle(t).setUp(t, 1)
			options.Upstream, options.Dialect, options.Concurrency, options.Timeout = server.URL, d, 1, time.Minute
			if _, err := Run(t.Context(), options); err != nil {
				t.Fatal(err)
			}
			got := lines(t, options.Out)[0]
			if right(got) != 4 || *got.Samples[0].InputTokens != 1 || *got.Samples[0].OutputTokens != 2 {
				t.Errorf("%+v", got)
			}
		})
	}
}
