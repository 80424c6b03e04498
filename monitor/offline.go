package monitor

import (
	"cmp"
	"fmt"
	"slices"

	"hotmess/estimate"
)

// What follows is for reports over recorded observations: the same rules that
// live figures go by.

// Eligible is whether the request could have been measured had it been drawn:
// the base of the measured share and of what figures stand for.
func Eligible(o *Observation) bool { return eligible(o) }

// Weight is how many requests a drawn one stands for: the inverse of the
// probability with which it was drawn, 1 or more.
func Weight(o *Observation) float64 { return float64(weightOf(o.Inclusion)) / weightOne }

// LengthNames are the names of the lengths of a pair, in the order of
// PairLengths.
func LengthNames() [lengthCount]string {
	return [lengthCount]string{"reasoning_tokens", "output_tokens", "context_tokens", "actions"}
}

// PairLengths are the lengths of the measured pair, in tokens and in actions;
// -1 where one is unknown. Reasoning and output are means of samples 0 and 1.
func PairLengths(o *Observation) [lengthCount]int { return pairLengthsOf(o) }

// A Graded is what labels say of one observation. What they do not say is nil.
type Graded struct {
	// Accuracy is of the reply that the client got, 0..1.
	Accuracy *float64
	// Scores are of the measured samples: Brier units, or coverage error where
	// Tests is set.
	Scores *estimate.Scores
	Tests  bool
	// Lapses has the samples whose fellows' mode is right as Den, and those of
	// them that are wrong as Num.
	Lapses *estimate.Pair
}

// Grade grades an observation by all labels of its request, the later of two
// that contradict each other being the one that counts. Labels that do not fit
// the observation are left out and come back as errors. A label with an
// Answer has no key to be compared by, so it is one of those.
func Grade(o *Observation, labels []Label) (Graded, []error) {
	var v verdicts
	var refused []error
	sorted := slices.Clone(labels)
	slices.SortStableFunc(sorted, func(a, b Label) int { return cmp.Compare(a.Time.UnixNano(), b.Time.UnixNano()) })
	for _, l := range sorted {
		if l.Answer != "" {
			refused = append(refused, badLabel("answer", "only the sidecar that sealed the samples can compare it; it keeps labels with a key in its place"))
			continue
		}
		next, _, err := v.with(o, l)
		if err != nil {
			refused = append(refused, fmt.Errorf("%w: %w", errLabel, err))
			continue
		}
		v = next
	}
	g := Graded{Tests: v.Key == "" && len(v.Tests) > 0}
	weight := float64(weightOf(o.Inclusion)) * gradeScale
	for _, p := range grade(o, v) {
		switch p.Cell {
		case cellAccuracy:
			share := float64(p.Z[1]) / gradeScale
			g.Accuracy = &share
		case cellScores:
			err, variance := float64(p.Z[1])/weight, float64(p.Z[2])/weight
			g.Scores = &estimate.Scores{Error: err, Bias2: err - variance, Variance: variance}
		case cellLapse:
			g.Lapses = &estimate.Pair{Num: float64(p.Z[1]) / weight, Den: float64(p.Z[0]) / weight}
		}
	}
	return g, refused
}
