package main_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"gonum.org/v1/gonum/stat/distuv"

	"hotmess/config"
	"hotmess/monitor"
	"hotmess/sidecar"
	"hotmess/sim"
)

// A line is the whole of hotmess between agents and a simulated LLM API, in
// this process, over loopback.
type line struct {
	base string
	// nats and dir are where its events and its credentials are.
	nats, dir string
	model     *sim.Server
	monitor   *monitor.Monitor
	// retries is what clients say of earlier attempts; empty: nothing.
	retries string
	// usage is whether clients ask for the usage of their streams.
	usage bool
	// answered, if set, is told the id of each request that is answered.
	answered func(id string)
}

// callID names a client's call to the model. Extras do not repeat it.
const callID = "X-Client-Request-Id"

// agents keep a connection each: http.DefaultClient would keep two, and open one
// for nearly every call of the others.
var agents = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}

// newLine starts a sidecar in front of model.
func newLine(t testing.TB, model *sim.Server, change func(*config.Config)) *line {
	t.Helper()
	model.RateHeaders = true // without, extras begin one at a time
	upstream := httptest.NewServer(model)
	t.Cleanup(upstream.Close)
	c := config.Default()
	c.Listen, c.Admin.Listen, c.NATS.Listen = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	c.DataDir, c.Upstream = t.TempDir(), upstream.URL+"/v1"
	c.NATS.MaxStore = 64 << 20
	c.Budget = config.Budget{ExtraTokensPerHour: 1 << 40, MaxExtraInFlight: 64}
	c.Sampling = c.Sampling.PairsOnly()
	c.Sampling.Rate = config.Rate{Share: 1}
	change(&c)
	s, err := sidecar.New(t.Context(), sidecar.Options{Config: c, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return &line{base: "http://" + s.Running().Listen + "/v1", nats: s.Running().NATS, dir: c.DataDir, model: model, monitor: s.Monitor}
}

// pipelineTools are two tools; the note is free text, which must not count.
const pipelineTools = `[
 {"type":"function","function":{"name":"get_record","parameters":{"type":"object","properties":{"id":{"type":"integer"},"note":{"type":"string"}}}}},
 {"type":"function","function":{"name":"read_file","parameters":{"type":"object","properties":{"path":{"type":"string"},"note":{"type":"string"}}}}}]`

// converse works through conversations of so many turns each, a few at a time.
func (l *line) converse(t testing.TB, conversations, turns int, stream bool) {
	t.Helper()
	const atOnce = 8
	var working sync.WaitGroup
	for worker := range atOnce {
		working.Go(func() {
			for i := worker; i < conversations; i += atOnce {
				if err := l.conversation(t.Context(), i, turns, stream); err != nil {
					t.Error(err)
				}
			}
		})
	}
	working.Wait()
}

func (l *line) conversation(ctx context.Context, number, turns int, stream bool) error {
	history := []any{map[string]any{"role": "user", "content": fmt.Sprintf("Please do task %d.", number)}}
	for range turns {
		m, err := l.ask(ctx, history, stream)
		if err != nil {
			return err
		}
		history = append(history, m)
		for _, c := range m.ToolCalls {
			history = append(history, map[string]any{"role": "tool", "tool_call_id": c.ID, "content": "done"})
		}
	}
	return nil
}

// A toolMessage is what the agent repeats of the model's message.
type toolMessage struct {
	Role      string         `json:"role"`
	ToolCalls []proposedCall `json:"tool_calls"`
}

type proposedCall struct {
	ID       string `json:"id"`
	Type     string `json:"type"`
	Function struct {
		Name      string `json:"name"`
		Arguments string `json:"arguments"`
	} `json:"function"`
}

func (l *line) ask(ctx context.Context, history []any, stream bool) (toolMessage, error) {
	fields := map[string]any{
		"model": "simulated", "stream": stream, "messages": history, "tools": json.RawMessage(pipelineTools),
	}
	if l.usage {
		fields["stream_options"] = map[string]any{"include_usage": true}
	}
	body, err := json.Marshal(fields)
	if err != nil {
		return toolMessage{}, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, l.base+"/chat/completions", bytes.NewReader(body))
	if err != nil {
		return toolMessage{}, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "oracle/1")
	if id, ok := ctx.Value(callKey{}).(string); ok {
		req.Header.Set(callID, id)
	}
	if l.retries != "" {
		req.Header.Set("X-Stainless-Retry-Count", l.retries)
	}
	res, err := agents.Do(req)
	if err != nil {
		return toolMessage{}, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return toolMessage{}, fmt.Errorf("status %d", res.StatusCode)
	}
	if l.answered != nil {
		l.answered(res.Header.Get("X-Hotmess-Id"))
	}
	reply, err := io.ReadAll(res.Body)
	if err != nil {
		return toolMessage{}, err
	}
	return readMessage(reply, stream)
}

// readMessage reads the message of a reply; of a stream, one call only.
func readMessage(body []byte, stream bool) (toolMessage, error) {
	type choice struct{ Message, Delta toolMessage }
	var reply struct{ Choices []choice }
	if !stream {
		err := json.Unmarshal(body, &reply)
		if err != nil || len(reply.Choices) == 0 {
			return toolMessage{}, fmt.Errorf("no message: %w", err)
		}
		return reply.Choices[0].Message, nil
	}
	call := proposedCall{Type: "function"}
	lines := bufio.NewScanner(bytes.NewReader(body))
	for lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data: {")
		if !ok {
			continue
		}
		reply.Choices = nil
		if err := json.Unmarshal([]byte("{"+data), &reply); err != nil {
			return toolMessage{}, err
		}
		for _, c := range reply.Choices {
			for _, f := range c.Delta.ToolCalls {
				call.ID += f.ID
				call.Function.Name += f.Function.Name
				call.Function.Arguments += f.Function.Arguments
			}
		}
	}
	return toolMessage{Role: "assistant", ToolCalls: []proposedCall{call}}, lines.Err()
}

// observed waits for what was observed of so many requests.
func (l *line) observed(t testing.TB, requests int64) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for l.monitor.Totals().Observed < requests && time.Now().Before(deadline) {
		<-time.After(10 * time.Millisecond)
	}
	if got := l.monitor.Totals().Observed; got != requests {
		t.Fatalf("%d of %d requests observed; unmeasured: %v", got, requests, l.monitor.Unmeasured())
	}
}

// measured waits for what was observed of so many requests and gives the
// disagreement at level target.
func (l *line) measured(t testing.TB, requests int64) monitor.Estimate {
	t.Helper()
	l.observed(t, requests)
	for _, r := range l.monitor.Routes() {
		if r.Route != "oracle.simulated" {
			continue
		}
		for _, s := range r.Windows[1].Series {
			if s.Kind == "action" && s.Headline {
				return s.Disagreement
			}
		}
	}
	t.Fatal("nothing was measured")
	return monitor.Estimate{}
}

// standardErrors is how many of its own cluster-robust standard errors an
// estimate is off the truth.
func standardErrors(t *testing.T, e monitor.Estimate, truth float64) float64 {
	t.Helper()
	if e.Value == nil || e.Low == nil || e.High == nil {
		t.Fatalf("no interval: %+v", e)
	}
	quantile := distuv.StudentsT{Sigma: 1, Nu: float64(e.Conversations - 1)}.Quantile(.975)
	return math.Abs(*e.Value-truth) / ((*e.High - *e.Low) / 2 / quantile)
}

// TestMeasuredDisagreementIsTheTrueOne drives whole conversations through every
// room at once. Wrong answers take five times as long as right ones, so that
// anything that prefers the first to finish measures far too little: of five
// samples, two right ones nearly always finish first, and agree. Many short
// conversations measure as sharply as fewer long ones of more calls, as the turns
// of one depend on each other, and their contexts are cheaper.
func TestMeasuredDisagreementIsTheTrueOne(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	const conversations, turns = 120, 4
	for name, c := range map[string]struct {
		mode    config.Mode
		samples int
		stream  bool
	}{
		"unary, observed":          {config.Observe, 2, false},
		"streamed, observed":       {config.Observe, 2, true},
		"streamed, five observed":  {config.Observe, 5, true},
		"unary, five that vote":    {config.Ensemble, 5, false},
		"streamed, five that vote": {config.Ensemble, 5, true},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLine(t, &sim.Server{
				Seed: 7, Accuracy: .75, Compound: .1, Chunk: 50,
				Reasoning: sim.Reasoning{Median: 60, Sigma: .3, WhenWrong: 5},
				Latency:   sim.Latency{PerToken: 20 * time.Microsecond},
			}, func(cfg *config.Config) {
				cfg.Sampling.Mode, cfg.Sampling.Samples = c.mode, c.samples
				cfg.Ensemble.Samples = cfg.Ensemble.Samples.AtMost(c.samples)
			})
			l.converse(t, conversations, turns, c.stream)
			e := l.measured(t, conversations*turns)
			truth, _ := l.model.Summary().TrueDisagreement()
			off := standardErrors(t, e, truth)
			t.Logf("true %.4f, measured %.4f [%.4f, %.4f] from %d pairs of %d drawn in %d conversations: %.1f standard errors",
				truth, *e.Value, *e.Low, *e.High, e.Pairs, e.Drawn, e.Conversations, off)
			if e.Drawn != conversations*turns || e.Measured != e.Drawn || e.Conversations != conversations {
				t.Errorf("%d of %d drawn are measured, in %d conversations; unmeasured: %v", e.Measured, e.Drawn, e.Conversations, l.monitor.Unmeasured())
			}
			// What a conversation comes to follows from the seed, unless a vote went by
			// who was first: then chance, Student's t for 60 of them, has to be ruled out.
			most := map[config.Mode]float64{config.Observe: 4, config.Ensemble: 6}[c.mode]
			if off > most {
				t.Errorf("measured %.4f, true %.4f: %.1f standard errors apart", *e.Value, truth, off)
			}
		})
	}
}

