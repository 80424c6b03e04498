package budget

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// paced has a route r of twenty replies of 100 tokens each: 200 bytes shown, ten
// tokens a second.
func paced() *Paces {
	paces := NewPaces()
	for range minReplies {
		paces.Learn("r", 200, 100, 10*time.Second)
	}
	return paces
}

func TestLikelyCost(t *testing.T) {
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
			if got := paced().Likely(c.of); got != c.want {
				t.Errorf("%+v, want %+v", got, c.want)
			}
		})
	}
}

// TestPaceLearnsFromCompleteEvidenceAlone: replies without a length, a size or a duration teach nothing.
func TestPaceLearnsFromCompleteEvidenceAlone(t *testing.T) {
	paces := NewPaces()
	for range 2 * minReplies {
		paces.Learn("r", 0, 100, time.Second)
		paces.Learn("r", 10, 0, time.Second)
		paces.Learn("r", 10, 100, 0)
	}
	if l, ok := paces.of("r"); ok || l != (pace{}) {
		t.Errorf("learnt %+v", l)
	}
}

func TestPaceFollowsAChange(t *testing.T) {
	paces := paced()
	for range 10 * paceMemory { // twice as fast
		paces.Learn("r", 200, 100, 5*time.Second)
	}
	if got := paces.Likely(Partial{Route: "r", Ending: EndedCut, Worst: Spend{Output: 1000}, Took: 5 * time.Second}).Output; got < 99 || got > 101 {
		t.Errorf("%d tokens in the time of 100", got)
	}
}

// TestLikelyCostIsRightOnAverage hangs up on calls at random times, of two laws of
// lengths; those that end before teach. Calls that run on to their end are exact on
// average only where lengths have no memory; of log-normal ones (σ = .6, as the
// simulator's) the estimate errs upward, which is the side of the budget.
//
// The mean that is learnt from 500 to 1,000 exponential lengths has a standard error
// of 4.5 % at most and is more than half of the estimate: hence ±8 %, three of the
// rest. Of what was cut only rounding differs.
func TestLikelyCostIsRightOnAverage(t *testing.T) {
	const mean, speed, calls = 400.0, 50.0, 20_000
	took := func(tokens float64) time.Duration { return time.Duration(tokens / speed * float64(time.Second)) }
	for name, law := range map[string]struct {
		draw      func(*rand.Rand) float64
		low, high float64 // of estimated / true, for calls that run on
	}{
		"exponential": {func(r *rand.Rand) float64 { return mean * r.ExpFloat64() }, .92, 1.08},
		"log-normal":  {func(r *rand.Rand) float64 { return mean * math.Exp(.6*r.NormFloat64()-.18) }, 1, 1.6},
	} {
		for ending, what := range map[Ending]string{EndedCut: "cut", EndedUnseen: "running on"} {
			t.Run(name+", "+what, func(t *testing.T) {
				paces := NewPaces()
				rng := rand.New(rand.NewPCG(1, 2))
				var estimated, truly float64
				for i := range calls {
					n, left := law.draw(rng), mean*rng.Float64()*1.5
					if left >= n || i < 500 {
						paces.Learn("r", int(4*n)+1, int(math.Round(n)), took(n))
						continue
					}
					p := Partial{Route: "r", Ending: ending, Worst: Spend{Output: 1 << 20}, Took: took(left)}
					if ending == EndedCut {
						p.Shown, n = int(4*left), left
					}
					estimated, truly = estimated+float64(paces.Likely(p).Output), truly+n
				}
				low, high := .97, 1.03
				if ending == EndedUnseen {
					low, high = law.low, law.high
				}
				r := estimated / truly
				t.Logf("%.3f of the truth", r)
				if r < low || r > high {
					t.Errorf("want %g to %g", low, high)
				}
			})
		}
	}
}

// TestRepliesThatVotesLeaveAreNotForgotten: the longest of five calls are left once
// three have ended, so that whole ones are far shorter than replies are. The sum of
// what is estimated for those left is right nevertheless; the mean that is learnt
// has a standard error of 1/√1000 and less, so ±12 % is more than three of them.
func TestRepliesThatVotesLeaveAreNotForgotten(t *testing.T) {
	const mean, speed = 400.0, 50.0
	paces := NewPaces()
	rng := rand.New(rand.NewPCG(3, 4))
	var estimated, truly float64
	for vote := range 5000 {
		var lengths [5]float64
		for i := range lengths {
			lengths[i] = mean * rng.ExpFloat64()
		}
		slices.Sort(lengths[:])
		decided := lengths[2]
		for _, n := range lengths {
			took := func(tokens float64) time.Duration { return time.Duration(tokens / speed * float64(time.Second)) }
			if n <= decided {
				paces.Learn("r", int(4*n)+1, int(math.Round(n)), took(n))
				continue
			}
			got := paces.Likely(Partial{Route: "r", Ending: EndedUnseen, Worst: Spend{Output: 1 << 20}, Took: took(decided)}).Output
			if vote >= 1000 { // learnt
				estimated, truly = estimated+float64(got), truly+n
			}
		}
	}
	if r := estimated / truly; r < .88 || r > 1.12 {
		t.Errorf("what was left is estimated at %.3f of the truth", r)
	} else {
		t.Logf("%.3f of the truth", r)
	}
}
