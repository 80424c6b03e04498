package monitor

import (
	"cmp"
	"math"
	"slices"
)

// A labelledState is the snapshot of a labelled series: the slots in use, ring
// by ring.
type labelledState struct {
	Key    labelledKey                        `json:"key"`
	Curved bool                               `json:"curved,omitempty"`
	Rings  [curveRings][]slot[labelledBucket] `json:"rings"`
}

func compareLabelled(a, b labelledKey) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(boolInt(a.Pinned), boolInt(b.Pinned)), cmp.Compare(a.Scale, b.Scale))
}

// labelledKeys lists the labelled series of a route in order.
func (r *route) labelledKeys() []labelledKey { return sortedLabelled(r.labelled) }

// sortedLabelled gives keys in the order of reports.
func sortedLabelled[V any](m map[labelledKey]V) []labelledKey {
	keys := make([]labelledKey, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, compareLabelled)
	return keys
}

// labelledState lists the labelled series of a route.
func (r *route) labelledState() []labelledState {
	var all []labelledState
	for _, key := range r.labelledKeys() {
		s := r.labelled[key]
		st := labelledState{Key: key, Curved: s.curved}
		for i := range s.rings {
			for _, held := range s.rings[i].slots {
				if held != nil && len(held.Value.Cells) > 0 {
					st.Rings[i] = append(st.Rings[i], slot[labelledBucket]{Bucket: held.Bucket, Value: held.Value.clone()})
				}
			}
		}
		all = append(all, st)
	}
	return all
}

// restoreLabelled is the inverse of labelledState, within the same bounds as
// live data.
func (m *Monitor) restoreLabelled(r *route, all []labelledState) {
	for _, st := range all {
		s := m.labelledSeries(r, st.Key)
		if s == nil {
			continue
		}
		s.curved = st.Curved
		for i, slots := range st.Rings {
			for _, held := range slots {
				if b := s.rings[i].at(held.Bucket, math.MaxInt64); b != nil && held.Value.sound() {
					*b = held.Value
				}
			}
		}
	}
}

// restoreJudged takes over the labelled requests of a snapshot.
func (m *Monitor) restoreJudged(all []judgedConversation) {
	for _, c := range all {
		r := m.routes[c.Key.Route]
		if r == nil {
			continue
		}
		kept := m.judged.enter(c.Key, c.Seen, false)
		kept.Settled = c.Settled
		for _, j := range c.Requests {
			if j != nil && r.labelled[j.Key] != nil && soundParts(j.Parts) {
				m.judged.put(kept, j)
			}
		}
	}
}

// size is the number of values in the vectors of a cell; 0: there is no such
// cell.
func (c gradeCell) size() int {
	switch {
	case c == cellAccuracy, c == cellLapse:
		return 2
	case c == cellWithin, c == cellKL:
		return 3
	case c < cellCurves+lengthCount*lengthBins:
		return 4
	}
	return 0
}

// sound is whether all sums have the size of their cell.
func (b *labelledBucket) sound() bool {
	for c, s := range b.Cells {
		if n := c.size(); n == 0 || s == nil || len(s.Sum) != n || len(s.Cross) != n*(n+1)/2 {
			return false
		}
	}
	return true
}

func soundParts(parts []part) bool {
	return !slices.ContainsFunc(parts, func(p part) bool { return p.Cell.size() == 0 || len(p.Z) != p.Cell.size() })
}
