package main_test

import (
	"math"
	"testing"
	"time"

	"hotmess/config"
	"hotmess/monitor"
	"hotmess/sim"
)

// detail is what is known of the headline series of actions over two days.
func (l *line) detail(t testing.TB) (monitor.WindowReport, monitor.SeriesDetail) {
	t.Helper()
	for _, r := range l.monitor.Routes() {
		if r.Route != "oracle.simulated" {
			continue
		}
		for _, s := range r.Windows[1].Series {
			if s.Kind == "action" && s.Headline {
				return r.Windows[1], s.SeriesDetail
			}
		}
	}
	t.Fatal("nothing was measured")
	return monitor.WindowReport{}, monitor.SeriesDetail{}
}

// TestVotesDoWhatLargerSetsForetell observes larger sets of a model that is right
// with probability a, else wrong in one of k ways alike. A majority vote of three
// changes the answer where both extras agree against the primary,
//
//	Σ p²(1 − p) = a²(1 − a) + k·w²(1 − w),   w = (1 − a)/k,
//
// which is then what such votes do. By calls, of three that differ one that shares a
// tool with another may win, too, so that they change more. What a replay says of one
// vote, tests of ensemble hold to the vote; here it goes through the whole line.
func TestVotesDoWhatLargerSetsForetell(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	const conversations, turns, requests, right = 100, 4, 400, .6
	for _, method := range []string{config.MethodMajority, config.MethodAuto} {
		t.Run(method, func(t *testing.T) {
			ensemble := func(c *config.Config) {
				c.Ensemble.Samples, c.Ensemble.Method = config.Range{Min: 3, Max: 3}, method
			}
			model := func() *sim.Server {
				return &sim.Server{Seed: 31, Accuracy: right, Reasoning: sim.Reasoning{Median: -1}}
			}
			observed := newLine(t, model(), func(c *config.Config) { ensemble(c); c.Sampling.Deep.Share = 1 })
			observed.converse(t, conversations, turns, false)
			observed.measured(t, requests)
			d, _ := observed.model.Summary().TrueDisagreement()
			ways := (1 - right) * (1 - right) / (1 - d - right*right)
			wrong := (1 - right) / ways
			truth := right*right*(1-right) + ways*wrong*wrong*(1-wrong)
			_, detail := observed.detail(t)
			foretold := detail.Voting[0].Changed
			if foretold.Value == nil || foretold.Low == nil || foretold.N != requests || detail.Voting[0].Replayed != requests {
				t.Fatalf("foretold %+v", detail.Voting[0])
			}
			voted := newLine(t, model(), func(c *config.Config) { ensemble(c); c.Sampling.Mode = config.Ensemble })
			voted.converse(t, conversations, turns, false)
			voted.measured(t, requests)
			window, _ := voted.detail(t)
			share := float64(window.Changed) / float64(window.Votes-window.ChangedUnknown)
			t.Logf("a majority of three changes %.3f in truth; foretold %.3f [%.3f, %.3f], done %.3f of %d",
				truth, *foretold.Value, *foretold.Low, *foretold.High, share, window.Votes)
			// Answers do not depend on each other here, but on which of them came first:
			// 5.5 binomial standard deviations, which one in 11 million exceeds.
			sd := math.Sqrt(truth * (1 - truth) / requests)
			if method == config.MethodMajority && (math.Abs(*foretold.Value-truth) > 5.5*sd || math.Abs(share-truth) > 5.5*sd) {
				t.Errorf("more than %.3f off", 5.5*sd)
			}
			p := (*foretold.Value + share) / 2
			if bound := 5.5 * math.Sqrt(2*p*(1-p)/requests); math.Abs(*foretold.Value-share) > bound {
				t.Errorf("foretold %.3f and done %.3f are more than %.3f apart", *foretold.Value, share, bound)
			}
		})
	}
}

// TestOverthinkingIsSeenThroughTheWholeLine has wrong answers reason three times
// as long as right ones, or just as long. Within a request longer samples then
// disagree more, or not; over requests D rises with the reasoning, or not.
func TestOverthinkingIsSeenThroughTheWholeLine(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	const conversations, turns, requests = 80, 4, 320
	for name, c := range map[string]struct {
		whenWrong float64
		longer    bool
	}{"wrong answers are longer": {3, true}, "lengths tell nothing": {1, false}} {
		t.Run(name, func(t *testing.T) {
			l := newLine(t, &sim.Server{
				Seed: 32, Accuracy: .7, Reasoning: sim.Reasoning{Median: 200, Sigma: .5, WhenWrong: c.whenWrong},
				Latency: sim.Latency{PerToken: time.Microsecond},
			}, func(cfg *config.Config) { cfg.Sampling.Deep.Share = 1 })
			l.converse(t, conversations, turns, false)
			l.measured(t, requests)
			_, d := l.detail(t)
			o, s := d.Overthinking[0], d.Slopes.Reasoning
			if o.Gap.Low == nil || o.P == nil || s.Low == nil || o.Gap.N != requests {
				t.Fatalf("gap %+v, slope %+v", o, s)
			}
			t.Logf("gap %.3f [%.3f, %.3f], p %.4f; slope %.3f [%.3f, %.3f]", *o.Gap.Value, *o.Gap.Low, *o.Gap.High, *o.P, *s.Value, *s.Low, *s.High)
			if c.longer && (*o.Gap.Low <= 0 || *o.P > .01 || *s.Low <= 0) {
				t.Error("not seen")
			}
			// Where there is none, twice the interval holds 0 but once in 16,000.
			if low, high := *o.Gap.Value-2*(*o.Gap.Value-*o.Gap.Low), *o.Gap.Value+2*(*o.Gap.High-*o.Gap.Value); !c.longer && (low > 0 || high < 0) {
				t.Error("seen where there is none")
			}
		})
	}
}
