package proxy

import (
	"net/http"
	"strconv"
	"testing"
	"time"

	"hotmess/budget"
	"hotmess/config"
	"hotmess/wire"
)

// mitigating rigs a route m.m in observe mode on which an alert fires, or not.
func mitigating(t *testing.T, fires bool, edits ...func(*config.Config)) *rig {
	t.Helper()
	r := newRig(t, &script{primary: says("p", "lonely"), extra: saysEach("many")}, func(c *config.Config) {
		inMode(config.Observe, 2)(c)
		c.Ensemble.Samples = config.Range{Min: 3, Max: 9}
		for _, edit := range edits {
			edit(c)
		}
	})
	if fires {
		r.fire(t)
	}
	return r
}

// fire has an alert with mitigate fire on the route of the rig's requests.
func (r *rig) fire(t *testing.T) {
	t.Helper()
	read(t, r.ask(question, firstCall, "1"))
	route := r.observation().Route
	r.monitor.Mitigate(map[string][]string{route: {config.RuleDisagreementRising}}, func(string) bool { return true })
}

func TestRouteInObserveModeVotesWhileAnAlertFires(t *testing.T) {
	r := mitigating(t, true)
	res := r.ask(question, firstCall, "1")
	if got := read(t, res); got == completion("p", "lonely") || res.Header.Get(headerMode) != "ensemble" {
		t.Errorf("mode %s: %s", res.Header.Get(headerMode), got)
	}
	o := r.observation()
	if o.Vote == nil || o.Vote.Changed == nil || !*o.Vote.Changed || !o.Mitigated || o.Mode != "ensemble" || len(o.Samples) != 3 {
		t.Errorf("observation %+v, vote %+v", o, o.Vote)
	}
	r.monitor.Mitigate(nil, func(string) bool { return false })
	res = r.ask(question, firstCall, "1")
	if got := read(t, res); got != completion("p", "lonely") || res.Header.Get(headerMode) != "observe" {
		t.Errorf("afterwards, mode %s: %s", res.Header.Get(headerMode), got)
	}
	if o := r.observation(); o.Vote != nil || o.Mitigated || len(o.Samples) != 2 {
		t.Errorf("afterwards: %+v", o)
	}
}

// TestMitigationLeavesAlone what must not vote, or could not: it is measured as
// before.
func TestMitigationLeavesAlone(t *testing.T) {
	for name, c := range map[string]struct {
		edit   func(*config.Config)
		body   string
		header []string
	}{
		"who asks for a mode":         {func(c *config.Config) { c.ClientHeaders = append(c.ClientHeaders, "mode") }, question, []string{headerMode, "observe"}},
		"other routes":                {func(*config.Config) {}, `{"model":"other","messages":[{"role":"user","content":"hello"}]}`, nil},
		"what would be kept upstream": {func(*config.Config) {}, `{"model":"m","store":true,"messages":[{"role":"user","content":"hello"}]}`, nil},
		// The pair fits in, eight extras do not.
		"who cannot pay for a vote": {func(c *config.Config) { c.Budget.ExtraTokensPerHour = 3 * defaultOutput }, question, nil},
	} {
		t.Run(name, func(t *testing.T) {
			r := mitigating(t, true, c.edit)
			res := r.ask(c.body, append(c.header, firstCall, "1")...)
			if got := read(t, res); got != completion("p", "lonely") || res.Header.Get(headerMode) != "observe" {
				t.Errorf("mode %s: %s", res.Header.Get(headerMode), got)
			}
			if o := r.observation(); o.Vote != nil || o.Mitigated || len(o.Samples) != 2 || o.Differ == nil {
				t.Errorf("%+v", o)
			}
		})
	}
}

// TestInTheHalfRequestsSayWhetherTheyCouldVote: those that could not have no part in
// the comparison of the halves.
func TestInTheHalfRequestsSayWhetherTheyCouldVote(t *testing.T) {
	r := mitigating(t, true)
	r.skew.Store(int64(time.Hour)) // the stay is over
	r.monitor.Mitigate(nil, func(string) bool { return true })
	r.monitor.Gate().Hear("upstream", http.StatusOK, wire.Quota{Known: true, Remaining: 1})
	voted := 0
	const conversations = 24 // all are in one half once in 8 million times
	for i := range conversations {
		session := []string{"X-Hotmess-Session", strconv.Itoa(i), firstCall, "1"}
		read(t, r.ask(question, session...))
		o := r.observation()
		if o.Mitigated == o.SteppedBack || o.Mitigated != (o.Mode == "ensemble") || o.Mitigated != (o.Vote != nil) {
			t.Errorf("mode %s, mitigated %v, stepped back %v, vote %+v", o.Mode, o.Mitigated, o.SteppedBack, o.Vote)
		}
		if o.Mitigated {
			voted++
		}
		read(t, r.ask(`{"model":"m","store":true,"messages":[{"role":"user","content":"hello"}]}`, session...))
		if o := r.observation(); o.Mitigated || o.SteppedBack || o.Mode != "observe" {
			t.Errorf("a request that may not vote: mode %s, mitigated %v, stepped back %v", o.Mode, o.Mitigated, o.SteppedBack)
		}
	}
	if voted == 0 || voted == conversations {
		t.Errorf("%d of %d conversations vote", voted, conversations)
	}
}

// TestMitigationYieldsToTheUsersQuota: where no extra would be let in, a client
// does not wait for a vote.
func TestMitigationYieldsToTheUsersQuota(t *testing.T) {
	r := mitigating(t, true)
	r.monitor.Gate().Hear("upstream", http.StatusTooManyRequests, wire.Quota{})
	res := r.ask(question, firstCall, "1")
	if got := read(t, res); got != completion("p", "lonely") || res.Header.Get(headerMode) != "observe" {
		t.Errorf("mode %s: %s", res.Header.Get(headerMode), got)
	}
}

// TestRefusalsAreHeardOfRequestsThatAreNotRead: extras yield after a 529 as after
// a 429, whoever met it.
func TestRefusalsAreHeardOfRequestsThatAreNotRead(t *testing.T) {
	for _, status := range []int{http.StatusTooManyRequests, 529} {
		r := newRig(t, &script{primary: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }}, inMode(config.Off, 2))
		read(t, r.ask(question, firstCall, "1"))
		r.quiet()
		if got := r.monitor.Gate().Refuses(budget.Ask{Upstream: "upstream"}); got != budget.RefusedYield {
			t.Errorf("after %d: %q", status, got)
		}
	}
}
