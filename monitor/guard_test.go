package monitor

import (
	"fmt"
	"testing"
	"time"

	"hotmess/alerts"
	"hotmess/config"
)

func TestOnlyAQuorumThatIsNoneRaisesAFlag(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	for _, tt := range []struct {
		record *GuardRecord
		rule   string
	}{
		{nil, ""},
		{&GuardRecord{Decision: GuardAgreed}, ""},
		{&GuardRecord{Decision: GuardSplit, Votes: 4, Agreed: 3}, config.RuleSplitDecision},
		{&GuardRecord{Decision: GuardBlind, Reason: ReasonBudget}, config.RuleGuardBlind},
		{&GuardRecord{Decision: GuardBlind, Reason: ReasonGone}, ""},
		{&GuardRecord{Decision: GuardSplit, Outcome: GuardGone}, ""},
	} {
		var raised flags
		raised.guarded(&Observation{Guard: tt.record}, "c", now)
		if got := len(raised); got != len(tt.rule)/max(1, len(tt.rule)) {
			t.Errorf("%+v raises %d flags", tt.record, got)
			continue
		}
		if len(raised) > 0 && (raised[0].Rule != tt.rule || raised[0].Of != "c") {
			t.Errorf("%+v raises %+v", tt.record, raised[0])
		}
	}
}

func TestDecisionsOfGuardsAreCounted(t *testing.T) {
	m, _ := newTest(t)
	records := []*GuardRecord{
		nil,
		{Rule: "a", Decision: GuardAgreed, Outcome: GuardReleased, HeldSeconds: 3},
		{Rule: "a", Decision: GuardAgreed, Outcome: GuardReleased, HeldSeconds: 4},
		{Rule: "b", Decision: GuardAgreed, Outcome: GuardDelivered},
		{Rule: "a", Decision: GuardSplit, Outcome: GuardRefused, HeldSeconds: 1},
		{Rule: "a", Decision: GuardSplit, Outcome: GuardReplaced, HeldSeconds: 1},
		{Rule: "a", Decision: GuardBlind, Outcome: GuardReleased},
		{Rule: "a", Decision: "unheard", Outcome: "of"},
	}
	for i, g := range records {
		o := measured(fmt.Sprintf("c%d", i), base, false)
		o.Guard = g
		m.take(o)
	}
	got := scrape(t, m)
	for series, want := range map[string]string{
		`hotmess_guard_decisions_total{rule="a",decision="agreed",outcome="released"}`:  "2",
		`hotmess_guard_decisions_total{rule="b",decision="agreed",outcome="delivered"}`: "1",
		`hotmess_guard_decisions_total{rule="a",decision="split",outcome="refused"}`:    "1",
		`hotmess_guard_decisions_total{rule="a",decision="split",outcome="replaced"}`:   "1",
		`hotmess_guard_decisions_total{rule="a",decision="blind",outcome="released"}`:   "1",
		`hotmess_guard_decisions_total{rule="other",decision="other",outcome="other"}`:  "1",
		`hotmess_guard_held_seconds_sum{decision="agreed"}`:                             "7",
		`hotmess_guard_held_seconds_count{decision="agreed"}`:                           "2",
		`hotmess_guard_held_seconds_count{decision="split"}`:                            "2",
		`hotmess_guard_held_seconds_count{decision="blind"}`:                            "0",
	} {
		if got[series] != want {
			t.Errorf("%s is %q, want %s", series, got[series], want)
		}
	}
	want := GuardCounts{Agreed: 3, Split: 2, Blind: 1, Stopped: 2}
	for _, w := range m.Routes()[0].Windows {
		if w.Guarded == nil || *w.Guarded != want {
			t.Errorf("%s: %+v, want %+v", w.Window, w.Guarded, want)
		}
	}
}

// TestGuardedActionsOfUnreadAndRepeatedRequestsAreToldOf: neither says anything of a
// conversation's course, but the client acts on the reply.
func TestGuardedActionsOfUnreadAndRepeatedRequestsAreToldOf(t *testing.T) {
	for name, tt := range map[string]struct {
		edit func(*Observation)
		of   string
	}{
		"unread": {func(o *Observation) {
			o.Kind, o.Headline, o.Conversation, o.Differ, o.Reason = "", "", "", nil, ReasonTooBig
		}, unreadConversation},
		"retry": {func(o *Observation) { o.Reason = ReasonRetry }, "c"},
	} {
		m, _ := newTest(t)
		o := measured("c", base, false)
		o.Drawn = false
		o.Guard = &GuardRecord{Rule: "a", Decision: GuardBlind, Reason: ReasonTooBig, Outcome: GuardDelivered}
		tt.edit(&o)
		m.take(o)
		told := 0
		for _, r := range m.Readings() {
			if r.Rule == config.RuleGuardBlind && r.State == alerts.StateHolds {
				told++
				if r.Of != tt.of || r.Detail["reason"] != string(ReasonTooBig) || r.Detail["request"] != o.ID {
					t.Errorf("%s: %+v", name, r)
				}
			}
		}
		if told != 1 {
			t.Errorf("%s: told %d times", name, told)
		}
	}
}

func TestRepliesThatNoRuleHeldAreCountedByReason(t *testing.T) {
	m, _ := newTest(t)
	for _, why := range []Reason{ReasonTooBig, ReasonTooBig, ReasonOff, "of no list"} {
		m.Unheld(why)
	}
	got := scrape(t, m)
	for reason, want := range map[Reason]string{ReasonTooBig: "2", ReasonOff: "1", ReasonUnknown: "1", ReasonStored: "0"} {
		if series := fmt.Sprintf("hotmess_guard_unheld_total{reason=%q}", reason); got[series] != want {
			t.Errorf("%s is %q, want %s", series, got[series], want)
		}
	}
}

func TestActionsAreToldTheCommonestFirst(t *testing.T) {
	if got := toldActions(map[string]int{"b": 1, "a": 1, "c": 3}); got != "c: 3, a: 1, b: 1" {
		t.Error(got)
	}
}
