package estimate_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"hotmess/estimate"
)

func TestMeanHasTheTextbookInterval(t *testing.T) {
	xs := []float64{0, 1, 2, 4, 3, 1, 0, 2, 4, 1, 2, 2}
	mean, squares, n := 0.0, 0.0, float64(len(xs))
	for _, x := range xs {
		mean += x / n
	}
	for _, x := range xs {
		squares += (x - mean) * (x - mean)
	}
	half := 2.200985160 * math.Sqrt(squares/(n-1)/n) // t, 11 degrees of freedom, .975
	f := estimate.MeanOf(xs)
	near(t, "mean", *f.Value, mean, exact)
	near(t, "low", *f.Low, mean-half, exact)
	near(t, "high", *f.High, mean+half, exact)
	if f.N != 12 || f.Clusters != 12 || f.Absent != "" || f.AbsentRange != "" {
		t.Errorf("%+v", f)
	}
}

// sumsOf merges clusters.
func sumsOf(clusters []estimate.Pair) estimate.Sums {
	s := estimate.Sums{G: int64(len(clusters))}
	for _, c := range clusters {
		s.X, s.N = s.X+c.Num, s.N+c.Den
		s.XX, s.XN, s.NN = s.XX+c.Num*c.Num, s.XN+c.Num*c.Den, s.NN+c.Den*c.Den
	}
	return s
}

// same compares figures to rounding.
func same(t *testing.T, what string, a, b estimate.Figure) {
	t.Helper()
	if a.Absent != b.Absent || a.AbsentRange != b.AbsentRange || a.Clusters != b.Clusters {
		t.Errorf("%s: %+v against %+v", what, a, b)
		return
	}
	for name, p := range map[string][2]*float64{"value": {a.Value, b.Value}, "low": {a.Low, b.Low}, "high": {a.High, b.High}} {
		if (p[0] == nil) != (p[1] == nil) {
			t.Errorf("%s: %s is absent in one only", what, name)
		} else if p[0] != nil {
			near(t, what+" "+name, *p[0], *p[1], 1e-7*(1+math.Abs(*p[1])))
		}
	}
}

func TestSumsGiveWhatTheirClustersGive(t *testing.T) {
	random := rand.New(rand.NewPCG(4, 4))
	for _, g := range []int{0, 1, 9, 10, 40, 400} {
		for _, p := range []float64{0, .01, .4, 1} {
			clusters, scores := make([]estimate.Pair, g), make([]estimate.Scores, g)
			errors := 0
			for i := range clusters {
				n, x := 1+random.IntN(8), 0
				for range n {
					if random.Float64() < p {
						x++
					}
				}
				clusters[i] = estimate.Pair{Num: float64(x), Den: float64(n)}
				scores[i] = estimate.Scores{Error: float64(n), Variance: float64(x), Bias2: float64(n - x)}
				errors += n
			}
			s := sumsOf(clusters)
			same(t, "ratio", estimate.RatioFromSums(s, 10), estimate.RatioOf(clusters, 10))
			same(t, "share", estimate.ShareFromSums(s, 10), estimate.ShareOf(clusters, 10))
			if g > 0 {
				same(t, "incoherence", estimate.IncoherenceFromSums(s, int64(g), int64(errors)), estimate.Incoherence(scores, errors))
			}
		}
	}
}

func TestShareAtTheEndsHasTheExactLimit(t *testing.T) {
	for _, g := range []int{10, 60, 1000} {
		f := estimate.ShareOf(slices.Repeat([]estimate.Pair{{Num: 0, Den: 3}}, g), 10)
		if *f.Low != 0 || math.Abs(math.Pow(1-*f.High, float64(g))-.05) > exact {
			t.Errorf("0 of %d: [%v, %v]", g, *f.Low, *f.High)
		}
		f = estimate.ShareOf(slices.Repeat([]estimate.Pair{{Num: 3, Den: 3}}, g), 10)
		if *f.High != 1 || math.Abs(math.Pow(*f.Low, float64(g))-.05) > exact {
			t.Errorf("%d of %d: [%v, %v]", g, g, *f.Low, *f.High)
		}
	}
}

