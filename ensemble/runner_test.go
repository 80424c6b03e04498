package ensemble

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"hotmess/budget"
	"hotmess/monitor"
)

// cut is a stream that ends within an event.
const cut = "data: {\"id\":\"x\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\ndata: {"

func TestExtrasRunAtOnceAndComeBackInLaunchOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{extras: []reply{says("a", 3*time.Second), says("b", 2*time.Second), says("a", time.Second)}}
		g := &turnstile{}
		began := time.Now()
		samples := newRunner(s, g).Extras(t.Context(), newCall(t), 1, 3)
		if got := time.Since(began); got != 6*time.Second {
			t.Errorf("took %v, want as long as the longest, 6s", got)
		}
		if got := missings(samples); got != "- - -" {
			t.Errorf("missing: %s", got)
		}
		for i, sample := range samples {
			if sample.Number != i+1 || sample.Keys[LevelExact] == "" || sample.Status != 200 || sample.Recording != nil {
				t.Errorf("sample %d: %+v", i, sample)
			}
			if sample.Tokens != 15 || sample.Estimated {
				t.Errorf("sample %d cost %d, estimated %v", i, sample.Tokens, sample.Estimated)
			}
		}
		if !slices.Equal(g.settled, []int64{15, 15, 15}) || g.guessed != 0 {
			t.Errorf("settled %v, %d estimated", g.settled, g.guessed)
		}
		s.checkClosed(t)
	})
}

func TestExtrasAreSentEditedWithoutWhatNamesOneCall(t *testing.T) {
	s := &script{extras: []reply{says("a", 0)}}
	call := newCall(t)
	newRunner(s, &turnstile{}).Extras(t.Context(), call, 1, 1)
	sent := s.calls[0]
	if sent.GetBody != nil {
		t.Error("GetBody is set: the transport could retry")
	}
	if want := strings.Replace(requestBody, `"store":true`, `"store":false`, 1); s.bodies[0] != want || sent.ContentLength != int64(len(want)) {
		t.Errorf("sent %s, length %d", s.bodies[0], sent.ContentLength)
	}
	if sent.Header.Get("Idempotency-Key") != "" || sent.Header.Get("X-Request-Id") != "" || sent.Header.Get("Authorization") == "" {
		t.Errorf("sent %v", sent.Header)
	}
	if _, ok := sent.Header["User-Agent"]; !ok {
		t.Error("the transport would add a User-Agent")
	}
	if call.Header.Get("Idempotency-Key") == "" || string(call.Body) != requestBody {
		t.Error("the call was changed")
	}
}

func TestExtrasThatFailAreMissingAndNotRetried(t *testing.T) {
	event := http.Header{"Content-Type": {"text/event-stream"}}
	for _, c := range []struct {
		name string
		reply
		want monitor.Reason
	}{
		{"refused", reply{status: 429, body: `{"error":{"message":"slow down"}}`}, monitor.ReasonFailed},
		{"server error", reply{status: 500}, monitor.ReasonFailed},
		{"no connection", reply{err: errors.New("connection refused")}, monitor.ReasonFailed},
		{"error under 200", reply{body: `{"error":{"type":"overloaded"}}`}, monitor.ReasonFailed},
		{"broken body", reply{body: completion("x", "a"), broken: io.ErrUnexpectedEOF}, monitor.ReasonTruncated},
		{"broken stream", reply{header: event, body: cut}, monitor.ReasonTruncated},
		{"another form", reply{body: "<html>"}, monitor.ReasonUnreadable},
		{"another encoding", reply{header: http.Header{"Content-Encoding": {"dcz"}}, body: "x"}, monitor.ReasonEncoding},
		{"too big", reply{body: completion("x", strings.Repeat("a", 2<<20))}, monitor.ReasonTooBig},
		{"from a cache", reply{header: http.Header{"Content-Type": {"application/json"}, "X-Litellm-Cache-Hit": {"True"}}, body: completion("x", "a")}, monitor.ReasonNotIndependent},
		{"panic", reply{panics: true}, monitor.ReasonPanic},
		{"slow", says("a", time.Hour), monitor.ReasonTimeout},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &script{extras: []reply{c.reply, says("b", 0)}}
				g := &turnstile{}
				samples := newRunner(s, g).Extras(t.Context(), newCall(t), 1, 1)
				if samples[0].Missing != c.want || samples[0].Keys != nil {
					t.Errorf("missing %q, keys %v, want %q", samples[0].Missing, samples[0].Keys, c.want)
				}
				if len(s.calls) != 1 {
					t.Errorf("%d calls", len(s.calls))
				}
				if len(g.settled) != 1 || (g.settled[0] != 1000 && g.settled[0] != 15) {
					t.Errorf("settled %v", g.settled)
				}
				s.checkClosed(t)
			})
		})
	}
}

