package monitor

import (
	"testing"
	"time"

	"hotmess/alerts"
	"hotmess/config"
)

// unreachable passes requests that never reached an upstream, and so were not
// read.
func unreachable(m *Monitor, n int, outcome Outcome) {
	for range n {
		m.Passed(Unobserved{Dialect: "openai-chat", Mode: "observe", Outcome: outcome, Reason: ReasonFailed})
	}
}

// failingOf is the state of upstream_failing for requests without a route.
func failingOf(t *testing.T, m *Monitor) alerts.Reading {
	t.Helper()
	var found []alerts.Reading
	for _, r := range m.Readings() {
		if r.Rule == config.RuleUpstreamFailing && r.Route == OtherRoute {
			found = append(found, r)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d readings, want one: %+v", len(found), found)
	}
	return found[0]
}

func TestUpstreamThatCannotBeReachedFails(t *testing.T) {
	m, clock := newTest(t)
	if r := failingOf(t, m); r.State != alerts.StateCleared {
		t.Errorf("before any request: %+v", r)
	}
	unreachable(m, minRequests-1, OutcomeUnreachable)
	if r := failingOf(t, m); r.State != alerts.StateAbsent {
		t.Errorf("too few: %+v", r)
	}
	unreachable(m, 1, OutcomeUnreachable)
	if r := failingOf(t, m); r.State != alerts.StateHolds || r.Detail["failed"] != minRequests || r.Detail["requests"] != minRequests {
		t.Errorf("all failed: %+v", r)
	}
	clock.advance(4 * time.Minute)
	if r := failingOf(t, m); r.State != alerts.StateHolds {
		t.Errorf("4 min later: %+v", r)
	}
	clock.advance(time.Minute)
	if r := failingOf(t, m); r.State != alerts.StateCleared {
		t.Errorf("5 min later: %+v", r)
	}
	unreachable(m, 1, OutcomeUnreachable) // takes the place of the old minute
	if r := failingOf(t, m); r.Detail["requests"] != 1 {
		t.Errorf("old counts are still there: %+v", r)
	}
}

func TestUnreadSuccessesAndHangUpsAreNoFailures(t *testing.T) {
	m, _ := newTest(t)
	unreachable(m, 4, OutcomeUnreachable)
	unreachable(m, 12, OutcomeOK)
	unreachable(m, 5, OutcomeGone)
	if r := failingOf(t, m); r.State != alerts.StateCleared || r.Detail["failed"] != 4 {
		t.Errorf("4 of 21: %+v", r)
	}
	unreachable(m, 2, OutcomeCut)
	if r := failingOf(t, m); r.State != alerts.StateHolds {
		t.Errorf("6 of 23: %+v", r)
	}
}

func TestRequestsOfTheOtherRouteAreCountedWithTheUnread(t *testing.T) {
	m, clock := newTest(t)
	o := measured("c", clock.now(), false)
	o.Route, o.Outcome = "", OutcomeError
	for range minRequests / 2 {
		m.take(o)
	}
	unreachable(m, minRequests/2, OutcomeUnreachable)
	if r := failingOf(t, m); r.State != alerts.StateHolds || r.Detail["failed"] != minRequests {
		t.Errorf("half of each: %+v", r)
	}
}
