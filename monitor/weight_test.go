package monitor

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"pgregory.net/rapid"

	"hotmess/config"
)

// conversationSums is a conversation of n pairs that were certain to be
// measured, in units of their weight; x of them differ.
func conversationSums(x, n int64) sums {
	return cluster{X: x, N: n, Differ: x, Pairs: n}.sums()
}

// TestAutomaticRateDoesNotTiltTheEstimate is a day of tasks that get messier
// turn by turn, each after a rest. An automatic rate measures all of the first
// turns and few of the last, so the plain share of measured pairs that differ
// is far below the true .3.
func TestAutomaticRateDoesNotTiltTheEstimate(t *testing.T) {
	const tasks, turns, steepest = 40, 200, .6
	rng := rand.New(rand.NewPCG(3, 4))
	m, clock := newTest(t)
	for task := range tasks {
		clock.advance(3 * time.Hour)
		for turn := range turns {
			clock.advance(15 * time.Second)
			m.Arrived("r")
			rate := m.Rate("r", config.Rate{Auto: true})
			o := measured(fmt.Sprint(task), clock.now(), rng.Float64() < steepest*float64(turn)/turns)
			if o.Inclusion = rate; rng.Float64() >= rate {
				o.Drawn, o.Differ = false, nil
			}
			m.take(o)
		}
	}
	e := headline(t, m, windowMonth)
	half := (*e.High - *e.Low) / 2
	t.Logf("D is %.3f ± %.3f, the plain share %.3f", *e.Value, half, float64(differing(m, windowMonth))/float64(e.Pairs))
	if truth := steepest / 2; math.Abs(*e.Value-truth) > 2*half {
		t.Errorf("D is %.3f ± %.3f, the truth %.3f", *e.Value, half, truth)
	}
	if plain := float64(differing(m, windowMonth)) / float64(e.Pairs); plain > .25 {
		t.Errorf("the plain share is %.3f: the draw is not tilted, so this test shows nothing", plain)
	}
}

// headline is the estimate of the headline series of route r.
func headline(t *testing.T, m *Monitor, window int) Estimate {
	t.Helper()
	for _, s := range m.Routes()[0].Windows[window].Series {
		if s.Headline {
			return s.Disagreement
		}
	}
	t.Fatal("no headline")
	return Estimate{}
}

// differing counts the headline pairs that differ.
func differing(m *Monitor, window int) (n int64) {
	for _, s := range m.Routes()[0].Windows[window].Series {
		if s.Headline {
			for _, p := range s.Points {
				n += p.Differ
			}
		}
	}
	return n
}

func TestMissingPairsAreWeighedLikeMeasuredOnes(t *testing.T) {
	m, _ := newTest(t)
	sure, rare := measured("a", base, true), measured("b", base, false)
	missing := measured("c", base, false)
	rare.Inclusion, missing.Inclusion = .25, .5
	missing.Differ, missing.Reason = nil, ReasonTimeout
	for _, o := range []Observation{sure, rare, missing} {
		m.take(o)
	}
	e := headline(t, m, windowHour)
	// Weights 1, 4 and 2: D = 1/5; with the missing pair 1/7 or 3/7.
	for name, c := range map[string]struct {
		got  *float64
		want float64
	}{
		"value": {e.Value, 1. / 5}, "if agreed": {e.IfAgreed, 1. / 7}, "if differed": {e.IfDiffered, 3. / 7},
		"measured share": {e.MeasuredShare, 2. / 3},
	} {
		if c.got == nil || math.Abs(*c.got-c.want) > 1e-12 {
			t.Errorf("%s: %v, want %v", name, c.got, c.want)
		}
	}
	if e.Pairs != 2 || differing(m, windowHour) != 1 {
		t.Errorf("%d pairs, %d differ; counts are not weighed", e.Pairs, differing(m, windowHour))
	}
}

func TestWeightIsTheInverseOfTheInclusion(t *testing.T) {
	for inclusion, want := range map[float64]int64{
		1: weightOne, .5: 2 * weightOne, .001: 1000 * weightOne, 1e-9: maxWeight,
		// What cannot be a probability of a drawn request counts once.
		0: weightOne, -1: weightOne, 2: weightOne, math.Inf(1): weightOne, math.NaN(): weightOne,
	} {
		if got := weightOf(inclusion); got != want {
			t.Errorf("inclusion %v: weight %d, want %d", inclusion, got, want)
		}
	}
}

func TestSquaresOfAnEndlessConversationDoNotOverflow(t *testing.T) {
	r := newRing[sums](spans()[windowMonth])
	var c cluster
	for range 10_000 {
		c.count(&r, 1000, 1000, pair{differ: true, weight: maxWeight})
	}
	s := *r.find(1000)
	if s.N > maxRecord || s.NN <= 0 || s.NN > math.MaxInt64/100 {
		t.Errorf("one conversation holds %+v", s)
	}
}

func TestEveryEstimateIsANumberOrAbsentWithAReason(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s sums
		var missing int64
		for range rapid.IntRange(0, 40).Draw(t, "conversations") {
			var c cluster
			for range rapid.IntRange(1, 5).Draw(t, "pairs") {
				weight := weightOf(rapid.Float64Range(0, 1).Draw(t, "inclusion"))
				c.add(pair{rapid.Bool().Draw(t, "differ"), weight})
			}
			s.add(c.sums())
			missing += rapid.Int64Range(0, maxWeight).Draw(t, "missing")
		}
		e := estimateOf(s, tally{Eligible: s.Pairs, Drawn: s.Pairs, Measured: s.Pairs, Missing: missing})
		for name, v := range map[string]*float64{"value": e.Value, "low": e.Low, "high": e.High, "if agreed": e.IfAgreed, "if differed": e.IfDiffered} {
			if v != nil && !(*v >= 0 && *v <= 1) {
				t.Errorf("%s is %v", name, *v)
			}
		}
		if (e.Value == nil) != (e.Absent != "") || (e.Low == nil) != (e.AbsentRange != "") || (e.Low == nil) != (e.High == nil) {
			t.Errorf("absent without a reason, or the other way round: %+v", e)
		}
		if e.Value != nil && (*e.IfAgreed > *e.Value || *e.IfDiffered < *e.Value) {
			t.Errorf("%v is not between %v and %v", *e.Value, *e.IfAgreed, *e.IfDiffered)
		}
	})
}