// TestDrawnShareIsTheRate measures a third of the requests: as many as that
// must be drawn, all of them measured, and the disagreement stays the true one.
// Which are drawn has no seed: of 5.5 standard errors the binomial exceeds one in
// 20 million, Student's t for 100 conversations one in 3 million.
func TestDrawnShareIsTheRate(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	const conversations, turns, rate, most = 300, 4, 1. / 3, 5.5
	for _, mode := range []config.Mode{config.Observe, config.Ensemble} {
		t.Run(string(mode), func(t *testing.T) {
			l := newLine(t, &sim.Server{Seed: 8, Accuracy: .75, Reasoning: sim.Reasoning{Median: -1}}, func(c *config.Config) {
				c.Sampling.Mode, c.Sampling.Samples, c.Sampling.Rate = mode, 3, config.Rate{Share: rate}
				c.Ensemble.Samples = c.Ensemble.Samples.AtMost(3)
			})
			l.converse(t, conversations, turns, false)
			e := l.measured(t, conversations*turns)
			truth, _ := l.model.Summary().TrueDisagreement()
			t.Logf("%d of %d drawn, true %.4f, measured %.4f", e.Drawn, e.Eligible, truth, *e.Value)
			n := float64(conversations * turns)
			if math.Abs(float64(e.Drawn)-rate*n) > most*math.Sqrt(n*rate*(1-rate)) || e.Eligible != conversations*turns {
				t.Errorf("%d of %d drawn at rate %.2f", e.Drawn, e.Eligible, rate)
			}
			if off := standardErrors(t, e, truth); off > most || e.Measured != e.Drawn {
				t.Errorf("measured %.4f from %d of %d, true %.4f: %.1f standard errors apart", *e.Value, e.Measured, e.Drawn, truth, off)
			}
		})
	}
}

