package config

import (
	"strings"
	"testing"
)

func TestMitigateIsCheckedByRule(t *testing.T) {
	for _, c := range []struct{ rule, mitigate, want string }{
		{RuleDisagreementRising, MitigateEnsemble, ""},
		{RuleConversationIncoherent, MitigateEnsemble, ""},
		{RuleDisagreementRising, "", ""},
		{RuleDisagreementRising, "ensembel", "alerts.rules[0].mitigate: \"ensembel\" is unknown; write ensemble"},
		{RuleDisagreementRising, "off", "alerts.rules[0].mitigate: "},
		{RuleUpstreamFailing, MitigateEnsemble, "alerts.rules[0].mitigate: is not for upstream_failing"},
		{RuleSamplingStarved, MitigateEnsemble, "alerts.rules[0].mitigate: is not for sampling_starved"},
		{RuleMitigation, MitigateEnsemble, "alerts.rules[0].mitigate: is not for mitigation"},
	} {
		config := Default()
		config.Alerts.Rules = []Rule{{Rule: c.rule, Mitigate: c.mitigate}}
		err := config.Validate()
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s, %q: %v, want %q", c.rule, c.mitigate, err, c.want)
		}
	}
}

func TestMitigationWithoutObservingIsWarnedOf(t *testing.T) {
	c := Default()
	c.Alerts.Rules = []Rule{{Rule: RuleDisagreementRising, Mitigate: MitigateEnsemble}}
	c.Ensemble.Wait *= 2 // counts, now that a route may vote
	if w := c.Warnings(); len(w) != 0 {
		t.Errorf("warnings: %v", w)
	}
	c.Sampling.Mode, c.Sampling.Samples = Ensemble, 3
	if w := c.Warnings(); len(w) != 1 || w[0].Key != "alerts.rules[0].mitigate" {
		t.Errorf("warnings: %v", w)
	}
}

func TestRoutesThatMayVoteByRules(t *testing.T) {
	rules := []Rule{
		{Rule: RuleDisagreementRising, Route: "b*", Mitigate: MitigateEnsemble},
		{Rule: RuleOverthinking, Route: "c*", Mitigate: MitigateEnsemble, Enabled: new(false)},
		{Rule: RuleRepeating},
	}
	for route, want := range map[string]bool{"billing": true, "c": false, "x": false} {
		if got := MitigatesOn(rules, route); got != want {
			t.Errorf("%s: %t", route, got)
		}
	}
}
