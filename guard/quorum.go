package guard

import (
	"hotmess/config"
	"hotmess/estimate"
)

const (
	// MaxVotes is the most samples that one quorum counts.
	MaxVotes = 9
	// lead is that of config.RiskLow (ahead by k, arXiv 2511.09030).
	lead = 3
	// sure is the posterior of config.RiskMedium that an action is what most
	// samples propose (arXiv 2305.11860).
	sure = 0.95
	// unanimous is how many propose it for config.RiskHigh.
	unanimous = 4
)

// A Tally counts the samples of a quorum. The proposal itself is one for it.
type Tally struct{ For, Against int }

// A Verdict is what a tally shows.
type Verdict int

// The verdicts.
const (
	Undecided Verdict = iota
	Agreed
	Split
)

// Judge gives the verdict at a level of risk. A quorum that MaxVotes samples
// cannot bring any more is split: with one against the proposal at RiskHigh, two
// at RiskMedium, four at RiskLow.
func (t Tally) Judge(risk string) Verdict {
	atBest := Tally{For: MaxVotes - t.Against, Against: t.Against}
	switch {
	case t.agreed(risk):
		return Agreed
	case !atBest.agreed(risk):
		return Split
	}
	return Undecided
}

func (t Tally) agreed(risk string) bool {
	switch risk {
	case config.RiskLow:
		return estimate.Evidence{Ahead: lead}.Leads(t.For, t.Against)
	case config.RiskMedium:
		return estimate.Evidence{Confidence: sure}.Confident(t.For, t.Against)
	}
	return t.Against == 0 && t.For >= unanimous
}

// Wanted is the fewest more samples that may bring an undecided quorum: all of
// them have to be for it.
func (t Tally) Wanted(risk string) int {
	n := 1
	for n < MaxVotes && !(Tally{t.For + n, t.Against}.agreed(risk)) {
		n++
	}
	return n
}
