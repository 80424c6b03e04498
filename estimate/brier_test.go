package estimate_test

import (
	"math"
	"slices"
	"testing"

	"hotmess/estimate"
)

// exact is the tolerance where both sides are the same closed form.
const exact = 1e-9

// eachSample calls f with every sequence of n classes drawn from p, and its
// probability.
func eachSample(p []float64, n int, f func(classes []int, probability float64)) {
	classes := make([]int, n)
	var walk func(at int, probability float64)
	walk = func(at int, probability float64) {
		if at == n {
			f(classes, probability)
			return
		}
		for c := range p {
			classes[at] = c
			walk(at+1, probability*p[c])
		}
	}
	walk(0, 1)
}

// countsOf counts classes.
func countsOf(classes []int, k int) []int {
	counts := make([]int, k)
	for _, c := range classes {
		counts[c]++
	}
	return counts
}

// distributions are answer distributions of all sorts: certain, even, skewed,
// one with the right class (the first) behind.
func distributions() [][]float64 {
	return [][]float64{
		{1},
		{0, 1},
		{.5, .5},
		{.9, .1},
		{.35, .65},
		{.4, .3, .2, .1},
		{.1, .8, .1},
		{.25, .25, .25, .25},
		{0, .5, .5},
	}
}

func squares(p []float64) float64 {
	sum := 0.0
	for _, v := range p {
		sum += v * v
	}
	return sum
}

// All samples of 2 to 5 are enumerated, so the means are exact: no
// simulation, no tolerance but rounding.
func TestScoresAreUnbiasedFromTwoSamplesOn(t *testing.T) {
	for _, p := range distributions() {
		for n := 2; n <= 5; n++ {
			var d, err, bias2, variance, plugin float64
			eachSample(p, n, func(classes []int, w float64) {
				counts := countsOf(classes, len(p))
				one, ok := estimate.Disagreement(counts)
				if !ok {
					t.Fatalf("%v: no disagreement", counts)
				}
				s, ok := estimate.OneHot(counts, 0)
				if !ok {
					t.Fatalf("%v: no scores", counts)
				}
				d += w * one
				err, bias2, variance = err+w*s.Error, bias2+w*s.Bias2, variance+w*s.Variance
				share := make([]float64, len(p))
				for c := range counts {
					share[c] = float64(counts[c]) / float64(n)
				}
				plugin += w * (1 - squares(share))
			})
			gini := 1 - squares(p)
			near(t, "disagreement", d, gini, exact)
			near(t, "error", err, 2*(1-p[0]), exact)
			near(t, "variance", variance, gini, exact)
			near(t, "bias²", bias2, 1-2*p[0]+squares(p), exact)
			// Why not the plug-in form: it is low by (N−1)/N.
			near(t, "plug-in", plugin, gini*float64(n-1)/float64(n), exact)
		}
	}
}

func TestARightAnswerThatNobodyGaveIsAllBias(t *testing.T) {
	s, ok := estimate.OneHot([]int{3, 1}, -1)
	if !ok || s.Error != 2 || s.Variance != .5 || s.Bias2 != 1.5 {
		t.Errorf("%+v %t", s, ok)
	}
}

func TestScoresNeedTwoSamplesAndClassesThatExist(t *testing.T) {
	for _, c := range []struct {
		counts []int
		right  int
	}{{nil, -1}, {[]int{1}, 0}, {[]int{0, 1}, -1}, {[]int{2, -1}, 0}, {[]int{2, 1}, 2}, {[]int{2, 1}, -2}} {
		if s, ok := estimate.OneHot(c.counts, c.right); ok {
			t.Errorf("%v, right %d: %+v", c.counts, c.right, s)
		}
	}
	if d, ok := estimate.Disagreement([]int{1, 0}); ok {
		t.Errorf("one sample disagrees by %v", d)
	}
}

