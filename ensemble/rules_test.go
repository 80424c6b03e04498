package ensemble

import (
	"math"
	"strings"
	"testing"

	"hotmess/wire"
)

// TestEvidenceEndsAVote gives one vote after the other, in order of arrival, and
// says after how many the vote ends, and why.
func TestEvidenceEndsAVote(t *testing.T) {
	for _, c := range []struct {
		name, keys string
		rules      Rules
		after      int
		stop       Stop
	}{
		{"all", "a b c", Rules{Max: 3}, 3, StopAll},
		{"settled", "b a a a", Rules{Max: 4}, 4, StopAll},
		{"settled for the primary", "a b a a", Rules{Max: 4}, 3, StopSettled},
		// Beta posterior: 3 to 0 is .9375, 4 to 0 .969 (Adaptive-Consistency).
		{"confidence", "a a a a a a a a a", Rules{Max: 9, Min: 3, Confidence: .95}, 4, StopConfidence},
		{"less confidence", "a a a a a a a a a", Rules{Max: 9, Min: 3, Confidence: .9}, 3, StopConfidence},
		{"just the confidence", "a a a a a a a a a", Rules{Max: 9, Min: 3, Confidence: .9375}, 3, StopConfidence},
		{"confidence with a dissent takes six to one", "b a a a a a a a a a a a a a a a a a a a", Rules{Max: 20, Min: 3, Confidence: .95}, 7, StopConfidence},
		{"not before the least", "a a a a a a a a a a", Rules{Max: 20, Min: 6, Confidence: .9}, 6, StopConfidence},
		{"lead", "a b a a a a a a a", Rules{Max: 9, Min: 2, Lead: 2}, 4, StopLead},
		{"first", "a b c d e", Rules{Max: 5, First: 3}, 3, StopFirst},
		{"the first that vote", "- a - b c", Rules{Max: 5, First: 2}, 4, StopFirst},
		{"no evidence asked for", "a a a a a a a a a", Rules{Max: 9, Min: 3}, 5, StopSettled},
		{"missing ones are not outstanding", "a - - - -", Rules{Max: 5, Min: 3}, 4, StopSettled},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.rules.Level = LevelExact
			all := voters(c.keys)
			for n := 1; n <= len(all); n++ {
				stop, _ := c.rules.next(Comparer{}, state{ended: all[:n], launched: len(all), warm: true})
				if stop == "" {
					continue
				}
				if stop != c.stop || n != c.after {
					t.Errorf("%s after %d, want %s after %d", stop, n, c.stop, c.after)
				}
				return
			}
			t.Error("the vote never ends")
		})
	}
}

func TestVotesThatDoNotCountAreNoEvidence(t *testing.T) {
	samples := voters("a a a a b")
	for i := range samples[:4] {
		samples[i].Flag = FlagOverlong
	}
	r := Rules{Level: LevelExact, Min: 3, Max: 9, Confidence: .9}
	if stop, _ := r.next(Comparer{}, state{ended: samples, launched: 9}); stop != "" {
		t.Errorf("ended by %s", stop)
	}
	if v, ok := r.pick(Comparer{}, state{ended: samples}); !ok || v.Winner != 4 {
		t.Errorf("flagged samples vote: %+v", v)
	}
	if v, ok := r.pick(Comparer{}, state{ended: samples[:4]}); !ok || v.Winner != 0 || v.Votes != 4 {
		t.Errorf("if nobody else can, flagged samples vote: %+v, %v", v, ok)
	}
	empty := voters("a b b")
	empty[1].Empty = true
	if v, _ := Majority(empty, LevelExact); v.Winner != 0 || v.Votes != 2 {
		t.Errorf("empty samples vote: %+v", v)
	}
}

func TestOnlyTheFirstVote(t *testing.T) {
	r := Rules{Level: LevelExact, Max: 5, First: 3}
	all := voters("c b a b c c")
	ended := []Sample{all[3], all[0], all[1], all[4], all[5]}
	if v, ok := r.pick(Comparer{}, state{ended: ended}); !ok || v.Winner != 1 || v.Votes != 3 {
		t.Errorf("%+v", v)
	}
	if v, ok := r.pick(Comparer{}, state{ended: ended[:1]}); !ok || v.Winner != 3 {
		t.Errorf("of fewer than asked for: %+v", v)
	}
}

