package ensemble

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"hotmess/estimate"
	"hotmess/monitor"
)

// agreeing are n samples that say the same, by launch number.
func agreeing(n int) []Sample { return voters(strings.Repeat("a ", n)) }

// TestAFirstStageIsTheFewestCallsThatDecide: if all of a first stage agree the vote is
// over, whatever the rules, and with one call fewer it would not be, unless so many
// are asked for at least.
func TestAFirstStageIsTheFewestCallsThatDecide(t *testing.T) {
	try := func(r Rules) {
		r.Launch, r.Level, r.Method = LaunchStaged, LevelExact, MethodMajority
		name := fmt.Sprintf("%+v", r)
		_, stage := r.next(Comparer{}, state{})
		if stage < min(r.Min, r.Max) || stage > r.Max {
			t.Fatalf("%s: a stage of %d", name, stage)
		}
		if stop, launch := r.next(Comparer{}, state{ended: agreeing(stage), launched: stage}); stop == "" {
			t.Fatalf("%s: a stage of %d agrees, and %d are launched", name, stage, launch)
		}
		if fewer := stage - 1; fewer >= max(1, r.Min) {
			if stop := r.stop(Comparer{}, state{ended: agreeing(fewer), launched: fewer}); stop != "" {
				t.Fatalf("%s: %d of a stage of %d end the vote by %s", name, fewer, stage, stop)
			}
		}
	}
	for most := 1; most <= 12; most++ {
		for least := 1; least <= most; least++ {
			for _, confidence := range []float64{0, .9, .95, .99} {
				for few := range 5 {
					try(Rules{Min: least, Max: most, Confidence: confidence, Lead: few})
					try(Rules{Min: least, Max: most, Confidence: confidence, First: few})
				}
			}
		}
	}
}

// everyVote visits all sequences of n of some keys.
func everyVote(keys []string, n int, visit func([]string)) {
	all := make([]string, n)
	var fill func(int)
	fill = func(i int) {
		if i == n {
			visit(all)
			return
		}
		for _, key := range keys {
			all[i] = key
			fill(i + 1)
		}
	}
	fill(0)
}

// TestSettledIsExactWhereThePrimaryLeads holds the rule to all that outstanding samples
// can say, for all votes of up to five of which the primary has ended: it is settled if,
// and where the primary leads only if, nothing they say changes the winner.
func TestSettledIsExactWhereThePrimaryLeads(t *testing.T) {
	said := 0
	for n := 1; n <= 5; n++ {
		for ended := 1; ended <= n; ended++ {
			everyVote([]string{"a", "b", "c", "-"}, ended, func(first []string) {
				here := voters(strings.Join(first, " "))
				winners := map[string]bool{}
				everyVote([]string{"a", "b", "c", "d", "-"}, n-ended, func(rest []string) {
					v, _ := Majority(voters(strings.Join(append(slices.Clone(first), rest...), " ")), LevelExact)
					winners[v.leading()] = true
				})
				settled := new(Comparer).settled(MethodMajority, here, LevelExact, n-ended)
				v, voted := Majority(here, LevelExact)
				switch {
				case settled && len(winners) > 1:
					t.Fatalf("%v of %d is settled, and can end as %v", first, n, winners)
				case !settled && voted && v.Winner == 0 && len(winners) == 1:
					t.Fatalf("%v of %d is not settled, and can only end as %v", first, n, winners)
				case settled && ended < n:
					said++
				}
			})
		}
	}
	if said == 0 {
		t.Error("no vote was settled early")
	}
}

