package monitor

import (
	"math"
	"time"

	"hotmess/estimate"
)

// lengthSketches are the distributions of the four lengths of whole replies in
// one bucket, within 1 %.
type lengthSketches [lengthCount]estimate.Sketch

// sketches are those of a route, over two days and over thirty.
type sketches struct {
	rings [curveRings]ring[lengthSketches]
}

func newSketches() *sketches {
	s := &sketches{}
	for i := range s.rings {
		s.rings[i] = newRing[lengthSketches](spans()[curveWindow(i)])
	}
	return s
}

// count adds the lengths of one reply; nil: no sketches are kept of the route.
func (s *sketches) count(r *SampleRecord, actions *int, at, now time.Time) {
	if s == nil {
		return
	}
	lengths := [lengthCount]Length{r.Reasoning, r.Output, r.Context, {}}
	if actions != nil {
		lengths[lengthActions] = Length{Tokens: *actions, Source: SourceUsage}
	}
	for i := range s.rings {
		ring := &s.rings[i]
		v := ring.at(ring.span.bucket(at), ring.span.bucket(now))
		for k, l := range lengths {
			if v != nil && l.Source != "" {
				v[k].Add(max(0, l.Tokens))
			}
		}
	}
}

// total merges one length over a window; empty where none are kept.
func (s *sketches) total(window, length int, now time.Time) (total estimate.Sketch) {
	if s == nil || window < windowTwoDays {
		return total
	}
	s.rings[window-windowTwoDays].each(now, func(_ int64, v *lengthSketches) { total.Merge(&v[length]) })
	return total
}

func (l *lengthSketches) add(o *lengthSketches) {
	for i := range l {
		l[i].Merge(&o[i])
	}
}

// sketchesState is the snapshot of a route's sketches, ring by ring.
type sketchesState [curveRings][]slot[lengthSketches]

// state shares nothing with the sketches; nil: none are kept.
func (s *sketches) state() *sketchesState {
	if s == nil {
		return nil
	}
	var st sketchesState
	for i := range s.rings {
		for _, v := range s.rings[i].slots {
			if v != nil {
				var copied lengthSketches
				copied.add(&v.Value)
				st[i] = append(st[i], slot[lengthSketches]{Bucket: v.Bucket, Value: copied})
			}
		}
	}
	return &st
}

func restoreSketches(st *sketchesState) *sketches {
	s := newSketches()
	for i, slots := range st {
		for _, v := range slots {
			if to := s.rings[i].at(v.Bucket, math.MaxInt64); to != nil {
				*to = v.Value
			}
		}
	}
	return s
}

// sketchesFor finds or adds a route's sketches; nil if there are too many.
func (m *Monitor) sketchesFor(r *route) *sketches {
	if r.sketches == nil && m.sketched < maxCurved {
		m.sketched++
		r.sketches = newSketches()
	}
	return r.sketches
}

// Quantiles are lengths of replies, in tokens or actions, within 1 %: half of
// all are up to P50, and so on.
type Quantiles struct {
	P50 int `json:"p50"`
	P90 int `json:"p90"`
	P99 int `json:"p99"`
}

// quantiles is nil below minLengths lengths.
func quantiles(s estimate.Sketch) *Quantiles {
	if s.N() < minLengths {
		return nil
	}
	var q Quantiles
	q.P50, _ = s.Quantile(0.5)
	q.P90, _ = s.Quantile(0.9)
	q.P99, _ = s.Quantile(0.99)
	return &q
}

// reasoningMedian is the median of the reasoning tokens of a route's replies
// over two days; ok is false below 20 of them. Merging two days' sketches takes
// long enough for it to be kept for a minute.
func (m *Monitor) reasoningMedian(route string) (tokens int, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.routes[route]
	if r == nil || r.sketches == nil {
		return 0, false
	}
	if now := m.now(); r.median.n < minLengths || now.Sub(r.median.at) >= time.Minute {
		s := r.sketches.total(windowTwoDays, lengthReasoning, now)
		r.median = keptMedian{at: now, n: s.N()}
		r.median.tokens, _ = s.Quantile(0.5)
	}
	return r.median.tokens, r.median.n >= minLengths && r.median.tokens > 0
}

// A keptMedian is a median in tokens, of how many replies, and when it was taken.
type keptMedian struct {
	at     time.Time
	n      int64
	tokens int
}

// A Placement is where one call's length lies among those of its route over
// two days.
type Placement struct {
	// Length is reasoning_tokens, or output_tokens where reasoning is unknown.
	Length string `json:"length"`
	Tokens int    `json:"tokens"`
	// Above is the share of the route's replies that are longer, 0..1, N how
	// many they are compared with.
	Above float64 `json:"above"`
	N     int64   `json:"n"`
	// OverMedian is Tokens / the route's median; absent where that is 0.
	OverMedian *float64 `json:"over_median,omitempty"`
	// Route are the quantiles of the route.
	Route Quantiles `json:"route"`
}

// Placement says where the primary of a request lies among the replies of its
// route; false if the request is not known any more, its length is not, or the
// route has fewer than 20 replies.
func (m *Monitor) Placement(id string) (Placement, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	o, ok := m.recent.byID[id]
	r := m.routes[m.names.resolve(o.Route)]
	if !ok || r == nil || len(o.Samples) == 0 {
		return Placement{}, false
	}
	length, at := o.Samples[0].Reasoning, lengthReasoning
	if length.Source == "" {
		length, at = o.Samples[0].Output, lengthOutput
	}
	s := r.sketches.total(windowTwoDays, at, m.now())
	q := quantiles(s)
	if length.Source == "" || q == nil {
		return Placement{}, false
	}
	p := Placement{Length: LengthNames()[at], Tokens: length.Tokens, N: s.N(), Route: *q, OverMedian: ratio(int64(length.Tokens), int64(q.P50))}
	p.Above, _ = s.Share(length.Tokens)
	return p, true
}