func TestLaunchPolicies(t *testing.T) {
	ended := func(n int) []Sample { return voters(strings.TrimSpace(strings.Repeat("a ", n)))[:n] }
	for _, c := range []struct {
		name  string
		rules Rules
		state state
		want  int
	}{
		{"at once", Rules{Min: 3, Max: 9}, state{}, 9},
		{"first stage", Rules{Min: 3, Max: 9, Confidence: .9, Launch: LaunchStaged}, state{}, 3},
		{"a first stage of more than can decide", Rules{Min: 6, Max: 9, Confidence: .9, Launch: LaunchStaged}, state{}, 6},
		{"a first stage by more confidence", Rules{Min: 3, Max: 9, Confidence: .95, Launch: LaunchStaged}, state{}, 4},
		{"a first stage by lead", Rules{Min: 2, Max: 9, Confidence: .95, Lead: 3, Launch: LaunchStaged}, state{}, 3},
		{"a first stage by number", Rules{Min: 3, Max: 9, First: 5, Launch: LaunchStaged}, state{}, 5},
		{"a first stage that settles", Rules{Min: 3, Max: 9, Launch: LaunchStaged}, state{}, 5},
		{"a first stage that settles by half with the primary", Rules{Min: 3, Max: 10, Launch: LaunchStaged}, state{}, 5},
		{"a first stage of all", Rules{Min: 1, Max: 1, Launch: LaunchStaged}, state{}, 1},
		{"within the first stage", Rules{Min: 3, Max: 9, Launch: LaunchStaged}, state{launched: 5, ended: ended(2)}, 5},
		{"a stage that can still decide", Rules{Min: 3, Max: 9, Confidence: .9, Launch: LaunchStaged}, state{launched: 3, ended: ended(2)}, 3},
		{"a stage that a dissent has lost", Rules{Min: 3, Max: 9, Confidence: .9, Launch: LaunchStaged}, state{launched: 3, ended: voters("a b")}, 9},
		{"a stage that a failure has lost", Rules{Min: 3, Max: 9, Lead: 3, Launch: LaunchStaged}, state{launched: 3, ended: voters("-")}, 9},
		{"a stage that can do without the failed one", Rules{Min: 2, Max: 9, Lead: 2, Launch: LaunchStaged}, state{launched: 3, ended: voters("-")}, 3},
		{"a stage that a flag has lost", Rules{Min: 3, Max: 9, Confidence: .9, Launch: LaunchStaged}, state{launched: 3, ended: flagged("a")}, 9},
		{"a stage after which as many may dissent", Rules{Min: 4, Max: 6, Launch: LaunchStaged}, state{launched: 4, ended: voters("b a a")}, 6},
		{"a stage that decides by itself", Rules{Min: 4, Max: 5, Launch: LaunchStaged}, state{launched: 4, ended: voters("b a a")}, 4},
		{"second stage", Rules{Min: 3, Max: 9, Confidence: .9, Launch: LaunchStaged}, state{launched: 3, ended: ended(3)}, 9},
		{"a stage of more than all", Rules{Min: 5, Max: 4, Launch: LaunchStaged}, state{}, 4},
		{"leader", Rules{Min: 3, Max: 9, Launch: LaunchLeader}, state{}, 1},
		{"followers", Rules{Min: 3, Max: 9, Launch: LaunchLeader}, state{launched: 1, warm: true}, 9},
		{"texts take the least", Rules{Min: 3, Max: 9, Method: MethodMedoid}, state{}, 3},
		{"unless the first count", Rules{Min: 3, Max: 9, Method: MethodMedoid, First: 2}, state{}, 9},
		{"nothing set", Rules{}, state{}, 1},
	} {
		c.rules.Level = LevelExact
		if got := c.rules.launch(Comparer{}, c.state); got != c.want {
			t.Errorf("%s: %d calls, want %d", c.name, got, c.want)
		}
	}
}

// flagged are voters that a red flag sets aside.
func flagged(keys string) []Sample {
	all := voters(keys)
	for i := range all {
		all[i].Flag = FlagOverlong
	}
	return all
}

func TestMarginAndConfidence(t *testing.T) {
	v, _ := Majority(voters("a a a b c"), LevelExact)
	// P(Beta(4, 2) > ½) = P(Binomial(5, ½) ≤ 3) = 26/32.
	if math.Abs(v.Margin()-.4) > 1e-12 || math.Abs(v.Confidence()-26./32) > 1e-12 {
		t.Errorf("margin %g, confidence %g of %+v", v.Margin(), v.Confidence(), v)
	}
	if len(v.Parties) != 3 || v.Parties[0].Votes != 3 || v.Parties[1].First != 3 {
		t.Errorf("parties: %+v", v.Parties)
	}
}

func TestRedFlags(t *testing.T) {
	c := offering(t)
	long := func(r wire.Reply) bool { return r.Usage.Output > 10 }
	odd := func(r wire.Reply) bool { return len(r.Calls) > 1 }
	cut := wire.Reply{Choice: wire.Choice{Text: "a", Finish: "length"}}
	for _, tc := range []struct {
		name  string
		flags Flags
		reply wire.Reply
		want  Flag
	}{
		{"none asked for", Flags{}, cut, ""},
		{"overlong", Flags{Overlong: long}, wire.Reply{Usage: wire.Usage{Output: 11}}, FlagOverlong},
		{"not overlong", Flags{Overlong: long}, wire.Reply{Usage: wire.Usage{Output: 10}}, ""},
		{"calls that do not fit", Flags{Malformed: odd}, wire.Reply{Choice: wire.Choice{Calls: make([]wire.Call, 2)}}, FlagMalformed},
		{"stopped at the limit", Flags{Malformed: odd}, cut, FlagMalformed},
		{"well formed", Flags{Malformed: odd}, wire.Reply{}, ""},
	} {
		if got := tc.flags.of(c, tc.reply); got != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
	}
	structured := Comparer{kind: KindStructured, levels: []Level{LevelExact}}
	if got := (Flags{Malformed: odd}).of(structured, wire.Reply{Choice: wire.Choice{Text: "no JSON"}}); got != FlagMalformed {
		t.Errorf("a reply without the form is flagged %q", got)
	}
	if got := (Flags{Malformed: odd}).of(structured, wire.Reply{Choice: wire.Choice{Refusal: "no"}}); got != "" {
		t.Errorf("a refusal is flagged %q", got)
	}
}
