package proxy

import (
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"hotmess/budget"
	"hotmess/config"
	"hotmess/ensemble"
	"hotmess/wire"
)

// opening offers a tool; opens calls it. Of "a r", "b w" and "c w" all targets differ,
// and the last two agree on the mode.
const opening = `{"model":"m","messages":[{"role":"user","content":"q"}],"tools":[{"type":"function","function":{"name":"open","parameters":` +
	`{"type":"object","properties":{"path":{"type":"string"},"mode":{"type":"string","enum":["r","w"]}}}}}]}`

func opens(id, path, mode string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"id":%q,"object":"chat.completion","model":"m-1","choices":[{"index":0,"finish_reason":"tool_calls","message":{"role":"assistant","content":null,`+
			`"tool_calls":[{"id":"c","type":"function","function":{"name":"open","arguments":"{\"path\":\"%s\",\"mode\":\"%s\"}"}}]}}],"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}}`, id, path, mode)
	}
}

// opensEach answers the n-th extra by the n-th path, for writing.
func opensEach(paths ...string) func(int, http.ResponseWriter, *http.Request) {
	return func(n int, w http.ResponseWriter, r *http.Request) {
		opens(fmt.Sprint("e", n), paths[n%len(paths)], "w")(w, r)
	}
}

// TestEverySettingOfAVoteCountsInItsReplay flips one setting at a time of a route that
// observes.
func TestEverySettingOfAVoteCountsInItsReplay(t *testing.T) {
	split := &script{primary: opens("p", "a", "r"), extra: opensEach("b", "c")}
	agreed := func() *script { return &script{primary: says("p", "A"), extra: saysEach("A")} }
	long := func() *script { return &script{primary: saysIn("p", "A", 50), extra: saysEach("B", "C")} }
	strayed := func() *script { return &script{primary: says("p", "well"), extra: saysEach("A", "B")} }
	for _, c := range []struct {
		name, body string
		upstream   *script
		samples    int
		set        func(*config.Voting)
		changed    bool
		stop       ensemble.Stop
		launched   int
	}{
		{"default", opening, split, 3, nil, true, ensemble.StopAll, 3},
		{"method", opening, &script{primary: split.primary, extra: split.extra}, 3, func(v *config.Voting) { v.Method = config.MethodMajority }, false, ensemble.StopAll, 3},
		{"at-once", letterAsked, agreed(), 5, nil, false, ensemble.StopSettled, 5},
		{"staged", letterAsked, agreed(), 5, func(v *config.Voting) { v.Launch = config.LaunchStaged }, false, ensemble.StopSettled, 3},
		{"least", letterAsked, agreed(), 5, func(v *config.Voting) {
			v.Launch, v.Samples.Min = config.LaunchStaged, 4
		}, false, ensemble.StopSettled, 4},
		{"lead", letterAsked, agreed(), 5, func(v *config.Voting) {
			v.Launch, v.Samples.Min, v.Stop.Lead = config.LaunchStaged, 2, 2
		}, false, ensemble.StopLead, 2},
		{"confidence", letterAsked, agreed(), 5, func(v *config.Voting) {
			v.Launch, v.Samples.Min, v.Stop.Confidence.Share, v.Stop.Confidence.Auto = config.LaunchStaged, 2, .8, false
		}, false, ensemble.StopConfidence, 2},
		{"first", letterAsked, agreed(), 5, func(v *config.Voting) { v.Launch, v.Stop.First = config.LaunchLeader, 1 }, false, ensemble.StopFirst, 1},
		{"leader", letterAsked, agreed(), 5, func(v *config.Voting) { v.Launch = config.LaunchLeader }, false, ensemble.StopSettled, 5},
		{"wait", opening, &script{primary: split.primary, extra: split.extra}, 3, func(v *config.Voting) {
			v.Launch, v.Wait = config.LaunchLeader, 1
		}, false, ensemble.StopWait, 3},
		{"no flags", letterAsked, strayed(), 3, nil, false, ensemble.StopAll, 3},
		{"malformed", letterAsked, strayed(), 3, func(v *config.Voting) { v.RedFlag.Malformed = true }, true, ensemble.StopAll, 3},
		{"not overlong", letterAsked, long(), 3, func(v *config.Voting) { v.RedFlag.OutputOver.Tokens = 50 }, false, ensemble.StopAll, 3},
		{"overlong", letterAsked, long(), 3, func(v *config.Voting) { v.RedFlag.OutputOver.Tokens = 49 }, true, ensemble.StopAll, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, c.upstream, func(cfg *config.Config) {
				cfg.Sampling.Deep = config.Deep{Share: 1, Samples: c.samples}
				if c.set != nil {
					c.set(&cfg.Ensemble)
				}
			})
			read(t, r.ask(c.body, firstCall, "1"))
			o := r.observation()
			if len(o.Replays) != map[int]int{3: 1, 5: 2}[c.samples] {
				t.Fatalf("replays %+v of %d samples", o.Replays, len(o.Samples))
			}
			if o.Mode != string(config.Observe) || o.Vote != nil {
				t.Errorf("mode %s, vote %+v", o.Mode, o.Vote)
			}
			p := o.Replays[len(o.Replays)-1]
			changed := o.Samples[p.Winner].Keys[o.Headline] != o.Samples[0].Keys[o.Headline]
			if p.Samples != c.samples || changed != c.changed || p.Stop != string(c.stop) || p.Launched != c.launched {
				t.Errorf("replay %+v, changed %t, want %t, %s, %d", p, changed, c.changed, c.stop, c.launched)
			}
			if c.stop == ensemble.StopFirst && p.AddedSeconds != 0 { // its primary alone decides
				t.Errorf("%g s added", p.AddedSeconds)
			}
			if p.ExtraTokens != 15*int64(c.launched-1) {
				t.Errorf("%d tokens for %d extras", p.ExtraTokens, c.launched-1)
			}
		})
	}
}

