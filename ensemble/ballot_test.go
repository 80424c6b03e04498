package ensemble

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hotmess/budget"
	"hotmess/monitor"
)

// said is the text of the reply that an outcome sends to the client.
func said(t *testing.T, o Outcome) string {
	t.Helper()
	if o.Winner == nil {
		return "nothing"
	}
	_, text, _ := strings.Cut(string(o.Winner.Body), `"content":"`)
	text, _, _ = strings.Cut(text, `"`)
	return text
}

func ballotPolicy(n int) Policy {
	return Policy{Rules: Rules{Level: LevelExact, Min: n, Max: n}, Wait: 15 * time.Second}
}

// A voteCase is one vote in virtual time. Replies take twice their after. Which
// extra gets which reply is left to chance.
type voteCase struct {
	name    string
	primary reply
	extras  []reply
	gate    *turnstile // nil: open
	measure bool
	said    string
	took    time.Duration // until the decision
	// votes and agreed are 0 if nobody voted.
	votes, agreed int
	changed       bool
	reason        monitor.Reason
	// missing are the reasons of the primary, then of the extras in alphabetic
	// order.
	missing string
	ended   time.Duration // until finish returned
}

func second(n int) time.Duration { return time.Duration(n) * time.Second }

func TestVote(t *testing.T) {
	refused := reply{status: 400, body: `{"error":{"content":"bad request"}}`}
	down := reply{err: errors.New("connection refused")}
	odd := reply{body: `<"content":"odd">`}
	foreign := reply{header: http.Header{"Content-Encoding": {"x-own"}}, body: completion("x", "f")}
	half := reply{body: completion("x", "half"), broken: io.ErrUnexpectedEOF}
	for _, c := range []voteCase{
		{
			name: "agreement ends the vote", primary: says("a", second(1)), extras: []reply{says("a", second(2)), says("b", second(300))},
			said: "a", took: second(4), votes: 2, agreed: 2, missing: "- - cancelled", ended: second(4),
		},
		{
			name: "the majority wins", primary: says("a", second(1)), extras: []reply{says("b", second(2)), says("b", second(3))},
			said: "b", took: second(6), votes: 3, agreed: 2, changed: true, missing: "- - -", ended: second(6),
		},
		{
			name: "a tie keeps the primary", primary: says("a", second(2)), extras: []reply{says("b", second(1))},
			said: "a", took: second(4), votes: 2, agreed: 1, missing: "- -", ended: second(4),
		},
		{
			name: "one extra alone cannot outvote the primary", primary: says("a", second(1)), extras: []reply{says("b", second(2))},
			said: "a", took: second(2), votes: 1, agreed: 1, missing: "- cancelled", ended: second(2),
		},
		{
			name: "the wait counts from the primary's end", primary: says("a", second(5)), extras: []reply{says("b", second(60)), says("b", second(60))},
			said: "a", took: second(25), votes: 1, agreed: 1, missing: "- cancelled cancelled", ended: second(25),
		},
		{
			name: "a slow primary is outvoted", primary: says("a", second(100)), extras: []reply{says("b", second(1)), says("b", second(2))},
			said: "b", took: second(4), votes: 2, agreed: 2, missing: "cancelled - -", ended: second(4),
		},
		{
			name: "the primary of a measurement set runs on", primary: says("a", second(100)), extras: []reply{says("b", second(1)), says("b", second(2))},
			measure: true, said: "b", took: second(4), votes: 2, agreed: 2, missing: "- - -", ended: second(200),
		},
		{
			name: "sample 1 of a measurement set runs on", primary: says("a", second(1)), extras: []reply{says("b", second(50)), says("b", second(50)), says("b", second(50))},
			measure: true, said: "a", took: second(17), votes: 1, agreed: 1, missing: "- - cancelled cancelled", ended: second(100),
		},
		{
			name: "errors never vote", primary: says("a", second(1)), extras: []reply{{status: 500}, {status: 500}},
			said: "a", took: second(2), votes: 1, agreed: 1, missing: "- failed failed", ended: second(2),
		},
		{
			name: "a whole sample beats an error", primary: refused, extras: []reply{{status: 500}, says("b", second(2))},
			said: "b", took: second(4), votes: 1, agreed: 1, missing: "failed - failed", ended: second(4),
		},
		{
			name: "a whole sample beats no reply", primary: down, extras: []reply{says("b", second(1))},
			said: "b", took: second(2), votes: 1, agreed: 1, missing: "failed -", ended: second(2),
		},
		{
			name: "the wait for an extra is bounded after an error", primary: refused, extras: []reply{says("b", second(60))},
			said: "bad request", took: second(15), reason: monitor.ReasonFailed, missing: "failed cancelled", ended: second(15),
		},
		{
			name: "if all fail the primary's error goes out", primary: refused, extras: []reply{{status: 500}, down},
			said: "bad request", reason: monitor.ReasonFailed, missing: "failed failed failed",
		},
		{
			name: "a truncated primary without a whole extra goes out", primary: half, extras: []reply{down},
			said: "half", reason: monitor.ReasonTruncated, missing: "truncated failed",
		},
		{
			name: "a truncated primary yields to a whole extra", primary: half, extras: []reply{says("b", second(1))},
			said: "b", took: second(2), votes: 1, agreed: 1, missing: "truncated -", ended: second(2),
		},
		{
			name: "a refusing gate leaves the primary", primary: says("a", second(1)), extras: []reply{down, down},
			gate: &turnstile{refuse: []budget.Refusal{budget.RefusedBudget, budget.RefusedYield}},
			said: "a", took: second(2), votes: 1, agreed: 1, missing: "- budget yield", ended: second(2),
		},
		{
			name: "a shut gate does not hold the client", primary: says("a", second(1)), extras: []reply{down, down},
			gate: &turnstile{shut: true},
			said: "a", took: second(17), votes: 1, agreed: 1, missing: "- cancelled cancelled", ended: second(17),
		},
		{
			name: "a primary that is no reply yields to a whole extra", primary: odd, extras: []reply{says("b", second(2)), down},
			said: "b", took: second(4), votes: 1, agreed: 1, missing: "unreadable - failed", ended: second(4),
		},
		{
			name: "whole extras outvote a primary that is no reply", primary: odd, extras: []reply{says("b", second(1)), says("c", second(2)), says("c", second(3))},
			said: "c", took: second(6), votes: 3, agreed: 2, missing: "unreadable - - -", ended: second(6),
		},
		{
			name: "a primary that is no reply goes out if nobody has a whole one", primary: odd, extras: []reply{odd, {status: 500}},
			said: "odd", reason: monitor.ReasonUnreadable, missing: "unreadable failed unreadable",
		},
		{
			name: "a primary that is no reply waits no longer for a whole one", primary: odd, extras: []reply{says("b", second(60))},
			said: "odd", took: second(15), reason: monitor.ReasonUnreadable, missing: "unreadable cancelled", ended: second(15),
		},
		{
			name: "a primary that cannot be decoded goes out as it is", primary: foreign, extras: []reply{says("b", second(30)), says("b", second(30))},
			said: "f", reason: monitor.ReasonEncoding, missing: "encoding cancelled cancelled",
		},
		{
			name: "a panic in an extra is its own", primary: says("a", second(1)), extras: []reply{{panics: true}},
			said: "a", took: second(2), votes: 1, agreed: 1, missing: "- panic", ended: second(2),
		},
		{
			name: "a copy of the primary is no vote", primary: reply{after: second(1), body: completion("same", "a")}, extras: []reply{{body: completion("same", "a")}},
			said: "a", took: second(2), votes: 1, agreed: 1, missing: "- not_independent", ended: second(2),
		},
		{name: "alone", primary: says("a", second(1)), said: "a", took: second(2), votes: 1, agreed: 1, missing: "-", ended: second(2)},
	} {
		t.Run(c.name, func(t *testing.T) { synctest.Test(t, c.run) })
	}
}