// TestLeadIsAWaldTest: between two answers of shares p and 1 - p, a lead of k picks the
// first with 1 / (1 + ((1-p)/p)^k), after k(2P - 1) / (2p - 1) samples in the mean: the
// gambler's ruin, and Wald's sequential test of p against 1 - p. The walk is followed
// exactly until what is left of it is below 1e-12.
func TestLeadIsAWaldTest(t *testing.T) {
	for _, p := range []float64{.6, .8, .9} {
		for k := 1; k <= 4; k++ {
			r := Rules{Min: 1, Lead: k}
			right, mean := 0., 0.
			ahead := map[int]float64{0: 1} // of those undecided, by how far the first leads
			for n := 1; len(ahead) > 0 && n < 5000; n++ {
				next, left := map[int]float64{}, 0.
				for lead, share := range ahead {
					for _, step := range []struct {
						lead  int
						share float64
					}{{lead + 1, share * p}, {lead - 1, share * (1 - p)}} {
						v1, v2 := (n+step.lead)/2, (n-step.lead)/2
						switch stop := r.weigh(Vote{Votes: n, Agreed: max(v1, v2), Rival: min(v1, v2)}); {
						case stop == "":
							next[step.lead] += step.share
							left += step.share
							continue
						case step.lead > 0:
							right += step.share
						}
						mean += step.share * float64(n)
					}
				}
				if ahead = next; left < 1e-12 {
					break
				}
			}
			wantRight := 1 / (1 + math.Pow((1-p)/p, float64(k)))
			wantMean := float64(k) * (2*wantRight - 1) / (2*p - 1)
			// What is left would last some 1/(1-p) samples each: far below 1e-8.
			if math.Abs(right-wantRight) > 1e-8 || math.Abs(mean-wantMean) > 1e-8 {
				t.Errorf("p = %g, k = %d: right %.9f after %.9f, want %.9f after %.9f", p, k, right, mean, wantRight, wantMean)
			}
		}
	}
}

// TestConfidenceIsThePosterior integrates the posterior density θ^v1 (1-θ)^v2 over (½, 1)
// by Simpson's rule, and counts coins: P(θ > ½) is P(Binomial(v1+v2+1, ½) ≤ v1). With
// 2,000 steps Simpson's error is below 1e-9 at these counts.
func TestConfidenceIsThePosterior(t *testing.T) {
	const steps = 2000
	for v1 := range 13 {
		for v2 := 0; v2 <= v1; v2++ {
			density := func(x float64) float64 { return math.Pow(x, float64(v1)) * math.Pow(1-x, float64(v2)) }
			integral := func(low, high float64) (sum float64) {
				h := (high - low) / steps
				for i := range steps + 1 {
					weight := 2. + 2*float64(i%2)
					if i == 0 || i == steps {
						weight = 1
					}
					sum += weight * density(low+float64(i)*h) * h / 3
				}
				return sum
			}
			coins, choose, n := 0., 1., v1+v2+1
			for k := range v1 + 1 {
				coins += choose * math.Exp2(-float64(n))
				choose *= float64(n-k) / float64(k+1)
			}
			want := integral(.5, 1) / (integral(0, .5) + integral(.5, 1))
			got := Vote{Agreed: v1, Rival: v2}.Confidence()
			if math.Abs(got-want) > 1e-8 || math.Abs(got-coins) > 1e-12 || got != estimate.Lead(v1, v2) {
				t.Errorf("%d to %d: %.12f, integral %.12f, coins %.12f", v1, v2, got, want, coins)
			}
		}
	}
}

// TestNothingAfterTheFirstCounts: of all votes of five of which the first three to say
// something count, the winner is that of those three, whoever comes after them.
func TestNothingAfterTheFirstCounts(t *testing.T) {
	r := Rules{Level: LevelExact, Min: 1, Max: 5, First: 3}
	everyVote([]string{"a", "b", "c", "-"}, 5, func(keys []string) {
		all := voters(strings.Join(keys, " "))
		slices.Reverse(all) // the primary ends last
		var counted []Sample
		for i, s := range all {
			stop, _ := r.next(Comparer{}, state{ended: all[:i+1], launched: 5})
			if s.Missing == "" && len(counted) < 3 {
				counted = append(counted, s)
			}
			if over := len(counted) == 3; over != (stop == StopFirst) && i < 4 {
				t.Fatalf("%v: %d have voted after %d, and the vote ends by %q", keys, len(counted), i+1, stop)
			}
		}
		want, _ := Majority(counted, LevelExact)
		if got, _ := r.pick(Comparer{}, state{ended: all}); got.Winner != want.Winner || got.Votes != want.Votes {
			t.Fatalf("%v: %+v, want %+v", keys, got, want)
		}
	})
}