// TestRetriesAreNotMeasuredAgain sends everything twice, the second time as a
// retry: nothing may be counted twice, but a retry still gets its vote.
func TestRetriesAreNotMeasuredAgain(t *testing.T) {
	const conversations, turns, samples = 5, 4, 3
	for _, mode := range []config.Mode{config.Observe, config.Ensemble} {
		t.Run(string(mode), func(t *testing.T) {
			l := newLine(t, &sim.Server{Seed: 9, Reasoning: sim.Reasoning{Median: -1}}, func(c *config.Config) {
				c.Sampling.Mode, c.Sampling.Samples = mode, samples
				c.Ensemble.Samples = c.Ensemble.Samples.AtMost(samples)
			})
			for _, l.retries = range []string{"0", "1"} {
				l.converse(t, conversations, turns, false)
			}
			const n = conversations * turns
			e := l.measured(t, 2*n)
			if e.Eligible != n || e.Drawn != n || e.Measured != n || l.monitor.Unmeasured()[monitor.ReasonRetry] != n {
				t.Errorf("%d eligible, %d drawn, %d measured of %d; unmeasured: %v", e.Eligible, e.Drawn, e.Measured, n, l.monitor.Unmeasured())
			}
			if got := l.model.Summary().Requests; mode == config.Observe && got != n*(samples+1) {
				t.Errorf("%d calls upstream, want %d", got, n*(samples+1))
			}
			if votes := l.monitor.Totals().Votes; mode == config.Ensemble && votes != 2*n {
				t.Errorf("%d votes on %d requests", votes, 2*n)
			}
			if got := l.monitor.Routes()[0].LastHour; got != n {
				t.Errorf("%d requests arrived, want %d", got, n)
			}
		})
	}
}

