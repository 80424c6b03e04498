package estimate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"hotmess/sim"
)

// TestPointsCoverTheTruthOfAnOptimiser draws trajectories of a synthetic
// optimiser, whose bias and variance have a closed form, from several starts, and
// counts how often the intervals over starts hold the truth. Bias² differs
// between starts, so there it is the mean difference that must cover 0.
func TestPointsCoverTheTruthOfAnOptimiser(t *testing.T) {
	const rounds, starts, runs, steps = 400, 20, 4, 6
	rng := rand.New(rand.NewPCG(5, 6))
	problems := make([]sim.Quadratic, starts)
	optimisers := make([]*sim.Optimiser, starts)
	for i := range problems {
		problems[i] = sim.PaperQuadratic(1, fmt.Sprint(i))
		problems[i].Step = 0.2
		o, err := sim.NewOptimiser(problems[i], 47_000)
		if err != nil {
			t.Fatal(err)
		}
		optimisers[i] = o
	}
	covered := map[string]int{}
	for range rounds {
		var bias2, variance []float64
		for i, o := range optimisers {
			ends := make([][]float64, runs)
			for r := range ends {
				ends[r] = problems[i].Start
				for n := range steps {
					ends[r] = o.Next(rng, n+1, ends[r])
				}
			}
			s, ok := Points(ends, problems[i].B, problems[i].A)
			if !ok {
				t.Fatal("no scores")
			}
			bias2, variance = append(bias2, s.Bias2-o.Bias2(steps)), append(variance, s.Variance-o.Variance(steps))
		}
		for name, values := range map[string][]float64{"bias2": bias2, "variance": variance} {
			if f := MeanOf(values); f.Low != nil && *f.Low <= 0 && 0 <= *f.High {
				covered[name]++
			}
		}
	}
	for _, name := range []string{"bias2", "variance"} {
		// Four standard errors of a share of 400 rounds, and .03 for the skew of
		// means of 20 squares, which t does not know of.
		share, tolerance := float64(covered[name])/rounds, 4*math.Sqrt(0.95*0.05/rounds)+0.03
		if math.Abs(share-0.95) > tolerance {
			t.Errorf("%s: intervals cover the truth in %.3f of rounds, want 0.95 ± %.3f", name, share, tolerance)
		}
		t.Logf("%s: %.3f", name, share)
	}
}