// Two tests with their own probabilities, correlated within a run as tests
// are: means over tests do not ask for independence.
func TestOutcomesAreUnbiasedWithDependentTests(t *testing.T) {
	// Classes of a run: both pass, only the first, only the second, none.
	p := []float64{.5, .2, .05, .25}
	pass := [][]bool{{true, true}, {true, false}, {false, true}, {false, false}}
	p1, p2 := .7, .55
	for n := 2; n <= 4; n++ {
		var err, bias2, variance float64
		eachSample(p, n, func(classes []int, w float64) {
			runs := make([][]bool, n)
			for i, c := range classes {
				runs[i] = pass[c]
			}
			s, ok := estimate.Outcomes(runs)
			if !ok {
				t.Fatal("no scores")
			}
			err, bias2, variance = err+w*s.Error, bias2+w*s.Bias2, variance+w*s.Variance
		})
		near(t, "error", err, ((1-p1)+(1-p2))/2, exact)
		near(t, "variance", variance, (p1*(1-p1)+p2*(1-p2))/2, exact)
		near(t, "bias²", bias2, ((1-p1)*(1-p1)+(1-p2)*(1-p2))/2, exact)
	}
}

func TestVectorsAreUnbiased(t *testing.T) {
	p := []float64{.5, .3, .2}
	answers := [][]float64{{.7, .2, .1}, {.1, .8, .1}, {.3, .3, .4}}
	for right := -1; right < 3; right++ {
		target := make([]float64, 4) // the last: a class that no vector has
		target[(right+4)%4] = 1
		mean := make([]float64, 4)
		for i, a := range answers {
			for k := range a {
				mean[k] += p[i] * a[k]
			}
		}
		var wantErr, wantVariance float64
		for i, a := range answers {
			full := append(slices.Clone(a), 0)
			wantErr += p[i] * distance(full, target)
			wantVariance += p[i] * distance(full, mean)
		}
		for n := 2; n <= 4; n++ {
			var err, bias2, variance float64
			eachSample(p, n, func(classes []int, w float64) {
				runs := make([][]float64, n)
				for i, c := range classes {
					runs[i] = answers[c]
				}
				s, ok := estimate.Vectors(runs, right)
				if !ok {
					t.Fatal("no scores")
				}
				err, bias2, variance = err+w*s.Error, bias2+w*s.Bias2, variance+w*s.Variance
			})
			near(t, "error", err, wantErr, exact)
			near(t, "variance", variance, wantVariance, exact)
			near(t, "bias²", bias2, distance(mean, target), exact)
		}
	}
}

// distance is the squared distance.
func distance(a, b []float64) float64 {
	sum := 0.0
	for i := range a {
		sum += (a[i] - b[i]) * (a[i] - b[i])
	}
	return sum
}

// Answers as vectors of 0 and 1 are one-hot answers.
func TestVectorsOfCertainAnswersAreOneHot(t *testing.T) {
	eachSample([]float64{.5, .3, .2}, 4, func(classes []int, _ float64) {
		runs := make([][]float64, len(classes))
		for i, c := range classes {
			runs[i] = make([]float64, 3)
			runs[i][c] = 1
		}
		v, _ := estimate.Vectors(runs, 1)
		o, _ := estimate.OneHot(countsOf(classes, 3), 1)
		near(t, "error", v.Error, o.Error, exact)
		near(t, "variance", v.Variance, o.Variance, exact)
		near(t, "bias²", v.Bias2, o.Bias2, exact)
	})
}

