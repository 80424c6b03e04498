package monitor

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

const (
	// minConversations is the fewest conversations that an interval is given
	// for: below it a cluster-robust standard error is itself too uncertain.
	minConversations = 10
	// confidence is the level of every interval but the anytime-valid bound.
	confidence = 0.95
)

// Why a figure of an Estimate is absent.
const (
	// AbsentNoPairs: nothing was measured in the window.
	AbsentNoPairs = "no_pairs"
	// AbsentFewConversations: fewer than 10 conversations.
	AbsentFewConversations = "fewer_than_10_conversations"
	// AbsentNoSpread: all conversations show the very same share between 0
	// and 1, so nothing can be said about how much they vary.
	AbsentNoSpread = "no_spread"
)

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

// estimate computes all of an Estimate from sufficient statistics.
func estimate(s sums, t tally) Estimate {
	e := Estimate{
		Pairs: s.Pairs, Conversations: s.G,
		Eligible: t.Eligible, Drawn: t.Drawn, Measured: t.Measured,
		MeasuredShare: ratio(t.Measured, t.Drawn), Coverage: ratio(t.Measured, t.Eligible),
	}
	e.IfAgreed = ratio(s.X, s.N+t.Missing)
	e.IfDiffered = ratio(s.X+t.Missing, s.N+t.Missing)
	e.Value = ratio(s.X, s.N)
	if e.Value == nil {
		e.Absent, e.AbsentRange = AbsentNoPairs, AbsentNoPairs
		return e
	}
	low, high, absent := interval(s)
	e.AbsentRange = absent
	if absent == "" {
		e.Low, e.High = &low, &high
	}
	return e
}

// interval is the 95 % interval of D.
//
// x and n being weights, it is D ± t·se with the linearised standard error of a ratio of cluster
// totals (Cochran, Sampling Techniques, §2.11 and §6.3),
//
//	se² = G/(G−1) · Σ(x−Dn)² / (Σn)²,   Σ(x−Dn)² = Σx² − 2DΣxn + D²Σn²,
//
// and t the .975 quantile of Student's t with G−1 degrees of freedom, clipped
// to [0, 1]. At D = 0 and D = 1 that se is 0, which would claim certainty:
// there see oneSided.
func interval(s sums) (low, high float64, absent string) {
	if s.G < minConversations {
		return 0, 0, AbsentFewConversations
	}
	switch s.X {
	case 0:
		return 0, oneSided(s.G), ""
	case s.N:
		return 1 - oneSided(s.G), 1, ""
	}
	g, d := float64(s.G), float64(s.X)/float64(s.N)
	// The sum is taken over N² first: exact integers, one rounding.
	squares := residualSquares(s)
	if squares <= 0 {
		return 0, 0, AbsentNoSpread
	}
	se := math.Sqrt(g/(g-1)*squares) / float64(s.N)
	half := studentQuantile(s.G-1) * se
	return math.Max(0, d-half), math.Min(1, d+half), ""
}

// residualSquares is Σ(x−Dn)². It is 0 exactly when all conversations show
// the same share: rounding must not turn that into a tiny number, so the
// terms are rounded to the precision that they carry.
func residualSquares(s sums) float64 {
	d := float64(s.X) / float64(s.N)
	squares := float64(s.XX) - 2*d*float64(s.XN) + d*d*float64(s.NN)
	if squares < 1e-12*(float64(s.XX)+float64(s.NN)) {
		return 0
	}
	return squares
}

// oneSided is the exact upper limit p of a share of which none was seen in g
// conversations: (1−p)^g = 1 − confidence, about 3/g. It bounds the share of
// conversations that disagree at all, and with it D unless disagreeing
// conversations are longer than others.
func oneSided(g int64) float64 {
	return 1 - math.Pow(1-confidence, 1/float64(g))
}

func studentQuantile(degrees int64) float64 {
	return distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(degrees)}.Quantile((1 + confidence) / 2)
}

// ratio is a/b, or nil where b is 0.
func ratio(a, b int64) *float64 {
	if b == 0 {
		return nil
	}
	r := float64(a) / float64(b)
	return &r
}
