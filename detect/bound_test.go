package detect

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// unitValue is the value of one conversation of up to 20 correlated pairs.
func (c correlated) unitValue() float64 {
	n := 1 + c.rng.Int64N(unitPairs)
	return float64(c.draw(n)) / float64(n)
}

func TestBoundRarelyExceedsTheTruth(t *testing.T) {
	const runs, life = 2000, 300
	// On the grid, so that the very hypothesis that is true is tested.
	for _, c := range []struct{ mean, icc float64 }{{0.05, 0.3}, {0.3, 0.1}} {
		alarms := 0
		for run := range runs {
			source := newCorrelated(c.mean, c.icc, uint64(run))
			b := newSingle(c.mean)
			for range life {
				if b.take(source.unitValue()) {
					alarms++
					break
				}
			}
		}
		got := float64(alarms) / runs
		if got > BoundAlpha+binomialTolerance(BoundAlpha, runs) {
			t.Errorf("mean %v: %.4f of the lives had a false alarm, want at most %v", c.mean, got, BoundAlpha)
		}
	}
}

// A single follows one hypothesis of a bound: the others would cost the
// simulation a hundredfold. TestSingleIsTheBound holds that it is the same.
type single struct {
	m      float64
	units  float64
	wealth [boundBets]float64
}

func newSingle(m float64) *single { return &single{m: m} }

// take reports whether the hypothesis is rejected after one more value.
func (s *single) take(x float64) bool {
	s.units++
	total := 0.0
	for i, c := range bets() {
		s.wealth[i] = min(boundCap, (s.wealth[i]+1/(s.units*(s.units+1)))*(1+c*(x/s.m-1)))
		total += s.wealth[i]
	}
	return total/boundBets >= 1/BoundAlpha
}

func TestSingleIsTheBound(t *testing.T) {
	source := newCorrelated(0.4, 0.2, 3)
	b, s := NewBound(), newSingle(0.3)
	for i := range 500 {
		x := source.unitValue()
		b.Take(x)
		rejected := s.take(x)
		if v, ok := b.Value(); (ok && v >= 0.3) != rejected {
			t.Fatalf("after %d: bound %v, hypothesis 0.3 rejected %v", i+1, v, rejected)
		}
	}
}

func TestFalseAlarmsWouldBeSeen(t *testing.T) {
	// The same simulation with a true mean above the hypothesis must alarm.
	alarms := 0
	for run := range 100 {
		source, b := newCorrelated(0.3, 0.3, uint64(run)), newSingle(0.15)
		for range 300 {
			if b.take(source.unitValue()) {
				alarms++
				break
			}
		}
	}
	if alarms < 95 {
		t.Errorf("%d of 100 lives of twice the hypothesis alarmed", alarms)
	}
}

// waldDelay bounds the mean number of conversations until hypothesis m is
// rejected, for values that are 0 or 1 with the given mean, after quiet ones
// before. For each bet, Wald's identity bounds the time that one component takes
// from the stake placed at the change to boundBets/α: (distance + largest step)
// / drift, in nats. The best bet counts.
func waldDelay(m, mean float64, quiet int) float64 {
	stake := math.Log(float64(quiet+1) * float64(quiet+2))
	best := math.Inf(1)
	for _, c := range bets() {
		up, down := math.Log1p(c*(1/m-1)), math.Log1p(-c)
		if drift := mean*up + (1-mean)*down; drift > 0 {
			best = min(best, (stake+math.Log(boundBets/BoundAlpha)+up)/drift)
		}
	}
	return best
}

func TestBoundReactsToAChangeWithinTheWaldDelay(t *testing.T) {
	const runs, quiet, threshold = 300, 200, 0.2
	rng := rand.New(rand.NewPCG(5, 5))
	sum, squares := 0.0, 0.0
	for range runs {
		b := newSingle(threshold)
		for range quiet {
			b.take(float64(boolInt(rng.Float64() < 0.05)))
		}
		delay := 1.0
		for !b.take(float64(boolInt(rng.Float64() < 0.5))) {
			delay++
		}
		sum += delay
		squares += delay * delay
	}
	mean := sum / runs
	tolerance := 4 * math.Sqrt((squares/runs-mean*mean)/runs)
	limit := waldDelay(threshold, 0.5, quiet)
	t.Logf("mean delay %.1f conversations, Wald %.1f", mean, limit)
	if mean > limit+tolerance {
		t.Errorf("mean delay %.1f, want at most %.1f + %.1f", mean, limit, tolerance)
	}
}