func (c voteCase) run(t *testing.T) {
	s := &script{primary: c.primary, extras: slices.Clone(c.extras)}
	p := ballotPolicy(1 + len(c.extras))
	p.Measure = c.measure
	if c.gate == nil {
		c.gate = &turnstile{}
	}
	began := time.Now()
	o, finish := newRunner(s, c.gate).Vote(t.Context(), newCall(t), p)
	if got := time.Since(began); got != c.took {
		t.Errorf("decided after %v, want %v", got, c.took)
	}
	if got := said(t, o); got != c.said {
		t.Errorf("the client got %q, want %q", got, c.said)
	}
	if o.Voted != (c.votes > 0) || o.Vote.Votes != c.votes || o.Vote.Agreed != c.agreed || o.Vote.Changed != c.changed || o.Reason != c.reason {
		t.Errorf("outcome %+v, want %+v", o, c)
	}
	words := strings.Fields(missings(finish()))
	slices.Sort(words[1:])
	if got := strings.Join(words, " "); got != c.missing {
		t.Errorf("missing: %s, want %s", got, c.missing)
	}
	if got := time.Since(began); got != c.ended {
		t.Errorf("finished after %v, want %v", got, c.ended)
	}
	s.checkClosed(t)
}

func TestVoteSendsThePrimaryAsItIs(t *testing.T) {
	s := &script{primary: says("a", 0), extras: []reply{says("a", 0)}}
	call := newCall(t)
	_, finish := newRunner(s, &turnstile{}).Vote(t.Context(), call, ballotPolicy(2))
	finish()
	for i, sent := range s.calls {
		if s.bodies[i] != requestBody || sent.GetBody != nil {
			t.Errorf("sent %s", s.bodies[i])
		}
		primary := sent.Header.Get("X-Request-Id") == "r1"
		if primary != (sent.Header.Get("Idempotency-Key") == "k1") || sent.Header.Get("Authorization") != "Bearer k" {
			t.Errorf("sent %v", sent.Header)
		}
	}
}