func TestMalformedRunsHaveNoScores(t *testing.T) {
	for name, runs := range map[string][][]float64{
		"one run": {{1, 0}}, "other length": {{1, 0}, {1}}, "nan": {{1, 0}, {math.NaN(), 1}},
		"infinite": {{1, 0}, {math.Inf(1), 1}}, "overflow": {{1e200, 0}, {-1e200, 1}}, "none": {}, "empty": {{}, {}},
	} {
		if s, ok := estimate.Vectors(runs, -1); ok {
			t.Errorf("%s: %+v", name, s)
		}
	}
	for name, runs := range map[string][][]bool{
		"one run": {{true}}, "other length": {{true, false}, {true}}, "no test": {{}, {}},
	} {
		if s, ok := estimate.Outcomes(runs); ok {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

// The mode of the samples, by definition: with the mode drawn among equals.
func TestZeroOneBiasAndVarianceAddUpToTheError(t *testing.T) {
	for _, p := range distributions() {
		for n := 1; n <= 6; n++ {
			eachSample(p, n, func(classes []int, _ float64) {
				counts := countsOf(classes, len(p))
				for right := -1; right < len(p); right++ {
					bias, variance, ok := estimate.ZeroOne(counts, right)
					if !ok {
						t.Fatalf("%v: nothing", counts)
					}
					wantBias, wantVariance, wrong := domingos(counts, right)
					near(t, "bias", bias, wantBias, exact)
					near(t, "variance", variance, wantVariance, exact)
					near(t, "sum", bias+variance, wrong, exact)
				}
			})
		}
	}
}

// domingos applies the definition with a = −p_right/(1−p_mode).
func domingos(counts []int, right int) (bias, variance, wrong float64) {
	n, most := 0, slices.Max(counts)
	for _, c := range counts {
		n += c
	}
	pRight := 0.0
	if right >= 0 {
		pRight = float64(counts[right]) / float64(n)
	}
	pMode, tied := float64(most)/float64(n), 0.0
	for c, k := range counts {
		if k != most {
			continue
		}
		tied++
		switch {
		case c == right:
			variance += 1 - pMode
		case pMode < 1:
			bias++
			variance += -pRight / (1 - pMode) * (1 - pMode)
		default:
			bias++
		}
	}
	return bias / tied, variance / tied, 1 - pRight
}

func TestKLSmoothedIsTheDefinition(t *testing.T) {
	for _, p := range distributions() {
		for n := 1; n <= 6; n++ {
			eachSample(p, n, func(classes []int, _ float64) {
				counts := countsOf(classes, len(p))
				for right := range p {
					err, bias2, variance, ok := estimate.KLSmoothed(counts, right)
					if !ok {
						t.Fatalf("%v: nothing", counts)
					}
					wantErr, wantBias2, wantVariance := definition(classes, len(p), right)
					near(t, "error", err, wantErr, exact)
					near(t, "bias²", bias2, wantBias2, exact)
					near(t, "variance", variance, wantVariance, exact)
				}
			})
		}
	}
}

// definition is eq. 1 of the paper, term by term.
func definition(classes []int, k, right int) (err, bias2, variance float64) {
	smoothed := func(run, class int) float64 {
		f := estimate.Smoothing
		if classes[run] == class {
			f++
		}
		return f / (1 + float64(k)*estimate.Smoothing)
	}
	n := float64(len(classes))
	geometric, z := make([]float64, k), 0.0
	for c := range geometric {
		for run := range classes {
			geometric[c] += math.Log(smoothed(run, c)) / n
		}
		geometric[c] = math.Exp(geometric[c])
		z += geometric[c]
	}
	for run := range classes {
		err -= math.Log(smoothed(run, right)) / n
		for c := range geometric {
			g := geometric[c] / z
			variance += g * math.Log(g/smoothed(run, c)) / n
		}
	}
	return err, -math.Log(geometric[right] / z), variance
}

// −ln Z lies between L(1−p_mode) − ln C and L(1−p_mode), with C classes and
// up to L·C·d for the norm, so the short form is off by ln C at most.
func TestShortKLIsTheLeadingOrder(t *testing.T) {
	l := -math.Log(estimate.Smoothing)
	for _, p := range distributions() {
		eachSample(p, 6, func(classes []int, _ float64) {
			counts := countsOf(classes, len(p))
			err, bias2, variance, _ := estimate.KL(counts, 0)
			longErr, longBias2, longVariance, _ := estimate.KLSmoothed(counts, 0)
			most := math.Log(float64(len(p))) + exact
			near(t, "error", longErr, l*err, exact)
			near(t, "bias²", longBias2, l*bias2, most)
			near(t, "variance", longVariance, l*variance, most)
		})
	}
}

func TestAnswerNobodyGaveIsAnOptionForKL(t *testing.T) {
	a, _, av, _ := estimate.KLSmoothed([]int{3, 1}, -1)
	b, _, bv, ok := estimate.KLSmoothed([]int{3, 1, 0}, 2)
	if !ok || a != b || av != bv {
		t.Errorf("%v %v, want %v %v", a, av, b, bv)
	}
	if _, _, _, ok := estimate.KL(nil, -1); ok {
		t.Error("nothing has a KL")
	}
}
