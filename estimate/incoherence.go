package estimate

import "math"

// Incoherence is Σ variance / Σ error over questions (paper eq. 2), the share
// of the error that a rerun could fix, 0..1. errors counts the wrong samples.
// It is absent below MinQuestions questions or MinErrors errors.
//
// It is a ratio of sums of unbiased parts: the mean of ratios has another
// target, and a bias that more questions do not cure. The interval is the
// linearised one on the logit scale, ln(variance/bias²), which keeps it within
// 0..1. Most of the error often lies in few questions, so t has as many
// degrees of freedom as the effective number of clusters, less one; with all
// G, a nominal 95 % interval covers 86 % at 20 questions of accuracy .8, and
// with these 89 %. The value is clipped, its parts are not.
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
	f := figure(s.X/s.N, requests, s.G)
	if f.Value == nil {
		return f
	}
	half, why := halfWidth(s, squares, MinClusters)
	i := *f.Value
	switch {
	case why == AbsentNoSpread && s.X == 0:
		// The standard error is 0, which would claim certainty.
		return f.between(0, OneSided(s.effective()))
	case why != "":
		return f.unranged(why).Clip(0, 1)
	case i <= 0 || i >= 1:
		return f.between(i-half, i+half).Clip(0, 1)
	}
	half /= i * (1 - i) // of the logit
	logit := math.Log(i / (1 - i))
	return f.between(sigmoid(logit-half), sigmoid(logit+half))
}

// effective is the effective number of clusters by their weight in the
// denominator, (Σn)²/Σn² (Kish 1965): at most the number of those with any.
func (s Sums) effective() float64 {
	if s.NN <= 0 {
		return float64(s.G)
	}
	return math.Min(float64(s.G), s.N/s.NN*s.N)
}

// degrees are those of freedom: one less than the clusters that count. What is a
// whole number but for rounding is taken as that.
func (s Sums) degrees() int64 { return int64(s.effective()+1e-6) - 1 }

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// WithinShare is W = 1 − ICC, 0..1: how much of the spread of right and wrong
// lies within questions,
//
//	W = mean p(1−p) / (p̄(1−p̄)),
//
// with p the accuracy of a question, p(1−p) unbiased, and p̄ the mean accuracy.
// Unlike incoherence, which for pass/fail is p̄·W, it does not rise with
// accuracy as such. Questions with fewer than two samples are left out. It is
// absent where fewer than MinErrors samples are wrong, or right. The interval is
// linearised over questions.
func WithinShare(questions []Counts) Figure {
	var s WithinSums
	rights, wrongs := 0, 0
	for _, c := range questions {
		n, ok := c.valid()
		if !ok {
			return absent(AbsentInvalid, int64(len(questions)), int64(len(questions)))
		}
		if p, v, ok := c.Within(); ok {
			s.add(p, v)
			rights, wrongs = rights+c.right(), wrongs+n-c.right()
		}
	}
	if few := min(rights, wrongs); few > 0 && few < MinErrors {
		return absent(AbsentFewErrors, s.G, s.G)
	}
	return WithinShareFromSums(s, MinClusters)
}

// add counts a question that is a cluster of its own.
func (s *WithinSums) add(p, v float64) {
	s.G++
	s.N, s.P, s.V = s.N+1, s.P+p, s.V+v
	s.NN, s.NP, s.NV = s.NN+1, s.NP+p, s.NV+v
	s.PP, s.PV, s.VV = s.PP+p*p, s.PV+p*v, s.VV+v*v
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
