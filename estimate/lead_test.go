package estimate_test

import (
	"math"
	"testing"

	"hotmess/estimate"
)

// The fewest votes that stop at .95 and .90 against 0, 1, 2 … (Σ C(n,k)/2^n in
// whole numbers).
func TestLeadStopsAtKnownVotes(t *testing.T) {
	for _, tc := range []struct {
		level float64
		first []int
	}{
		{0.95, []int{4, 6, 8, 9, 11, 12}},
		{0.90, []int{3, 5, 6, 8, 9, 11}},
		{0.99, []int{6, 9, 11, 13, 14, 16}},
	} {
		for v2, want := range tc.first {
			v1 := v2
			for estimate.Lead(v1, v2) < tc.level {
				v1++
			}
			if v1 != want {
				t.Errorf("level %g against %d votes: stops at %d, want %d", tc.level, v2, v1, want)
			}
		}
	}
	if got := estimate.Lead(3, 0); math.Abs(got-0.9375) > 1e-12 {
		t.Errorf("Lead(3, 0) = %g, want 15/16", got)
	}
}

func TestSilentSamplesDoNotVote(t *testing.T) {
	// Right, right, wrong and two silent: all ways to draw e of the five.
	answers := []int{0, 0, 1, -1, -1}
	for e := 1; e <= len(answers); e++ {
		var sum, draws float64
		for set := range 1 << len(answers) {
			var votes [2]float64
			drawn := 0
			for i, a := range answers {
				if set>>i&1 == 0 {
					continue
				}
				drawn++
				if a >= 0 {
					votes[a]++
				}
			}
			if drawn != e {
				continue
			}
			draws++
			switch {
			case votes[0] > votes[1]:
				sum++
			case votes[0] == votes[1] && votes[0] > 0:
				sum += 0.5
			}
		}
		got, ok := estimate.MajorityRight(estimate.Counts{N: []int{2, 1}, Right: 0, Silent: 2}, e)
		if !ok || math.Abs(got-sum/draws) > 1e-12 {
			t.Errorf("e = %d: %g (%t), want %g", e, got, ok, sum/draws)
		}
	}
	if _, ok := estimate.MajorityRight(estimate.Counts{N: []int{2, 1}, Right: 0, Silent: 2}, 6); ok {
		t.Error("a vote of six out of five")
	}
}
