package alerts

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"time"

	"hotmess/config"
)

// maxShownChanges bounds the change-points in one event.
const maxShownChanges = 20

// Evidence is what an alert rests on: each number with its n and its unit in
// the name. A number that is not there is left out; Absent says why under its
// name where the rule would have had it.
type Evidence struct {
	// Disagreement of the last hour, 0..1, and its 95 % interval.
	Disagreement     *float64 `json:"disagreement,omitempty"`
	DisagreementLow  *float64 `json:"disagreement_low,omitempty"`
	DisagreementHigh *float64 `json:"disagreement_high,omitempty"`
	// Pairs and Conversations are the n of the last hour.
	Pairs         *int `json:"pairs,omitempty"`
	Conversations *int `json:"conversations,omitempty"`
	// MeasuredShare is measured / drawn over the last hour, 0..1.
	MeasuredShare *float64 `json:"measured_share,omitempty"`
	// Bound is the anytime-valid lower bound, 0..1, that disagreement_high
	// judges; BoundConfidence its level; BoundConversations what it rests on.
	Bound              *float64 `json:"bound,omitempty"`
	BoundConfidence    *float64 `json:"bound_confidence,omitempty"`
	BoundConversations *int     `json:"bound_conversations,omitempty"`
	Threshold          *float64 `json:"threshold,omitempty"`
	// ForSeconds and KeepFiringForSeconds are the rule's.
	ForSeconds           float64 `json:"for_seconds"`
	KeepFiringForSeconds float64 `json:"keep_firing_for_seconds"`
	// MeasuredAt is when the series last took a measured request.
	MeasuredAt *time.Time `json:"measured_at,omitempty"`
	// FoldedChanges counts status changes since the event before that were
	// not published, because this alert changes too often.
	FoldedChanges int `json:"folded_changes,omitempty"`
	// ResolvedBy says how a resolved alert ended: below_threshold, cleared,
	// conversation_ended, baseline_restarted or rule_removed.
	ResolvedBy string `json:"resolved_by,omitempty"`
	// Detail is what else the rule rests on, by the names of docs/detection.md.
	Detail map[string]any `json:"detail,omitempty"`
	// Changes are suspected change-points of the route within a day, the
	// latest first.
	Changes []Change `json:"changes,omitempty"`
	// Absent says why a number is left out, by its name.
	Absent map[string]string `json:"absent,omitempty"`
}

// The values of Evidence.ResolvedBy.
const (
	belowThreshold    = "below_threshold"
	conditionCleared  = "cleared"
	conversationEnded = "conversation_ended"
	baselineRestarted = "baseline_restarted"
	ruleRemoved       = "rule_removed"
)

// ofSeries reports whether a rule is about the disagreement of a route's
// series, so that a number which its evidence lacks needs a reason.
func ofSeries(rule string) bool {
	return rule == config.RuleDisagreementHigh || rule == config.RuleDisagreementRising
}

// evidenceOf gathers what a rule saw. The reading may be nil.
func evidenceOf(r config.Rule, reading *Reading) Evidence {
	e := Evidence{
		ForSeconds:           r.Hold().Seconds(),
		KeepFiringForSeconds: r.Keep().Seconds(),
		Absent:               map[string]string{},
	}
	if reading == nil {
		reading = &Reading{}
	}
	if ofSeries(r.Rule) {
		e.Pairs, e.Conversations = new(reading.Pairs), new(reading.Conversation)
		e.set(&e.Disagreement, reading.Value, reading.HasValue, "disagreement", "no measured pair in the last hour")
		tooFew := "too few conversations in the last hour for an interval"
		e.set(&e.DisagreementLow, reading.Low, reading.HasRange, "disagreement_low", tooFew)
		e.set(&e.DisagreementHigh, reading.High, reading.HasRange, "disagreement_high", tooFew)
	}
	if ofSeries(r.Rule) || r.Rule == config.RuleSamplingStarved {
		e.set(&e.MeasuredShare, reading.MeasuredShare, reading.HasShare, "measured_share", "nothing was drawn in the last hour")
	}
	if r.Rule == config.RuleDisagreementHigh {
		e.Threshold, e.BoundConversations = new(r.Threshold), new(reading.Units)
		e.set(&e.Bound, reading.Bound, reading.HasBound, "bound", "too little was measured for a bound")
		e.set(&e.BoundConfidence, 1-reading.Alpha, reading.HasBound, "bound_confidence", "there is no bound")
	}
	if !reading.Updated.IsZero() {
		e.MeasuredAt = new(reading.Updated.UTC())
	}
	e.detail(reading.Detail)
	e.Changes = slices.Clone(reading.Changes[:min(maxShownChanges, len(reading.Changes))])
	return e
}

func (e *Evidence) set(field **float64, v float64, has bool, name, why string) {
	if has && !math.IsNaN(v) && !math.IsInf(v, 0) {
		*field = &v
	} else {
		e.Absent[name] = why
	}
}

// detail takes over what can be written as JSON and is there.
func (e *Evidence) detail(from map[string]any) {
	for name, v := range from {
		text, err := json.Marshal(v)
		switch {
		case err != nil: // not a finite number
			e.Absent[name] = "not a number"
		case string(text) == "null":
			e.Absent[name] = "not known"
		default:
			if e.Detail == nil {
				e.Detail = map[string]any{}
			}
			e.Detail[name] = v
		}
	}
}

// number is a number of Detail, whether it comes from a reading or from JSON.
func (e Evidence) number(name string) (float64, bool) {
	switch v := e.Detail[name].(type) {
	case float64:
		return v, true
	case int:
		return float64(v), true
	case int64:
		return float64(v), true
	}
	return 0, false
}

// word is a text of Detail, or empty.
func (e Evidence) word(name string) string {
	text, _ := e.Detail[name].(string)
	return text
}

// percent writes a share that may be absent.
func percent(v *float64) string {
	if v == nil {
		return "unknown"
	}
	return fmt.Sprintf("%.0f %%", *v*100)
}
