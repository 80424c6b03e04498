package monitor

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"hotmess/estimate"
)

// A jointPair is a pair with its two bins.
type jointPair struct {
	reasoning, context int
	pair
}

// enterAll adds a conversation of pairs to moments.
func enterAll(m *moments, pairs ...jointPair) {
	var part jointPart
	for _, p := range pairs {
		part.take(m, jointOf(p.reasoning, p.context, p.pair))
	}
}

func TestMomentsGiveTheFitOfThePairsThemselves(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	var m moments
	var x [][]float64
	var y, w []float64
	var cluster []int
	for g := range 40 {
		var pairs []jointPair
		for range 1 + rng.IntN(9) {
			p := jointPair{rng.IntN(lengthBins), rng.IntN(lengthBins), pair{rng.IntN(3) == 0, 16 + rng.Int64N(maxWeight)}}
			pairs = append(pairs, p)
			x = append(x, []float64{1, float64(p.reasoning), float64(p.context)})
			y, w = append(y, float64(boolInt(p.differ))), append(w, float64(p.weight))
			cluster = append(cluster, g)
		}
		enterAll(&m, pairs...)
	}
	want, ok := estimate.OLS(x, y, w, cluster)
	if !ok {
		t.Fatal("no fit")
	}
	got := m.slopes()
	for name, f := range map[string][2]estimate.Figure{"reasoning": {got.Reasoning, want[1]}, "context": {got.Context, want[2]}} {
		if f[0].N != f[1].N || f[0].Clusters != 40 || !near(f[0].Value, f[1].Value) || !near(f[0].Low, f[1].Low) || !near(f[0].High, f[1].High) {
			t.Errorf("%s: from moments %s, from pairs %s", name, show(f[0]), show(f[1]))
		}
	}
}

func near(a, b *float64) bool {
	return a != nil && b != nil && math.Abs(*a-*b) < 1e-9
}

func show(f estimate.Figure) string {
	if f.Value == nil || f.Low == nil {
		return fmt.Sprintf("absent: %s %s", f.Absent, f.AbsentRange)
	}
	return fmt.Sprintf("%.6f [%.6f, %.6f] of %d in %d", *f.Value, *f.Low, *f.High, f.N, f.Clusters)
}

// TestSlopesCoverTheTruth plants .02 per doubling of reasoning and .01 of
// context, conversations whose level differs, and contexts that grow with the
// reasoning, so that either alone would get the other's share.
func TestSlopesCoverTheTruth(t *testing.T) {
	const runs, conversations, reasoning, context = 1200, 80, 0.02, 0.01
	rng := rand.New(rand.NewPCG(11, 12))
	covered := [2]int{}
	for range runs {
		var m moments
		for range conversations {
			level := rng.Float64()*0.3 - 0.15
			var pairs []jointPair
			for turn := range 1 + rng.IntN(10) {
				r := 4 + rng.IntN(8)
				c := 5 + r/2 + turn/2 + rng.IntN(4)
				p := 0.2 + level + reasoning*float64(r) + context*float64(c)
				inclusion := 0.25 + 0.5*rng.Float64()
				differ := rng.Float64() < p
				if rng.Float64() < inclusion {
					pairs = append(pairs, jointPair{r, c, pair{differ, weightOf(inclusion)}})
				}
			}
			enterAll(&m, pairs...)
		}
		s := m.slopes()
		covered[0] += int(boolInt(*s.Reasoning.Low <= reasoning && reasoning <= *s.Reasoning.High))
		covered[1] += int(boolInt(*s.Context.Low <= context && context <= *s.Context.High))
	}
	// Sandwich intervals are a little narrow at few clusters: at 60 to 80 about
	// a point (Cameron and Miller 2015, §VI).
	const few = 0.01
	for i, name := range []string{"reasoning", "context"} {
		got, tolerance := float64(covered[i])/runs, binomialTolerance(estimate.Confidence, runs)
		t.Logf("%s: coverage %.3f", name, got)
		if got < estimate.Confidence-few-tolerance || got > estimate.Confidence+tolerance {
			t.Errorf("%s: coverage %.3f, want %.2f (−%.2f) ± %.3f", name, got, estimate.Confidence, few, tolerance)
		}
	}
}

func TestSlopesAreAbsentWithAReason(t *testing.T) {
	spreadOut := func(i int) jointPair { return jointPair{i % 5, i % 3, pair{i%4 == 0, 16}} }
	for want, c := range map[string]struct {
		conversations int
		pair          func(i int) jointPair
	}{
		AbsentLengthsUnknown:    {0, nil},
		AbsentFewConversations:  {9, spreadOut},
		AbsentOneReasoning:      {20, func(i int) jointPair { return jointPair{3, i % 3, pair{i%4 == 0, 16}} }},
		AbsentOneContext:        {20, func(i int) jointPair { return jointPair{i % 3, 3, pair{i%4 == 0, 16}} }},
		estimate.AbsentNoSpread: {20, func(i int) jointPair { return jointPair{i % 3, 2 + i%3, pair{i%4 == 0, 16}} }},
		"":                      {20, spreadOut},
	} {
		var m moments
		for i := range c.conversations {
			enterAll(&m, c.pair(2*i), c.pair(2*i+1))
		}
		s := m.slopes()
		if s.Reasoning.Absent != want || s.Context.Absent != want || (s.Reasoning.Value == nil) != (want != "") {
			t.Errorf("absent %q and %q, want %q", s.Reasoning.Absent, s.Context.Absent, want)
		}
	}
}

func TestMomentsMergeExactly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var whole moments
		parts := make([]moments, 3)
		for range rapid.IntRange(0, 30).Draw(t, "conversations") {
			var pairs []jointPair
			for range rapid.IntRange(1, 8).Draw(t, "pairs") {
				pairs = append(pairs, jointPair{
					rapid.IntRange(0, lengthBins-1).Draw(t, "r"), rapid.IntRange(0, lengthBins-1).Draw(t, "c"),
					pair{rapid.Bool().Draw(t, "differ"), rapid.Int64Range(1, maxWeight).Draw(t, "weight")},
				})
			}
			enterAll(&whole, pairs...)
			enterAll(&parts[rapid.IntRange(0, 2).Draw(t, "part")], pairs...)
		}
		var merged moments
		for _, i := range rapid.Permutation([]int{0, 1, 2}).Draw(t, "order") {
			merged.add(&parts[i])
		}
		if merged != whole {
			t.Fatalf("merged %+v, whole %+v", merged, whole)
		}
	})
}

func TestOneConversationCannotOutgrowItsMoments(t *testing.T) {
	var m moments
	var part jointPart
	for range 2 * maxRecord / maxWeight {
		part.take(&m, jointOf(lengthBins-1, lengthBins-1, pair{true, maxWeight}))
	}
	j := part.Sum
	if j[jointWeight] > maxRecord || m.Pairs != maxRecord/maxWeight {
		t.Errorf("weight %d of %d pairs", j[jointWeight], m.Pairs)
	}
	if top := m.Cross[len(m.Cross)-1]; top.hi < 0 || top.float() != math.Pow(float64(j[8]), 2) {
		t.Errorf("Σ(Σwc²)² is %v", top.big())
	}
}
