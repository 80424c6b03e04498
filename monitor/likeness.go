package monitor

import (
	"fmt"
	"maps"
	"math"
	"time"
)

const (
	// LevelSimilar is the level of texts that count as the same if they are
	// more alike than replies to different requests are. It is there once the
	// route is calibrated, and is the headline of texts from then on.
	LevelSimilar = "similar"
	levelExact   = "exact"

	// calibrateAt is how many similarities of unrelated replies the threshold
	// rests on.
	calibrateAt = 200
	// falselySame is the share of unrelated pairs that may count as the same.
	falselySame = 0.01
	// likenessBins is the number of bins of similarities: threshold is one of
	// their edges.
	likenessBins = 200
)

// likeness finds the similarity from which on two texts of a route count as the
// same. What similarity is by chance, where all replies of a route share a
// template or a subject, is learnt from replies to requests of different
// conversations: the threshold is the smallest bin edge with rank
// ⌈(n+1)(1−α)⌉ or more of the n similarities at or below it, so that another
// unrelated pair is above it with probability α at most, if it is exchangeable
// with those (split conformal prediction; Vovk, Gammerman and Shafer). It is set
// once: a moving threshold would move D.
type likeness struct {
	// Bins counts the first calibrateAt similarities, or a few more. Bin 0 holds
	// 0, bin k those above (k−1)/200 up to k/200.
	Bins [likenessBins + 1]uint32 `json:"bins"`
	N    int64                    `json:"n"`
	// Threshold is set once there are enough, by a request of the time Since: later
	// ones are judged by it.
	Threshold *float64  `json:"threshold,omitempty"`
	Since     time.Time `json:"since,omitzero"`
	// Later counts the similarities of unrelated replies that came after, Above
	// those above the threshold: α if it still fits.
	Later int64 `json:"later,omitempty"`
	Above int64 `json:"above,omitempty"`
}

// take judges the texts of a pair and learns from its unrelated replies, in this
// order. Once there is a threshold, o gets the level similar; its maps are not
// changed but replaced.
func (l *likeness) take(o *Observation) {
	if o.Kind != KindText || !o.Drawn || o.Differ == nil {
		return
	}
	l.judge(o)
	for _, s := range o.Unrelated {
		if s >= 0 && s <= 1 {
			l.learn(s)
		}
	}
	if l.Threshold == nil && l.N >= calibrateAt {
		t := l.quantile()
		l.Threshold, l.Since = &t, o.Time
	}
}

// judge gives a pair of texts the level similar, if there was a threshold before
// it. So it does not matter when: the store of observations holds pairs without
// the level, and a label may bring one of them back.
func (l *likeness) judge(o *Observation) {
	if o.Kind != KindText || !o.Drawn || o.Differ == nil || l.Threshold == nil || !o.Time.After(l.Since) {
		return
	}
	differ := maps.Clone(o.Differ)
	// A refusal or an empty reply has no similarity: it is itself alone.
	alike := o.Similarity != nil && *o.Similarity > *l.Threshold
	differ[LevelSimilar] = o.Differ[levelExact] && !alike
	o.Differ, o.Headline = differ, LevelSimilar
}

func (l *likeness) learn(s float64) {
	if l.Threshold != nil {
		l.Later++
		l.Above += boolInt(s > *l.Threshold)
		return
	}
	l.Bins[int(math.Ceil(s*likenessBins))]++
	l.N++
}

// quantile is the threshold for the similarities learnt.
func (l *likeness) quantile() float64 {
	rank := int64(math.Ceil(float64(l.N+1) * (1 - falselySame)))
	var seen int64
	for i, n := range l.Bins {
		if seen += int64(n); seen >= rank {
			return float64(i) / likenessBins
		}
	}
	return 1
}

// clone shares nothing with l.
func (l *likeness) clone() likeness {
	c := *l
	if l.Threshold != nil {
		t := *l.Threshold
		c.Threshold = &t
	}
	return c
}

// A SimilarityReport is how the texts of a route are told to be the same.
type SimilarityReport struct {
	// Threshold is the similarity, 0..1, above which they are; Absent says why
	// there is none.
	Threshold *float64 `json:"threshold,omitempty"`
	Absent    string   `json:"absent,omitempty"`
	// Unrelated is how many pairs of unrelated replies it rests on.
	Unrelated int64 `json:"unrelated"`
	// Alpha is the share of unrelated pairs that are above it; Later counts
	// those that came after, Above how many of them are.
	Alpha float64 `json:"alpha"`
	Later int64   `json:"later"`
	Above int64   `json:"above"`
}

// report is nil for a route without texts.
func (l *likeness) report() *SimilarityReport {
	if l.N == 0 {
		return nil
	}
	c := l.clone()
	rep := &SimilarityReport{Threshold: c.Threshold, Unrelated: l.N, Alpha: falselySame, Later: l.Later, Above: l.Above}
	if l.Threshold == nil {
		rep.Absent = fmt.Sprintf("calibrating %d of %d", l.N, calibrateAt)
	}
	return rep
}