func TestClustersThatAreAllAlikeHaveNoRange(t *testing.T) {
	for n := 2; n < 40; n++ {
		for x := 1; x < n; x++ {
			c := slices.Repeat([]estimate.Pair{{Num: float64(x), Den: float64(n)}}, 37)
			for _, f := range []estimate.Figure{estimate.ShareOf(c, 10), estimate.ShareFromSums(sumsOf(c), 10)} {
				if f.Value == nil || f.Low != nil || f.AbsentRange != estimate.AbsentNoSpread {
					t.Fatalf("all %d of %d: %+v", x, n, f)
				}
			}
		}
	}
}

func TestFiguresSayWhyTheyAreAbsent(t *testing.T) {
	nan := math.NaN()
	twenty := slices.Repeat([]estimate.Scores{{Error: 1, Variance: .5, Bias2: .5}, {Error: 0}}, 10)
	for name, c := range map[string]struct {
		f              estimate.Figure
		absent, bounds string
	}{
		"nothing":           {estimate.RatioOf(nil, 10), "no_data", "no_data"},
		"mean of nothing":   {estimate.MeanOf(nil), "no_data", "no_data"},
		"NaN":               {estimate.MeanOf([]float64{1, nan}), "not_finite", "not_finite"},
		"overflow":          {estimate.MeanOf([]float64{1e300, 1e300}), "not_finite", "not_finite"},
		"denominator 0":     {estimate.RatioOf([]estimate.Pair{{Num: 1}}, 2), "zero_denominator", "zero_denominator"},
		"denominator < 0":   {estimate.RatioOf([]estimate.Pair{{Num: 1, Den: -1}, {Num: 1, Den: 3}}, 2), "invalid", "invalid"},
		"share above 1":     {estimate.ShareOf([]estimate.Pair{{Num: 2, Den: 1}}, 2), "invalid", "invalid"},
		"share below 0":     {estimate.ShareFromSums(estimate.Sums{X: -1, N: 2, XX: 1, NN: 4, G: 1}, 2), "invalid", "invalid"},
		"few clusters":      {estimate.MeanOf([]float64{1, 2}), "", "fewer_than_10_clusters"},
		"few questions":     {estimate.Incoherence(twenty[:19], 10), "fewer_than_20_questions", "fewer_than_20_questions"},
		"few errors":        {estimate.Incoherence(twenty, 9), "fewer_than_10_errors", "fewer_than_10_errors"},
		"no error":          {estimate.Incoherence(make([]estimate.Scores, 30), 0), "zero_denominator", "zero_denominator"},
		"few clusters (I)":  {estimate.IncoherenceFromSums(estimate.Sums{X: 3, N: 9, XX: 3, XN: 5, NN: 30, G: 9}, 40, 30), "", "fewer_than_10_clusters"},
		"NaN score":         {estimate.Incoherence([]estimate.Scores{{Error: nan}}, 3), "not_finite", "not_finite"},
		"no spread (W)":     {estimate.WithinShare(slices.Repeat([]estimate.Counts{{N: []int{2, 2}}}, 12)), "", "no_spread"},
		"all right (W)":     {estimate.WithinShare(slices.Repeat([]estimate.Counts{{N: []int{2, 0}}}, 12)), "zero_denominator", "zero_denominator"},
		"few right (W)":     {estimate.WithinShare(slices.Repeat([]estimate.Counts{{N: []int{1, 8}}}, 9)), "fewer_than_10_errors", "fewer_than_10_errors"},
		"few wrong (W)":     {estimate.WithinShare(slices.Repeat([]estimate.Counts{{N: []int{8, 1}}}, 9)), "fewer_than_10_errors", "fewer_than_10_errors"},
		"singles (W)":       {estimate.WithinShare([]estimate.Counts{{N: []int{1}}}), "no_data", "no_data"},
		"bad counts (W)":    {estimate.WithinShare([]estimate.Counts{{N: []int{-1, 5}}}), "invalid", "invalid"},
		"bad class (lapse)": {estimate.Lapse([]estimate.Counts{{N: []int{1, 5}, Right: 2}}), "invalid", "invalid"},
		"never right":       {estimate.Lapse([]estimate.Counts{{N: []int{1, 5}, Right: -1}}), "zero_denominator", "zero_denominator"},
	} {
		if c.f.Absent != c.absent || c.f.AbsentRange != c.bounds {
			t.Errorf("%s: %+v", name, c.f)
		}
		if (c.f.Value == nil) != (c.absent != "") || (c.f.Low == nil) != (c.bounds != "") {
			t.Errorf("%s: reason and value do not go together: %+v", name, c.f)
		}
	}
}

