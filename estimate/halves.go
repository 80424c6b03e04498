package estimate

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
)

// Halves splits the samples of one question at the median of their own
// lengths: the indices of the samples above and of those below, as many in
// each. With an odd number the median sample is in neither: a half with one
// sample more looks different under the null already. Equal lengths keep
// their order. Both are nil if a length is not finite.
func Halves(lengths []float64) (above, below []int) {
	if !finite(lengths...) {
		return nil, nil
	}
	order := ascending(lengths)
	half := len(order) / 2
	return order[len(order)-half:], order[:half]
}

// Quintiles splits indices into k groups of equal size (to one) by ascending
// key. Equal keys keep their order. nil if k < 1 or a key is not finite.
func Quintiles(key []float64, k int) [][]int {
	if k < 1 || !finite(key...) {
		return nil
	}
	order, groups := ascending(key), make([][]int, k)
	for i := range groups {
		groups[i] = order[i*len(order)/k : (i+1)*len(order)/k]
	}
	return groups
}

// ascending is the order of the indices by key.
func ascending(key []float64) []int {
	order := make([]int, len(key))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(key[a], key[b]) })
	return order
}

// exactFlips is the most differences whose sign flips are all enumerated.
const exactFlips = 16

// SignFlip is the two-sided p of Σdiffs under the hypothesis that each
// difference could as well have had the other sign: the share of sign flips
// whose sum is as far from 0. Up to 16 differences all flips are taken, else
// so many at random, and p is (1 + as far)/(1 + flips), which is never 0. ok
// is false without a difference, with one that is not finite, or without
// flips where they are needed.
func SignFlip(diffs []float64, flips int, seed uint64) (p float64, ok bool) {
	var sum, size float64
	for _, d := range diffs {
		sum += d
		size += math.Abs(d)
	}
	if len(diffs) == 0 || !finite(sum, size) {
		return 0, false
	}
	bar := math.Abs(sum) - noise*size // equal sums must count as equal
	if len(diffs) <= exactFlips {
		far, all := 0, 1<<len(diffs)
		for signs := range all {
			if math.Abs(flipped(diffs, uint64(signs))) >= bar {
				far++
			}
		}
		return float64(far) / float64(all), true
	}
	if flips < 1 {
		return 0, false
	}
	random, far := rand.New(rand.NewPCG(seed, 0)), 0
	for range flips {
		t := 0.0
		for start := 0; start < len(diffs); start += 64 {
			t += flipped(diffs[start:min(start+64, len(diffs))], random.Uint64())
		}
		if math.Abs(t) >= bar {
			far++
		}
	}
	return float64(1+far) / float64(1+flips), true
}

// flipped is the sum of at most 64 differences with the signs of a bit set.
func flipped(diffs []float64, signs uint64) float64 {
	sum := 0.0
	for i, d := range diffs {
		if signs>>i&1 == 1 {
			d = -d
		}
		sum += d
	}
	return sum
}

// maxFailed is the share of bootstrap rounds that may be without a value.
const maxFailed = 0.05

// Bootstrap is the percentile interval of a statistic of n clusters. f is
// given the indices of one resample, with repetition, and may refuse it; ok is
// false if more than 5 % of the rounds were refused or not finite, since what
// remains would be a selection.
func Bootstrap(n, rounds int, seed uint64, f func(idx []int) (float64, bool)) (i Interval, ok bool) {
	if n < 1 || rounds < 1 {
		return Interval{}, false
	}
	random, idx := rand.New(rand.NewPCG(seed, 0)), make([]int, n)
	values := make([]float64, 0, rounds)
	for range rounds {
		for k := range idx {
			idx[k] = random.IntN(n)
		}
		if v, ok := f(idx); ok && finite(v) {
			values = append(values, v)
		}
	}
	if float64(rounds-len(values)) > maxFailed*float64(rounds) {
		return Interval{}, false
	}
	slices.Sort(values)
	tail := (1 - Confidence) / 2
	return Interval{Low: rank(values, tail), High: rank(values, 1-tail)}, true
}

// rank is a quantile of sorted values by the nearest rank.
func rank(sorted []float64, q float64) float64 {
	k := int(math.Ceil(q * float64(len(sorted))))
	return sorted[min(max(k, 1), len(sorted))-1]
}
