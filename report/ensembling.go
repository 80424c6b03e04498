package report

import (
	"slices"

	"hotmess/estimate"
)

// Why nothing is said about votes.
const (
	absentNoReference = "no_single_right_answer_that_votes_could_agree_on"
	absentOutcome     = "the_answers_are_outcomes_that_only_a_grader_knows"
	absentFew2E       = "needs_2E_samples"
	absentRuns        = "runs_of_an_agent_cannot_be_voted_on"
)

// voteSizes are the sizes of votes that are shown, up to the samples there are.
func voteSizes(most int) []int {
	var sizes []int
	for _, e := range []int{1, 2, 3, 4, 5, 8, 10, 16, 20, 32, 50, 64, 100} {
		if e <= most {
			sizes = append(sizes, e)
		}
	}
	return sizes
}

// outcomes are references that name an outcome and not an answer.
func outcomes() []string { return []string{"resolved", "passed", "pass", "solved", "success"} }

// votable says why answers cannot be voted on; empty if they can. Votes count
// answers that are the same, so there must be a single right one, and it must
// be an answer: agents' runs have none, and where the reference of every
// question is one and the same word of outcomes, the answers are a grader's.
func votable(items []item) (why string) {
	outcome := len(items) > 0
	for i := range items {
		q := items[i].q
		switch {
		case q.Runs:
			return absentRuns
		case !q.Known:
			return absentNoReference
		}
		outcome = outcome && q.Reference == items[0].q.Reference && slices.Contains(outcomes(), q.Reference)
	}
	if outcome {
		return absentOutcome
	}
	return ""
}

// Ensembling is what averaging and voting over E samples do to the terms
// (paper §3.3.2).
type Ensembling struct {
	Absent string `json:"absent,omitempty"`
	// Points are by E, over the questions that have the fewest samples of the
	// group or more.
	Points []EnsemblePoint `json:"points,omitempty"`
}

// An EnsemblePoint is one E.
type EnsemblePoint struct {
	E int `json:"e"`
	// Error, Bias2 and Variance are of the average of E samples (soft vote):
	// the variance falls as 1/E, bias² stays.
	Error    estimate.Figure `json:"soft_error"`
	Bias2    estimate.Figure `json:"soft_bias2"`
	Variance estimate.Figure `json:"soft_variance"`
	// Accuracy, HardError = 2(1 - accuracy) and HardVariance are of the answer
	// of most of E samples (hard vote). Samples without an answer do not vote.
	// HardVariance needs 2E samples.
	Accuracy     estimate.Figure `json:"hard_accuracy"`
	HardError    estimate.Figure `json:"hard_error"`
	HardVariance estimate.Figure `json:"hard_variance"`
}

// ballotOf gives the counts of answers; samples without one are silent.
func ballotOf(it *item) estimate.Counts {
	n := append([]int{}, it.counts...)
	silent := n[noneClass]
	n[noneClass] = 0
	return estimate.Counts{N: n, Right: rightClass, Silent: silent}
}

// fewestOf is the smallest number of samples of a question.
func fewestOf(items []item) int {
	fewest := 0
	for i := range items {
		if i == 0 || items[i].samples < fewest {
			fewest = items[i].samples
		}
	}
	return fewest
}

// ensembling computes the curve.
func ensembling(items []item) Ensembling {
	if why := votable(items); why != "" {
		return Ensembling{Absent: why}
	}
	if len(items) == 0 {
		return Ensembling{Absent: estimate.AbsentNone}
	}
	all, ballots := make([]estimate.Counts, len(items)), make([]estimate.Counts, len(items))
	for i := range items {
		all[i], ballots[i] = estimate.Counts{N: items[i].counts, Right: rightClass}, ballotOf(&items[i])
	}
	sizes := voteSizes(fewestOf(items))
	soft, hard := estimate.VoteCurve(all, sizes, true), estimate.VoteCurve(ballots, sizes, false)
	var e Ensembling
	for i, size := range sizes {
		p := EnsemblePoint{
			E: size, Error: soft[i].Error, Bias2: soft[i].Bias2, Variance: soft[i].Variance,
			Accuracy: hard[i].Accuracy, HardError: hard[i].Error, HardVariance: hard[i].Variance,
		}
		if p.HardVariance.Value == nil {
			p.HardVariance = absentFigure(absentFew2E, len(items))
		}
		e.Points = append(e.Points, p)
	}
	return e
}
