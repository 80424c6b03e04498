package estimate

import "math"

// Incoherence is Σ variance / Σ error over questions (paper eq. 2), the share
// of the error that a rerun could fix, 0..1. errors counts the wrong samples.
// It is absent below MinQuestions questions or MinErrors errors.
//
// It is a ratio of sums of unbiased parts: the mean of ratios has another
// target, and a bias that more questions do not cure. The interval is the
// linearised one on the logit scale, ln(variance/bias²), which keeps it within
// 0..1. The value is clipped, its parts are not.
func Incoherence(questions []Scores, errors int) Figure {
	clusters := make([]Pair, len(questions))
	for i, q := range questions {
		if !q.finite() {
			return absent(AbsentNotFinite, int64(len(questions)), int64(len(questions)))
		}
		clusters[i] = Pair{Num: q.Variance, Den: q.Error}
	}
	s, why := sumsOf(clusters)
	if why != "" {
		return absent(why, int64(len(questions)), int64(len(questions)))
	}
	return incoherence(s, residuals(clusters, s), s.G, int64(errors))
}

// IncoherenceFromSums is Incoherence from merged sums over clusters with
// variance x and error n (in any common unit). requests counts what was
// labelled, errors the wrong samples among it. It is the live form: with
// nothing but the primary labelled, x is ΣD and n is 2·Σ1{wrong}.
func IncoherenceFromSums(s Sums, requests, errors int64) Figure {
	if why := s.refuse(); why != "" {
		return absent(why, requests, s.G)
	}
	return incoherence(s, s.residuals(), requests, errors)
}

func incoherence(s Sums, squares float64, requests, errors int64) Figure {
	switch {
	case requests < MinQuestions:
		return absent(AbsentFewQuestions, requests, s.G)
	case errors < MinErrors:
		return absent(AbsentFewErrors, requests, s.G)
	}
	f := ratio(s, squares, MinClusters)
	f.N = requests
	if f.Value == nil || f.Low == nil {
		return zeroVariance(f, s)
	}
	i := *f.Value
	if i <= 0 || i >= 1 {
		return f.Clip(0, 1)
	}
	half := (*f.High - *f.Low) / 2 / (i * (1 - i)) // of the logit
	logit := math.Log(i / (1 - i))
	return f.between(sigmoid(logit-half), sigmoid(logit+half))
}

// zeroVariance gives a range to incoherence 0, where the standard error is 0:
// OneSided over the effective number of clusters with errors, (Σn)²/Σn² (Kish
// 1965), which is at most their number.
func zeroVariance(f Figure, s Sums) Figure {
	if f.Value == nil || f.AbsentRange != AbsentNoSpread || s.X != 0 {
		return f.Clip(0, 1)
	}
	return f.between(0, OneSided(s.N*s.N/s.NN))
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// WithinShare is W = 1 − ICC, 0..1: how much of the spread of right and wrong
// lies within questions,
//
//	W = mean p(1−p) / (p̄(1−p̄)),
//
// with p the accuracy of a question, p(1−p) unbiased, and p̄ the mean accuracy.
// Unlike incoherence, which for pass/fail is p̄·W, it does not rise with
// accuracy as such. Questions with fewer than two samples are left out. The
// interval is linearised over questions.
func WithinShare(questions []Counts) Figure {
	var p, v []float64
	for _, c := range questions {
		n, ok := c.valid()
		if !ok {
			return absent(AbsentInvalid, int64(len(questions)), int64(len(questions)))
		}
		if n < 2 {
			continue
		}
		k, m := float64(c.right()), float64(n)
		p = append(p, k/m)
		v = append(v, k*(m-k)/(m*(m-1)))
	}
	q := int64(len(p))
	if q == 0 {
		return absent(AbsentNone, 0, 0)
	}
	mean, within := mean(p), mean(v)
	all := mean * (1 - mean)
	if all == 0 {
		return absent(AbsentZero, q, q)
	}
	w := within / all
	// W ± t·se with the first-order terms of W in the two means.
	squares := 0.0
	for i := range p {
		d := (v[i] - within - w*(1-2*mean)*(p[i]-mean)) / all
		squares += d * d
	}
	if squares < noise*noise*float64(q) {
		squares = 0
	}
	f := figure(w, q, q)
	half, why := halfWidth(Sums{N: float64(q), G: q}, squares, MinClusters)
	if why != "" {
		return f.unranged(why).Clip(0, 1)
	}
	return f.between(w-half, w+half).Clip(0, 1)
}

func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

// Lapse is how often a question that is otherwise answered right is answered
// wrong, 0..1: of the samples whose fellows' mode is right, the share that is
// wrong. The sample itself is left out of the mode, or it would vote for its
// own excuse. Modes that tie count in equal parts. Questions with fewer than
// two samples have no fellows. Clusters are questions.
func Lapse(questions []Counts) Figure {
	var clusters []Pair
	for _, c := range questions {
		if _, ok := c.valid(); !ok {
			return absent(AbsentInvalid, int64(len(questions)), int64(len(questions)))
		}
		wrong, of, ok := c.Lapses()
		if !ok {
			continue
		}
		clusters = append(clusters, Pair{Num: wrong, Den: of})
	}
	return ShareOf(clusters, MinClusters)
}

// without is the counts less one sample of a class.
func (c Counts) without(class int) Counts {
	rest := append([]int{}, c.N...)
	rest[class]--
	return Counts{N: rest, Right: c.Right}
}
