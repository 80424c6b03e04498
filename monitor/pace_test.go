package monitor

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// paced has a route r of twenty replies of 100 tokens each: 200 bytes shown, ten
// tokens a second.
func paced(t *testing.T) *Monitor {
	t.Helper()
	m, _ := newTest(t)
	for range minLengths {
		m.LearnPace("r", 200, 100, 10*time.Second)
	}
	return m
}

func TestLikelyCost(t *testing.T) {
	m := paced(t)
	worst := Spend{Input: 500, Output: 1000}
	for name, c := range map[string]struct {
		of   Partial
		want Spend
	}{
		"whole, by what was shown":          {Partial{Ending: EndedWhole, Shown: 60, Took: time.Hour}, Spend{Input: 500, Output: 30}},
		"whole, nothing shown":              {Partial{Ending: EndedWhole, Took: 2 * time.Second}, Spend{Input: 500, Output: 20}},
		"cut, by what was shown":            {Partial{Ending: EndedCut, Shown: 60, Took: time.Second}, Spend{Input: 500, Output: 30}},
		"cut, reasoning unseen":             {Partial{Ending: EndedCut, Took: 7 * time.Second}, Spend{Input: 500, Output: 70}},
		"cut, counted by the upstream":      {Partial{Ending: EndedCut, Counted: 90, Shown: 60}, Spend{Input: 500, Output: 90}},
		"unseen, as long again":             {Partial{Ending: EndedUnseen, Took: 7 * time.Second}, Spend{Input: 500, Output: 170}},
		"unseen, at once":                   {Partial{Ending: EndedUnseen}, Spend{Input: 500, Output: 100}},
		"never above the worst case":        {Partial{Ending: EndedUnseen, Took: time.Hour}, worst},
		"but for what was counted":          {Partial{Ending: EndedCut, Counted: 1200}, Spend{Input: 500, Output: 1200}},
		"the prompt, told":                  {Partial{Ending: EndedUnseen, Prompt: Spend{Input: 480, CachedInput: 400}}, Spend{Input: 480, CachedInput: 400, Output: 100}},
		"an error":                          {Partial{Ending: EndedRead, Took: time.Hour}, Spend{Input: 500}},
		"not let in":                        {Partial{Ending: EndedRefused, Took: time.Hour}, Spend{}},
		"a route without history":           {Partial{Route: "new", Ending: EndedCut, Shown: 60, Took: time.Second}, worst},
		"not let in, without history":       {Partial{Route: "new", Ending: EndedRefused}, Spend{}},
		"without history, counted and told": {Partial{Route: "new", Ending: EndedCut, Counted: 90, Prompt: Spend{Input: 480}}, Spend{Input: 480, Output: 1000}},
	} {
		t.Run(name, func(t *testing.T) {
			c.of.Worst = worst
			if c.of.Route == "" {
				c.of.Route = "r"
			}
			if got := m.Likely(c.of); got != c.want {
				t.Errorf("%+v, want %+v", got, c.want)
			}
		})
	}
}

// TestPaceLearnsFromCompleteEvidenceAlone: replies without a length, a size or a duration teach nothing.
func TestPaceLearnsFromCompleteEvidenceAlone(t *testing.T) {
	m, _ := newTest(t)
	for range 2 * minLengths {
		m.LearnPace("r", 0, 100, time.Second)
		m.LearnPace("r", 10, 0, time.Second)
		m.LearnPace("r", 10, 100, 0)
	}
	if l, ok := m.paces.of("r"); ok || l != (pace{}) {
		t.Errorf("learnt %+v", l)
	}
}

func TestPaceFollowsAChange(t *testing.T) {
	m := paced(t)
	for range 10 * paceMemory { // twice as fast
		m.LearnPace("r", 200, 100, 5*time.Second)
	}
	if got := m.Likely(Partial{Route: "r", Ending: EndedCut, Worst: Spend{Output: 1000}, Took: 5 * time.Second}).Output; got < 99 || got > 101 {
		t.Errorf("%d tokens in the time of 100", got)
	}
}

func TestPacesAreBounded(t *testing.T) {
	m, _ := newTest(t)
	for i := range 3 * maxRoutes {
		m.LearnPace(fmt.Sprint("r", i), 200, 100, time.Second)
	}
	if n := len(m.paces.routes); n > maxRoutes+1 {
		t.Errorf("%d routes", n)
	}
}

// TestLikelyCostIsRightOnAverage cancels calls at random times, of two laws of
// lengths. Those that run on to their end are exact on average only where lengths
// have no memory; of log-normal ones (σ = .6, as the simulator's) the estimate errs
// upward, which is the side of the budget.
//
// The mean that is learnt from 500 exponential lengths has a standard error of
// 4.5 % and is, with hang-ups at up to 1.5 means, more than half of the estimate:
// hence ±8 %, three of the rest. Of what was cut only rounding differs.
func TestLikelyCostIsRightOnAverage(t *testing.T) {
	const mean, speed, calls = 400.0, 50.0, 20_000
	for name, law := range map[string]struct {
		draw      func(*rand.Rand) float64
		low, high float64 // of estimated / true, for calls that run on
	}{
		"exponential": {func(r *rand.Rand) float64 { return mean * r.ExpFloat64() }, .92, 1.08},
		"log-normal":  {func(r *rand.Rand) float64 { return mean * math.Exp(.6*r.NormFloat64()-.18) }, 1, 1.35},
	} {
		t.Run(name, func(t *testing.T) {
			m, _ := newTest(t)
			rng := rand.New(rand.NewPCG(1, 2))
			for range 500 {
				n := law.draw(rng)
				m.LearnPace("r", int(4*n)+1, int(n)+1, time.Duration((n+1)/speed*float64(time.Second)))
			}
			var cut, unseen, truly, toEnd float64
			for range calls {
				n, left := law.draw(rng), mean*rng.Float64()*1.5 // hung up on after so many tokens
				if left >= n {
					continue
				}
				p := Partial{Route: "r", Worst: Spend{Output: 1 << 20}, Took: time.Duration(left / speed * float64(time.Second))}
				p.Ending = EndedUnseen
				unseen, toEnd = unseen+float64(m.Likely(p).Output), toEnd+n
				p.Ending, p.Shown = EndedCut, int(4*left)
				cut, truly = cut+float64(m.Likely(p).Output), truly+left
			}
			if r := cut / truly; r < .97 || r > 1.03 {
				t.Errorf("cut streams are estimated at %.3f of the truth", r)
			}
			if r := unseen / toEnd; r < law.low || r > law.high {
				t.Errorf("calls that run on are estimated at %.3f of the truth", r)
			} else {
				t.Logf("calls that run on: %.3f of the truth", r)
			}
		})
	}
}