func TestVoteDoesNotSendThePrimaryThroughTheGate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{primary: says("a", 0)}
		began := time.Now()
		_, finish := newRunner(s, &turnstile{shut: true}).Vote(t.Context(), newCall(t), ballotPolicy(2))
		finish()
		if len(s.calls) != 1 || !s.starts[0].Equal(began) {
			t.Errorf("%d calls, the first after %v", len(s.calls), s.starts[0].Sub(began))
		}
	})
}

func TestVoteSaysWhyThereIsNoReply(t *testing.T) {
	broken := errors.New("connection refused")
	s := &script{primary: reply{err: broken}, extras: []reply{{status: 500}}}
	o, finish := newRunner(s, &turnstile{}).Vote(t.Context(), newCall(t), ballotPolicy(2))
	finish()
	if o.Winner != nil || o.Voted || !errors.Is(o.Err, broken) {
		t.Errorf("outcome %+v", o)
	}
}

func TestVoteReportsTheWaitBeyondThePrimary(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{primary: says("a", second(2)), extras: []reply{says("b", second(5)), says("b", second(5))}}
		o, finish := newRunner(s, &turnstile{}).Vote(t.Context(), newCall(t), ballotPolicy(3))
		finish()
		if o.Waited != second(6) {
			t.Errorf("waited %v, want 6s", o.Waited)
		}
	})
}

func TestVoteCancelsEverythingWhenTheClientIsGone(t *testing.T) {
	for _, measure := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), second(1))
			defer cancel()
			s := &script{primary: says("a", second(60)), extras: []reply{says("a", second(60))}}
			p := ballotPolicy(2)
			p.Measure = measure
			began := time.Now()
			o, finish := newRunner(s, &turnstile{}).Vote(ctx, newCall(t), p)
			samples := finish()
			if o.Winner != nil || o.Reason != monitor.ReasonGone || !errors.Is(o.Err, context.DeadlineExceeded) {
				t.Errorf("outcome %+v", o)
			}
			if got := missings(samples); got != "gone gone" || time.Since(began) != second(1) {
				t.Errorf("missing: %s after %v", got, time.Since(began))
			}
			s.checkClosed(t)
		})
	}
}

