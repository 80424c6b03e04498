package proxy

import (
	"net/http"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"hotmess/config"
	"hotmess/ensemble"
	"hotmess/monitor"
	"hotmess/wire"
)

// TestAVoteThatPanicsAnswersWithThePrimary: wherever hotmess fails once a request
// is to vote, the primary's own reply goes out, and no second call of it is made.
func TestAVoteThatPanicsAnswersWithThePrimary(t *testing.T) {
	stream := toldFirst + toldThen("ls")
	for _, known := range []bool{false, true} { // whether it fails in the vote or before it
		for ask, want := range map[string]string{question: completion("p", "yes"), agentStreams: stream} {
			u := &script{primary: says("p", "yes"), extra: saysEach("no")}
			if ask == agentStreams {
				u = &script{primary: sends(stream), extra: callsForEach("ls")}
			}
			r := newRig(t, u, func(c *config.Config) {
				inMode(config.Ensemble, 3)(c)
				c.Ensemble.KeepAlive = config.Duration(time.Millisecond)
			})
			if known {
				read(t, r.ask(ask, firstCall, "1"))
				r.settled()
			}
			before := len(u.seen())
			r.handler.now = func() time.Time {
				if strings.Contains(string(debug.Stack()), "rewrite") {
					r.panics.Store(true)
				}
				return time.Now()
			}
			res := r.ask(ask, firstCall, "1")
			if got := withoutKeepAlives(read(t, res), wire.OpenAIChat); got != want {
				t.Errorf("route known %v: status %d, reply %s", known, res.StatusCode, got)
			}
			r.quiet()
			r.panics.Store(false)
			if calls := u.seen()[before:]; len(calls) != 1 || calls[0].Body != ask {
				t.Errorf("route known %v: calls %+v", known, calls)
			}
			if !strings.Contains(r.log.String(), "panic while measuring") {
				t.Error("nothing panicked")
			}
		}
	}
}

func TestPanicOutsideTheEnsembleEndsOneCallOnly(t *testing.T) {
	r := newRig(t, &script{primary: says("p", "a"), extra: saysEach("a")}, inMode(config.Ensemble, 3))
	transport := r.handler.transport
	runner := r.handler.runner.Swap(nil)
	r.handler.transport = nil
	if res := r.ask(question, firstCall, "1"); res.StatusCode != http.StatusBadGateway {
		t.Errorf("status %d", res.StatusCode)
	}
	r.quiet()
	r.handler.runner.Store(runner)
	r.handler.transport = transport
	if got := r.ask(question, firstCall, "1"); got.StatusCode != http.StatusOK {
		t.Errorf("the next call: status %d", got.StatusCode)
	}
}

// TestADecidedVoteOutlivesAPanic: what it holds is given back by the vote's own end.
func TestADecidedVoteOutlivesAPanic(t *testing.T) {
	h := newRig(t, &script{}, nil).handler
	v := newVote(&exchange{h: h}, inspection{})
	func() {
		defer v.recovered(nil)
		v.outcome = ensemble.Outcome{Winner: &ensemble.Recording{Status: http.StatusOK}}
		v.finish = func() []ensemble.Sample { return []ensemble.Sample{{}, {}} }
		panic("planted")
	}()
	if v.outcome.Winner == nil || v.outcome.Reason == monitor.ReasonPanic || len(v.finish()) != 2 {
		t.Errorf("%+v", v.outcome)
	}
}
