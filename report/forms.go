package report

import "hotmess/estimate"

// paperSamples is the fewest samples of a question for the paper's KL form.
const paperSamples = 30

// absentFewSamples is the reason of the KL form below paperSamples.
const absentFewSamples = "fewer_than_30_samples"

// Forms are other forms of the same decomposition, and companions that do not
// move with accuracy.
type Forms struct {
	// ZeroOneBias and ZeroOneVariance are the means of the 0/1 form
	// (paper eq. 4); their sum is 1 - accuracy. Variance may be negative.
	ZeroOneBias     estimate.Figure `json:"zero_one_bias"`
	ZeroOneVariance estimate.Figure `json:"zero_one_variance"`
	// KL is the incoherence in the paper's main form, of answers that are one
	// class with certainty: Σ(1-p_mode)/Σ(1-p_right). It is given at the
	// paper's 30 samples and above; KLSmallN is the same at fewer, biased low.
	KL       estimate.Figure `json:"incoherence_kl"`
	KLSmallN *float64        `json:"incoherence_kl_biased,omitempty"`
	// WithinShare is W = 1 - ICC: the share of the spread of right and wrong
	// that lies within questions.
	WithinShare estimate.Figure `json:"within_share"`
	// LapseRate is the share of wrong runs among those whose question's other
	// runs are right by their mode.
	LapseRate estimate.Figure `json:"lapse_rate"`
}

// forms computes them.
func forms(items []item) Forms {
	var bias, variance []float64
	var kl []estimate.Scores
	errors := 0
	counts := make([]estimate.Counts, 0, len(items))
	fewest := 0
	for i := range items {
		n := items[i].counts
		counts = append(counts, estimate.Counts{N: n, Right: rightClass})
		if b, v, ok := estimate.ZeroOne(n, rightClass); ok {
			bias, variance = append(bias, b), append(variance, v)
		}
		if e, b, v, ok := estimate.KL(n, rightClass); ok {
			kl = append(kl, estimate.Scores{Error: e, Bias2: b, Variance: v})
		}
		errors += items[i].errors
		if i == 0 || items[i].samples < fewest {
			fewest = items[i].samples
		}
	}
	f := Forms{
		ZeroOneBias: estimate.MeanOf(bias).Clip(0, 1), ZeroOneVariance: estimate.MeanOf(variance),
		KL: estimate.Incoherence(kl, errors), WithinShare: estimate.WithinShare(counts), LapseRate: estimate.Lapse(counts),
	}
	if fewest < paperSamples {
		f.KLSmallN = f.KL.Value
		f.KL = estimate.Figure{Absent: absentFewSamples, AbsentRange: absentFewSamples, N: f.KL.N, Clusters: f.KL.Clusters}
	}
	return f
}
