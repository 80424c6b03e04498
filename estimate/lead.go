package estimate

import "gonum.org/v1/gonum/stat/distuv"

// Lead is the probability that the leader of a vote is the answer given more
// often than the runner-up in the long run: P(θ > ½) for θ ~ Beta(v1+1, v2+1)
// with v1 votes against v2 (Aggarwal et al. 2023, Adaptive-Consistency). It
// asks whether this is the mode, not whether it is right. Negative counts are
// taken as 0.
func Lead(v1, v2 int) float64 {
	return distuv.Beta{Alpha: float64(max(0, v1) + 1), Beta: float64(max(0, v2) + 1)}.Survival(0.5)
}