func TestAMeasurementSetOutlivesTheClientsCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		s := &script{primary: says("a", second(1)), extras: []reply{says("b", second(30))}}
		p := ballotPolicy(2)
		p.Measure = true
		_, finish := newRunner(s, &turnstile{}).Vote(ctx, newCall(t), p)
		cancel() // the handler returns
		if got := missings(finish()); got != "- -" {
			t.Errorf("missing: %s", got)
		}
	})
}

func TestAPrimaryThatRunsOnIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{primary: says("a", 24*time.Hour), extras: []reply{says("b", second(1)), says("b", second(1))}}
		p := ballotPolicy(3)
		p.Measure = true
		_, finish := newRunner(s, &turnstile{}).Vote(t.Context(), newCall(t), p)
		if got := missings(finish()); got != "timeout - -" {
			t.Errorf("missing: %s", got)
		}
	})
}

func TestStopEndsWhatRunsOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stop := make(chan struct{})
		close(stop)
		s := &script{primary: says("a", second(1)), extras: []reply{says("b", second(300))}}
		p := ballotPolicy(2)
		p.Measure, p.Done = true, stop
		began := time.Now()
		_, finish := newRunner(s, &turnstile{}).Vote(t.Context(), newCall(t), p)
		if got := missings(finish()); got != "- cancelled" || time.Since(began) > second(30) {
			t.Errorf("missing: %s after %v", got, time.Since(began))
		}
	})
}

func TestAPrimaryTooBigToHoldReachesTheClientWhole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		whole := completion("x", strings.Repeat("a", 3<<20))
		s := &script{primary: reply{after: second(1), body: whole}, extras: []reply{says("b", second(20)), says("b", second(20))}}
		o, finish := newRunner(s, &turnstile{}).Vote(t.Context(), newCall(t), ballotPolicy(3))
		if o.Voted || o.Reason != monitor.ReasonTooBig || o.Winner.Rest == nil {
			t.Fatalf("outcome %+v", o)
		}
		samples := finish() // may come before the rest is sent
		rest, err := io.ReadAll(o.Winner.Rest)
		if err != nil || string(o.Winner.Body)+string(rest) != whole {
			t.Errorf("%d and %d bytes of %d, %v", len(o.Winner.Body), len(rest), len(whole), err)
		}
		if err := o.Winner.Rest.Close(); err != nil {
			t.Error(err)
		}
		if got := missings(samples); got != "too_big cancelled cancelled" {
			t.Errorf("missing: %s", got)
		}
		s.checkClosed(t)
	})
}

// TestABigPrimaryThatRunsOnIsLetGo: nobody reads what is left of it.
func TestABigPrimaryThatRunsOnIsLetGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{primary: says(strings.Repeat("a", 3<<20), second(5)), extras: []reply{says("b", second(1)), says("b", second(1))}}
		p := ballotPolicy(3)
		p.Measure = true
		o, finish := newRunner(s, &turnstile{}).Vote(t.Context(), newCall(t), p)
		if got := missings(finish()); !o.Voted || got != "too_big - -" {
			t.Errorf("%+v, missing: %s", o, got)
		}
		synctest.Wait()
		sent := s.calls[slices.IndexFunc(s.calls, func(r *http.Request) bool { return r.Header.Get("X-Request-Id") != "" })]
		if sent.Context().Err() == nil {
			t.Error("the primary runs on")
		}
	})
}

func TestTheRestOfABigPrimaryEndsWithTheClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		s := &script{primary: says(strings.Repeat("a", 3<<20), 0)}
		o, finish := newRunner(s, &turnstile{}).Vote(ctx, newCall(t), ballotPolicy(2))
		sent := s.calls[slices.IndexFunc(s.calls, func(r *http.Request) bool { return r.Header.Get("X-Request-Id") != "" })]
		if sent.Context().Err() != nil {
			t.Error("the primary was cancelled before")
		}
		cancel()
		synctest.Wait()
		if sent.Context().Err() == nil {
			t.Error("the primary runs on")
		}
		if err := o.Winner.Rest.Close(); err != nil {
			t.Error(err)
		}
		finish()
	})
}
