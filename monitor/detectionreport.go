package monitor

import (
	"time"

	"hotmess/alerts"
	"hotmess/config"
	"hotmess/detect"
)

// A DetectionReport is what one route knows of changes.
type DetectionReport struct {
	// Detectors are of the headline series, of the reasoning lengths and, once
	// there are labels, of error and variance.
	Detectors []DetectorReport `json:"detectors"`
	// Ranks are those of running conversations, by series.
	Ranks []RankReport `json:"ranks"`
	// Flagged is how many running conversations are flagged, by rule.
	Flagged map[string]int `json:"flagged,omitempty"`
	// Changes are suspected change-points of the last day, the latest first.
	Changes []alerts.Change `json:"changes,omitempty"`
}

// The states of a detector.
const (
	// DetectorLearning: there is no baseline yet.
	DetectorLearning = "learning"
	// DetectorSteady: the values are as the baseline has them, as far as
	// is known.
	DetectorSteady = "steady"
	// DetectorRisen: they have risen, and it is not shown that they are back.
	DetectorRisen = "risen"
)

// Why a detector has no baseline.
const (
	// AbsentLearning: Learned of LearnFrom conversations have been seen.
	AbsentLearning = "learning"
	// AbsentNoReasoning: a tenth of the replies at most reasoned at all, so
	// there is no length that is long.
	AbsentNoReasoning = "no_reasoning"
)

// A DetectorReport is the state of one detector.
type DetectorReport struct {
	// Rule is the alert that it raises.
	Rule string `json:"rule"`
	// Kind, Level and Pinned name the series; Kind and Level are empty where
	// the detector is of the route.
	Kind   string `json:"kind,omitempty"`
	Level  string `json:"level,omitempty"`
	Pinned bool   `json:"pinned,omitempty"`
	// Scale is that of labelled error and variance.
	Scale string `json:"scale,omitempty"`
	// State is learning, steady or risen; Absent says why it is learning.
	State  string `json:"state"`
	Absent string `json:"absent,omitempty"`
	// Learned of LearnFrom conversations are in the baseline.
	Learned   int64 `json:"learned"`
	LearnFrom int64 `json:"learn_from"`
	// Baseline is nil while learning.
	Baseline *BaselineReport `json:"baseline,omitempty"`
	// LongTokens is the reasoning length from which a reply is long.
	LongTokens *int `json:"long_tokens,omitempty"`
	// EValue is the evidence of a rise, 0 or more; at Threshold it is an alarm.
	// Threshold is FalseAlarmConversations times Detectors, those of the whole
	// sidecar that can alarm.
	EValue                  *float64 `json:"e_value,omitempty"`
	Threshold               float64  `json:"e_threshold"`
	FalseAlarmConversations int      `json:"false_alarm_conversations"`
	Detectors               int      `json:"detectors"`
	// Conversations is how many were judged since the baseline was learnt.
	Conversations int64 `json:"conversations"`
	// Risen is set while the values have risen.
	Risen *RiseReport `json:"risen,omitempty"`
}

// A BaselineReport is what a detector takes for usual.
type BaselineReport struct {
	// Mean is that of the conversations, in the unit of the series; High its
	// upper bound at level Confidence, what the detector bets against.
	Mean       float64 `json:"mean"`
	High       float64 `json:"high"`
	Confidence float64 `json:"confidence"`
	// Conversations are those that it is learnt from, between Since and Until.
	Conversations int64     `json:"conversations"`
	Since         time.Time `json:"since"`
	Until         time.Time `json:"until"`
	// Strata are its parts, by context.
	Strata []StratumReport `json:"strata"`
}

// A StratumReport is the baseline of conversations of a range of mean contexts.
type StratumReport struct {
	// ContextFrom and ContextTo are in tokens; ContextTo is nil in the last.
	ContextFrom   int64   `json:"context_from"`
	ContextTo     *int64  `json:"context_to,omitempty"`
	Mean          float64 `json:"mean"`
	High          float64 `json:"high"`
	Conversations int64   `json:"conversations"`
}

// A RiseReport is a rise that was found.
type RiseReport struct {
	At time.Time `json:"at"`
	// OnsetAt is when it is likely to have begun, OnsetMean the mean of the
	// OnsetConversations since then.
	OnsetAt            *time.Time `json:"onset_at,omitempty"`
	OnsetMean          *float64   `json:"onset_mean,omitempty"`
	OnsetConversations int64      `json:"onset_conversations"`
	// RecoveryEValue is the evidence that it is over; at RecoveryThreshold it is.
	RecoveryEValue    float64 `json:"recovery_e_value"`
	RecoveryThreshold float64 `json:"recovery_e_threshold"`
}

