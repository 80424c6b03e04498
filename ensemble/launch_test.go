package ensemble

import (
	"context"
	"crypto/rand"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hotmess/budget"
	"hotmess/wire"
)

const streamRequest = `{"model":"m","stream":true,"messages":[{"role":"user","content":"q"}]}`

// streams is says as a stream whose first token comes with its head.
func streams(text string, after time.Duration) reply {
	event := func(delta, finish string) string {
		return `data: {"id":"` + rand.Text() + `","object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":{` + delta + `},"finish_reason":` + finish + `}]}` + "\n\n"
	}
	return reply{
		after: after, header: http.Header{"Content-Type": {"text/event-stream"}},
		early: event(`"role":"assistant","content":"`+text+`"`, "null"), body: event("", `"stop"`) + "data: [DONE]\n\n",
	}
}

// started are the seconds after which the calls of a vote started.
func (s *script) started(began time.Time) []float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	var seconds []float64
	for _, at := range s.starts {
		seconds = append(seconds, at.Sub(began).Seconds())
	}
	return seconds
}

func TestWhenCallsStart(t *testing.T) {
	many := func(n int, r func() reply) []reply {
		var all []reply
		for range n {
			all = append(all, r())
		}
		return all
	}
	a := func() reply { return says("a", second(1)) }
	failing := func(status int) reply {
		return reply{after: second(1), status: status, body: `{"error":{}}`}
	}
	for _, c := range []struct {
		name    string
		launch  Launch
		request string
		primary reply
		extras  []reply
		want    []float64
		stop    Stop
	}{
		{"at once", LaunchAtOnce, "", says("a", second(1)), many(4, a), []float64{0, 0, 0, 0, 0}, StopSettled},
		{"a stage that decides", LaunchStaged, "", says("a", second(1)), many(2, a), []float64{0, 0, 0}, StopSettled},
		{"a stage that does not", LaunchStaged, "", says("b", second(5)), many(4, a), []float64{0, 0, 0, 10, 10}, StopSettled},
		{"a stage that a dissent has lost", LaunchStaged, "", says("b", second(1)), []reply{a(), says("a", second(50)), a(), a()}, []float64{0, 0, 0, 2, 2}, StopSettled},
		{"followers of a whole reply", LaunchLeader, "", says("a", second(4)), many(4, a), []float64{0, 8, 8, 8, 8}, StopSettled},
		{"followers of a stream", LaunchLeader, streamRequest, streams("a", second(4)), many(4, a), []float64{0, 4, 4, 4, 4}, StopSettled},
		{"followers of a slow reply", LaunchLeader, "", says("a", second(100)), many(4, a), []float64{0, 20, 20, 20, 20}, StopSettled},
		{"no followers of a refused request", LaunchLeader, "", failing(400), nil, []float64{0}, StopAll},
		{"followers of a failed one", LaunchLeader, "", failing(500), many(4, a), []float64{0, 2, 2, 2, 2}, StopSettled},
		{"followers of one that came too early", LaunchLeader, "", failing(425), many(4, a), []float64{0, 2, 2, 2, 2}, StopSettled},
		{"followers of one too many", LaunchLeader, "", failing(429), many(4, a), []float64{0, 2, 2, 2, 2}, StopSettled},
		{"followers of one that came too late", LaunchLeader, "", failing(408), many(4, a), []float64{0, 2, 2, 2, 2}, StopSettled},
		{"followers of one that met another", LaunchLeader, "", failing(409), many(4, a), []float64{0, 2, 2, 2, 2}, StopSettled},
		{
			"followers that started before a refusal", LaunchLeader, "",
			reply{after: second(25), status: 400, body: `{"error":{}}`},
			many(4, func() reply { return says("a", second(18)) }),
			[]float64{0, 20, 20, 20, 20},
			StopSettled,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &script{primary: c.primary, extras: c.extras}
				call := newCall(t)
				if c.request != "" {
					v, err := wire.ReadView(wire.Target{Dialect: wire.OpenAIChat}, []byte(c.request))
					if err != nil {
						t.Fatal(err)
					}
					call.Body, call.View = []byte(c.request), v
				}
				p := ballotPolicy(5)
				p.Min, p.Launch = 3, c.launch
				began := time.Now()
				o, finish := newRunner(s, &turnstile{}).Vote(t.Context(), call, p)
				samples := finish()
				if got := s.started(began); !slices.Equal(got, c.want) {
					t.Errorf("started after %v, want %v", got, c.want)
				}
				if o.Stop != c.stop || len(samples) != len(c.want) {
					t.Errorf("%d samples, ended by %q, want %q", len(samples), o.Stop, c.stop)
				}
				s.checkClosed(t)
			})
		})
	}
}

