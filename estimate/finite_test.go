package estimate_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"hotmess/estimate"
)

// anyNumber draws numbers of all sorts, with those that are none.
func anyNumber() *rapid.Generator[float64] {
	return rapid.OneOf(
		rapid.Float64Range(-3, 3), rapid.Float64Range(0, 1), rapid.Float64(),
		rapid.SampledFrom([]float64{
			0, 1, math.NaN(), math.Inf(1), math.Inf(-1), math.MaxFloat64, -math.MaxFloat64,
			math.SmallestNonzeroFloat64, 1e-200, 1e154, 1e200,
		}),
	)
}

// anyCounts draws counts of all sorts, with a right class that may be none.
func anyCounts() *rapid.Generator[estimate.Counts] {
	return rapid.Custom(func(t *rapid.T) estimate.Counts {
		n := rapid.SliceOfN(rapid.OneOf(rapid.IntRange(0, 6), rapid.IntRange(0, 6), rapid.IntRange(-2, 60)), 0, 5).Draw(t, "n")
		return estimate.Counts{N: n, Right: rapid.IntRange(-2, len(n)).Draw(t, "right")}
	})
}

// whole fails unless every number of a figure is one, the value lies in its
// range, and what is absent says why and nothing else does.
func whole(t *rapid.T, what string, f estimate.Figure) {
	t.Helper()
	if (f.Value == nil) != (f.Absent != "") || (f.Low == nil) != (f.AbsentRange != "") || (f.Low == nil) != (f.High == nil) {
		t.Fatalf("%s: numbers and reasons do not go together: %+v", what, f)
	}
	if f.Value == nil && f.Low != nil {
		t.Fatalf("%s: a range of nothing: %+v", what, f)
	}
	for _, v := range []*float64{f.Value, f.Low, f.High} {
		if v != nil && (math.IsNaN(*v) || math.IsInf(*v, 0)) {
			t.Fatalf("%s: %v", what, *v)
		}
	}
	if f.Low != nil && (*f.Low > *f.Value || *f.Value > *f.High) {
		t.Fatalf("%s: %v is not in [%v, %v]", what, *f.Value, *f.Low, *f.High)
	}
}

// numbers fails unless all are finite where ok.
func numbers(t *rapid.T, what string, ok bool, values ...float64) {
	t.Helper()
	for _, v := range values {
		if ok && (math.IsNaN(v) || math.IsInf(v, 0)) {
			t.Fatalf("%s: %v", what, values)
		}
	}
}

func TestNoNaNComesOutOfClusters(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pair := rapid.Custom(func(t *rapid.T) estimate.Pair {
			return estimate.Pair{Num: anyNumber().Draw(t, "num"), Den: anyNumber().Draw(t, "den")}
		})
		score := rapid.Custom(func(t *rapid.T) estimate.Scores {
			e, v := anyNumber().Draw(t, "error"), anyNumber().Draw(t, "variance")
			return estimate.Scores{Error: e, Variance: v, Bias2: e - v}
		})
		pairs := rapid.SliceOfN(pair, 0, 15).Draw(t, "pairs")
		least := rapid.IntRange(-1, 12).Draw(t, "least")
		whole(t, "ratio", estimate.RatioOf(pairs, least))
		whole(t, "share", estimate.ShareOf(pairs, least))
		s := sumsOf(pairs)
		whole(t, "ratio of sums", estimate.RatioFromSums(s, int64(least)))
		whole(t, "share of sums", estimate.ShareFromSums(s, int64(least)))
		whole(t, "incoherence of sums", estimate.IncoherenceFromSums(s, 30, 30))
		whole(t, "incoherence", estimate.Incoherence(rapid.SliceOfN(score, 0, 30).Draw(t, "scores"), 30))
		values := rapid.SliceOfN(anyNumber(), 0, 15).Draw(t, "values")
		mean := estimate.MeanOf(values)
		whole(t, "mean", mean)
		whole(t, "clip", mean.Clip(0, 1))
		whole(t, "scale", mean.Scale(anyNumber().Draw(t, "by")))
		whole(t, "effective", estimate.Effective(mean))
		p, ok := estimate.SignFlip(values, 20, 1)
		numbers(t, "sign flip", ok, p)
	})
}

