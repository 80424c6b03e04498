package config

import (
	"fmt"
	"slices"
	"time"
)

// The alert rules. docs/alerts.md says when each of them fires.
const (
	// RuleDisagreementHigh fires while the anytime-valid lower bound of a
	// series' disagreement is above the rule's threshold. It judges pinned
	// series (a seed, or temperature 0) as well, under a label of their own:
	// pinning can only lower the disagreement, so a high bound there is as sound.
	RuleDisagreementHigh       = "disagreement_high"
	RuleDisagreementRising     = "disagreement_rising"
	RuleConversationIncoherent = "conversation_incoherent"
	RuleOverthinking           = "overthinking"
	RuleRepeating              = "repeating"
	RuleErrorRising            = "error_rising"
	RuleVarianceHigh           = "variance_high"
	RuleModelChanged           = "model_changed"
	RuleSamplingStarved        = "sampling_starved"
	RuleUpstreamFailing        = "upstream_failing"
)

const (
	// DefaultConversations is K: the detectors of a rule raise at most one
	// false alarm per K conversations of the whole sidecar.
	DefaultConversations = 1000
	// minConversations is the least K that is worth being called a promise.
	minConversations = 20
	// minRepeat is the least time between two events of one firing alert.
	minRepeat = time.Minute
	// maxSeverity bounds a severity, in bytes.
	maxSeverity = 64
)

// A ruleKind is what a rule reads and what it does unless told otherwise.
type ruleKind struct {
	name string
	// threshold and conversations tell whether the rule reads those keys. One
	// that reads a threshold is inactive until it has one.
	threshold, conversations bool
	severity                 string
	hold, keep, repeat       time.Duration
}

// ruleKinds has every rule, in the order of docs/alerts.md. Most rest on tests
// that may be looked at as often as one likes or on an hour of counts, so none
// waits before it fires.
func ruleKinds() []ruleKind {
	const often, seldom = 4 * time.Hour, 24 * time.Hour // Alertmanager's repeat_interval is 4h
	return []ruleKind{
		{name: RuleDisagreementHigh, threshold: true, severity: "warning", repeat: often},
		{name: RuleDisagreementRising, conversations: true, severity: "warning", keep: 15 * time.Minute, repeat: often},
		{name: RuleConversationIncoherent, severity: "warning", repeat: often},
		{name: RuleOverthinking, conversations: true, severity: "warning", keep: 15 * time.Minute, repeat: often},
		{name: RuleRepeating, severity: "warning", repeat: often},
		{name: RuleErrorRising, conversations: true, severity: "warning", keep: 15 * time.Minute, repeat: often},
		{name: RuleVarianceHigh, conversations: true, severity: "warning", keep: 15 * time.Minute, repeat: often},
		{name: RuleModelChanged, severity: "info", repeat: seldom},
		{name: RuleSamplingStarved, severity: "warning", keep: 15 * time.Minute, repeat: often},
		{name: RuleUpstreamFailing, severity: "warning", keep: 5 * time.Minute, repeat: often},
	}
}

// RuleNames lists the rules.
func RuleNames() []string { return namesOf(func(ruleKind) bool { return true }) }

func namesOf(wanted func(ruleKind) bool) []string {
	var names []string
	for _, kind := range ruleKinds() {
		if wanted(kind) {
			names = append(names, kind.name)
		}
	}
	return names
}

// kind is the zero ruleKind for a rule that does not exist.
func (r Rule) kind() ruleKind {
	kinds := ruleKinds()
	i := slices.IndexFunc(kinds, func(k ruleKind) bool { return k.name == r.Rule })
	if i < 0 {
		return ruleKind{}
	}
	return kinds[i]
}

// On reports whether the rule is enabled.
func (r Rule) On() bool { return r.Enabled == nil || *r.Enabled }

// Hold is For, or the default of the rule.
func (r Rule) Hold() time.Duration { return orElse(r.For, r.kind().hold) }

// Keep is KeepFiringFor, or the default of the rule.
func (r Rule) Keep() time.Duration { return orElse(r.KeepFiringFor, r.kind().keep) }

// Repeat is RepeatInterval, or the default of the rule.
func (r Rule) Repeat() time.Duration { return orElse(r.RepeatInterval, r.kind().repeat) }

// Label is Severity, or the default of the rule.
func (r Rule) Label() string {
	if r.Severity == "" {
		return r.kind().severity
	}
	return r.Severity
}