func TestIncoherenceIsTheRatioOfSums(t *testing.T) {
	// A third of the questions never wrong, a third always, a third at random:
	// ΣV/ΣE = (0 + 0 + .5)/(0 + 2 + 1), and no question is left out.
	var questions []estimate.Scores
	for range 10 {
		questions = append(questions, estimate.Scores{},
			estimate.Scores{Error: 2, Bias2: 2}, estimate.Scores{Error: 1, Variance: .5, Bias2: .5})
	}
	f := estimate.Incoherence(questions, 30)
	near(t, "incoherence", *f.Value, .5/3, exact)
	// The logit interval: on that scale it is symmetric.
	logit := func(p float64) float64 { return math.Log(p / (1 - p)) }
	near(t, "logit middle", (logit(*f.Low)+logit(*f.High))/2, logit(*f.Value), exact)
	if f.N != 30 || f.Clusters != 30 {
		t.Errorf("%+v", f)
	}
}

func TestIncoherenceStaysWithinItsRange(t *testing.T) {
	all := slices.Repeat([]estimate.Scores{{Error: 2, Bias2: 2}}, 40)
	f := estimate.Incoherence(all, 80)
	if *f.Value != 0 || *f.Low != 0 {
		t.Errorf("no variance: %+v", f)
	}
	near(t, "limit", math.Pow(1-*f.High, 40), .05, exact)
	// Bias² below 0 in total, as chance will have it: the total is clipped.
	odd := slices.Repeat([]estimate.Scores{{Error: .5, Variance: .6, Bias2: -.1}, {Error: 1, Variance: 1}}, 20)
	f = estimate.Incoherence(odd, 40)
	if *f.Value != 1 || *f.High != 1 || *f.Low >= 1 {
		t.Errorf("bias² below 0: value %v", *f.Value)
	}
}

// Thirty questions, ten of which have all the error, unevenly: t has the
// degrees of freedom of the effective number of questions, (Σe)²/Σe² − 1.
func TestIncoherenceCountsQuestionsByTheirError(t *testing.T) {
	scores, pairs := make([]estimate.Scores, 30), make([]estimate.Pair, 30)
	for i := range 10 {
		e := float64(1 + i%2) // five of 1, five of 2: 15²/25 = 9
		v := []float64{.2, .4, .9}[i%3] * e
		scores[i] = estimate.Scores{Error: e, Variance: v, Bias2: e - v}
		pairs[i] = estimate.Pair{Num: v, Den: e}
	}
	f, plain := estimate.Incoherence(scores, 15), estimate.RatioOf(pairs, 10)
	i := *f.Value
	logit := func(p float64) float64 { return math.Log(p / (1 - p)) }
	const t8 = 2.306004135 // 8 degrees of freedom
	half := (*plain.High - *plain.Low) / 2 / (i * (1 - i))
	near(t, "half", (logit(*f.High)-logit(*f.Low))/2, half, 1e-8)
	squares := 0.0
	for _, p := range pairs {
		squares += (p.Num - i*p.Den) * (p.Num - i*p.Den)
	}
	near(t, "half of the ratio", (*plain.High-*plain.Low)/2, t8*math.Sqrt(30./29*squares)/15, 1e-8)
	for k := range scores {
		scores[k].Variance, scores[k].Bias2 = 0, scores[k].Error
	}
	f = estimate.Incoherence(scores, 15)
	near(t, "limit without variance", math.Pow(1-*f.High, 9), .05, exact)
}

