package monitor

import (
	"time"

	"hotmess/detect"
)

// A seriesKey names one measured series of a route. Kinds and strata are
// never pooled.
type seriesKey struct {
	Kind   string `json:"kind"`
	Level  string `json:"level"`
	Pinned bool   `json:"pinned,omitempty"`
}

func (k seriesKey) stratum() stratumKey { return stratumKey{Kind: k.Kind, Pinned: k.Pinned} }

// A stratumKey names the requests that a series is drawn from: what counts as
// eligible does not depend on the level of comparison.
type stratumKey struct {
	Kind   string `json:"kind"`
	Pinned bool   `json:"pinned,omitempty"`
}

// A series is the disagreement of one kind, level and stratum of a route.
type series struct {
	windows *windows[sums]
	// bound is set on the headline level only.
	bound *detect.Bound
	// updated is when it last took a pair.
	updated time.Time
}

func newSeries() *series { return &series{windows: newWindows[sums]()} }

// sums are the sufficient statistics of the ratio estimator, over
// conversations: with n the weight of the pairs of a conversation (see
// weightOf) and x that of those that differ, Σx, Σn, Σx², Σxn, Σn² and the
// number of conversations G; beside them the plain counts. They are integers,
// so adding and subtracting them is exact in any order.
type sums struct {
	X  int64 `json:"x"`
	N  int64 `json:"n"`
	XX int64 `json:"xx"`
	XN int64 `json:"xn"`
	NN int64 `json:"nn"`
	G  int64 `json:"g"`
	// Differ of Pairs pairs differ.
	Differ int64 `json:"d"`
	Pairs  int64 `json:"p"`
}

func (s *sums) add(o sums) {
	s.X += o.X
	s.N += o.N
	s.XX += o.XX
	s.XN += o.XN
	s.NN += o.NN
	s.G += o.G
	s.Differ += o.Differ
	s.Pairs += o.Pairs
}

func (s *sums) subtract(o sums) {
	s.add(sums{
		X: -o.X, N: -o.N, XX: -o.XX, XN: -o.XN, NN: -o.NN, G: -o.G,
		Differ: -o.Differ, Pairs: -o.Pairs,
	})
}

// total merges the buckets of one window.
func (s *series) total(window int, now time.Time) sums {
	var t sums
	s.windows.rings[window].each(now, func(_ int64, v *sums) { t.add(*v) })
	return t
}

// A tally counts the requests of a stratum, each in the bucket of its own
// time: eligible ⊇ drawn ⊇ measured.
type tally struct {
	Eligible int64 `json:"e"`
	Drawn    int64 `json:"d"`
	Measured int64 `json:"m"`
	// Missing is the weight of those that were drawn but not measured.
	Missing int64 `json:"w,omitempty"`
	// Deep counts those that were drawn for a larger set, Escalated others that
	// got one because their primary reasoned for long.
	Deep      int64 `json:"l,omitempty"`
	Escalated int64 `json:"x,omitempty"`
}

func (t *tally) add(o tally) {
	t.Eligible += o.Eligible
	t.Drawn += o.Drawn
	t.Measured += o.Measured
	t.Missing += o.Missing
	t.Deep += o.Deep
	t.Escalated += o.Escalated
}

// tallyOf is what one observation adds to its stratum.
func tallyOf(o *Observation) tally {
	if !Eligible(o) {
		return tally{}
	}
	t := tally{Eligible: 1, Deep: boolInt(o.Deep > 0), Escalated: boolInt(o.Escalated && o.Deep == 0)}
	switch {
	case !o.Drawn:
	case o.Differ != nil:
		t.Drawn, t.Measured = 1, 1
	default:
		t.Drawn, t.Missing = 1, weightOf(o.Inclusion)
	}
	return t
}

// Eligible is whether the request could have been measured had it been drawn,
// which is the base of the measured share: it was read, and nothing about the
// request itself rules extras out. A request that budget, queue or a failure kept
// from being measured is eligible; the retry of one is not, or it would count twice.
func Eligible(o *Observation) bool {
	if o.Kind == "" {
		return false
	}
	switch o.Reason {
	case ReasonOff, ReasonRetry, ReasonDialect, ReasonNativeN, ReasonProviderTools, ReasonStored,
		ReasonSubscription, ReasonSigned:
		return false
	}
	return true
}

func boolInt(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
