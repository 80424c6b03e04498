package alerts

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hotmess/config"
)

func mitigates(rule, route string) config.Rule {
	return config.Rule{Rule: rule, Route: route, Mitigate: config.MitigateEnsemble}
}

func about(rule, route string, state State) Reading {
	return Reading{Rule: rule, Route: route, State: state, Kind: "action", Level: "target"}
}

func TestMitigatedAreRoutesOnWhichARuleThatSaysSoFires(t *testing.T) {
	const minute = config.Duration(time.Minute)
	slow := mitigates(config.RuleErrorRising, "slow")
	slow.For = new(minute)
	s := newScene(t, slow, mitigates(config.RuleDisagreementRising, "b*"), config.Rule{Rule: config.RuleDisagreementRising},
		mitigates(config.RuleOverthinking, ""))
	s.judge(0,
		about(config.RuleDisagreementRising, "billing", StateHolds), about(config.RuleOverthinking, "billing", StateHolds),
		about(config.RuleDisagreementRising, "other", StateHolds), // another rule is for it
		about(config.RuleOverthinking, "clear", StateCleared),
		about(config.RuleErrorRising, "slow", StateHolds), // pending
	)
	want := map[string][]string{"billing": {config.RuleDisagreementRising, config.RuleOverthinking}}
	if diff := cmp.Diff(want, s.j.mitigated()); diff != "" {
		t.Error(diff)
	}
	s.j.rules = []config.Rule{{Rule: config.RuleDisagreementRising}}
	if got := s.j.mitigated(); len(got) != 0 {
		t.Errorf("after a reload without mitigate: %v", got)
	}
}

// TestMitigationEndsWithItsReading: of what hotmess itself does, nothing said is
// news; of what it measures, it is not.
func TestMitigationEndsWithItsReading(t *testing.T) {
	s := newScene(t, config.Alerts{}.All()...)
	voting := Reading{Rule: config.RuleMitigation, Route: "billing", State: StateHolds, Stratum: StageVoting}
	half := voting
	half.Stratum = StageHalf
	s.judge(0, voting, about(config.RuleRepeating, "billing", StateHolds))
	s.judge(time.Hour, half)
	s.judge(time.Hour)
	var got []string
	for _, a := range s.alerts() {
		got = append(got, a.Labels["alertname"]+" "+a.Labels["stratum"]+" "+string(a.Status))
	}
	want := []string{
		"mitigation voting firing", "repeating  firing",
		"mitigation half firing", "mitigation voting resolved", "mitigation half resolved",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// recorder is a Mitigator that keeps what it was told last.
type recorder struct {
	firing map[string][]string
	may    func(string) bool
}

// Mitigate implements Mitigator.
func (r *recorder) Mitigate(firing map[string][]string, may func(string) bool) {
	r.firing, r.may = firing, may
}

// TestEngineTellsTheMitigator after each evaluation, and after a restart as well.
func TestEngineTellsTheMitigator(t *testing.T) {
	rule := config.Rule{Rule: config.RuleDisagreementHigh, Threshold: .3, Route: "b*", Mitigate: config.MitigateEnsemble}
	f := newFixture(t, rule)
	told := &recorder{}
	f.engine.settings.Mitigator = told
	f.sees(0, .5)
	if len(told.firing["billing"]) != 1 || !told.may("billing") || told.may("other") {
		t.Errorf("told of %v", told.firing)
	}
	f.stored()
	f.restart(rule)
	f.engine.settings.Mitigator = told
	told.firing = nil
	f.source.list = nil // nothing is measured yet
	f.evaluate(time.Second)
	if len(told.firing["billing"]) != 1 {
		t.Errorf("after a restart told of %v", told.firing)
	}
	f.sees(time.Second, .1)
	if len(told.firing) != 0 {
		t.Errorf("told of %v, though it is over", told.firing)
	}
}
