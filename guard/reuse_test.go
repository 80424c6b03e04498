package guard_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"hotmess/config"
	"hotmess/guard"
)

// A release is what a quorum lets through of an agent that proposes a wrong action
// with one probability, the right one else.
type release struct {
	// wrong and right are the probabilities that the action that is proposed is that
	// and has a quorum, winners that of a right proposal, asked the mean of the samples
	// that are asked for.
	wrong, right, winners, asked float64
}

// afterVote follows every way in which a vote of n samples may come out, of which the
// most frequent action is proposed, the primary's at a tie, and whose samples all
// count in the quorum. With n = 1 there is no vote.
func afterVote(n int, risk string, wrong float64) (r release) {
	for ballot := range 1 << n {
		p, against := 1.0, 0
		for i := range n {
			if ballot>>i&1 == 1 {
				p, against = p*wrong, against+1
			} else {
				p *= 1 - wrong
			}
		}
		if 2*against > n || 2*against == n && ballot&1 == 1 {
			c := exactly(guard.Tally{For: against, Against: n - against}, risk, wrong, 0, 0)
			r.wrong, r.asked = r.wrong+p*c.agreed, r.asked+p*c.samples
			continue
		}
		c := exactly(guard.Tally{For: n - against, Against: against}, risk, 1-wrong, 0, 0)
		r.right, r.winners, r.asked = r.right+p*c.agreed, r.winners+p, r.asked+p*c.samples
	}
	return r
}

// TestQuorumsThatCountTheVoteReleaseNoMoreWrongActions: choosing the proposal by the
// same samples that then count for it adds little to what gets through at low and
// medium risk, and nothing at high risk, where any dissent of the vote ends the
// quorum.
func TestQuorumsThatCountTheVoteReleaseNoMoreWrongActions(t *testing.T) {
	most := map[string]float64{config.RiskHigh: 1, config.RiskMedium: 1.06, config.RiskLow: 1.16}
	for risk, bound := range most {
		for _, wrong := range []float64{.02, .1, .3} {
			alone := afterVote(1, risk, wrong)
			for n := 2; n <= guard.MaxVotes; n++ {
				voted := afterVote(n, risk, wrong)
				if voted.wrong > bound*alone.wrong*(1+1e-12) {
					t.Errorf("%s, %g wrong, a vote of %d: %g released, %g without", risk, wrong, n, voted.wrong, alone.wrong)
				}
				if voted.asked >= alone.asked {
					t.Errorf("%s, %g wrong, a vote of %d: %g samples asked, %g without", risk, wrong, n, voted.asked, alone.asked)
				}
			}
		}
	}
}

// ever is the probability that, of up to MaxVotes samples in a row, the action that each
// proposes with one probability has a quorum at any point.
func ever(t guard.Tally, risk string, wrong float64) float64 {
	switch {
	case t.For > 0 && t.Judge(risk) == guard.Agreed:
		return 1
	case t.For+t.Against == guard.MaxVotes:
		return 0
	}
	return wrong*ever(guard.Tally{For: t.For + 1, Against: t.Against}, risk, wrong) +
		(1-wrong)*ever(guard.Tally{For: t.For, Against: t.Against + 1}, risk, wrong)
}

// TestNoEndOfAVoteLetsMoreWrongActionsThrough: whatever ends a vote whose samples all
// count, they and those that are asked for after it are one row, in which a wrong action
// gets no quorum more often than at the point that is best for it.
func TestNoEndOfAVoteLetsMoreWrongActionsThrough(t *testing.T) {
	most := map[string]float64{config.RiskHigh: 1, config.RiskMedium: 1.06, config.RiskLow: 1.3}
	for risk, bound := range most {
		for _, wrong := range []float64{.02, .1, .3} {
			alone := afterVote(1, risk, wrong)
			if got := ever(guard.Tally{}, risk, wrong); got > bound*alone.wrong*(1+1e-12) {
				t.Errorf("%s, %g wrong: %g at best, %g without a vote", risk, wrong, got, alone.wrong)
			}
		}
	}
}

// tableAfterVotes is that of docs/guard.md: one proposal in ten is wrong.
func tableAfterVotes() string {
	var b strings.Builder
	for _, risk := range []string{config.RiskHigh, config.RiskMedium, config.RiskLow} {
		for _, n := range []int{1, 3, 4, 9} {
			after := "no vote"
			if n > 1 {
				after = fmt.Sprint(n)
			}
			r := afterVote(n, risk, .1)
			fmt.Fprintf(&b, "| `%s` | %s | %.5f %% | %.1f %% | %.1f |\n", risk, after, 100*r.wrong, 100*(1-r.right/r.winners), r.asked)
		}
	}
	return b.String()
}

func TestTheTableAfterVotesIsExact(t *testing.T) {
	page, err := os.ReadFile("../docs/guard.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(page), tableAfterVotes()) {
		t.Errorf("docs/guard.md does not have\n%s", tableAfterVotes())
	}
}
