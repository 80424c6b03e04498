package monitor

import (
	"fmt"
	"testing"
	"time"

	"hotmess/estimate"
)

// TestIntervalCoversWithConversationsLongerThanTheWindow has a dozen agents that
// run for longer than the hour that is looked at, so that each has two records
// in it. Taken for two conversations, a nominal 95 % interval covers the truth
// in 83 % of the runs.
func TestIntervalCoversWithConversationsLongerThanTheWindow(t *testing.T) {
	const runs, agents, mean = 400, 12, .3
	source := newCorrelated(mean, .3, 5)
	covered := 0
	for range runs {
		m, clock := newTest(t)
		var p [agents]float64
		for i := range p {
			p[i] = source.beta.Rand()
		}
		for range 45 { // an hour and a half
			clock.advance(2 * time.Minute)
			for i := range p {
				m.take(measured(fmt.Sprint(i), clock.now(), source.rng.Float64() < p[i]))
			}
		}
		e := headline(t, m, windowHour)
		if e.Conversations != agents {
			t.Fatalf("%d conversations of %d agents", e.Conversations, agents)
		}
		covered += int(boolInt(*e.Low <= mean && mean <= *e.High))
	}
	if got := float64(covered) / runs; got < estimate.Confidence-binomialTolerance(estimate.Confidence, runs) {
		t.Errorf("coverage %.3f", got)
	}
}
