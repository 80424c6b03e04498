package estimate

// Counts are the answers to one question by class.
type Counts struct {
	// N counts the samples of each class.
	N []int
	// Right is the index of the right class, -1 if nobody gave it.
	Right int
	// Silent counts samples beside those of N that gave no answer. They are drawn
	// for a vote like the others, and do not vote; nothing else counts them.
	Silent int
}

// total is the number of samples; ok is false if a count is negative.
func total(counts []int) (n int, ok bool) {
	for _, c := range counts {
		if c < 0 {
			return 0, false
		}
		n += c
	}
	return n, true
}

// valid is whether the counts are counts and Right is a class or -1.
func (c Counts) valid() (n int, ok bool) {
	n, ok = total(c.N)
	return n, ok && c.Right >= -1 && c.Right < len(c.N) && c.Silent >= 0
}

// right is how many samples are right.
func (c Counts) right() int {
	if c.Right < 0 {
		return 0
	}
	return c.N[c.Right]
}

// Accuracy is the share of samples that are right, 0..1; ok is false without
// a sample.
func (c Counts) Accuracy() (share float64, ok bool) {
	n, ok := c.valid()
	if !ok || n == 0 {
		return 0, false
	}
	return float64(c.right()) / float64(n), true
}

// Disagreement is the share of pairs of samples that differ, 0..1:
//
//	D = 1 − Σ n(n−1) / (N(N−1)),
//
// unbiased for 1 − Σp², the probability that two samples differ, from N = 2
// on. ok is false below.
func Disagreement(counts []int) (d float64, ok bool) {
	n, ok := total(counts)
	if !ok || n < 2 {
		return 0, false
	}
	differ := 0.0
	for _, c := range counts {
		differ += float64(c) * float64(n-c)
	}
	return differ / (float64(n) * float64(n-1)), true
}

// Scores are the parts of the squared error of one question: Error = Bias2 +
// Variance. All three are unbiased and none is clipped, so Bias2 of a single
// question may be negative. The unit is the Brier score's: 0..2 for one-hot
// answers and probabilities, 0..1 for test outcomes.
type Scores struct {
	Error    float64 `json:"error"`
	Bias2    float64 `json:"bias2"`
	Variance float64 `json:"variance"`
}

// scores fills in the bias. Error − Variance is ‖y − mean‖² − Variance/N.
func scores(err, variance float64) Scores {
	return Scores{Error: err, Bias2: err - variance, Variance: variance}
}

func (s Scores) finite() bool { return finite(s.Error, s.Bias2, s.Variance) }

// OneHot scores answers by class, each sample being its class with certainty
// (paper §A, Brier form):
//
//	Error = 2(1 − p_right),  Variance = D,  Bias2 = Error − Variance.
//
// right is the index of the right class, -1 if nobody gave it. ok is false
// below two samples.
func OneHot(counts []int, right int) (s Scores, ok bool) {
	c := Counts{N: counts, Right: right}
	if _, ok := c.valid(); !ok {
		return Scores{}, false
	}
	d, ok := Disagreement(counts)
	if !ok {
		return Scores{}, false
	}
	share, _ := c.Accuracy()
	return scores(2*(1-share), d), true
}

// Outcomes scores runs × tests with the target that every test passes (paper
// §B.3, coverage error), 0..1, as means over tests:
//
//	Error = 1 − ȳ,  Variance = R/(R−1) · ȳ(1−ȳ).
//
// ok is false below two runs, without a test, or with runs of other lengths.
func Outcomes(runs [][]bool) (s Scores, ok bool) {
	if len(runs) < 2 || len(runs[0]) == 0 {
		return Scores{}, false
	}
	tests, r := len(runs[0]), float64(len(runs))
	passed := make([]int, tests)
	for _, run := range runs {
		if len(run) != tests {
			return Scores{}, false
		}
		for j, pass := range run {
			if pass {
				passed[j]++
			}
		}
	}
	var err, variance float64
	for _, k := range passed {
		mean := float64(k) / r
		err += 1 - mean
		variance += r / (r - 1) * mean * (1 - mean)
	}
	return scores(err/float64(tests), variance/float64(tests)), true
}

// Vectors scores elicited probabilities, one vector over the classes for each
// run (paper §A, Brier form):
//
//	Error = mean ‖y − f‖²,  Variance = Σ ‖f − mean‖² / (N−1).
//
// right is the index of the right class, -1 if it is none of them. ok is false
// below two runs, with vectors of other lengths, or with a number that is not
// finite.
func Vectors(runs [][]float64, right int) (s Scores, ok bool) {
	if len(runs) == 0 || right < -1 || right >= len(runs[0]) {
		return Scores{}, false
	}
	target := make([]float64, len(runs[0]))
	outside := 1.0 // the squared distance to a class that no vector has
	if right >= 0 {
		target[right], outside = 1, 0
	}
	err, variance, ok := spread(runs, target)
	if !ok {
		return Scores{}, false
	}
	return scores(err+outside, variance), true
}

// spread is the mean squared distance to a target, and the variance (N−1).
func spread(runs [][]float64, target []float64) (err, variance float64, ok bool) {
	if len(runs) < 2 || len(target) == 0 {
		return 0, 0, false
	}
	n := float64(len(runs))
	mean := make([]float64, len(target))
	for _, run := range runs {
		if len(run) != len(target) || !finite(run...) {
			return 0, 0, false
		}
		for k, v := range run {
			mean[k] += v / n
		}
	}
	for _, run := range runs {
		for k, v := range run {
			err += (v - target[k]) * (v - target[k]) / n
			variance += (v - mean[k]) * (v - mean[k]) / (n - 1)
		}
	}
	return err, variance, finite(err, variance)
}
