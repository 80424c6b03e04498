package estimate

import "math"

// Smoothing is the paper's d: what is added to every probability before its
// logarithm is taken.
const Smoothing = 1e-12

// modes lists the classes with the most samples, and how many those are.
func modes(counts []int) (classes []int, most int) {
	for c, n := range counts {
		switch {
		case n == 0 || n < most:
		case n > most:
			most, classes = n, []int{c}
		default:
			classes = append(classes, c)
		}
	}
	return classes, most
}

// ZeroOne is the 0/1 decomposition of one question (paper eq. 4, Domingos
// 2000): bias is 1 if the mode is wrong, and bias + variance is the share of
// samples that are wrong. With the mode right, variance is 1 − p_mode; with
// the mode wrong it lowers the error and is −p_right, which is a·(1 − p_mode)
// with a = −p_right/(1 − p_mode): the paper's a = −1 holds for two classes
// only. Several modes count in equal parts. Since a belongs to the question,
// there is no 0/1 incoherence. ok is false without a sample.
func ZeroOne(counts []int, right int) (bias, variance float64, ok bool) {
	c := Counts{N: counts, Right: right}
	share, ok := c.Accuracy()
	if !ok {
		return 0, 0, false
	}
	bias = 1 - modeRight(c)
	return bias, 1 - share - bias, true
}

// modeRight is the probability that the mode, drawn among equals, is right.
func modeRight(c Counts) float64 {
	tied, most := modes(c.N)
	if c.Right < 0 || most == 0 || c.N[c.Right] != most {
		return 0
	}
	return 1 / float64(len(tied))
}

// KL is the paper's main form for answers that are one class with certainty
// (paper eq. 1), to the leading order in L = −ln d and in units of it:
//
//	err = 1 − p_right,  bias2 = p_mode − p_right,  variance = 1 − p_mode.
//
// Incoherence in this form is Σ variance / Σ err: the runs that leave the
// mode over those that miss the right class. 1 − p_mode is biased low at small
// N, so this form is for comparison with the paper at N ≥ 30. KLSmoothed is
// the same without leaving small terms out.
func KL(counts []int, right int) (err, bias2, variance float64, ok bool) {
	c := Counts{N: counts, Right: right}
	share, ok := c.Accuracy()
	if !ok {
		return 0, 0, 0, false
	}
	n, _ := total(counts)
	_, most := modes(counts)
	mode := float64(most) / float64(n)
	return 1 - share, mode - share, 1 - mode, true
}

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
