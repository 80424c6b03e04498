package config

import "slices"

// MitigateEnsemble has a route in observe mode vote while the rule fires on it.
const MitigateEnsemble = "ensemble"

// Mitigates reports whether routes vote while the rule fires.
func (r Rule) Mitigates() bool { return r.On() && r.Mitigate == MitigateEnsemble }

// unmitigable are the rules against which votes do not help: more calls are the
// last thing that a failing upstream or a starved budget needs.
func unmitigable() []string {
	return []string{RuleGuardBlind, RuleSamplingStarved, RuleUpstreamFailing, RuleMitigation}
}

// mitigate checks what a rule does about its alert.
func (k *checker) mitigate(r Rule) {
	switch {
	case r.Mitigate == "":
	case slices.Contains(unmitigable(), r.Rule):
		k.fail("mitigate", "is not for %s: more calls would not help", r.Rule)
	default:
		k.word("mitigate", r.Mitigate, MitigateEnsemble)
	}
}

// MitigatesOn reports whether any of the rules makes a route vote.
func MitigatesOn(rules []Rule, route string) bool {
	return slices.ContainsFunc(rules, func(r Rule) bool { return r.Mitigates() && Fits(r.Route, route) })
}
