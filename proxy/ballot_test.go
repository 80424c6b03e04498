package proxy

import (
	"fmt"
	"net/http"
	"testing"

	"hotmess/config"
	"hotmess/monitor"
)

// TestEverySettingOfAVoteCounts flips one setting at a time. The primary says what
// stands first, each extra the next word, over and over.
func TestEverySettingOfAVoteCounts(t *testing.T) {
	const prose = `{"model":"m","messages":[{"role":"user","content":"tell me"}]}`
	alike := []string{"the fox jumps over the lazy dog", "the fox jumps over the sleepy dog", "a fox jumps over the sleepy dog"}
	for _, c := range []struct {
		name, body string
		primary    string
		extras     []string
		set        func(*config.Voting)
		// What the observation says of the vote.
		method, stop   string
		samples, votes int
		changed        bool
		flagged        int
	}{
		{"default", letterAsked, "A", []string{"A"}, nil, "majority", "confidence", 9, 4, false, 0},
		{"samples", letterAsked, "A", []string{"A"}, func(v *config.Voting) { v.Samples = config.Range{Min: 5, Max: 20} }, "majority", "confidence", 20, 5, false, 0},
		{"confidence", letterAsked, "A", []string{"A"}, func(v *config.Voting) { v.Stop.Confidence = config.Confidence{Share: .9} }, "majority", "confidence", 9, 3, false, 0},
		{"no confidence", letterAsked, "A", []string{"A"}, func(v *config.Voting) { v.Stop.Confidence = config.Confidence{} }, "majority", "settled", 9, 5, false, 0},
		{"lead", letterAsked, "A", []string{"A"}, func(v *config.Voting) { v.Stop = config.Stop{Lead: 3} }, "majority", "lead", 9, 3, false, 0},
		{"first", letterAsked, "A", []string{"A"}, func(v *config.Voting) { v.Stop.First = 2 }, "majority", "first", 9, 2, false, 0},
		{"staged", letterAsked, "A", []string{"A"}, func(v *config.Voting) { v.Launch = config.LaunchStaged }, "majority", "confidence", 3, 3, false, 0},
		{"staged by more confidence", letterAsked, "A", []string{"A"}, func(v *config.Voting) {
			v.Launch, v.Stop.Confidence = config.LaunchStaged, config.Confidence{Share: .95}
		}, "majority", "confidence", 4, 4, false, 0},
		{"leader", letterAsked, "A", []string{"A"}, func(v *config.Voting) { v.Launch, v.Stop.First = config.LaunchLeader, 1 }, "majority", "first", 1, 1, false, 0},
		{"likeness", prose, alike[0], alike[1:], nil, "medoid", "all", 3, 3, true, 0},
		{"majority of texts", prose, alike[0], alike[1:], func(v *config.Voting) { v.Method, v.Samples.Max = config.MethodMajority, 3 }, "majority", "all", 3, 3, false, 0},
		{"malformed", letterAsked, "well", []string{"A"}, func(v *config.Voting) { v.Samples, v.RedFlag.Malformed = config.Range{Min: 2, Max: 2}, true }, "majority", "all", 2, 1, true, 1},
		{"overlong", letterAsked, "A", []string{"A"}, func(v *config.Voting) {
			v.Samples, v.RedFlag.OutputOver.Tokens = config.Range{Min: 3, Max: 3}, 4
		}, "majority", "all", 3, 3, false, 3},
		{"not overlong", letterAsked, "A", []string{"B", "C"}, func(v *config.Voting) {
			v.Samples, v.RedFlag.OutputOver.Tokens = config.Range{Min: 3, Max: 3}, 5
		}, "majority", "all", 3, 3, false, 0},
		{"no p99 yet", letterAsked, "A", []string{"B", "C"}, func(v *config.Voting) {
			v.Samples, v.RedFlag.OutputOver.P99 = config.Range{Min: 3, Max: 3}, true
		}, "majority", "all", 3, 3, false, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, &script{primary: says("p", c.primary), extra: saysEach(c.extras...)}, func(cfg *config.Config) {
				cfg.Sampling.Mode, cfg.Sampling.Rate = config.Ensemble, config.Rate{}
				cfg.Budget.MaxExtraInFlight = 32
				if c.set != nil {
					c.set(&cfg.Ensemble)
				}
			})
			res := r.ask(c.body, firstCall, "1")
			read(t, res)
			o := r.observation()
			v := o.Vote
			if v == nil {
				t.Fatalf("nobody voted: %+v", o)
			}
			if v.Method != c.method || v.Stop != c.stop || v.Votes != c.votes || (v.Changed != nil && *v.Changed) != c.changed || v.Flagged != c.flagged {
				t.Errorf("vote %+v, want %+v", *v, c)
			}
			if len(o.Samples) != c.samples {
				t.Errorf("%d samples, want %d", len(o.Samples), c.samples)
			}
			h := res.Header
			if h.Get(headerMethod) != c.method || h.Get(headerStop) != c.stop || h.Get(headerMargin) != share(v.Margin) || h.Get(headerConfidence) != share(v.Confidence) {
				t.Errorf("headers %v of %+v", h, *v)
			}
		})
	}
}

