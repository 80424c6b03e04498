package detect

import (
	"math"
	"math/rand/v2"
	"time"

	"gonum.org/v1/gonum/stat/distuv"
)

const (
	// unitPairs is the most pairs that a simulated conversation has.
	unitPairs = 20
	// lengthBins is beyond every bin of a context.
	lengthBins = 28
)

// base is a fixed time.
var base = time.Date(2026, 3, 4, 12, 30, 0, 0, time.UTC)

// binomialTolerance is four standard deviations of the share that is seen in
// so many runs of an event of probability p: one test in 16,000 fails by chance.
func binomialTolerance(p float64, runs int) float64 {
	return 4 * math.Sqrt(p*(1-p)/float64(runs))
}

// A correlated draws conversations whose turns disagree with a probability of
// their own, Beta distributed around mean with intra-class correlation icc.
type correlated struct {
	beta distuv.Beta
	rng  *rand.Rand
}

func newCorrelated(mean, icc float64, seed uint64) correlated {
	nu := 1/icc - 1
	src := rand.NewPCG(seed, 1)
	return correlated{beta: distuv.Beta{Alpha: mean * nu, Beta: (1 - mean) * nu, Src: src}, rng: rand.New(src)}
}

// draw gives the differing pairs of a conversation of n.
func (c correlated) draw(n int64) (x int64) {
	p := c.beta.Rand()
	for range n {
		x += boolInt(c.rng.Float64() < p)
	}
	return x
}

func boolInt(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
