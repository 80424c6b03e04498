package monitor

import (
	"time"

	"hotmess/alerts"
	"hotmess/config"
	"hotmess/detect"
)

// detected gives the readings of all rules but disagreement_high.
func (r *route) detected(name string, armed int, now time.Time) []alerts.Reading {
	d := r.detection
	var all []alerts.Reading
	for key, s := range d.series {
		if r.series[key] == nil {
			continue
		}
		of := r.reading(name, key, now)
		of.Rule, of.Bound, of.HasBound, of.Units = config.RuleDisagreementRising, 0, false, 0
		all = append(all, d.judged(of, s.rising, 1, armed))
	}
	all = append(all, d.overlongReading(d.aboutRoute(config.RuleOverthinking, name, now), armed))
	all = append(all, d.labelledReadings(name, armed, now)...)
	all = append(all, d.modelReading(d.aboutRoute(config.RuleModelChanged, name, now), now))
	all = append(all, r.starvedReading(d.aboutRoute(config.RuleSamplingStarved, name, now), now))
	if name != OtherRoute { // that is Monitor.unreadReading
		all = append(all, failingReading(d.aboutRoute(config.RuleUpstreamFailing, name, now), d.recentFailures(now)))
	}
	for i := range d.flags {
		all = append(all, d.flags[i].reading(d.aboutRoute(d.flags[i].Rule, name, now), now))
	}
	return all
}

// aboutRoute begins a reading that is about the whole route.
func (d *detection) aboutRoute(rule, name string, now time.Time) alerts.Reading {
	return alerts.Reading{
		Rule: rule, Route: name, Alpha: detect.BoundAlpha,
		Detail: map[string]any{}, Changes: d.lastDay(now),
	}
}

// state is alerts.StateHolds or StateCleared.
func state(holds bool) alerts.State {
	if holds {
		return alerts.StateHolds
	}
	return alerts.StateCleared
}

// judged adds the state of a detector to a reading; scale is the unit of its
// values.
func (d *detection) judged(r alerts.Reading, t *detect.Detector, scale float64, armed int) alerts.Reading {
	detail := map[string]any{
		"false_alarm_conversations": d.promise.conversations(r.Rule),
		"detectors":                 armed,
	}
	r.Detail = detail
	if !t.Armed() {
		r.State = alerts.StateLearning
		detail["learned_conversations"], detail["baseline_size"] = len(t.Baseline.Values), d.promise.learn
		return r
	}
	r.State = state(!t.Risen.IsZero())
	base := t.Baseline.Overall()
	detail["baseline"], detail["baseline_high"] = scale*base.Mean, scale*base.Bound
	detail["baseline_conversations"], detail["baseline_until"] = int(base.N), t.Baseline.Until
	detail["strata"] = len(t.Baseline.Strata)
	detail["conversations_since"] = int(t.N)
	detail["e_value"], detail["e_threshold"] = t.Rise.Evidence(), d.promise.threshold(r.Rule, armed)
	if t.Risen.IsZero() {
		return r
	}
	detail["risen_at"] = t.Risen
	detail["recovery_e_value"], detail["recovery_e_threshold"] = t.Fall.Evidence(), float64(detect.RecoveryThreshold)
	if mean, ok := t.Onset.Mean(); ok {
		detail["onset_at"], detail["onset_conversations"] = t.Onset.At, int(t.Onset.N)
		detail["onset_mean"] = scale * mean
	}
	return r
}

func (d *detection) overlongReading(r alerts.Reading, armed int) alerts.Reading {
	o := d.overlong
	r = d.judged(r, &o.Detector, 1, armed)
	if o.Limit > 0 {
		r.Detail["long_tokens"] = int(o.Limit)
		return r
	}
	r.Detail["learned_conversations"] = len(o.Pending)
	return r
}

func (d *detection) modelReading(r alerts.Reading, now time.Time) alerts.Reading {
	c := d.changes
	if len(c.Tracked) == 0 {
		return r
	}
	r.State = state(c.Model != nil && now.Sub(c.Noticed) < changeHolds)
	if r.State == alerts.StateHolds {
		r.Detail["what"], r.Detail["from"], r.Detail["to"] = c.Model.What, c.Model.From, c.Model.To
		r.Detail["since"] = c.Model.Time
		r.Detail["noticed_at"] = c.Noticed
	}
	return r
}

func (r *route) starvedReading(reading alerts.Reading, now time.Time) alerts.Reading {
	s := r.sampling(now)
	reading.Detail["drawn"], reading.Detail["measured"] = int(s.drawn), int(s.measured)
	if told := s.told(); told != "" {
		reading.Detail["reasons"] = told
	}
	reading.MeasuredShare, reading.HasShare = deref(ratio(s.measured, s.drawn))
	if s.drawn >= minDrawn {
		reading.State = state(reading.MeasuredShare < starvedShare)
	}
	return reading
}

func failingReading(r alerts.Reading, f failures) alerts.Reading {
	r.Detail["requests"], r.Detail["failed"] = int(f.Requests), int(f.Failed)
	share, ok := deref(ratio(f.Failed, f.Requests))
	if !ok {
		return r
	}
	r.Detail["failed_share"] = share
	// Few requests cannot raise the alarm, but good ones end it.
	if f.Requests >= minRequests || share < failingShare {
		r.State = state(share >= failingShare)
	}
	return r
}

// reading is that of a flagged conversation.
func (f *flag) reading(r alerts.Reading, now time.Time) alerts.Reading {
	r.Of, r.Updated = f.Of, f.Seen
	r.State = state(!f.over(now))
	r.Detail["since"] = f.Since
	if f.Rule == config.RuleRepeating {
		r.Detail["repeated"], r.Detail["repeated_threshold"] = f.Repeated, repeatedFrom
		if f.Call != "" {
			r.Detail["call"] = f.Call
		}
		return r
	}
	if f.Rule == config.RuleSplitDecision || f.Rule == config.RuleGuardBlind {
		f.Guard.detail(r.Detail)
		return r
	}
	r.Kind, r.Level, r.Pinned = f.Key.Kind, f.Key.Level, f.Key.Pinned
	r.Detail["rank"], r.Detail["rank_level"] = f.Rank, detect.RankLevel
	r.Detail["reference_conversations"] = f.Reference
	r.Detail["shrunk_disagreement"] = f.Max
	r.Detail["conversation_pairs"], r.Detail["conversation_differ"] = int(f.N), int(f.X)
	return r
}
