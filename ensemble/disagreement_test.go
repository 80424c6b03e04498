package ensemble

import (
	"math"
	"slices"
	"testing"
)

// TestDisagreementIsUnbiased enumerates every outcome of N draws and weighs the
// estimate by its probability: the sum must be 1 - Σp², exactly.
func TestDisagreementIsUnbiased(t *testing.T) {
	for _, p := range [][]float64{{1}, {.9, .1}, {.5, .5}, {.7, .2, .1}, {.4, .3, .2, .1}} {
		want := 1.0
		for _, x := range p {
			want -= x * x
		}
		for n := 2; n <= 5; n++ {
			got := expected(p, nil, n, 1)
			if math.Abs(got-want) > 1e-12 {
				t.Errorf("N=%d p=%v: expected value %v, want %v", n, p, got, want)
			}
		}
	}
}

func expected(p []float64, drawn []string, n int, weight float64) float64 {
	if len(drawn) == n {
		d, _ := Disagreement(drawn)
		return weight * d
	}
	sum := 0.0
	for c, x := range p {
		sum += expected(p, append(slices.Clip(drawn), string(rune('a'+c))), n, weight*x)
	}
	return sum
}

func TestDisagreementIsTheShareOfUnequalPairs(t *testing.T) {
	for _, c := range []struct {
		keys []string
		want float64
	}{
		{[]string{"a", "a"}, 0},
		{[]string{"a", "b"}, 1},
		{[]string{"a", "a", "b"}, 2.0 / 3},
		{[]string{"a", "b", "a", "b"}, 4.0 / 6},
		{[]string{"a", "b", "c", "d", "e"}, 1},
	} {
		if got, ok := Disagreement(c.keys); !ok || math.Abs(got-c.want) > 1e-15 {
			t.Errorf("Disagreement(%v) = %v, %v, want %v", c.keys, got, ok, c.want)
		}
	}
}

func TestDisagreementIsAbsentBelowTwoSamples(t *testing.T) {
	for _, keys := range [][]string{nil, {"a"}} {
		if _, ok := Disagreement(keys); ok {
			t.Errorf("Disagreement(%v) is there", keys)
		}
	}
}
