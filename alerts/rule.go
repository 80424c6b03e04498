package alerts

import (
	"errors"
	"fmt"
	"math"

	"hotmess/config"
)

// CheckRule reports all that is wrong with a rule, each problem led by its
// key. It is nil for a rule that New and Reload accept.
func CheckRule(r config.Rule) error {
	var problems []error
	for _, p := range r.Problems() {
		problems = append(problems, p)
	}
	return errors.Join(problems...)
}

// checkRules checks a list, each problem led by its path in the config.
func checkRules(rules []config.Rule) error {
	var problems []error
	for i, r := range rules {
		if err := CheckRule(r); err != nil {
			problems = append(problems, fmt.Errorf("alerts.rules[%d]: %w", i, err))
		}
	}
	return errors.Join(problems...)
}

// A condition is what a rule says of a reading.
type condition int

const (
	// absent: there is no reading, or nothing in it to judge by.
	absent condition = iota
	holds
	cleared
	// restarted: what the alert rests on was given up.
	restarted
)

// judge is the condition of a rule. disagreement_high compares the bound with
// its threshold; of the others monitor itself says how they stand.
func judge(r config.Rule, reading *Reading) condition {
	if reading == nil {
		return absent
	}
	if r.Rule != config.RuleDisagreementHigh {
		return map[State]condition{StateHolds: holds, StateCleared: cleared, StateLearning: restarted}[reading.State]
	}
	switch {
	case !reading.HasBound || math.IsNaN(reading.Bound):
		return absent
	case reading.Bound > r.Threshold:
		return holds
	default:
		return cleared
	}
}

// clearedBy is Evidence.ResolvedBy of an alert whose condition is clear. What is
// said of a conversation holds until that has ended.
func clearedBy(id identity) string {
	switch {
	case id.rule == config.RuleDisagreementHigh:
		return belowThreshold
	case id.conversation != "":
		return conversationEnded
	}
	return conditionCleared
}

// timingOf is the part of a rule that its lifecycle goes by.
func timingOf(r config.Rule) timing {
	return timing{hold: r.Hold(), keep: r.Keep(), repeat: r.Repeat()}
}