func orElse(set *Duration, otherwise time.Duration) time.Duration {
	if set == nil {
		return otherwise
	}
	return time.Duration(*set)
}

// All lists the rules in the order in which they are tried: those of Rules,
// disabled ones too, since they keep others off their routes; then the built-in
// ones that Rules does not name.
func (a Alerts) All() []Rule {
	all := slices.Clone(a.Rules)
	for _, kind := range ruleKinds() {
		named := slices.ContainsFunc(a.Rules, func(r Rule) bool { return r.Rule == kind.name })
		if !named && !kind.threshold {
			all = append(all, Rule{Rule: kind.name})
		}
	}
	return all
}

// Conversations is the K of a rule.
func (a Alerts) Conversations(rule string) int {
	for _, r := range a.Rules {
		if r.Rule == rule && r.Conversations > 0 {
			return r.Conversations
		}
	}
	return DefaultConversations
}

// Problems lists all that is wrong with a rule by itself, by keys of the rule.
func (r Rule) Problems() []*Problem {
	k := &checker{}
	kind := r.kind()
	switch {
	case r.Rule == "":
		k.fail("rule", "is missing; write %s", either(RuleNames()))
	case kind.name == "":
		k.word("rule", r.Rule, RuleNames()...)
	}
	k.glob("route", r.Route)
	k.threshold(r, kind)
	k.conversations(r, kind)
	for _, d := range []struct {
		key   string
		value *Duration
	}{{"for", r.For}, {"keep_firing_for", r.KeepFiringFor}} {
		if d.value != nil {
			k.notNegative(d.key, int64(*d.value), *d.value)
		}
	}
	if d := r.RepeatInterval; d != nil && time.Duration(*d) < minRepeat {
		k.fail("repeat_interval", "%s is below %s; leave it out for the default", *d, minRepeat)
	}
	if len(r.Severity) > maxSeverity {
		k.fail("severity", "is longer than %d bytes", maxSeverity)
	}
	return k.problems
}

// threshold checks the threshold of a rule that reads one, and refuses that of
// one that does not. The negated form refuses NaN as well.
func (k *checker) threshold(r Rule, kind ruleKind) {
	switch {
	case kind.name == "":
	case !kind.threshold && r.Threshold != 0:
		k.fail("threshold", "is not read by %s; only %s has one", r.Rule, either(namesOf(func(k ruleKind) bool { return k.threshold })))
	case !kind.threshold || !r.On():
	case r.Threshold == 0:
		k.fail("threshold", "is missing or 0; set the disagreement, between 0 and 1, that is too much")
	case !(r.Threshold > 0 && r.Threshold < 1):
		k.fail("threshold", "%v is not between 0 and 1", r.Threshold)
	}
}

// conversations checks K likewise.
func (k *checker) conversations(r Rule, kind ruleKind) {
	switch {
	case kind.name == "" || r.Conversations == 0:
	case !kind.conversations:
		k.fail("conversations", "is not read by %s; write it under %s", r.Rule, either(namesOf(func(k ruleKind) bool { return k.conversations })))
	case r.Conversations < minConversations:
		k.fail("conversations", "%d is below %d; leave it out for %d", r.Conversations, minConversations, DefaultConversations)
	}
}

// rules checks the alert rules.
func (k *checker) rules() {
	rules := k.cfg.Alerts.Rules
	for i, r := range rules {
		key := fmt.Sprintf("alerts.rules[%d]", i)
		for _, p := range r.Problems() {
			k.fail(join(key, p.Key), "%s", p.Text)
		}
		same := func(o Rule) bool { return o.Rule == r.Rule && o.Route == r.Route }
		if j := slices.IndexFunc(rules, same); j < i {
			k.fail(key, "has rule and route of alerts.rules[%d]; alerts of both would be one", j)
		}
		first := func(o Rule) bool { return o.Rule == r.Rule && o.Conversations != 0 }
		if j := slices.IndexFunc(rules, first); r.Conversations != 0 && rules[j].Conversations != r.Conversations {
			k.fail(key+".conversations", "is not that of alerts.rules[%d]; the promise is one for all routes", j)
		}
	}
	if slices.ContainsFunc(rules, Rule.On) && !k.any(Observe, Ensemble) {
		k.warn("alerts.rules", "never fire: every mode is off, so nothing is measured")
	}
}
