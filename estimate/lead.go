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

// An Evidence is what shows that one answer is given more often than another.
type Evidence struct {
	// Confidence is the least Lead that does; 0: none does.
	Confidence float64
	// Ahead is by how many votes one is ahead (first-to-ahead-by-k, Meyerson et al.
	// 2025); 0: no number is enough.
	Ahead int
}

// Confident is whether v1 votes against v2 do by Confidence.
func (e Evidence) Confident(v1, v2 int) bool { return e.Confidence > 0 && Lead(v1, v2) >= e.Confidence }

// Leads is whether they do by Ahead.
func (e Evidence) Leads(v1, v2 int) bool { return e.Ahead > 0 && v1-v2 >= e.Ahead }