// The form for pairs of runs that pass or fail: mixed pairs over fails.
func TestIncoherenceOfPairsIsMixedOverFails(t *testing.T) {
	var scores []estimate.Scores
	mixed, fails := 0, 0
	for i := range 30 {
		failed := i % 3 // of two runs
		s, _ := estimate.OneHot([]int{2 - failed, failed}, 0)
		scores = append(scores, s)
		fails += failed
		if failed == 1 {
			mixed++
		}
	}
	f := estimate.Incoherence(scores, fails)
	near(t, "incoherence", *f.Value, float64(mixed)/float64(fails), exact)
}

// For pass/fail, incoherence is p̄·W, exactly and in every sample.
func TestIncoherenceOfPassFailIsAccuracyTimesWithinShare(t *testing.T) {
	random := rand.New(rand.NewPCG(8, 8))
	for range 50 {
		var counts []estimate.Counts
		var scores []estimate.Scores
		errors, passed, n := 0, 0, 2+random.IntN(4)
		for range 40 {
			p, k := random.Float64(), 0
			for range n {
				if random.Float64() < p {
					k++
				}
			}
			counts = append(counts, estimate.Counts{N: []int{k, n - k}, Right: 0})
			s, _ := estimate.OneHot([]int{k, n - k}, 0)
			scores = append(scores, s)
			errors, passed = errors+n-k, passed+k
		}
		i, w := estimate.Incoherence(scores, errors), estimate.WithinShare(counts)
		accuracy := float64(passed) / float64(40*n)
		near(t, "incoherence", *i.Value, math.Min(1, accuracy**w.Value), exact)
	}
}

// W is 1 where all questions are alike and 0 where each always passes or
// always fails.
func TestWithinShareAtItsEnds(t *testing.T) {
	var settled []estimate.Counts
	for i := range 20 {
		settled = append(settled, estimate.Counts{N: []int{4 * (i % 2), 4 * (1 - i%2)}})
	}
	w := estimate.WithinShare(settled)
	if *w.Value != 0 {
		t.Errorf("settled questions: %+v", w)
	}
	// Equal questions with p = .5 and N = 2 in the shares of the binomial: a
	// quarter (2,0), a half (1,1), a quarter (0,2).
	var alike []estimate.Counts
	for range 10 {
		alike = append(alike, estimate.Counts{N: []int{2, 0}}, estimate.Counts{N: []int{1, 1}},
			estimate.Counts{N: []int{1, 1}}, estimate.Counts{N: []int{0, 2}})
	}
	w = estimate.WithinShare(alike)
	near(t, "equal questions", *w.Value, 1, exact)
}

func TestLapseIsBySampleAgainstItsFellows(t *testing.T) {
	for _, q := range voteExamples() {
		if q.Right < 0 {
			continue
		}
		samples := spelled(q.N)
		var num, den float64
		for i, c := range samples {
			rest := slices.Delete(slices.Clone(samples), i, i+1)
			w := majority(rest, len(q.N))[q.Right]
			den += w
			if c != q.Right {
				num += w
			}
		}
		f := estimate.Lapse([]estimate.Counts{q})
		if den == 0 {
			if f.Absent != estimate.AbsentZero {
				t.Errorf("%v: %+v", q, f)
			}
			continue
		}
		near(t, "lapse", *f.Value, num/den, exact)
	}
}

