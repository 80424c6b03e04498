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
		// Beta: 4 against 0, 6 against 1, 8 against 2 pass .95 (measurement.md §5);
		// nine samples never bring it once three are against.
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
