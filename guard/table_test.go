package guard_test

import (
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"hotmess/config"
	"hotmess/guard"
)

// A course is what becomes of a proposal that other samples repeat with one
// probability, independently.
type course struct {
	// agreed is the probability of a quorum, samples and rounds the means of what is
	// asked for: all samples take equally long, those that were asked for within a
	// round run side by side.
	agreed, samples, rounds float64
}

// exactly follows every course of votes from a tally on, as a quorum is asked for:
// after each sample, whatever still runs, so many more that all that run may decide.
// running are those of this round, waiting those of the next.
func exactly(t guard.Tally, risk string, repeat float64, running, waiting int) course {
	switch t.Judge(risk) {
	case guard.Agreed:
		return course{agreed: 1}
	case guard.Split:
		return course{}
	}
	var c course
	if more := t.Wanted(risk) - running - waiting; more > 0 {
		c.samples, waiting = float64(more), waiting+more
	}
	if running == 0 {
		c.rounds, running, waiting = 1, waiting, 0
	}
	for _, next := range []struct {
		tally guard.Tally
		p     float64
	}{{guard.Tally{For: t.For + 1, Against: t.Against}, repeat}, {guard.Tally{For: t.For, Against: t.Against + 1}, 1 - repeat}} {
		then := exactly(next.tally, risk, repeat, running-1, waiting)
		c.agreed += next.p * then.agreed
		c.samples += next.p * then.samples
		c.rounds += next.p * then.rounds
	}
	return c
}

// tableOfRisks is that of docs/guard.md: of an agent of whose destructive
// proposals a share is wrong, always in the same way, which is the worst case.
func tableOfRisks() string {
	var b strings.Builder
	for _, risk := range []string{config.RiskHigh, config.RiskMedium, config.RiskLow} {
		for _, wrong := range []float64{.02, .1, .3} {
			first := guard.Tally{For: 1}
			slip, right := exactly(first, risk, wrong, 0, 0), exactly(first, risk, 1-wrong, 0, 0)
			fmt.Fprintf(&b, "| `%s` | %.0f %% | %.1f %% | %.1f %% | %.1f | %.1f |\n", risk, 100*wrong,
				100*(1-slip.agreed), 100*(1-right.agreed),
				wrong*slip.samples+(1-wrong)*right.samples, wrong*slip.rounds+(1-wrong)*right.rounds)
		}
	}
	return b.String()
}

func TestTheTableOfRisksIsExact(t *testing.T) {
	page, err := os.ReadFile("../docs/guard.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(page), tableOfRisks()) {
		t.Errorf("docs/guard.md does not have\n%s", tableOfRisks())
	}
}

// Four of four agree with probability p³, given the first; a lead of three from
// one is a walk that ends at 3 or at -3, here cut at nine votes.
func TestCoursesAgreeWithClosedForms(t *testing.T) {
	for _, p := range []float64{.02, .1, .3, .7, .9, .98} {
		if got, want := exactly(guard.Tally{For: 1}, config.RiskHigh, p, 0, 0).agreed, p*p*p; math.Abs(got-want) > 1e-12 {
			t.Errorf("high at %g: %g, want %g", p, got, want)
		}
		r := (1 - p) / p
		uncut := (1 - math.Pow(r, 4)) / (1 - math.Pow(r, 6))
		if got := exactly(guard.Tally{For: 1}, config.RiskLow, p, 0, 0).agreed; got > uncut+1e-12 || got < uncut-.2 {
			t.Errorf("low at %g: %g, uncut %g", p, got, uncut)
		}
	}
}
