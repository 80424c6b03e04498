package estimate_test

import (
	"math"
	"testing"

	"hotmess/estimate"
)

// near compares to a tolerance.
func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if math.IsNaN(got) || math.Abs(got-want) > tolerance {
		t.Errorf("%s = %.6f, want %.6f ± %g", what, got, want, tolerance)
	}
}

// Nine votes each, gold first: Graham et al., table 4, to its three decimals.
func TestKLAndBrierMatchThePublishedVectors(t *testing.T) {
	for _, c := range []struct {
		counts       []int
		kl, unbiased float64
	}{
		{[]int{8, 1, 0}, 1, 1},
		{[]int{1, 8, 0}, .125, .125},
		{[]int{4, 3, 2}, .997, .650},
		{[]int{3, 3, 3}, .940, .5625},
	} {
		err, bias2, variance, ok := estimate.KLSmoothed(c.counts, 0)
		if !ok {
			t.Fatalf("%v: no KL", c.counts)
		}
		near(t, "KL incoherence", variance/err, c.kl, 5e-4)
		near(t, "KL error", bias2+variance, err, 1e-9)
		s, _ := estimate.OneHot(c.counts, 0)
		near(t, "Brier incoherence", s.Variance/s.Error, c.unbiased, 1e-12)
	}
}
