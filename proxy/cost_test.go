package proxy

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"hotmess/budget"
	"hotmess/config"
	"hotmess/monitor"
)

// costing prices the model m: 2 USD a million input tokens, 8 of output.
func costing(c *config.Config) {
	c.Prices = []config.Price{{Model: "m", Input: new(2.0), Output: new(8.0)}}
}

// TestObservationsSayWhatExtrasCost: replies of the script use 10 + 5 tokens.
func TestObservationsSayWhatExtrasCost(t *testing.T) {
	for name, c := range map[string]struct {
		edit func(*config.Config)
		usd  float64 // below 0: absent
	}{
		"priced":   {costing, 2 * 60e-6},
		"unpriced": {func(*config.Config) {}, -1},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, &script{primary: says("p", "a"), extra: saysEach("b", "c")}, func(cfg *config.Config) {
				inMode(config.Observe, 3)(cfg)
				c.edit(cfg)
			})
			read(t, r.ask(question, firstCall, "1"))
			o := r.observation()
			if o.ExtraTokens != 30 || o.ExtraUsed == nil || *o.ExtraUsed != (budget.Spend{Input: 20, Output: 10}) {
				t.Errorf("%d tokens, used %+v", o.ExtraTokens, o.ExtraUsed)
			}
			switch {
			case c.usd < 0 && (o.ExtraUSD != nil || o.ExtraUSDMissing != monitor.ReasonPriceUnknown):
				t.Errorf("cost %v, missing %q", o.ExtraUSD, o.ExtraUSDMissing)
			case c.usd >= 0 && (o.ExtraUSD == nil || *o.ExtraUSD != c.usd || o.ExtraUSDMissing != ""):
				t.Errorf("cost %v, missing %q, want %v", o.ExtraUSD, o.ExtraUSDMissing, c.usd)
			}
		})
	}
}

// TestBudgetOfMoneyStopsExtrasNotThePrimary: by the day, by the route, and for
// want of a price.
func TestBudgetOfMoneyStopsExtrasNotThePrimary(t *testing.T) {
	for name, c := range map[string]struct {
		edit func(*config.Config)
		want monitor.Reason
	}{
		"enough":       {func(c *config.Config) { c.Budget.ExtraUSDPerDay = new(10.0) }, ""},
		"not enough":   {func(c *config.Config) { c.Budget.ExtraUSDPerDay = new(1e-6) }, monitor.ReasonBudget},
		"not unpriced": {func(c *config.Config) { c.Budget.ExtraUSDPerDay, c.Prices[0].Model = new(10.0), "x" }, monitor.ReasonPriceUnknown},
		"not on the route": {func(c *config.Config) {
			c.Routes = []config.Route{{Name: "r", Match: config.Match{Model: "m"}, Budget: config.RouteBudget{ExtraTokensPerHour: new(int64(1))}}}
		}, monitor.ReasonBudget},
	} {
		for _, mode := range []config.Mode{config.Observe, config.Ensemble} {
			t.Run(name+" "+string(mode), func(t *testing.T) {
				r := newRig(t, &script{primary: says("p", "a"), extra: saysEach("a")}, func(cfg *config.Config) {
					inMode(mode, 2)(cfg)
					costing(cfg)
					c.edit(cfg)
				})
				if got := read(t, r.ask(question, firstCall, "1")); got != completion("p", "a") {
					t.Errorf("got %s", got)
				}
				if o := r.observation(); o.Reason != c.want {
					t.Errorf("reason %q, want %q", o.Reason, c.want)
				}
			})
		}
	}
}

// TestStreamWithoutUsageIsSettledByWhatItsRouteHasTold: include_usage is the
// client's to ask for. What such a stream shows need not be all that is billed, for
// reasoning may be hidden, so that its worst case holds until the route has told
// how much is generated for what is shown: here 5 tokens for a byte.
func TestStreamWithoutUsageIsSettledByWhatItsRouteHasTold(t *testing.T) {
	const capped = `{"model":"m","stream":true,"messages":[{"role":"user","content":"hello"}],"max_tokens":5000}`
	answer := func(id string, w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Streams") != "" {
			streams(id, "abc")(w, r)
			return
		}
		says(id, "a")(w, r)
	}
	r := newRig(t, &script{
		primary: func(w http.ResponseWriter, r *http.Request) { answer("p", w, r) },
		extra:   func(n int, w http.ResponseWriter, r *http.Request) { answer(fmt.Sprint("e", n), w, r) },
	}, func(c *config.Config) { inMode(config.Observe, 2)(c); costing(c) })
	settles := func(output int64) {
		t.Helper()
		read(t, r.ask(capped, firstCall, "1", "X-Streams", "1"))
		o := r.observation()
		want := budget.Spend{Input: int64(o.Samples[1].Context.Tokens), Output: output}
		if o.ExtraUsed == nil || *o.ExtraUsed != want || !o.ExtraTokensEstimated || o.ExtraUSD == nil {
			t.Errorf("used %+v, want %+v; estimated %t, cost %v", o.ExtraUsed, want, o.ExtraTokensEstimated, o.ExtraUSD)
		}
	}
	settles(5000)
	for range 10 { // pairs that tell
		read(t, r.ask(question, firstCall, "1"))
		r.observation()
	}
	settles(15)
}

// TestPrimariesThatVotesLeaveAreNotForgotten: what is known of a route's lengths knows of
// them, as of extras that were left. At the pace that is learnt first the primary may have
// generated all that it was allowed to.
func TestPrimariesThatVotesLeaveAreNotForgotten(t *testing.T) {
	const allowed = 400
	hangs := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	r := newRig(t, &script{primary: hangs, extra: saysEach("A")}, func(c *config.Config) {
		inMode(config.Ensemble, 4)(c)
		c.Sampling.Rate, c.Ensemble.Stop, c.Budget.MaxExtraInFlight = config.Rate{}, config.Stop{Lead: 3}, 8
		c.Routes = []config.Route{{Name: "r", Match: config.Match{Model: "m"}}}
	})
	for range 100 {
		r.monitor.LearnPace("r", 20, 5, time.Nanosecond)
	}
	read(t, r.ask(strings.Replace(letterAsked, `"model":"m"`, fmt.Sprintf(`"model":"m","max_tokens":%d`, allowed), 1), firstCall, "1"))
	r.observation()
	// 103 whole replies of 5 tokens, and what was left.
	const want = (103*5+allowed)/103 + 1
	if got := r.monitor.Likely(budget.Partial{Route: "r", Ending: budget.EndedUnseen, Worst: budget.Spend{Output: 1000}}).Output; got != want {
		t.Errorf("a mean reply of %d tokens, want %d", got, want)
	}
}