// Sums need not come from clusters: a broken snapshot may hold any.
func TestNoNaNComesOutOfArbitrarySums(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := func(name string) float64 { return anyNumber().Draw(t, name) }
		g := rapid.Int64Range(-3, 1<<40).Draw(t, "g")
		s := estimate.Sums{X: n("x"), N: n("n"), XX: n("xx"), XN: n("xn"), NN: n("nn"), G: g}
		whole(t, "ratio", estimate.RatioFromSums(s, 10))
		whole(t, "share", estimate.ShareFromSums(s, 10))
		whole(t, "incoherence", estimate.IncoherenceFromSums(s, 30, 30))
		whole(t, "within", estimate.WithinShareFromSums(estimate.WithinSums{
			N: n("n"), P: n("p"), V: n("v"), NN: n("nn"), NP: n("np"), NV: n("nv"), PP: n("pp"), PV: n("pv"), VV: n("vv"), G: g,
		}, 10))
		k := rapid.IntRange(0, 3).Draw(t, "k")
		m := estimate.Moments{K: k, N: rapid.Int64Range(-2, 50).Draw(t, "rows"), G: rapid.Int64Range(-2, 50).Draw(t, "clusters")}
		m.Sum = rapid.SliceOfN(anyNumber(), estimate.Size(k), estimate.Size(k)).Draw(t, "sum")
		m.Products = rapid.SliceOfN(anyNumber(), estimate.Packed(estimate.Size(k)), estimate.Packed(estimate.Size(k))).Draw(t, "products")
		coef, _ := estimate.OLSFromMoments(m)
		for _, c := range coef {
			whole(t, "coefficient", c)
		}
	})
}

func TestNoNaNComesOutOfCounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		questions := rapid.SliceOfN(anyCounts(), 0, 15).Draw(t, "questions")
		whole(t, "within", estimate.WithinShare(questions))
		whole(t, "lapse", estimate.Lapse(questions))
		e := rapid.IntRange(-1, 9).Draw(t, "e")
		for _, soft := range []bool{false, true} {
			for _, v := range estimate.VoteCurve(questions, []int{e}, soft) {
				whole(t, "accuracy", v.Accuracy)
				whole(t, "error", v.Error)
				whole(t, "bias²", v.Bias2)
				whole(t, "variance", v.Variance)
			}
		}
		for _, q := range questions {
			d, ok := estimate.Disagreement(q.N)
			numbers(t, "disagreement", ok, d)
			s, ok := estimate.OneHot(q.N, q.Right)
			numbers(t, "one-hot", ok, s.Error, s.Bias2, s.Variance)
			bias, variance, ok := estimate.ZeroOne(q.N, q.Right)
			numbers(t, "0/1", ok, bias, variance)
			err, bias, variance, ok := estimate.KL(q.N, q.Right)
			numbers(t, "KL", ok, err, bias, variance)
			err, bias, variance, ok = estimate.KLSmoothed(q.N, q.Right)
			numbers(t, "KL smoothed", ok, err, bias, variance)
		}
	})
}

func TestNoNaNComesOutOfRows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.IntRange(0, 15).Draw(t, "rows")
		row := rapid.SliceOfN(anyNumber(), 2, 2)
		x := rapid.SliceOfN(row, rows, rows).Draw(t, "x")
		y := rapid.SliceOfN(anyNumber(), rows, rows).Draw(t, "y")
		coef, _ := estimate.OLS(x, y, nil, nil)
		for _, c := range coef {
			whole(t, "coefficient", c)
		}
		slope, _ := estimate.LogLog(y, rapid.SliceOfN(anyNumber(), rows, rows).Draw(t, "value"))
		whole(t, "slope", slope.Figure)
		if slope.R2 != nil {
			numbers(t, "R²", true, *slope.R2)
		}
		s, ok := estimate.Vectors(x, rapid.IntRange(-2, 2).Draw(t, "right"))
		numbers(t, "vectors", ok, s.Error, s.Bias2, s.Variance)
	})
}
