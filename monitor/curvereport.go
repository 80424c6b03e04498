package monitor

import (
	"math"

	"hotmess/estimate"
)

// A CurveReport is the disagreement of a series against one length.
type CurveReport struct {
	// Length is reasoning_tokens, output_tokens, context_tokens or actions.
	Length string `json:"length"`
	// Bins are those that hold a pair, from short to long.
	Bins []CurveBin `json:"bins"`
}

// A CurveBin is the disagreement of the pairs whose length falls into one log2
// bin.
type CurveBin struct {
	// Low and High are the smallest and largest length of the bin; High is
	// absent in the last one, which is open.
	Low  int64  `json:"low"`
	High *int64 `json:"high,omitempty"`
	// Disagreement is D, 0..1; N counts pairs, Clusters conversations.
	Disagreement estimate.Figure `json:"disagreement"`
}

// report gives the four curves of a window.
func (s *curveSums) report() []CurveReport {
	all := make([]CurveReport, lengthCount)
	for i, name := range LengthNames() {
		all[i] = CurveReport{Length: name, Bins: []CurveBin{}}
	}
	for _, c := range s.Cells {
		low, high := binEdges(c.Cell.bin())
		b := CurveBin{Low: low, Disagreement: c.figure()}
		if high != math.MaxInt64 {
			b.High = &high
		}
		curve := &all[c.Cell.length()]
		curve.Bins = append(curve.Bins, b)
	}
	return all
}

// figure is D of the sums with its interval.
func (s sums) figure() estimate.Figure {
	f := estimate.ShareFromSums(s.floats(), estimate.MinClusters)
	f.N = s.Pairs
	return ofConversations(f)
}
