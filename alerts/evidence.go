package alerts

import (
	"fmt"
	"math"
	"time"

	"hotmess/config"
)

// Evidence is what an alert rests on: each number with its n and its unit in
// the name. A number that is not there is left out, and Absent says why under
// its name.
type Evidence struct {
	// Disagreement of the last hour, 0..1, and its 95 % interval.
	Disagreement     *float64 `json:"disagreement,omitempty"`
	DisagreementLow  *float64 `json:"disagreement_low,omitempty"`
	DisagreementHigh *float64 `json:"disagreement_high,omitempty"`
	// Pairs and Conversations are the n of the last hour.
	Pairs         int `json:"pairs"`
	Conversations int `json:"conversations"`
	// MeasuredShare is measured / drawn over the last hour, 0..1.
	MeasuredShare *float64 `json:"measured_share,omitempty"`
	// Bound is the anytime-valid lower bound, 0..1, that the rule judges;
	// BoundConfidence its level; BoundConversations what it rests on.
	Bound              *float64 `json:"bound,omitempty"`
	BoundConfidence    *float64 `json:"bound_confidence,omitempty"`
	BoundConversations int      `json:"bound_conversations"`
	Threshold          float64  `json:"threshold"`
	// ForSeconds and KeepFiringForSeconds are the rule's.
	ForSeconds           float64 `json:"for_seconds"`
	KeepFiringForSeconds float64 `json:"keep_firing_for_seconds"`
	// MeasuredAt is when the series last took a measured request.
	MeasuredAt *time.Time `json:"measured_at,omitempty"`
	// FoldedChanges counts status changes since the event before that were
	// not published, because this alert changes too often.
	FoldedChanges int `json:"folded_changes,omitempty"`
	// ResolvedBy says how a resolved alert ended: below_threshold or
	// rule_removed.
	ResolvedBy string `json:"resolved_by,omitempty"`
	// Absent says why a number is left out, by its name.
	Absent map[string]string `json:"absent,omitempty"`
}

// The values of Evidence.ResolvedBy.
const (
	belowThreshold = "below_threshold"
	ruleRemoved    = "rule_removed"
)

// evidenceOf gathers what a rule saw. The reading may be nil.
func evidenceOf(r config.Rule, reading *Reading) Evidence {
	e := Evidence{
		Threshold:            r.Threshold,
		ForSeconds:           time.Duration(r.For).Seconds(),
		KeepFiringForSeconds: time.Duration(r.KeepFiringFor).Seconds(),
		Absent:               map[string]string{},
	}
	if reading == nil {
		reading = &Reading{}
	}
	e.Pairs, e.Conversations, e.BoundConversations = reading.Pairs, reading.Conversation, reading.Units
	e.set(&e.Disagreement, reading.Value, reading.HasValue, "disagreement", "no measured pair in the last hour")
	tooFew := "too few conversations in the last hour for an interval"
	e.set(&e.DisagreementLow, reading.Low, reading.HasRange, "disagreement_low", tooFew)
	e.set(&e.DisagreementHigh, reading.High, reading.HasRange, "disagreement_high", tooFew)
	e.set(&e.MeasuredShare, reading.MeasuredShare, reading.HasShare, "measured_share", "nothing was drawn in the last hour")
	e.set(&e.Bound, reading.Bound, reading.HasBound, "bound", "too little was measured for a bound")
	e.set(&e.BoundConfidence, 1-reading.Alpha, reading.HasBound, "bound_confidence", "there is no bound")
	if !reading.Updated.IsZero() {
		at := reading.Updated.UTC()
		e.MeasuredAt = &at
	}
	return e
}

func (e *Evidence) set(field **float64, v float64, has bool, name, why string) {
	if has && !math.IsNaN(v) && !math.IsInf(v, 0) {
		*field = &v
	} else {
		e.Absent[name] = why
	}
}

// percent writes a share that may be absent.
func percent(v *float64) string {
	if v == nil {
		return "unknown"
	}
	return fmt.Sprintf("%.0f %%", *v*100)
}