func TestTheDissentIsRecordedByTheKeysOfSamples(t *testing.T) {
	r := newRig(t, &script{primary: says("p", "B"), extra: saysEach("A")}, func(c *config.Config) {
		inMode(config.Ensemble, 5)(c)
		c.Ensemble.Stop.Confidence = config.Confidence{}
	})
	res := r.ask(letterAsked, firstCall, "1")
	read(t, res)
	o := r.observation()
	v := o.Vote
	if v == nil || v.Winner == 0 || len(v.Parties) == 0 {
		t.Fatalf("%+v", v)
	}
	if key := o.Samples[v.Winner].Keys["exact"]; v.Parties[0].Key != key || v.Parties[0].Votes != v.Agreed || key == "" {
		t.Errorf("parties %+v, the winner's key is %s", v.Parties, key)
	}
	cancelled := 0
	for i, s := range o.Samples {
		if i > 0 && s.Missing == monitor.ReasonCancelled {
			cancelled++
		}
	}
	if v.Cancelled != cancelled || v.CancelledTokens > o.ExtraTokens {
		t.Errorf("%d cancelled for %d of %d tokens, %d samples are", v.Cancelled, v.CancelledTokens, o.ExtraTokens, cancelled)
	}
}

// TestWhatACancelledPrimaryWouldHaveSaidIsUnknown: the vote is over before it has
// ended, and it was not drawn to be measured. Drawn, it runs on, and is known.
func TestWhatACancelledPrimaryWouldHaveSaidIsUnknown(t *testing.T) {
	for _, drawn := range []bool{false, true} {
		t.Run(fmt.Sprint("drawn ", drawn), func(t *testing.T) {
			decided := make(chan struct{})
			primary := func(w http.ResponseWriter, r *http.Request) {
				select {
				case <-decided:
					says("p", "B")(w, r)
				case <-r.Context().Done():
				}
			}
			r := newRig(t, &script{primary: primary, extra: saysEach("A")}, func(c *config.Config) {
				inMode(config.Ensemble, 4)(c)
				c.Ensemble.Stop = config.Stop{Lead: 3}
				c.Budget.MaxExtraInFlight = 8
				if !drawn {
					c.Sampling.Rate = config.Rate{}
				}
			})
			read(t, r.ask(letterAsked, firstCall, "1"))
			close(decided)
			v := r.observation().Vote
			if v == nil || (v.Changed != nil) != drawn || drawn && !*v.Changed {
				t.Errorf("vote %+v", v)
			}
			if err := r.monitor.Sync(t.Context()); err != nil {
				t.Fatal(err)
			}
			want := monitor.Totals{Votes: 1, Changed: 1}
			if !drawn {
				want = monitor.Totals{Votes: 1, ChangedUnknown: 1}
			}
			if got := r.monitor.Totals(); got.Votes != want.Votes || got.Changed != want.Changed || got.ChangedUnknown != want.ChangedUnknown {
				t.Errorf("%d votes, %d changed, %d unknown", got.Votes, got.Changed, got.ChangedUnknown)
			}
		})
	}
}
