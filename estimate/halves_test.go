package estimate_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"hotmess/estimate"
)

func TestHalvesLeaveTheMedianSampleOut(t *testing.T) {
	above, below := estimate.Halves([]float64{5, 1, 4, 2, 3})
	if !slices.Equal(below, []int{1, 3}) || !slices.Equal(above, []int{2, 0}) {
		t.Errorf("above %v, below %v", above, below)
	}
	above, below = estimate.Halves([]float64{7, 7, 7, 7})
	if !slices.Equal(below, []int{0, 1}) || !slices.Equal(above, []int{2, 3}) {
		t.Errorf("equal lengths: above %v, below %v", above, below)
	}
	if above, below = estimate.Halves([]float64{1, math.NaN(), 2, 3}); above != nil || below != nil {
		t.Errorf("NaN: above %v, below %v", above, below)
	}
}

// Lengths that have nothing to do with the answers: by enumeration of all
// answers the unbiased halves differ by 0 exactly, at odd N too. The plug-in
// form with the median sample counted above does not: at N = 5 and D = .555 it
// is .278 against .370.
func TestHalvesDoNotDifferUnderTheNull(t *testing.T) {
	p := []float64{.6, .2, .2} // D = .56
	d := 1 - squares(p)
	for _, n := range []int{4, 5, 6, 7} {
		lengths := make([]float64, n)
		for i := range lengths {
			lengths[i] = float64(i * 7 % n)
		}
		above, below := estimate.Halves(lengths)
		var dAbove, dBelow, plugAbove, plugBelow float64
		eachSample(p, n, func(classes []int, w float64) {
			a, b := pick(classes, above), pick(classes, below)
			one, _ := estimate.Disagreement(countsOf(a, 3))
			two, _ := estimate.Disagreement(countsOf(b, 3))
			dAbove, dBelow = dAbove+w*one, dBelow+w*two
			// What is not below is at or above the median.
			var rest []int
			for i := range classes {
				if !slices.Contains(below, i) {
					rest = append(rest, classes[i])
				}
			}
			plugAbove += w * plugin(rest)
			plugBelow += w * plugin(b)
		})
		near(t, "above", dAbove, d, exact)
		near(t, "below", dBelow, d, exact)
		if gap := plugAbove - plugBelow; n%2 == 1 && gap < .03 || n%2 == 0 && math.Abs(gap) > exact {
			t.Errorf("N = %d: plug-in halves differ by %.3f", n, gap)
		}
		if n == 5 {
			near(t, "plug-in below", plugBelow, .278, .003)
			near(t, "plug-in above", plugAbove, .370, .004)
		}
	}
}

func pick(classes, at []int) []int {
	var some []int
	for _, i := range at {
		some = append(some, classes[i])
	}
	return some
}

// plugin is the variance with 1/N.
func plugin(classes []int) float64 {
	share := make([]float64, 3)
	for c, n := range countsOf(classes, 3) {
		share[c] = float64(n) / float64(len(classes))
	}
	return 1 - squares(share)
}

func TestQuintilesAreEqualAndAscending(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.SliceOf(rapid.Float64Range(0, 10)).Draw(t, "key")
		k := rapid.IntRange(1, 7).Draw(t, "k")
		groups := estimate.Quintiles(key, k)
		var order []int
		for _, g := range groups {
			if d := len(g) - len(key)/k; d < 0 || d > 1 {
				t.Fatalf("%d of %d in one of %d groups", len(g), len(key), k)
			}
			order = append(order, g...)
		}
		if len(groups) != k || len(order) != len(key) {
			t.Fatalf("%d groups of %d", len(groups), len(order))
		}
		for i := 1; i < len(order); i++ {
			a, b := order[i-1], order[i]
			if key[a] > key[b] || key[a] == key[b] && a >= b {
				t.Fatalf("%v is not ascending by %v", order, key)
			}
		}
	})
	if estimate.Quintiles([]float64{1}, 0) != nil || estimate.Quintiles([]float64{math.Inf(1)}, 5) != nil {
		t.Error("groups of nothing")
	}
}