// TestHangUpsWidenTheBounds has clients that lose patience with wrong answers,
// which take long. What is left differs far too little, whatever one does; that
// much is missing must show, and the bounds must hold the truth. Of all pairs
// p(1-p) = .21 are measured and differ, .3 are missing and the truth is .42, more
// than four standard errors from .21 and .51.
func TestHangUpsWidenTheBounds(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	const requests = 400
	for name, c := range map[string]struct {
		mode   config.Mode
		stream bool
	}{
		"unary, observed": {config.Observe, false}, "streamed, observed": {config.Observe, true},
		"unary, voted": {config.Ensemble, false}, "streamed, voted": {config.Ensemble, true},
	} {
		t.Run(name, func(t *testing.T) {
			clients := &leavers{patience: 60 * time.Millisecond}
			l := newLine(t, &sim.Server{
				Hold: clients.hold, Sleep: clients.sleep, Seed: 10, Accuracy: .7, Wrong: 1, Chunk: 50,
				Reasoning: sim.Reasoning{Median: 20, Sigma: .2, WhenWrong: 50},
				Latency:   sim.Latency{PerToken: 200 * time.Microsecond},
			}, func(cfg *config.Config) {
				cfg.Sampling.Mode, cfg.Sampling.Samples = c.mode, 3
				cfg.Ensemble.Samples = cfg.Ensemble.Samples.AtMost(3)
			})
			clients.work(t, l, requests, c.stream)
			e := l.measured(t, requests)
			truth, _ := l.model.Summary().TrueDisagreement()
			t.Logf("true %.3f, %d of %d drawn measured; if agreed %.3f, if differed %.3f; unmeasured: %v",
				truth, e.Measured, e.Drawn, *e.IfAgreed, *e.IfDiffered, l.monitor.Unmeasured())
			if e.Drawn != requests || e.Measured == e.Drawn {
				t.Errorf("%d drawn of %d, %d measured", e.Drawn, requests, e.Measured)
			}
			if truth < *e.IfAgreed || truth > *e.IfDiffered {
				t.Errorf("true %.3f is not between %.3f and %.3f", truth, *e.IfAgreed, *e.IfDiffered)
			}
			if gone := l.monitor.Unmeasured()[monitor.ReasonGone]; gone != e.Drawn-e.Measured {
				t.Errorf("%d are gone, %d not measured", gone, e.Drawn-e.Measured)
			}
		})
	}
}

// leavers are clients that hang up on long answers: when the model begins one,
// so that no clock decides which those are.
type leavers struct {
	// patience is the longest thought, in simulated time, that is waited for.
	patience time.Duration

	mu sync.Mutex
	// leave ends the call of a client by its id; calls are the ids by the
	// context that the model has of them.
	leave map[string]context.CancelFunc
	calls map[context.Context]string
}

// callKey is where a context has the id of a call.
type callKey struct{}

// hold is the hook of the model by which it is known whose call it is.
func (v *leavers) hold(ctx context.Context, r sim.Request) {
	if id := r.Header.Get(callID); id != "" {
		v.mu.Lock()
		defer v.mu.Unlock()
		v.calls[ctx] = id
	}
}

// sleep is the hook of the model by which time passes: at once, unless a client
// has to leave first. A vote may go on without it.
func (v *leavers) sleep(ctx context.Context, d time.Duration) {
	v.mu.Lock()
	leave := v.leave[v.calls[ctx]]
	v.mu.Unlock()
	if d < v.patience || leave == nil {
		return
	}
	leave()
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// work sends so many requests, a few at a time.
func (v *leavers) work(t *testing.T, l *line, requests int, stream bool) {
	t.Helper()
	v.leave, v.calls = map[string]context.CancelFunc{}, map[context.Context]string{}
	const atOnce = 8
	var working sync.WaitGroup
	for worker := range atOnce {
		working.Go(func() {
			for i := worker; i < requests; i += atOnce {
				v.call(t, l, i, stream)
			}
		})
	}
	working.Wait()
}

// call makes one request.
func (v *leavers) call(t *testing.T, l *line, number int, stream bool) {
	id := strconv.Itoa(number)
	ctx, cancel := context.WithCancel(context.WithValue(t.Context(), callKey{}, id))
	defer cancel()
	v.mu.Lock()
	v.leave[id] = cancel
	v.mu.Unlock()
	if err := l.conversation(ctx, number, 1, stream); err != nil && ctx.Err() == nil {
		t.Error(err)
	}
}
