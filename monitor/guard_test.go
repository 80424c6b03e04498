package monitor

import (
	"testing"
	"time"

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

func TestActionsAreToldTheCommonestFirst(t *testing.T) {
	if got := toldActions(map[string]int{"b": 1, "a": 1, "c": 3}); got != "c: 3, a: 1, b: 1" {
		t.Error(got)
	}
}
