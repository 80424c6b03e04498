package monitor

import est "hotmess/estimate"

// The regressors of the fit, by index.
const (
	regressorOne = iota
	regressorReasoning
	regressorContext
	regressorCount
)

// A SlopeReport answers whether the disagreement goes with the reasoning or
// with the context: how much it rises per doubling of the one at the same
// length of the other. It is the linear fit D ~ 1 + log2 bin of reasoning tokens
// + log2 bin of context tokens over the pairs of a window, each weighed by the
// inverse of its inclusion probability, with intervals that are robust against
// dependence within conversations. A slope of .03 is 3 points of D per
// doubling. It says what goes together on this traffic, not why.
type SlopeReport struct {
	// Reasoning and Context are D per doubling; N counts pairs, Clusters
	// conversations. They are absent below 10 conversations, where a length
	// is the same bin throughout, and where the two lengths move as one.
	Reasoning est.Figure `json:"reasoning"`
	Context   est.Figure `json:"context"`
}

// slopes fits the moments of a window.
func (m *moments) slopes() SlopeReport {
	if why := m.flat(); why != "" {
		f := est.Figure{Absent: why, AbsentRange: why, N: m.Pairs, Clusters: m.G}
		return SlopeReport{Reasoning: f, Context: f}
	}
	coef, _ := est.OLSFromMoments(m.floats())
	return SlopeReport{Reasoning: coef[regressorReasoning], Context: coef[regressorContext]}
}

// Why slopes are absent beside the reasons of estimate.
const (
	// AbsentOneReasoning: all pairs are in one bin of reasoning tokens.
	AbsentOneReasoning = "one_reasoning_length"
	// AbsentOneContext: all pairs are in one bin of context tokens.
	AbsentOneContext = "one_context_length"
	// AbsentLengthsUnknown: no pair has both lengths.
	AbsentLengthsUnknown = "lengths_unknown"
)

// flat says why no slope can be fitted; empty if one may. Below
// est.MinClusters a fit would pass for more than it is.
func (m *moments) flat() string {
	s := m.Sum
	const w = jointWeight
	switch {
	case m.Pairs == 0:
		return AbsentLengthsUnknown
	case m.G < est.MinClusters:
		return AbsentFewConversations
	case level(s[w], s[w+regressorReasoning], s[w+3]):
		return AbsentOneReasoning
	case level(s[w], s[w+regressorContext], s[w+5]):
		return AbsentOneContext
	}
	return ""
}

// level is whether a regressor has no variance: Σw·Σwz² = (Σwz)².
func level(w, wz, wzz int64) bool {
	return product(w, wzz) == product(wz, wz)
}

// floats are the moments as estimate takes them.
func (m *moments) floats() est.Moments {
	f := est.NewMoments(regressorCount)
	f.N, f.G = m.Pairs, m.G
	for i, s := range m.Sum {
		f.Sum[i] = float64(s)
	}
	for i, c := range m.Cross {
		f.Products[i] = c.float()
	}
	return f
}
