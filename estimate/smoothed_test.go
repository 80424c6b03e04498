package estimate

import "math"

// Smoothing is the paper's d: what is added to every probability before its
// logarithm is taken.
const Smoothing = 1e-12

// KLSmoothed is the paper's decomposition by its definition, in nats, with
// Smoothing: with f the smoothed one-hot answer of a run and f̄ the normalised
// geometric mean of all,
//
//	err = mean CE(y, f),  bias2 = KL(y ‖ f̄),  variance = mean KL(f̄ ‖ f).
//
// Classes that were offered but never given belong into counts as 0: they are
// options in the paper's sense.
func KLSmoothed(counts []int, right int) (err, bias2, variance float64, ok bool) {
	c := Counts{N: counts, Right: right}
	n, ok := c.valid()
	if !ok || n == 0 {
		return 0, 0, 0, false
	}
	if right < 0 {
		counts, right = append(append([]int{}, counts...), 0), len(counts)
	}
	norm := 1 + float64(len(counts))*Smoothing
	hit, miss := math.Log((1+Smoothing)/norm), math.Log(Smoothing/norm)
	logs := make([]float64, len(counts)) // ln of the geometric mean
	for k, m := range counts {
		p := float64(m) / float64(n)
		logs[k] = p*hit + (1-p)*miss
	}
	z := logSum(logs)
	err, bias2 = -logs[right], z-logs[right]
	// mean over runs of KL(f̄ ‖ f) = Σ f̄ (ln f̄ − mean ln f) = −ln Z.
	return err, bias2, math.Max(0, -z), true
}

// logSum is ln Σ exp.
func logSum(logs []float64) float64 {
	top := math.Inf(-1)
	for _, l := range logs {
		top = math.Max(top, l)
	}
	sum := 0.0
	for _, l := range logs {
		sum += math.Exp(l - top)
	}
	return top + math.Log(sum)
}
