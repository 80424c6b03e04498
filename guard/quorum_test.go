package guard_test

import (
	"testing"

	"hotmess/config"
	"hotmess/guard"
)

func TestVerdicts(t *testing.T) {
	const low, medium, high = config.RiskLow, config.RiskMedium, config.RiskHigh
	for _, tt := range []struct {
		risk     string
		pro, con int
		want     guard.Verdict
	}{
		{high, 1, 0, guard.Undecided},
		{high, 3, 0, guard.Undecided},
		{high, 4, 0, guard.Agreed},
		{high, 3, 1, guard.Split},
		{high, 1, 1, guard.Split},
		// Beta: 4 to 0, 6 to 1 and 8 to 2 pass .95, and the last are ten votes.
		{medium, 3, 0, guard.Undecided},
		{medium, 4, 0, guard.Agreed},
		{medium, 5, 1, guard.Undecided},
		{medium, 6, 1, guard.Agreed},
		{medium, 6, 2, guard.Split},
		{medium, 1, 2, guard.Split},
		{low, 3, 0, guard.Agreed},
		{low, 2, 0, guard.Undecided},
		{low, 4, 1, guard.Agreed},
		{low, 6, 3, guard.Agreed},
		{low, 5, 3, guard.Undecided},
		{low, 5, 4, guard.Split},
		{low, 1, 3, guard.Undecided},
		{low, 1, 4, guard.Split},
	} {
		if got := (guard.Tally{For: tt.pro, Against: tt.con}).Judge(tt.risk); got != tt.want {
			t.Errorf("%s %d:%d is %v, want %v", tt.risk, tt.pro, tt.con, got, tt.want)
		}
	}
}

// Whatever came before, so many against a proposal end its quorum, and one less
// does not: docs/guard.md has these numbers.
func TestSoManyAgainstAProposalAreASplit(t *testing.T) {
	for risk, enough := range map[string]int{config.RiskHigh: 1, config.RiskMedium: 2, config.RiskLow: 4} {
		for pro := 1; pro+enough <= guard.MaxVotes; pro++ {
			if (guard.Tally{For: pro, Against: enough - 1}).Judge(risk) == guard.Agreed {
				break
			}
			if got := (guard.Tally{For: pro, Against: enough}).Judge(risk); got != guard.Split {
				t.Errorf("%s %d:%d is %v, not split", risk, pro, enough, got)
			}
			if got := (guard.Tally{For: pro, Against: enough - 1}).Judge(risk); got != guard.Undecided {
				t.Errorf("%s %d:%d is %v, not undecided", risk, pro, enough-1, got)
			}
		}
	}
}

// A vote may have more samples than a quorum asks for: all of them count.
func TestMoreVotesThanAskedForAreJudged(t *testing.T) {
	for _, tt := range []struct {
		risk     string
		pro, con int
		want     guard.Verdict
	}{
		{config.RiskHigh, 32, 0, guard.Agreed},
		{config.RiskHigh, 31, 1, guard.Split},
		{config.RiskMedium, 18, 7, guard.Agreed},
		{config.RiskMedium, 9, 6, guard.Split},
		{config.RiskLow, 7, 4, guard.Agreed},
		{config.RiskLow, 7, 5, guard.Split},
		{config.RiskLow, 1, 12, guard.Split},
	} {
		if got := (guard.Tally{For: tt.pro, Against: tt.con}).Judge(tt.risk); got != tt.want {
			t.Errorf("%s %d:%d is %v, want %v", tt.risk, tt.pro, tt.con, got, tt.want)
		}
	}
}

func TestNoMoreSamplesAreWantedThanMayDecide(t *testing.T) {
	for _, tt := range []struct {
		risk         string
		pro, con, is int
	}{
		{config.RiskHigh, 1, 0, 3},
		{config.RiskMedium, 1, 0, 3},
		{config.RiskMedium, 3, 1, 3},
		{config.RiskLow, 1, 0, 2},
		{config.RiskLow, 1, 1, 3},
	} {
		tally := guard.Tally{For: tt.pro, Against: tt.con}
		if got := tally.Wanted(tt.risk); got != tt.is {
			t.Errorf("%s %d:%d wants %d, want %d", tt.risk, tt.pro, tt.con, got, tt.is)
		}
	}
}

// Every course of votes ends with a verdict, at the latest with MaxVotes.
func TestEveryQuorumEnds(t *testing.T) {
	for _, risk := range []string{config.RiskLow, config.RiskMedium, config.RiskHigh} {
		for votes := range 1 << (guard.MaxVotes - 1) {
			tally := guard.Tally{For: 1}
			for i := 0; tally.Judge(risk) == guard.Undecided; i++ {
				if i >= guard.MaxVotes-1 {
					t.Fatalf("%s: undecided at %+v", risk, tally)
				}
				if votes>>i&1 == 1 {
					tally.For++
				} else {
					tally.Against++
				}
			}
		}
	}
}
