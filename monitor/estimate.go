package monitor

import "hotmess/estimate"

// Why a figure of an Estimate is absent.
const (
	// AbsentNoPairs: nothing was measured in the window.
	AbsentNoPairs = "no_pairs"
	// AbsentFewConversations: fewer than 10 conversations.
	AbsentFewConversations = "fewer_than_10_conversations"
	// AbsentNoSpread: all conversations show the very same share between 0
	// and 1, so nothing can be said about how much they vary.
	AbsentNoSpread = "no_spread"
	// AbsentFewRequests: fewer than 20 labelled requests.
	AbsentFewRequests = "fewer_than_20_requests"
)

// ofConversations says in a figure's reasons what its clusters are here,
// conversations, and what its questions, requests.
func ofConversations(f estimate.Figure) estimate.Figure {
	for _, reason := range []*string{&f.Absent, &f.AbsentRange} {
		switch *reason {
		case estimate.AbsentFew(estimate.MinClusters):
			*reason = AbsentFewConversations
		case estimate.AbsentFewQuestions:
			*reason = AbsentFewRequests
		}
	}
	return f
}

// An Estimate is the disagreement D of a series over a window, with what it
// rests on: the share of pairs that differ, each weighed by the inverse of the
// probability with which it was drawn. What cannot be computed is nil, and a
// reason says why.
type Estimate struct {
	// Value is D, 0..1.
	Value *float64 `json:"value,omitempty"`
	// Low and High are the 95 % interval of D, robust against dependence
	// within conversations, 0..1.
	Low  *float64 `json:"low,omitempty"`
	High *float64 `json:"high,omitempty"`
	// Absent says why Value is nil, AbsentRange why Low and High are.
	Absent      string `json:"absent,omitempty"`
	AbsentRange string `json:"absent_range,omitempty"`
	// Pairs counts the measured pairs, Conversations the clusters.
	Pairs         int64 `json:"pairs"`
	Conversations int64 `json:"conversations"`
	// Eligible, Drawn and Measured count requests of the window.
	Eligible int64 `json:"eligible"`
	Drawn    int64 `json:"drawn"`
	Measured int64 `json:"measured"`
	// MeasuredShare is measured / drawn, 0..1; absent if none was drawn.
	MeasuredShare *float64 `json:"measured_share,omitempty"`
	// Coverage is measured / eligible, 0..1; absent if none was eligible.
	Coverage *float64 `json:"coverage,omitempty"`
	// IfAgreed and IfDiffered are D had every drawn but unmeasured request
	// agreed, or differed.
	IfAgreed   *float64 `json:"if_agreed,omitempty"`
	IfDiffered *float64 `json:"if_differed,omitempty"`
}

// estimateOf computes all of an Estimate from sufficient statistics, x and n
// being weights.
func estimateOf(s sums, t tally) Estimate {
	e := Estimate{
		Pairs: s.Pairs, Conversations: s.G,
		Eligible: t.Eligible, Drawn: t.Drawn, Measured: t.Measured,
		MeasuredShare: ratio(t.Measured, t.Drawn), Coverage: ratio(t.Measured, t.Eligible),
	}
	e.IfAgreed = ratio(s.X, s.N+t.Missing)
	e.IfDiffered = ratio(s.X+t.Missing, s.N+t.Missing)
	d := estimate.ShareFromSums(s.floats(), estimate.MinClusters)
	e.Value, e.Low, e.High = d.Value, d.Low, d.High
	switch {
	case d.Value == nil:
		e.Absent, e.AbsentRange = AbsentNoPairs, AbsentNoPairs
	case s.G < estimate.MinClusters:
		e.AbsentRange = AbsentFewConversations
	case d.Low == nil:
		e.AbsentRange = AbsentNoSpread
	}
	return e
}

// floats is the form that formulas take. Up to 2^53 it is exact.
func (s sums) floats() estimate.Sums {
	return estimate.Sums{
		X: float64(s.X), N: float64(s.N), G: s.G,
		XX: float64(s.XX), XN: float64(s.XN), NN: float64(s.NN),
	}
}

// ratio is a/b, or nil where b is 0.
func ratio(a, b int64) *float64 {
	if b == 0 {
		return nil
	}
	r := float64(a) / float64(b)
	return &r
}