// A RankReport is what running conversations of a series are ranked among.
type RankReport struct {
	Kind   string `json:"kind"`
	Level  string `json:"level"`
	Pinned bool   `json:"pinned,omitempty"`
	// Level of the test, 0..1.
	RankLevel float64 `json:"rank_level"`
	// Reference is how many ended conversations there are, Needed how many it
	// takes; Learned of LearnFrom conversations are in the prior before them.
	Reference int `json:"reference"`
	Needed    int `json:"needed"`
	Learned   int `json:"learned"`
	LearnFrom int `json:"learn_from"`
}

func (d *detection) report(armed int, now time.Time) DetectionReport {
	rep := DetectionReport{Detectors: []DetectorReport{}, Ranks: []RankReport{}, Changes: d.lastDay(now)}
	for _, k := range sortedKeys(d.series) {
		s := d.series[k]
		one := d.detectorReport(config.RuleDisagreementRising, s.rising, 1, armed)
		one.Kind, one.Level, one.Pinned = k.Kind, k.Level, k.Pinned
		rep.Detectors = append(rep.Detectors, one)
		rep.Ranks = append(rep.Ranks, rankReport(s.ranks, k))
	}
	rep.Detectors = append(rep.Detectors, d.overlongReport(armed))
	rep.Detectors = append(rep.Detectors, d.labelledDetectors(armed)...)
	for i := range d.flags {
		if f := &d.flags[i]; !f.over(now) {
			if rep.Flagged == nil {
				rep.Flagged = map[string]int{}
			}
			rep.Flagged[f.Rule]++
		}
	}
	return rep
}

// detectorReport reports on a detector whose values are to be told times scale.
func (d *detection) detectorReport(rule string, t *detect.Detector, scale float64, armed int) DetectorReport {
	rep := DetectorReport{
		Rule: rule, State: DetectorLearning, Absent: AbsentLearning,
		Learned: int64(len(t.Baseline.Values)), LearnFrom: int64(d.promise.learn),
		Threshold: d.promise.threshold(rule, armed), Detectors: armed,
		FalseAlarmConversations: d.promise.conversations(rule), Conversations: t.N,
	}
	if !t.Armed() {
		return rep
	}
	e := t.Rise.Evidence()
	rep.State, rep.Absent, rep.EValue = DetectorSteady, "", &e
	rep.Baseline = baselineReport(&t.Baseline, scale)
	rep.Learned, rep.LearnFrom = rep.Baseline.Conversations, rep.Baseline.Conversations
	if !t.Risen.IsZero() {
		rep.State = DetectorRisen
		rep.Risen = riseReport(t, scale)
	}
	return rep
}

func riseReport(d *detect.Detector, scale float64) *RiseReport {
	rise := &RiseReport{
		At: d.Risen, OnsetConversations: d.Onset.N,
		RecoveryEValue: d.Fall.Evidence(), RecoveryThreshold: detect.RecoveryThreshold,
	}
	if mean, ok := d.Onset.Mean(); ok {
		mean *= scale
		at := d.Onset.At
		rise.OnsetAt, rise.OnsetMean = &at, &mean
	}
	return rise
}

func (d *detection) overlongReport(armed int) DetectorReport {
	o := d.overlong
	rep := d.detectorReport(config.RuleOverthinking, &o.Detector, 1, armed)
	if o.Limit > 0 {
		long := int(o.Limit)
		rep.LongTokens = &long
		return rep
	}
	rep.Learned = int64(len(o.Pending))
	if o.Idle {
		rep.Absent = AbsentNoReasoning
	}
	return rep
}

func baselineReport(b *detect.Baseline, scale float64) *BaselineReport {
	all := b.Overall()
	rep := &BaselineReport{
		Mean: scale * all.Mean, High: scale * all.Bound, Confidence: detect.BaselineConfidence,
		Conversations: all.N, Since: b.Since, Until: b.Until,
	}
	from := int64(0)
	for i, s := range b.Strata {
		one := StratumReport{ContextFrom: from, Mean: scale * s.Mean, High: scale * s.Bound, Conversations: s.N}
		if _, high := binEdges(s.To); i < len(b.Strata)-1 {
			one.ContextTo, from = &high, high+1
		}
		rep.Strata = append(rep.Strata, one)
	}
	return rep
}

func rankReport(r *detect.Ranks, k seriesKey) RankReport {
	return RankReport{
		Kind: k.Kind, Level: k.Level, Pinned: k.Pinned, RankLevel: detect.RankLevel,
		Reference: len(r.Maxima), Needed: detect.MinReference, Learned: int(min(r.Seeds, detect.RankPrior)), LearnFrom: detect.RankPrior,
	}
}
