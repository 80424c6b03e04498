package main_test

import (
	"testing"
	"time"

	"hotmess/config"
	"hotmess/sim"
)

// TestRouteVotesFromItsAlertOn goes the whole way round: pairs raise an alert,
// which says mitigate, and from then on requests vote and an alert says so.
func TestRouteVotesFromItsAlertOn(t *testing.T) {
	l := newLine(t, &sim.Server{Seed: 3, Accuracy: .5, Reasoning: sim.Reasoning{Median: 8}}, func(c *config.Config) {
		c.Alerts.Rules = []config.Rule{{Rule: config.RuleDisagreementHigh, Threshold: .05, Mitigate: config.MitigateEnsemble}}
	})
	l.converse(t, 12, 20, false)
	l.observed(t, 12*20)
	for deadline := time.Now().Add(maxWait); !l.monitor.Mitigates(); <-time.After(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("no route votes")
		}
	}
	const more = 10
	before := l.monitor.Totals().Votes // the alert may have been early
	l.converse(t, more, 1, true)
	l.observed(t, 12*20+more)
	if votes := l.monitor.Totals().Votes - before; votes != more {
		t.Errorf("%d of %d requests voted", votes, more)
	}
	for _, r := range l.monitor.Routes() {
		if r.Mitigation == nil || r.Mitigation.Rules[0] != config.RuleDisagreementHigh {
			t.Errorf("route %s: %+v", r.Route, r.Mitigation)
		}
	}
}
