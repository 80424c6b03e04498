package alerts

import (
	"errors"
	"fmt"
	"math"
	"time"

	"hotmess/config"
)

// DisagreementHigh is the rule that fires while the anytime-valid lower bound
// of a series' disagreement is above the rule's threshold. It judges pinned
// series (a seed, or temperature 0) as well, under a label of their own:
// pinning can only lower the disagreement, so a high bound there is as sound.
const DisagreementHigh = "disagreement_high"

const (
	// defaultRepeat is Alertmanager's repeat_interval.
	defaultRepeat   = 4 * time.Hour
	minRepeat       = time.Minute
	defaultSeverity = "warning"
	maxSeverity     = 64
)

// CheckRule reports all that is wrong with a rule, each problem led by its
// key. It is nil for a rule that New and Reload accept.
func CheckRule(r config.Rule) error {
	var problems []error
	add := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	switch {
	case r.Rule == "":
		add("rule: missing; the rule of this version is %s", DisagreementHigh)
	case r.Rule != DisagreementHigh:
		add("rule: unknown %q; the rule of this version is %s", r.Rule, DisagreementHigh)
	}
	// The negated form refuses NaN as well.
	if !(r.Threshold > 0 && r.Threshold < 1) {
		add("threshold: %g is not between 0 and 1 (it is required, and both ends are excluded)", r.Threshold)
	}
	if r.For < 0 {
		add("for: %s is negative", time.Duration(r.For))
	}
	if r.KeepFiringFor < 0 {
		add("keep_firing_for: %s is negative", time.Duration(r.KeepFiringFor))
	}
	if d := time.Duration(r.RepeatInterval); d != 0 && d < minRepeat {
		add("repeat_interval: %s is below %s (0 means %s)", d, minRepeat, defaultRepeat)
	}
	if len(r.Severity) > maxSeverity {
		add("severity: longer than %d bytes", maxSeverity)
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
	// absent: there is no reading, or no bound in it.
	absent condition = iota
	holds
	cleared
)

func judge(r config.Rule, reading *Reading) condition {
	switch {
	case reading == nil || !reading.HasBound || math.IsNaN(reading.Bound):
		return absent
	case reading.Bound > r.Threshold:
		return holds
	default:
		return cleared
	}
}

// timingOf is the part of a rule that its lifecycle goes by.
func timingOf(r config.Rule) timing {
	t := timing{
		hold:   time.Duration(r.For),
		keep:   time.Duration(r.KeepFiringFor),
		repeat: time.Duration(r.RepeatInterval),
	}
	if t.repeat == 0 {
		t.repeat = defaultRepeat
	}
	return t
}

func severityOf(r config.Rule) string {
	if r.Severity == "" {
		return defaultSeverity
	}
	return r.Severity
}
