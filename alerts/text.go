package alerts

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"hotmess/config"
)

// A wording is how people are told of one rule. It speaks of disagreement where
// nothing is known of right and wrong: what is measured without labels is not
// incoherence.
type wording struct {
	// holds is the summary while the condition holds, over once it does not.
	holds, over func(a Alert) string
	// seen says what the condition rests on, in whole sentences.
	seen func(a Alert) string
	// next is what to do while it fires, after the word Next.
	next func(a Alert) string
}

// wordings has one wording for each rule.
func wordings() map[string]wording {
	return map[string]wording{
		config.RuleDisagreementHigh:       highWording(),
		config.RuleDisagreementRising:     risingWording(),
		config.RuleConversationIncoherent: conversationWording(),
		config.RuleOverthinking:           overthinkingWording(),
		config.RuleRepeating:              repeatingWording(),
		config.RuleErrorRising:            errorWording(),
		config.RuleVarianceHigh:           varianceWording(),
		config.RuleModelChanged:           modelWording(),
		config.RuleSamplingStarved:        starvedWording(),
		config.RuleUpstreamFailing:        failingWording(),
	}
}

// annotate writes what a person reads.
func annotate(a Alert) map[string]string {
	w, ok := wordings()[a.Labels["alertname"]]
	if !ok { // of another version, restored
		name := func(Alert) string { return a.Labels["alertname"] + " on " + a.Labels["route"] }
		w = wording{holds: name, over: name, seen: func(a Alert) string { return details(a.Evidence) }, next: fixed("see docs/alerts.md.")}
	}
	return map[string]string{
		"summary":     summary(a, w),
		"description": strings.Join(slices.DeleteFunc([]string{w.seen(a), changed(a), advice(a, w)}, func(s string) bool { return s == "" }), " "),
	}
}

func summary(a Alert, w wording) string {
	switch {
	case a.Status == Pending:
		return w.holds(a) + ", not yet for long"
	case a.Status == Firing:
		return w.holds(a)
	case a.Evidence.ResolvedBy == ruleRemoved:
		return fmt.Sprintf("no longer judged: the rule for %s was removed", a.Labels["route"])
	case a.Evidence.ResolvedBy == baselineRestarted:
		return fmt.Sprintf("over: a new baseline is learnt on %s", a.Labels["route"])
	case a.Evidence.ResolvedBy == conversationEnded:
		return "over, as the conversation is: " + w.holds(a)
	default:
		return w.over(a)
	}
}

func advice(a Alert, w wording) string {
	switch a.Status {
	case Pending:
		return "Next: wait; it fires if this holds."
	case Firing:
		return "Next: " + w.next(a)
	default:
		return "Next: nothing to do."
	}
}

// onRoute makes a summary that ends with the route.
func onRoute(text string) func(Alert) string {
	return func(a Alert) string { return text + " on " + a.Labels["route"] }
}

// fixed is a text that does not depend on the alert.
func fixed(text string) func(Alert) string { return func(Alert) string { return text } }

// changed names the latest change-point, which may be the cause. Of the rule
// that is about changes it is the whole and said already.
func changed(a Alert) string {
	if a.Labels["alertname"] == config.RuleModelChanged || len(a.Evidence.Changes) == 0 {
		return ""
	}
	c := a.Evidence.Changes[0]
	return fmt.Sprintf("The latest change on this route, %s: %s.", c.Time.UTC().Format(time.RFC3339), change(c))
}

// change writes a change-point. Prompts and tool lists are HMACs, whose names
// tell nobody anything.
func change(c Change) string {
	switch c.What {
	case "system":
		return "the system prompt changed"
	case "tools":
		return "the offered tools changed"
	}
	return fmt.Sprintf("the %s changed from %s to %s", strings.ReplaceAll(c.What, "_", " "), orUnknown(c.From), orUnknown(c.To))
}

func orUnknown(name string) string {
	if name == "" {
		return "unknown"
	}
	return name
}

// details lists the detail of an alert by name, as one sentence, for want of
// better words; empty if there is none.
func details(e Evidence) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(e.Detail)) {
		parts = append(parts, strings.ReplaceAll(name, "_", " ")+" "+shown(e.Detail[name]))
	}
	if len(parts) == 0 {
		return ""
	}
	return "Evidence: " + strings.Join(parts, ", ") + "."
}

// shown writes one value of a detail.
func shown(v any) string {
	switch v := v.(type) {
	case float64:
		return fmt.Sprintf("%.4g", v)
	case string:
		return v
	case time.Time:
		return v.UTC().Format(time.RFC3339)
	}
	text, err := json.Marshal(v)
	if err != nil { // evidence is JSON
		return "?"
	}
	return string(text)
}
