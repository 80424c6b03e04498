package config

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// ruled loads a configuration with the lines under alerts.rules.
func ruled(t *testing.T, lines string) Alerts {
	t.Helper()
	return load(t, home(), file(t, "alerts:\n  rules:\n"+lines)).Alerts
}

func TestAllRulesButTheOneWithAThresholdAreBuiltIn(t *testing.T) {
	var got []string
	for _, r := range Default().Alerts.All() {
		got = append(got, r.Rule)
		if !r.On() {
			t.Errorf("%s is off", r.Rule)
		}
	}
	want := slices.DeleteFunc(RuleNames(), func(name string) bool { return name == RuleDisagreementHigh })
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("built in (-want +got):\n%s", diff)
	}
}

func TestNamedRuleReplacesTheBuiltInOne(t *testing.T) {
	a := ruled(t, "    - {rule: repeating, route: b*, severity: page}\n    - {rule: overthinking, enabled: false}\n")
	all := a.All()
	if all[0].Severity != "page" || all[1].On() {
		t.Errorf("the rules of the file do not lead: %+v", all[:2])
	}
	if len(all) != len(RuleNames())-1 {
		t.Errorf("%d rules, want each once and none of disagreement_high: %+v", len(all), all)
	}
}

func TestRuleDefaultsGiveWayToWhatIsWritten(t *testing.T) {
	rules := ruled(t, `    - {rule: disagreement_rising}
    - {rule: model_changed, for: 1m, keep_firing_for: 0s, repeat_interval: 2m, severity: page}
`).Rules
	type timing struct {
		hold, keep, repeat time.Duration
		severity           string
	}
	var got []timing
	for _, r := range rules {
		got = append(got, timing{r.Hold(), r.Keep(), r.Repeat(), r.Label()})
	}
	want := []timing{
		{0, 15 * time.Minute, 4 * time.Hour, "warning"},
		{time.Minute, 0, 2 * time.Minute, "page"},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if r := (Rule{Rule: RuleModelChanged}); r.Label() != "info" || r.Repeat() != 24*time.Hour {
		t.Errorf("model_changed is %s every %s", r.Label(), r.Repeat())
	}
}

func TestExplicitZeroIsNotTheDefault(t *testing.T) {
	r := ruled(t, "    - {rule: upstream_failing, keep_firing_for: 0s}\n").Rules[0]
	if r.Keep() != 0 {
		t.Errorf("keep_firing_for 0s is %s", r.Keep())
	}
}

func TestConversationsAreThoseOfTheRule(t *testing.T) {
	a := ruled(t, "    - {rule: overthinking, route: a, conversations: 50}\n    - {rule: overthinking}\n")
	if got := a.Conversations(RuleOverthinking); got != 50 {
		t.Errorf("overthinking: K = %d, want 50", got)
	}
	if got := a.Conversations(RuleErrorRising); got != DefaultConversations {
		t.Errorf("error_rising: K = %d, want the default", got)
	}
}

func TestDisabledRuleNeedsNoThreshold(t *testing.T) {
	if r := ruled(t, "    - {rule: disagreement_high, enabled: false}\n").Rules[0]; r.On() {
		t.Error("the rule is on")
	}
}