// Under the null every choice of signs is as likely. With sizes whose sums are
// all distinct but for the sign, the p of the 2^n choices are 2/2^n, 4/2^n …,
// each twice: exactly uniform.
func TestSignFlipIsExactlyUniformUnderTheNull(t *testing.T) {
	const n = 8
	var all []float64
	for signs := range 1 << n {
		diffs := make([]float64, n)
		for i := range diffs {
			diffs[i] = float64(int(1) << i)
			if signs>>i&1 == 1 {
				diffs[i] = -diffs[i]
			}
		}
		p, ok := estimate.SignFlip(diffs, 0, 0)
		if !ok {
			t.Fatal("no p")
		}
		all = append(all, p)
	}
	slices.Sort(all)
	for i, p := range all {
		near(t, "p", p, float64(i/2+1)*2/(1<<n), exact)
	}
}

// Zeros change no sum, so seventeen differences with zeros have the p of those
// without. The tolerance is four standard deviations of 20,000 flips.
func TestSignFlipAtRandomAgreesWithAllFlips(t *testing.T) {
	const flips = 20_000
	random := rand.New(rand.NewPCG(3, 3))
	for range 10 {
		diffs := make([]float64, 12)
		for i := range diffs {
			diffs[i] = random.NormFloat64() + .3
		}
		want, _ := estimate.SignFlip(diffs, 0, 0)
		got, ok := estimate.SignFlip(append(slices.Clone(diffs), make([]float64, 70)...), flips, 5)
		if !ok {
			t.Fatal("no p")
		}
		near(t, "p", got, want, 4*math.Sqrt(want*(1-want)/flips)+1./flips)
	}
}

func TestSignFlipRefusesWhatHasNoP(t *testing.T) {
	for name, diffs := range map[string][]float64{
		"none": {}, "NaN": {1, math.NaN()}, "infinite": {math.Inf(1)}, "too many without flips": make([]float64, 17),
	} {
		if p, ok := estimate.SignFlip(diffs, 0, 0); ok {
			t.Errorf("%s: p = %v", name, p)
		}
	}
	if p, _ := estimate.SignFlip(slices.Repeat([]float64{1}, 60), 100, 1); p != 1./101 {
		t.Errorf("as far as can be: p = %v of 100 flips", p)
	}
	// Sums that are equal but for rounding are equal.
	if p, _ := estimate.SignFlip([]float64{-.9, -.3, -.4, .4}, 0, 0); p != 8./16 {
		t.Errorf("equal sums: p = %v", p)
	}
	if p, ok := estimate.SignFlip([]float64{0, 0}, 0, 0); !ok || p != 1 {
		t.Errorf("no difference at all: p = %v", p)
	}
}

// The bootstrap of a mean is, for 200 values, the normal interval, to the
// error of a quantile of 4,000 rounds (its standard deviation is about
// 2.7/√4000 standard errors at a tail of .025; four of those) plus skewness.
func TestBootstrapOfAMeanIsItsNormalInterval(t *testing.T) {
	random, n := rand.New(rand.NewPCG(1, 9)), 200
	values := make([]float64, n)
	for i := range values {
		values[i] = random.NormFloat64()
	}
	f := estimate.MeanOf(values)
	got, ok := estimate.Bootstrap(n, 4000, 2, func(idx []int) (float64, bool) {
		sum := 0.0
		for _, i := range idx {
			sum += values[i]
		}
		return sum / float64(len(idx)), true
	})
	if !ok {
		t.Fatal("no interval")
	}
	se := (*f.High - *f.Low) / 2 / 1.972
	near(t, "low", got.Low, *f.Low, (4*2.7/math.Sqrt(4000)+.05)*se)
	near(t, "high", got.High, *f.High, (4*2.7/math.Sqrt(4000)+.05)*se)
}

func TestBootstrapRefusesASelection(t *testing.T) {
	rounds := 0
	flaky := func(fail int) func([]int) (float64, bool) {
		rounds = 0
		return func([]int) (float64, bool) { rounds++; return 1, rounds%100 >= fail }
	}
	if _, ok := estimate.Bootstrap(5, 1000, 1, flaky(5)); !ok {
		t.Error("5 % of the rounds may fail")
	}
	if i, ok := estimate.Bootstrap(5, 1000, 1, flaky(6)); ok {
		t.Errorf("6 %% failed: %v", i)
	}
	if i, ok := estimate.Bootstrap(5, 10, 1, func([]int) (float64, bool) { return math.NaN(), true }); ok {
		t.Errorf("NaN: %v", i)
	}
	if i, ok := estimate.Bootstrap(0, 10, 1, flaky(0)); ok {
		t.Errorf("of nothing: %v", i)
	}
}
