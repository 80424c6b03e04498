package estimate

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

// Table and expansion against the exact inversion, about and beyond their
// seam. Far beyond, that inversion is itself only good to six decimals.
func TestQuantilesOfTAreThoseOfTheDistribution(t *testing.T) {
	for _, c := range []struct {
		degrees   int64
		tolerance float64
	}{{1, 1e-9}, {9, 1e-9}, {199, 1e-9}, {200, 1e-9}, {201, 1e-9}, {500, 1e-9}, {10_000, 1e-7}, {1e9, 1e-6}} {
		want := distuv.StudentsT{Sigma: 1, Nu: float64(c.degrees)}.Quantile(.975)
		if got := quantileT(c.degrees); math.Abs(got-want) > c.tolerance {
			t.Errorf("t with %d degrees of freedom: %.10f, want %.10f", c.degrees, got, want)
		}
	}
	if got := quantileT(math.MaxInt64); math.Abs(got-1.959963985) > 1e-9 {
		t.Errorf("t without end: %.10f", got)
	}
	// Of an effective number of clusters below two.
	if got := quantileT(0); got != quantileT(1) {
		t.Errorf("t with none: %v", got)
	}
}