func TestWilsonAndEffectiveAnswers(t *testing.T) {
	// n = 400 pairs at D = .15 give about ± .035.
	i, ok := estimate.Wilson(60, 400)
	if !ok {
		t.Fatal("no interval")
	}
	near(t, "half", (i.High-i.Low)/2, .035, .0005)
	// Both ends solve (p − k/n)² = z²·p(1−p)/n.
	for _, p := range []float64{i.Low, i.High} {
		near(t, "score", (p-.15)*(p-.15), 1.959963985*1.959963985*p*(1-p)/400, exact)
	}
	for _, c := range [][2]int{{-1, 3}, {4, 3}, {0, 0}} {
		if i, ok := estimate.Wilson(c[0], c[1]); ok {
			t.Errorf("%d of %d: %v", c[0], c[1], i)
		}
	}
	d := estimate.ShareOf(slices.Repeat([]estimate.Pair{{Num: 1, Den: 2}, {Num: 2, Den: 2}}, 10), 10)
	e := estimate.Effective(d)
	near(t, "effective answers", *e.Value, 4, exact)
	near(t, "low", *e.Low, 1/(1-*d.Low), exact)
	near(t, "high", *e.High, 1/(1-*d.High), exact)
	d = estimate.ShareOf(append(slices.Repeat([]estimate.Pair{{Num: 1, Den: 1}}, 10), estimate.Pair{Den: 1}), 10)
	if e = estimate.Effective(d); *d.High != 1 || e.Value == nil || e.High != nil || e.AbsentRange != estimate.AbsentZero {
		t.Errorf("D up to 1: %+v", e)
	}
	if e = estimate.Effective(estimate.ShareOf(slices.Repeat([]estimate.Pair{{Num: 1, Den: 1}}, 20), 10)); e.Absent != estimate.AbsentZero {
		t.Errorf("D = 1: %+v", e)
	}
}

func TestClipAndScaleKeepNAndReasons(t *testing.T) {
	f := estimate.MeanOf([]float64{-3, -2, -1, 0, 1, 2, 3, -3, -2, -1, 0})
	c := f.Clip(0, 2)
	if *c.Value != 0 || *c.Low != 0 || c.N != 11 || c.Clusters != 11 {
		t.Errorf("%+v", c)
	}
	s := f.Scale(-2)
	near(t, "value", *s.Value, -2**f.Value, exact)
	near(t, "low", *s.Low, -2**f.High, exact)
	near(t, "high", *s.High, -2**f.Low, exact)
	if a := estimate.MeanOf(nil).Clip(0, 1).Scale(3); a.Value != nil || a.Absent != estimate.AbsentNone {
		t.Errorf("%+v", a)
	}
	if few := estimate.MeanOf([]float64{1, 2}).Scale(2); *few.Value != 3 || few.AbsentRange == "" {
		t.Errorf("%+v", few)
	}
}

// None of 15 heavy and 15 light clusters has any. Were all of it in the heavy ones,
// with probability p each, the share is p/1.1 and so is seen as 0 with probability
// (1−p)^15: at a share of .10, of which 30 equal clusters would be 95 % sure, in
// one case of six. The limit goes by the effective number of clusters, 165²/1515.
func TestTheLimitAtZeroKnowsThatFewClustersMayWeighMost(t *testing.T) {
	var equal, unequal []estimate.Pair
	for i := range 30 {
		equal = append(equal, estimate.Pair{Den: 3})
		unequal = append(unequal, estimate.Pair{Den: []float64{1, 10}[i%2]})
	}
	near(t, "equal weights", *estimate.ShareOf(equal, 10).High, estimate.OneSided(30), exact)
	near(t, "unequal weights", *estimate.ShareOf(unequal, 10).High, estimate.OneSided(165.*165/1515), exact)
	for i := range unequal {
		unequal[i].Num = unequal[i].Den
	}
	near(t, "all of it", *estimate.ShareOf(unequal, 10).Low, 1-estimate.OneSided(165.*165/1515), exact)
}
