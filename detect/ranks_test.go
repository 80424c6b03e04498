package detect

import (
	"math/rand/v2"
	"testing"
)

// play runs one conversation through ranks and gives whether it was ever
// flagged.
func play(r *Ranks, pairs int, differ func() bool) bool {
	var c Course
	flagged := false
	for range pairs {
		r.Count(&c, differ())
		rank, ok := r.Rank(&c)
		flagged = flagged || (ok && rank <= RankLevel)
	}
	r.End(&c)
	return flagged
}

// turns gives the pairs of one conversation: dependent, for it has a rate of its
// own.
func turns(source correlated) func() bool {
	p := source.beta.Rand()
	return func() bool { return source.rng.Float64() < p }
}

// warm is ranks that have seen enough.
func warm(source correlated, length func() int) *Ranks {
	r := &Ranks{}
	for range RankPrior + rankReference {
		play(r, length(), turns(source))
	}
	return r
}

func lengthsUpTo(most int, seed uint64) func() int {
	rng := rand.New(rand.NewPCG(seed, 1))
	return func() int { return 1 + rng.IntN(most) }
}

// TestAlikeConversationsAreFlaggedAsSeldomAsPromised looks at every
// conversation after every pair.
func TestAlikeConversationsAreFlaggedAsSeldomAsPromised(t *testing.T) {
	const runs = 20_000
	for _, c := range []struct {
		mean, icc float64
		most      int
	}{{0.05, 0.3, 20}, {0.3, 0.1, 60}, {0.5, 0.2, 3}} {
		source, length := newCorrelated(c.mean, c.icc, 2), lengthsUpTo(c.most, 3)
		r := warm(source, length)
		flagged := 0
		for range runs {
			flagged += int(boolInt(play(r, length(), turns(source))))
		}
		got := float64(flagged) / runs
		t.Logf("mean %v, icc %v, up to %d pairs: %.4f of the conversations flagged", c.mean, c.icc, c.most, got)
		// Conversations share their reference, so they are not quite
		// independent: five standard deviations rather than four.
		if got > RankLevel+1.25*binomialTolerance(RankLevel, runs) {
			t.Errorf("mean %v, icc %v: %.4f of the conversations flagged, promised %v", c.mean, c.icc, got, RankLevel)
		}
	}
}

// TestConversationsThatOutlastHundredsAreFlaggedAsSeldomAsPromised has a thousand
// conversations run side by side, each for 100 pairs, so that about a thousand
// others end while it runs. Ranked among the latest at each look, 2.2 % are
// flagged.
func TestConversationsThatOutlastHundredsAreFlaggedAsSeldomAsPromised(t *testing.T) {
	const runs, beside, pairs = 10_000, 1000, 100
	source := newCorrelated(0.2, 0.1, 21)
	r := warm(source, func() int { return pairs })
	type one struct {
		Course
		differ  func() bool
		left    int
		flagged bool
	}
	running := make([]*one, beside)
	ended, flagged := 0, 0
	for ended < runs {
		at := source.rng.IntN(beside)
		c := running[at]
		if c == nil {
			c = &one{differ: turns(source), left: pairs}
			running[at] = c
		}
		r.Count(&c.Course, c.differ())
		rank, ok := r.Rank(&c.Course)
		c.flagged = c.flagged || ok && rank <= RankLevel
		if c.left--; c.left == 0 {
			r.End(&c.Course)
			ended, flagged, running[at] = ended+1, flagged+int(boolInt(c.flagged)), nil
		}
	}
	got := float64(flagged) / runs
	t.Logf("%.4f of the conversations flagged", got)
	// As above: they share references.
	if got > RankLevel+1.25*binomialTolerance(RankLevel, runs) {
		t.Errorf("%.4f of the conversations flagged, promised %v", got, RankLevel)
	}
}

func TestIncoherentConversationIsFlaggedWhileItRuns(t *testing.T) {
	source, length := newCorrelated(0.05, 0.1, 4), lengthsUpTo(20, 5)
	r := warm(source, length)
	rng, found := rand.New(rand.NewPCG(6, 1)), 0
	for range 200 {
		found += int(boolInt(play(r, 20, func() bool { return rng.Float64() < 0.6 })))
		r.Maxima = r.Maxima[:len(r.Maxima)-1] // the reference stays as it was
		r.Maxima = append(r.Maxima, 0)
	}
	if found < 190 {
		t.Errorf("%d of 200 conversations with D = .6 flagged on a route of D = .05", found)
	}
}

func TestRankIsAbsentWhileItCannotReachItsLevel(t *testing.T) {
	source, length := newCorrelated(0.2, 0.1, 7), lengthsUpTo(10, 8)
	r := &Ranks{}
	for range RankPrior + MinReference - 1 {
		play(r, length(), turns(source))
	}
	var c Course
	r.Count(&c, true)
	if _, ok := r.Rank(&c); ok || len(r.Maxima) != MinReference-1 {
		t.Errorf("a rank among %d", len(r.Maxima))
	}
	play(r, 5, turns(source))
	if _, ok := r.Rank(&c); ok {
		t.Error("a rank among those that ended after it began")
	}
	c = Course{}
	r.Count(&c, true)
	if p, ok := r.Rank(&c); !ok || p < 1./(MinReference+1) {
		t.Errorf("rank %v %v among %d", p, ok, len(r.Maxima))
	}
}

func TestConversationCountsOnceInTheReferenceAndTheOldestLeave(t *testing.T) {
	source, length := newCorrelated(0.2, 0.1, 9), lengthsUpTo(10, 10)
	r := warm(source, length)
	for range 50 {
		play(r, length(), turns(source))
	}
	if len(r.Maxima) != rankReference || r.Seeds != RankPrior {
		t.Errorf("%d maxima, %d seeds", len(r.Maxima), r.Seeds)
	}
	c := Course{}
	r.Count(&c, true)
	r.End(&c)
	last := r.Clone()
	r.End(&c)
	if r.Maxima[0] != last.Maxima[0] {
		t.Error("a conversation counted twice")
	}
}

func TestCourseOfAnEarlierEpochHasNoPart(t *testing.T) {
	source, length := newCorrelated(0.2, 0.1, 11), lengthsUpTo(10, 12)
	r := warm(source, length)
	var c Course
	r.Count(&c, true)
	next := warm(source, length)
	next.Epoch = r.Epoch + 1
	before := next.Clone()
	next.Count(&c, true)
	if _, ok := next.Rank(&c); ok {
		t.Error("ranked among those of another epoch")
	}
	next.End(&c)
	if len(next.Maxima) != len(before.Maxima) || next.Maxima[len(next.Maxima)-1] != before.Maxima[len(before.Maxima)-1] {
		t.Error("counted among those of another epoch")
	}
}
