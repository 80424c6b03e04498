package detect

import (
	"math"
	"time"
)

const (
	// riseBets is the number of bets that a detector makes on each value.
	riseBets = 5
	// FalseAlarmConversations is K: the detectors of a sidecar together raise
	// at most one false alarm per K conversations.
	FalseAlarmConversations = 1000
	// RecoveryThreshold is the evidence that ends an alarm. While the mean
	// stays at or above the bound plus margin, it ends falsely at most once per
	// so many conversations.
	RecoveryThreshold = 100
	// recoveryMargin is how far above the baseline's bound the mean may be
	// for the alarm to end: a share of the bound, at least minRecoveryMargin.
	recoveryMargin    = 0.25
	minRecoveryMargin = 0.02
)

// stakes are the shares of wealth that are staked on each value. Small ones
// gain on small rises, large ones on large rises and steady values.
func stakes() [riseBets]float64 { return [riseBets]float64{0.1, 0.2, 0.35, 0.6, 0.9} }

// A Wager is a betting e-SR statistic (Shin, Ramdas and Rinaldo, E-detectors,
// 2023): evidence that the mean of values in [0, 1] has come above m at some
// unknown time. For each stake c, from 0,
//
//	M_c ← (M_c + 1)·(1 + c(x/m − 1)).
//
// While the mean given the past is at most m, the factor's mean is at most 1,
// so the mean over c of M_c, less the number of values, is a supermartingale:
// the mean time until it first reaches A is at least A. No independence is
// asked for, and m may be another one for each value.
type Wager [riseBets]float64

// take adds the value x under the hypothesis m, 0 < m < 1.
func (w *Wager) take(x, m float64) {
	for i, c := range stakes() {
		w[i] = (w[i] + 1) * (1 + c*(x/m-1))
	}
}

// Evidence is the mean over the stakes.
func (w *Wager) Evidence() float64 {
	total := 0.0
	for _, v := range w {
		total += v
	}
	return total / riseBets
}

// usable is whether a restored wager can be one.
func (w *Wager) usable() bool {
	e := w.Evidence()
	for _, v := range w {
		if v < 0 {
			return false
		}
	}
	return !math.IsNaN(e) && !math.IsInf(e, 0)
}

// A Detector learns what is usual of a series and tells when it has risen: one
// value in [0, 1] for each conversation. It has three states: learning, steady and
// risen. JSON is its form in the snapshot.
type Detector struct {
	Baseline Baseline `json:"baseline"`
	// Rise bets that the mean is above the baseline's bound, Fall, while
	// risen, that it is below the bound plus margin again.
	Rise Wager `json:"rise"`
	Fall Wager `json:"fall,omitzero"`
	// N counts values since the baseline was frozen.
	N int64 `json:"n"`
	// Risen is when the alarm began; zero: there is none.
	Risen time.Time `json:"risen,omitzero"`
	// Onset is since the rise is likely to have begun.
	Onset Onset `json:"onset,omitzero"`
}

// An Onset estimates when a rise began: where a CUSUM of one wager last stood at
// 0 (Page). It is a guess that decides nothing. What is chosen for being high
// is on average a little too high.
type Onset struct {
	Sum float64 `json:"sum"`
	// N and X are the number and sum of the values since then, At when the
	// first of them came.
	N  int64     `json:"n"`
	X  float64   `json:"x"`
	At time.Time `json:"at,omitzero"`
}

// onsetStake is the stake of that wager.
const onsetStake = 0.35

// take takes in a value under the hypothesis m.
func (o *Onset) take(x, m float64, now time.Time) {
	if o.N == 0 {
		o.At = now
	}
	o.N++
	o.X += x
	o.Sum += math.Log1p(onsetStake * (x/m - 1))
	if o.Sum <= 0 {
		*o = Onset{}
	}
}

// Mean is that of the values since then; ok is false if there are none.
func (o *Onset) Mean() (float64, bool) {
	if o.N == 0 {
		return 0, false
	}
	return o.X / float64(o.N), true
}

// A Hearing is what a value is judged by.
type Hearing struct {
	// Conversations is K; an alarm takes evidence of K times what Armed gives,
	// 1 at least. Counting takes time, so it is done only where it decides.
	Conversations float64
	Armed         func() int
	// Learn is the number of conversations that a baseline is learnt from.
	Learn int
	Now   time.Time
}

// reached is whether the evidence raises an alarm.
func (h Hearing) reached(evidence float64) bool {
	if evidence < h.Conversations {
		return false
	}
	return h.Armed == nil || evidence >= h.Conversations*float64(h.Armed())
}

// Take takes in one value. What is no number is left out.
func (d *Detector) Take(v Value, h Hearing) {
	if math.IsNaN(v.X) {
		return
	}
	v.X = math.Min(1, math.Max(0, v.X))
	if !d.Armed() {
		d.Baseline.learn(v, h.Learn, h.Now)
		return
	}
	d.N++
	bound := d.Baseline.of(v.Bin).Bound
	if d.Risen.IsZero() {
		d.Rise.take(v.X, bound)
		d.Onset.take(v.X, bound, h.Now)
		if h.reached(d.Rise.Evidence()) {
			d.Risen, d.Fall = h.Now, Wager{}
		}
		return
	}
	d.Onset.N++
	d.Onset.X += v.X
	d.Fall.take(1-v.X, 1-recovered(bound))
	if d.Fall.Evidence() >= RecoveryThreshold {
		d.Risen, d.Rise, d.Onset = time.Time{}, Wager{}, Onset{}
	}
}

// recovered is the mean below which an alarm ends.
func recovered(bound float64) float64 {
	return math.Min(maxBaselineBound, bound+math.Max(minRecoveryMargin, recoveryMargin*bound))
}

// Armed is whether the baseline is learnt, so that the detector can alarm.
func (d *Detector) Armed() bool { return d.Baseline.frozen() }

// Begun is whether it has taken in any value.
func (d *Detector) Begun() bool { return d.Armed() || len(d.Baseline.Values) > 0 }

// Usable is whether a restored detector can be one. One that cannot starts
// anew: it must not alarm on what it did not see.
func (d *Detector) Usable() bool {
	return d.Baseline.usable() && d.Rise.usable() && d.Fall.usable() && d.N >= 0
}

// RestoreDetector takes over a detector from a snapshot.
func RestoreDetector(d *Detector) *Detector {
	if d == nil || !d.Usable() {
		return &Detector{}
	}
	return d
}

// Clone shares nothing with the detector that changes: strata are only ever
// replaced.
func (d *Detector) Clone() *Detector {
	c := *d
	c.Baseline.Values = append([]Value(nil), d.Baseline.Values...)
	return &c
}