// TestOnlyWholeDrawnSetsAreReplayed: pairs and larger sets that nobody drew are not,
// and of a set that has lost a sample, as far as it is whole.
func TestOnlyWholeDrawnSetsAreReplayed(t *testing.T) {
	losing := func(n int, w http.ResponseWriter, r *http.Request) {
		if n > 0 {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		saysEach("A")(n, w, r)
	}
	for name, c := range map[string]struct {
		extra func(int, http.ResponseWriter, *http.Request)
		deep  float64
		want  int
	}{"whole": {saysEach("A"), 1, 2}, "a pair": {saysEach("A"), 0, 0}, "lost": {losing, 1, 0}} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, &script{primary: says("p", "A"), extra: c.extra}, deep(c.deep))
			read(t, r.ask(letterAsked, firstCall, "1"))
			if o := r.observation(); len(o.Replays) != c.want {
				t.Errorf("replays %+v", o.Replays)
			}
		})
	}
}

// TestALeaderIsWarmAtItsFirstToken: followers of a stream start then, and not at its
// end, which the model puts off until they are there.
func TestALeaderIsWarmAtItsFirstToken(t *testing.T) {
	const asked = `{"model":"m","stream":true,"messages":[{"role":"user","content":"Answer with the letter only."}]}`
	const rest = 50 * time.Millisecond
	slow := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		send(w, chunk("p", "A"))
		<-time.After(rest)
		_, _ = io.WriteString(w, done)
	}
	r := newRig(t, &script{primary: slow, extra: func(n int, w http.ResponseWriter, r *http.Request) {
		streams(fmt.Sprint("e", n), "A")(w, r)
	}}, func(c *config.Config) {
		deep(1)(c)
		c.Ensemble.Launch, c.Ensemble.Stop.First = config.LaunchLeader, 1
	})
	read(t, r.ask(asked, firstCall, "1"))
	o := r.observation()
	if len(o.Replays) != 2 || o.Replays[0].Launched != 3 {
		t.Errorf("replays %+v, primary after %v s", o.Replays, o.Samples[0].Seconds)
	}
}

func TestWhatReplayedExtrasCost(t *testing.T) {
	const second = time.Second
	extra := func(cached, output int64) ensemble.Sample {
		s := ensemble.Sample{Took: 4 * second}
		s.Spend = budget.Spend{Input: 1000, CachedInput: cached, Output: output}
		s.Tokens = 1000 - cached*3/4 + output // cached input at a quarter
		return s
	}
	primary := func(cached int, told bool) ensemble.Sample {
		return ensemble.Sample{Reply: wire.Reply{Usage: wire.Usage{Input: 1000, CachedInput: cached, HasTotals: told}}}
	}
	whole, with := ensemble.Run{Began: second, Ran: 4 * second}, ensemble.Run{Ran: 4 * second}
	cut := ensemble.Run{Began: second, Ran: second}
	for name, c := range map[string]struct {
		primary, extra ensemble.Sample
		run            ensemble.Run
		stops          bool
		want           int64
	}{
		"whole, from the cache":                 {primary(0, true), extra(800, 100), whole, true, 400 + 100},
		"a quarter of it":                       {primary(0, true), extra(800, 100), cut, true, 400 + 25},
		"left, but not stopped":                 {primary(0, true), extra(800, 100), cut, false, 400 + 100},
		"with the primary, which found nothing": {primary(0, true), extra(800, 100), with, true, 1000 + 100},
		"with the primary, which found a half":  {primary(400, true), extra(800, 100), with, true, 700 + 100},
		"with the primary, which found all":     {primary(900, true), extra(800, 100), with, true, 400 + 100},
		"with the primary, which does not say":  {primary(0, false), extra(800, 100), with, true, 400 + 100},
		"never sent":                            {primary(0, true), ensemble.Sample{}, with, true, 0},
		"cancelled as it started":               {primary(0, true), extra(800, 100), ensemble.Run{}, true, 1000},
	} {
		runs := []ensemble.Run{{Ran: second}, c.run}
		if got := replayedTokens([]ensemble.Sample{c.primary, c.extra}, runs, c.stops); got != c.want {
			t.Errorf("%s: %d tokens, want %d", name, got, c.want)
		}
	}
	if got := replayedTokens([]ensemble.Sample{primary(0, true), extra(0, 100)}, []ensemble.Run{{}}, true); got != 0 {
		t.Errorf("%d tokens of an extra that would not have started", got)
	}
}
