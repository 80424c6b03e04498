package monitor

import "time"

// labelScale is the largest error and variance in Brier form.
const labelScale = 2

// A labelledUnit is what one labelled conversation gives: the mean error and
// variance of its labelled requests, in Brier form, 0..2. What is not known is
// nil.
type labelledUnit struct {
	Error    *float64
	Variance *float64
	// Context is the mean context length of these requests in tokens.
	Context int
}

// A labelledDetection tells when labelled error or variance has risen, and
// which of its terms made the error rise.
type labelledDetection struct {
	Errors    detector `json:"errors"`
	Variances detector `json:"variances"`
	// SinceN and SinceV are the number and sum of the variances since the
	// onset of the error's rise, 0..2 each.
	SinceN int64   `json:"since_n,omitempty"`
	SinceV float64 `json:"since_v,omitempty"`
}

// takeLabelled takes in what one labelled conversation gives, once for each.
// The caller holds mu.
func (m *Monitor) takeLabelled(route string, u labelledUnit) {
	r := m.route(m.names.resolve(route))
	r.detection.takeLabelled(u, m.now())
}

func (d *detection) takeLabelled(u labelledUnit, now time.Time) {
	l, bin := d.labelled, lengthBin(u.Context)
	if u.Error != nil {
		l.Errors.take(value{X: *u.Error / labelScale, Bin: bin}, d.hearing(ruleError, now))
		if l.Errors.Onset.N <= 1 {
			l.SinceN, l.SinceV = 0, 0
		}
	}
	if u.Variance == nil {
		return
	}
	l.Variances.take(value{X: *u.Variance / labelScale, Bin: bin}, d.hearing(ruleVariance, now))
	l.SinceN++
	l.SinceV += *u.Variance
}

// The terms of the error, by the names that stand in docs/alerts.md.
const (
	termVariance = "variance"
	termBias     = "bias2"
)

// term says which part of the error most of its rise is; empty where that
// cannot be told.
func (l *labelledDetection) term() string {
	mean, ok := l.Errors.Onset.mean()
	if !ok || l.SinceN == 0 || !l.Errors.armed() || !l.Variances.armed() {
		return ""
	}
	rise := labelScale * (mean - l.Errors.Baseline.overall().Mean)
	variance := l.SinceV/float64(l.SinceN) - labelScale*l.Variances.Baseline.overall().Mean
	if variance > rise/2 {
		return termVariance
	}
	return termBias
}

func (l *labelledDetection) copied() *labelledDetection {
	c := *l
	c.Errors, c.Variances = *l.Errors.copied(), *l.Variances.copied()
	return &c
}

// restoreLabelled takes over a labelledDetection from a snapshot, if it can be
// one.
func restoreLabelled(l *labelledDetection) *labelledDetection {
	if l == nil || !l.Errors.usable() || !l.Variances.usable() {
		return &labelledDetection{}
	}
	return l
}