func TestExtrasThatTheGateRefusesCarryItsReason(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{extras: []reply{says("a", 0)}}
		g := &turnstile{refuse: []budget.Refusal{budget.RefusedBudget, "", budget.RefusedYield}}
		samples := newRunner(s, g).Extras(t.Context(), newCall(t), 1, 3)
		reasons := strings.Fields(missings(samples))
		slices.Sort(reasons)
		if !slices.Equal(reasons, []string{"-", "budget", "yield"}) {
			t.Errorf("missing: %v", reasons)
		}
		if len(s.calls) != 1 || len(g.settled) != 1 {
			t.Errorf("%d calls, %d settled", len(s.calls), len(g.settled))
		}
	})
}

func TestExtrasWaitTwentySecondsForTheirTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		samples := newRunner(&script{}, &turnstile{shut: true}).Extras(t.Context(), newCall(t), 1, 2)
		if got := missings(samples); got != "queue queue" {
			t.Errorf("missing: %s", got)
		}
		if got := time.Since(began); got != StartWithin {
			t.Errorf("waited %v", got)
		}
	})
}

func TestTimeAtTheGateIsNotTakenOffTheTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{extras: []reply{says("a", 3*time.Second)}}
		r := newRunner(s, &turnstile{wait: 19 * time.Second})
		r.Timeout = 7 * time.Second
		samples := r.Extras(t.Context(), newCall(t), 1, 1)
		if got := missings(samples); got != "-" || samples[0].Took != 6*time.Second {
			t.Errorf("missing: %s, took %v", got, samples[0].Took)
		}
	})
}

func TestExtrasEndWithTheirContext(t *testing.T) {
	for name, g := range map[string]*turnstile{"running": {}, "waiting": {shut: true}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				s := &script{extras: []reply{says("a", time.Minute), says("b", 600*time.Millisecond)}}
				began := time.Now()
				samples := newRunner(s, g).Extras(ctx, newCall(t), 1, 2)
				if got := missings(samples); got != "gone gone" || time.Since(began) != time.Second {
					t.Errorf("missing: %s after %v", got, time.Since(began))
				}
				s.checkClosed(t)
			})
		})
	}
}

func TestAPanickingGateStopsNothingElse(t *testing.T) {
	samples := newRunner(&script{}, &turnstile{panics: true}).Extras(t.Context(), newCall(t), 1, 2)
	if got := missings(samples); got != "panic panic" {
		t.Errorf("missing: %s", got)
	}
}

func TestExtrasOfOneReplyAreOneSample(t *testing.T) {
	same := reply{body: completion("same", "a")}
	s := &script{extras: []reply{same, same}}
	samples := newRunner(s, &turnstile{}).Extras(t.Context(), newCall(t), 1, 2)
	if got := missings(samples); got != "- not_independent" {
		t.Errorf("missing: %s", got)
	}
}

func TestHeldMemoryIsBoundedAndGivenBack(t *testing.T) {
	var held, most atomic.Int64
	s := &script{extras: []reply{says(strings.Repeat("a", 200<<10), 0), says("b", 0)}}
	r := newRunner(s, &turnstile{})
	r.Hold = func(n int64) (func(), bool) {
		if held.Load()+n > 100<<10 {
			return nil, false
		}
		most.Store(max(most.Load(), held.Add(n)))
		return func() { held.Add(-n) }, true
	}
	for _, want := range []monitor.Reason{monitor.ReasonMemory, ""} {
		if got := r.Extras(t.Context(), newCall(t), 1, 1)[0].Missing; got != want {
			t.Errorf("missing %q, want %q", got, want)
		}
		if held.Load() != 0 || most.Load() == 0 {
			t.Errorf("%d bytes are still held, at most %d", held.Load(), most.Load())
		}
	}
}

func TestABodyOfTheLimitIsHeldAndOneByteMoreIsNot(t *testing.T) {
	for _, c := range []struct {
		size int
		want error
	}{{firstRead * 3, io.EOF}, {firstRead*3 + 1, errTooBig}} {
		m := memory{limit: firstRead * 3}
		r := recorder{memory: &m, from: strings.NewReader(strings.Repeat("a", c.size))}
		r.all()
		if !errors.Is(r.err, c.want) || len(r.kept) != c.size {
			t.Errorf("%d bytes: %d read, %v", c.size, len(r.kept), r.err)
		}
	}
}

func TestEveryReplyHeadIsHeard(t *testing.T) {
	s := &script{extras: []reply{{status: 429, header: http.Header{"Retry-After": {"7"}}}}}
	r := newRunner(s, &turnstile{})
	heard := ""
	r.Heard = func(upstream string, status int, h http.Header) {
		heard = upstream + " " + http.StatusText(status) + " " + h.Get("Retry-After")
	}
	r.Extras(t.Context(), newCall(t), 1, 1)
	if heard != "openai Too Many Requests 7" {
		t.Errorf("heard %q", heard)
	}
}