func TestBoundFallsBackAfterTheChangeBack(t *testing.T) {
	const threshold, quiet = 0.2, 0.05
	b := NewBound()
	source := newCorrelated(0.5, 0.1, 11)
	for range 400 {
		b.Take(source.unitValue())
	}
	if v, ok := b.Value(); !ok || v < 0.3 {
		t.Fatalf("bound %v %v after 400 conversations around 0.5", v, ok)
	}
	conversations := 0
	for v, ok := b.Value(); ok && v >= threshold; v, ok = b.Value() {
		b.Take(quiet)
		conversations++
	}
	// However long it was high, every component stands at the cap at most, so
	// after k quiet values E ≤ boundCap/boundBets · Σ (1 + c(quiet/m − 1))^k.
	limit := 0
	for left := math.Inf(1); left >= 1; {
		limit++
		left = 0
		for _, c := range bets() {
			left += math.Pow(1+c*(quiet/threshold-1), float64(limit))
		}
	}
	if conversations > limit || limit > 10 {
		t.Errorf("bound below %v only after %d conversations, want at most %d", threshold, conversations, limit)
	}
}

func TestEvidenceFallsWithTheHypothesis(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := NewBound()
		for _, x := range rapid.SliceOfN(rapid.Float64Range(0, 1), 0, 80).Draw(t, "values") {
			b.Take(x)
			for k := range boundGrid - 1 {
				if b.evidence(k+1) > b.evidence(k)*(1+1e-12) {
					t.Fatalf("E(%v) = %v above E(%v) = %v", hypothesis(k+1), b.evidence(k+1), hypothesis(k), b.evidence(k))
				}
			}
		}
	})
}

func TestCapDoesNotChangeTheFirstCrossing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := float64(rapid.IntRange(1, 99).Draw(t, "m")) / 100
		capped := newSingle(m)
		var free [boundBets]float64
		for i, x := range rapid.SliceOfN(rapid.Float64Range(0, 1), 0, 200).Draw(t, "values") {
			total := 0.0
			for j, c := range bets() {
				n := float64(i + 1)
				free[j] = (free[j] + 1/(n*(n+1))) * (1 + c*(x/m-1))
				total += free[j]
			}
			crossed := capped.take(x)
			if crossed != (total/boundBets >= 1/BoundAlpha) {
				t.Fatalf("value %d: capped crosses %v, free E = %v", i+1, crossed, total/boundBets)
			}
			if crossed {
				return
			}
		}
	})
}

func TestOneBetAloneCanCross(t *testing.T) {
	// Against m = 0.9 the boldest bet earns nearly all: its component must be
	// allowed to be worth boundBets/α for the mean to reach 1/α.
	capped, boldest := newSingle(0.9), 0.0
	for i := range 200 {
		if capped.take(1) {
			if boldest < 2/BoundAlpha {
				t.Errorf("crossed while the boldest bet was worth %v: not the case that is tested", boldest)
			}
			return
		}
		n := float64(i + 1)
		boldest = (boldest + 1/(n*(n+1))) * (1 + 0.6*(1/0.9-1))
		if boldest > boundCap {
			t.Fatalf("not crossed after %d ones, with one bet worth %v", i+1, boldest)
		}
	}
}

func TestBoundStaysFiniteForever(t *testing.T) {
	b := NewBound()
	for i := range 50_000 {
		b.Take(float64(boolInt(i < 25_000)))
		b.Take(math.NaN())
	}
	for k := range boundGrid {
		if e := b.evidence(k); math.IsInf(e, 0) || math.IsNaN(e) || e < 0 || e > boundCap {
			t.Fatalf("E(%v) = %v", hypothesis(k), e)
		}
	}
	if _, ok := b.Value(); ok || b.units != 50_000 {
		t.Errorf("after 25,000 zeros: bound %v, %d units", ok, b.units)
	}
}

func TestBoundStateRoundTripsExactly(t *testing.T) {
	b := NewBound()
	source := newCorrelated(0.4, 0.2, 1)
	for range 200 {
		b.Take(source.unitValue())
	}
	j, err := json.Marshal(b.State())
	if err != nil {
		t.Fatal(err)
	}
	var st BoundState
	if err := json.Unmarshal(j, &st); err != nil {
		t.Fatal(err)
	}
	if got := RestoreBound(&st); *got != *b {
		t.Error("the restored bound is another one")
	}
	st.Wealth[3][2] = boundCap + 1
	if got := RestoreBound(&st); *got != *NewBound() {
		t.Error("a bound that cannot be was taken over")
	}
}

func BenchmarkBoundTake(b *testing.B) {
	bound := NewBound()
	for b.Loop() {
		bound.Take(0.1)
	}
}
