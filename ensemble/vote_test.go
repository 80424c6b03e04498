package ensemble

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"hotmess/monitor"
)

// voters makes samples 0, 1, … with one key per word; "-" is a missing one.
func voters(keys string) []Sample {
	var samples []Sample
	for i, key := range strings.Fields(keys) {
		s := Sample{Number: i}
		if key == "-" {
			s.Missing = monitor.ReasonFailed
		} else {
			s.Keys = Keys{LevelExact: key}
		}
		samples = append(samples, s)
	}
	return samples
}

func TestMajority(t *testing.T) {
	for _, c := range []struct {
		name, keys string
		want       Vote
	}{
		{"alone", "a", Vote{Winner: 0, Votes: 1, Agreed: 1}},
		{"most votes win", "a b b", Vote{Winner: 1, Votes: 3, Agreed: 2, Rival: 1, Changed: true}},
		{"primary stands for its answer", "a b a", Vote{Winner: 0, Votes: 3, Agreed: 2, Rival: 1}},
		{"tie keeps primary", "b a", Vote{Winner: 0, Votes: 2, Agreed: 1, Rival: 1}},
		{"tie of pairs keeps primary", "a b b a c", Vote{Winner: 0, Votes: 5, Agreed: 2, Rival: 2}},
		{"tie without primary takes the lowest", "a b c c b", Vote{Winner: 1, Votes: 5, Agreed: 2, Rival: 2, Changed: true}},
		{"missing do not vote", "- b a b", Vote{Winner: 1, Votes: 3, Agreed: 2, Rival: 1}},
		{"a whole sample beats an error", "- - c", Vote{Winner: 2, Votes: 1, Agreed: 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, ok := Majority(voters(c.keys), LevelExact)
			got.Parties = nil
			c.want.Method = MethodMajority
			if !ok || !reflect.DeepEqual(got, c.want) {
				t.Errorf("Majority(%s) = %+v, %v, want %+v", c.keys, got, ok, c.want)
			}
		})
	}
}

func TestMajorityNeedsAVoter(t *testing.T) {
	if v, ok := Majority(voters("- -"), LevelExact); ok {
		t.Errorf("nobody voted for %+v", v)
	}
	if v, ok := Majority(voters("a a"), LevelTarget); ok {
		t.Errorf("keys of another level voted for %+v", v)
	}
}

func drawVoters(t *rapid.T) []Sample {
	return voters(strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c", "-"}), 1, 9).Draw(t, "keys"), " "))
}

func TestMajorityWinnerHasMostVotesAndTiesKeepThePrimary(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		samples := drawVoters(t)
		v, ok := Majority(samples, LevelExact)
		counts := map[string]int{}
		for _, s := range samples {
			if s.Missing == "" {
				counts[s.Keys[LevelExact]]++
			}
		}
		if ok != (len(counts) > 0) {
			t.Fatalf("ok = %v with %v", ok, counts)
		}
		if !ok {
			return
		}
		for key, n := range counts {
			if n > v.Agreed {
				t.Fatalf("%s has %d votes, the winner %d", key, n, v.Agreed)
			}
		}
		primary := samples[0]
		if primary.Missing == "" && counts[primary.Keys[LevelExact]] == v.Agreed && v.Winner != 0 {
			t.Fatalf("the primary is among the tied, the winner is %d", v.Winner)
		}
	})
}

// TestDecidedMeansThatNothingCanChangeTheAnswer tries every way in which the
// outstanding samples can still vote, new answers included.
func TestDecidedMeansThatNothingCanChangeTheAnswer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		samples := drawVoters(t)
		if len(samples) > 6 {
			samples = samples[:6]
		}
		var here, out []Sample
		for _, s := range samples {
			if rapid.Bool().Draw(t, "ended") {
				here = append(here, s)
			} else {
				out = append(out, s)
			}
		}
		answers := map[string]bool{}
		endings(out, nil, func(rest []Sample) {
			all := append(slices.Clip(here), rest...)
			if v, ok := Majority(all, LevelExact); ok {
				answers[keyOf(all, v.Winner)] = true
			} else {
				answers["nobody"] = true
			}
		})
		if got, want := new(Comparer).settled(MethodMajority, here, LevelExact, len(out)), len(answers) == 1; got && !want {
			t.Fatalf("decided with %d outstanding, but %v can still win", len(out), answers)
		} else if want && !got && len(out) == 0 {
			t.Fatal("not decided with nothing outstanding")
		}
	})
}

func endings(out, done []Sample, visit func([]Sample)) {
	if len(out) == 0 {
		visit(done)
		return
	}
	for _, key := range []string{"a", "b", "c", "new", "-"} {
		s := Sample{Number: out[0].Number, Keys: Keys{LevelExact: key}}
		if key == "-" {
			s = Sample{Number: out[0].Number, Missing: monitor.ReasonFailed}
		}
		endings(out[1:], append(slices.Clip(done), s), visit)
	}
}

func keyOf(samples []Sample, number int) string {
	for _, s := range samples {
		if s.Number == number {
			return s.Keys[LevelExact]
		}
	}
	return ""
}

func BenchmarkMajorityOf5(b *testing.B) {
	samples := voters("a b a c a")
	for b.Loop() {
		Majority(samples, LevelExact)
	}
}
