package monitor

import (
	"time"

	"hotmess/alerts"
	"hotmess/config"
	"hotmess/detect"
)

// A labelledDetection tells when labelled error or variance has risen, and
// which of its terms made the error rise.
type labelledDetection struct {
	// Errors takes shares of the greatest error, Variances variances; both
	// are 0..1.
	Errors    detect.Detector `json:"errors"`
	Variances detect.Detector `json:"variances"`
	// SinceN and SinceV are the number and sum of the variances since the
	// onset of the error's rise.
	SinceN int64   `json:"since_n,omitempty"`
	SinceV float64 `json:"since_v,omitempty"`
}

// takeLabelled takes in what one labelled conversation gives to a series: its
// error as a share of the greatest, and its variance.
func (d *detection) takeLabelled(key labelledKey, err, variance float64, now time.Time) {
	l := d.labelled[key]
	if l == nil {
		l = &labelledDetection{}
		d.labelled[key] = l
	}
	l.Errors.Take(detect.Value{X: err}, d.hearing(config.RuleErrorRising, now))
	if l.Errors.Onset.N <= 1 {
		l.SinceN, l.SinceV = 0, 0
	}
	l.Variances.Take(detect.Value{X: variance}, d.hearing(config.RuleVarianceHigh, now))
	l.SinceN++
	l.SinceV += variance
}

// The terms of the error, by the names that stand in docs/alerts.md.
const (
	termVariance = "variance"
	termBias     = "bias2"
)

// term says which part of the error, at most so large, most of its rise is;
// empty where that cannot be told.
func (l *labelledDetection) term(most float64) string {
	mean, ok := l.Errors.Onset.Mean()
	if !ok || l.SinceN == 0 || !l.Errors.Armed() || !l.Variances.Armed() {
		return ""
	}
	rise := most * (mean - l.Errors.Baseline.Overall().Mean)
	if l.sinceVariance()-l.Variances.Baseline.Overall().Mean > rise/2 {
		return termVariance
	}
	return termBias
}

// sinceVariance is the mean variance since the onset of the error's rise.
func (l *labelledDetection) sinceVariance() float64 { return l.SinceV / float64(l.SinceN) }

func (l *labelledDetection) copied() *labelledDetection {
	c := *l
	c.Errors, c.Variances = *l.Errors.Clone(), *l.Variances.Clone()
	return &c
}

// restoreLabelledDetection takes over a labelledDetection from a snapshot, if it can be
// one.
func restoreLabelledDetection(l *labelledDetection) *labelledDetection {
	if l == nil || !l.Errors.Usable() || !l.Variances.Usable() {
		return &labelledDetection{}
	}
	return l
}

// labelledReadings are there as soon as a label is.
func (d *detection) labelledReadings(name string, armed int, now time.Time) []alerts.Reading {
	var all []alerts.Reading
	for key, l := range d.labelled {
		about := func(rule string) alerts.Reading {
			r := d.aboutRoute(rule, name, now)
			r.Kind, r.Pinned, r.Stratum = key.Kind, key.Pinned, key.Scale
			return r
		}
		r := d.judged(about(config.RuleErrorRising), &l.Errors, key.most(), armed)
		if term := l.term(key.most()); term != "" && r.State == alerts.StateHolds {
			r.Detail["onset_term"], r.Detail["onset_variance"] = term, l.sinceVariance()
			r.Detail["baseline_variance"] = l.Variances.Baseline.Overall().Mean
		}
		all = append(all, r, d.judged(about(config.RuleVarianceHigh), &l.Variances, 1, armed))
	}
	return all
}

// labelledDetectors report on both detectors of every labelled series.
func (d *detection) labelledDetectors(armed int) []DetectorReport {
	var all []DetectorReport
	for _, key := range sortedLabelled(d.labelled) {
		l := d.labelled[key]
		for _, one := range []DetectorReport{
			d.detectorReport(config.RuleErrorRising, &l.Errors, key.most(), armed),
			d.detectorReport(config.RuleVarianceHigh, &l.Variances, 1, armed),
		} {
			one.Kind, one.Pinned, one.Scale = key.Kind, key.Pinned, key.Scale
			all = append(all, one)
		}
	}
	return all
}