// calling are samples by tool and target: "read a" calls, "none" does not, - is missing.
func calling(keys []string) (samples []Sample) {
	for i, key := range keys {
		tool, _, _ := strings.Cut(key, " ")
		s := Sample{Number: i, Keys: Keys{LevelTool: tool, LevelTarget: key, LevelExact: key}}
		if key == "-" {
			s = Sample{Number: i, Missing: monitor.ReasonFailed}
		}
		samples = append(samples, s)
	}
	return samples
}

// TestEvidenceForACallIsEvidenceForItsTool: a target may be ahead of each other one while
// its tool is not, and the tool is voted on first.
func TestEvidenceForACallIsEvidenceForItsTool(t *testing.T) {
	ended := 0
	for _, r := range []Rules{{Lead: 2}, {Lead: 3}, {Confidence: .9}} {
		r.Method, r.Level, r.Min, r.Max = MethodCalls, LevelTarget, 3, 20
		everyVote([]string{"read a", "read b", "write a", "write b", "write c"}, 5, func(keys []string) {
			all := calling(keys)
			if r.stop(Comparer{}, state{ended: all, launched: 20}) == "" {
				return
			}
			ended++
			tools, _ := Majority(all, LevelTool)
			if v, _ := new(Comparer).Calls(all); r.weigh(tools) == "" || r.weigh(v) == "" {
				t.Fatalf("%+v: %v ends as %+v, of tools %+v", r, keys, v, tools)
			}
		})
	}
	if ended == 0 {
		t.Error("no vote ended")
	}
}

// TestSettledCallsStayWhateverComes does the same for the two steps of calls, of which
// every call is known by tool and target: no sequence of five that is settled early ends
// with another target.
func TestSettledCallsStayWhateverComes(t *testing.T) {
	early := 0
	everyVote([]string{"none", "read a", "read b", "write a", "-"}, 5, func(keys []string) {
		all := calling(keys)
		last, _ := new(Comparer).Calls(all)
		for ended := 1; ended < 5; ended++ {
			if !callsSettled(all[:ended], 5-ended) {
				continue
			}
			early++
			if v, _ := new(Comparer).Calls(all[:ended]); v.leading() != last.leading() {
				t.Fatalf("%v is settled after %d on %q, and ends on %q", keys, ended, v.leading(), last.leading())
			}
		}
	})
	if early == 0 {
		t.Error("no vote was settled early")
	}
}

// TestASecondStageStartsOnceTheFirstCannotDecide, and not before: it is launched early
// if, and only if, nothing that the running calls can say ends the vote among those
// launched.
func TestASecondStageStartsOnceTheFirstCannotDecide(t *testing.T) {
	for _, r := range []Rules{
		{Min: 3, Max: 9, Confidence: .9},
		{Min: 3, Max: 9, Confidence: .95},
		{Min: 5, Max: 9, Confidence: .9},
		{Min: 2, Max: 9, Lead: 2},
		{Min: 3, Max: 5},
		{Min: 3, Max: 10, Lead: 3},
	} {
		r.Level, r.Launch = LevelExact, LaunchStaged
		_, stage := r.next(Comparer{}, state{})
		early := 0
		for ended := 1; ended < stage; ended++ {
			everyVote([]string{"a", "b", "c", "-"}, ended, func(first []string) {
				stop, launch := r.next(Comparer{}, state{ended: voters(strings.Join(first, " ")), launched: stage})
				if stop != "" {
					return
				}
				can := false
				everyVote([]string{"a", "b", "c", "d", "-"}, stage-ended, func(rest []string) {
					all := voters(strings.Join(append(slices.Clone(first), rest...), " "))
					for n := ended + 1; n <= stage; n++ {
						can = can || r.stop(Comparer{}, state{ended: all[:n], launched: stage}) != ""
					}
				})
				if can == (launch > stage) {
					t.Fatalf("%+v: after %v of %d, %d are launched, although the stage can decide: %t", r, first, stage, launch, can)
				}
				if launch > stage {
					early++
				}
			})
		}
		if early == 0 {
			t.Errorf("%+v: no second stage started early", r)
		}
	}
}