// TestStragglersAreCancelledAtOnceAndCounted has four of nine agree, which is a
// posterior of .969, while five run on.
func TestStragglersAreCancelledAtOnceAndCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{primary: says("a", second(1))}
		for range 3 {
			s.extras = append(s.extras, says("a", second(2)))
		}
		for range 5 {
			s.extras = append(s.extras, says("b", second(300)))
		}
		gate := &turnstile{}
		p := ballotPolicy(9)
		p.Min, p.Confidence = 3, .95
		began := time.Now()
		o, finish := newRunner(s, gate).Vote(t.Context(), newCall(t), p)
		if o.Stop != StopConfidence || o.Vote.Agreed != 4 || time.Since(began) != second(4) {
			t.Errorf("%+v after %v", o, time.Since(began))
		}
		samples := finish()
		if time.Since(began) != second(4) {
			t.Errorf("stragglers ran until %v", time.Since(began))
		}
		cancelled, tokens := 0, int64(0)
		for _, s := range samples {
			if s.Missing == "cancelled" {
				cancelled++
				tokens += s.Tokens
			}
		}
		// Nothing estimates here, so that the worst case holds.
		if cancelled != 5 || tokens != 5*1000 || gate.guessed != 5 {
			t.Errorf("%d cancelled at %d tokens, %d settled at their estimate", cancelled, tokens, gate.guessed)
		}
	})
}

// TestAMeasurementSetIsLaunchedWhateverIsDecided: the primary alone decides a vote
// of two, before its follower has started.
func TestAMeasurementSetIsLaunchedWhateverIsDecided(t *testing.T) {
	for _, measure := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := &script{primary: says("a", second(1)), extras: []reply{says("b", second(1))}}
			p := ballotPolicy(2)
			p.Launch, p.Measure = LaunchLeader, measure
			o, finish := newRunner(s, &turnstile{}).Vote(t.Context(), newCall(t), p)
			want := map[bool]string{false: "-", true: "- -"}[measure]
			if got := missings(finish()); got != want || said(t, o) != "a" {
				t.Errorf("measured %v: missing %q, want %q", measure, got, want)
			}
		})
	}
}

func TestARefusedRequestIsNotMeasuredByMoreCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{primary: reply{after: second(1), status: 400, body: `{"error":{}}`}}
		p := ballotPolicy(2)
		p.Launch, p.Measure = LaunchLeader, true
		o, finish := newRunner(s, &turnstile{}).Vote(t.Context(), newCall(t), p)
		if got := missings(finish()); got != "failed" || o.Voted || o.Winner.Status != 400 {
			t.Errorf("missing %q, outcome %+v", got, o)
		}
	})
}

func TestAFlaggedPrimaryIsOutvotedAndStaysMeasured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{primary: says("too long", second(1)), extras: []reply{says("b", second(2))}}
		p := ballotPolicy(2)
		p.Flags.Overlong = func(r wire.Reply) bool { return strings.Contains(r.Text, "long") }
		o, finish := newRunner(s, &turnstile{}).Vote(t.Context(), newCall(t), p)
		samples := finish()
		if said(t, o) != "b" || samples[0].Flag != FlagOverlong || samples[0].Missing != "" || samples[0].Keys == nil {
			t.Errorf("the client got %q, the primary is %+v", said(t, o), samples[0])
		}
	})
}

func TestAFlagThatPanicsIsNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{primary: says("a", second(1)), extras: []reply{says("b", second(2))}}
		p := ballotPolicy(2)
		p.Flags.Overlong = func(wire.Reply) bool { panic("scripted") }
		o, finish := newRunner(s, &turnstile{}).Vote(t.Context(), newCall(t), p)
		finish()
		if said(t, o) != "a" || !o.Voted {
			t.Errorf("outcome %+v", o)
		}
	})
}

// A doorway lets as many extras in as it holds; the others wait.
type doorway chan struct{}

func (d doorway) Enter(ctx context.Context, _ budget.Ask) (budget.Settle, budget.Refusal) {
	select {
	case <-d:
		return func(budget.Spend, bool) budget.Bill { return budget.Bill{} }, ""
	case <-ctx.Done():
		return nil, budget.RefusedQueue
	}
}

// TestAVoteIsCutIfCallsWereOnTheirWay, not if they waited at the gate.
func TestAVoteIsCutIfCallsWereOnTheirWay(t *testing.T) {
	for name, c := range map[string]struct {
		primary int // seconds
		let     int
		cut     bool
	}{
		"all have ended":       {1, 2, false},
		"others are under way": {1, 3, true},
		"the primary is":       {9, 3, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				gate := make(doorway, c.let)
				for range c.let {
					gate <- struct{}{}
				}
				s := &script{primary: says("a", second(c.primary)), extras: []reply{says("a", second(1)), says("a", second(2)), says("a", second(3))}}
				p := ballotPolicy(5)
				o, finish := newRunner(s, gate).Vote(t.Context(), newCall(t), p)
				finish()
				if o.Cut != c.cut || !o.Voted || o.Vote.Agreed != 3 {
					t.Errorf("%+v", o)
				}
			})
		})
	}
}
