package estimate

import (
	"math"
	"math/rand/v2"
)

// Relabel is the one-sided p of a permutation test: under the hypothesis that
// clusters were put at random into two groups that are alike, the probability that
// the ratio Σnum/Σden of the second is above that of the first by as much as it is.
// It holds for few clusters, of unequal sizes, in groups of unequal numbers, where
// intervals by t do not. So many shuffles are drawn, and p is
// (1 + as far)/(1 + shuffles), which is never 0. ok is false if a group is empty, a
// value is not finite, a denominator is not above 0, or there is no shuffle.
func Relabel(first, second []Pair, shuffles int, seed uint64) (p float64, ok bool) {
	all := make([]Pair, 0, len(first)+len(second))
	all = append(append(all, first...), second...)
	size := 0.0
	for _, c := range all {
		if !finite(c.Num, c.Den) || c.Den <= 0 {
			return 0, false
		}
		size = max(size, math.Abs(c.Num)/c.Den)
	}
	if len(first) == 0 || len(second) == 0 || shuffles < 1 {
		return 0, false
	}
	// Equal differences must count as equal.
	bar := difference(all, len(first)) - noise*size
	random, far := rand.New(rand.NewPCG(seed, 0)), 0
	// Who is drawn into the smaller group says who is in the other.
	from, to := 0, len(first)
	if len(second) < len(first) {
		from, to = len(first), len(all)
	}
	for range shuffles {
		for i := from; i < to; i++ {
			// Any of those in the other group, or in this one and not drawn yet.
			j := i + random.IntN(len(all)-i+from)
			if j >= len(all) {
				j -= len(all)
			}
			all[i], all[j] = all[j], all[i]
		}
		if difference(all, len(first)) >= bar {
			far++
		}
	}
	return float64(1+far) / float64(1+shuffles), true
}

// difference is the ratio of the clusters from n on less that of those before.
func difference(all []Pair, n int) float64 {
	var first, second Pair
	for i := range all[:n] {
		first.Num += all[i].Num
		first.Den += all[i].Den
	}
	for i := n; i < len(all); i++ {
		second.Num += all[i].Num
		second.Den += all[i].Den
	}
	return second.Num/second.Den - first.Num/first.Den
}
