package estimate

import (
	"math"
	"slices"
	"testing"
)

// TestPointsAreUnbiased enumerates all pairs and triples of draws from a
// distribution over three points, and holds the means of the scores against the
// distribution's own bias and variance in the norm.
func TestPointsAreUnbiased(t *testing.T) {
	places := [][]float64{{0, 1}, {2, -1}, {-1, 0.5}}
	p := []float64{0.5, 0.2, 0.3}
	metric := [][]float64{{2, 0.5}, {0.5, 1}}
	target := []float64{0.25, -0.5}
	norm := func(v []float64) float64 {
		return 2*v[0]*v[0] + 2*0.5*v[0]*v[1] + v[1]*v[1]
	}
	mean := []float64{0.5*0 + 0.2*2 - 0.3, 0.5 - 0.2 + 0.3*0.5}
	bias2 := norm([]float64{mean[0] - target[0], mean[1] - target[1]})
	variance := 0.0
	for i, x := range places {
		variance += p[i] * norm([]float64{x[0] - mean[0], x[1] - mean[1]})
	}
	for n := 2; n <= 3; n++ {
		var got Scores
		var enumerate func(runs [][]float64, weight float64)
		enumerate = func(runs [][]float64, weight float64) {
			if len(runs) == n {
				s, ok := Points(runs, target, metric)
				if !ok {
					t.Fatalf("no scores of %v", runs)
				}
				got.Bias2 += weight * s.Bias2
				got.Variance += weight * s.Variance
				got.Error += weight * s.Error
				return
			}
			for i, x := range places {
				enumerate(append(slices.Clip(runs), x), weight*p[i])
			}
		}
		enumerate(nil, 1)
		for _, c := range [][2]float64{{got.Bias2, bias2}, {got.Variance, variance}, {got.Error, bias2 + variance}} {
			if math.Abs(c[0]-c[1]) > 1e-12 {
				t.Errorf("N = %d: %+v, want bias² %v and variance %v", n, got, bias2, variance)
				break
			}
		}
	}
}

// TestPointsWithoutMetricAreVectors: with the identity, a vector of
// probabilities is a point, and the class a corner.
func TestPointsWithoutMetricAreVectors(t *testing.T) {
	runs := [][]float64{{0.5, 0.3, 0.2}, {0.1, 0.8, 0.1}, {0.25, 0.5, 0.25}}
	want, _ := Vectors(runs, 1)
	for name, metric := range map[string][][]float64{"nil": nil, "identity": {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}} {
		got, ok := Points(runs, []float64{0, 1, 0}, metric)
		if !ok || math.Abs(got.Bias2-want.Bias2)+math.Abs(got.Variance-want.Variance) > 1e-12 {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
}

func TestPointsRefuseWhatHasNoScore(t *testing.T) {
	two, unit := [][]float64{{1, 2}, {3, 4}}, [][]float64{{1, 0}, {0, 1}}
	nan, inf := math.NaN(), math.Inf(1)
	for name, c := range map[string]struct {
		runs   [][]float64
		target []float64
		metric [][]float64
	}{
		"one run":         {two[:1], []float64{0, 0}, unit},
		"no target":       {two, nil, unit},
		"short row":       {[][]float64{{1, 2}, {3}}, []float64{0, 0}, unit},
		"long target":     {two, []float64{0, 0, 0}, unit},
		"small metric":    {two, []float64{0, 0}, unit[:1]},
		"ragged metric":   {two, []float64{0, 0}, [][]float64{{1, 0}, {0}}},
		"NaN in a row":    {[][]float64{{1, nan}, {3, 4}}, []float64{0, 0}, unit},
		"NaN in target":   {two, []float64{nan, 0}, unit},
		"NaN, no metric":  {two, []float64{nan, 0}, nil},
		"infinite metric": {two, []float64{0, 0}, [][]float64{{inf, 0}, {0, 1}}},
		"overflow":        {[][]float64{{1e200, 0}, {-1e200, 0}}, []float64{0, 0}, unit},
	} {
		if s, ok := Points(c.runs, c.target, c.metric); ok {
			t.Errorf("%s: %+v", name, s)
		}
	}
}
