package monitor

import (
	"cmp"
	"math"
	"slices"
)

// A curvesState is the snapshot of the curves of a series: the slots in use,
// ring by ring.
type curvesState struct {
	Key   seriesKey                     `json:"key"`
	Rings [curveRings][]slot[curveSums] `json:"rings"`
}

// curvesState lists the curves of a route by series.
func (r *route) curvesState() []curvesState {
	var all []curvesState
	for key, c := range r.curves {
		st := curvesState{Key: key}
		for i := range c.rings {
			for _, s := range c.rings[i].slots {
				if s != nil {
					st.Rings[i] = append(st.Rings[i], slot[curveSums]{Bucket: s.Bucket, Value: s.Value.clone()})
				}
			}
		}
		all = append(all, st)
	}
	slices.SortFunc(all, func(a, b curvesState) int { return compareKeys(a.Key, b.Key) })
	return all
}

func compareKeys(a, b seriesKey) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Level, b.Level),
		cmp.Compare(boolInt(a.Pinned), boolInt(b.Pinned)))
}

// restoreCurves is the inverse of curvesState, within the same bounds as live
// data.
func (m *Monitor) restoreCurves(r *route, all []curvesState) {
	for _, st := range all {
		if r.series[st.Key] == nil || r.curves[st.Key] != nil || m.curved >= maxCurved {
			continue
		}
		m.curved++
		c := newCurves()
		for i, slots := range st.Rings {
			for _, s := range slots {
				if v := c.rings[i].at(s.Bucket, math.MaxInt64); v != nil && s.Value.sound() {
					*v = s.Value
				}
			}
		}
		r.curves[st.Key] = c
	}
}

// sound is whether the cells are sorted, and none that does not exist is among
// them.
func (s *curveSums) sound() bool {
	for i, c := range s.Cells {
		if int(c.Cell) >= lengthCount*lengthBins || i > 0 && s.Cells[i-1].Cell >= c.Cell {
			return false
		}
	}
	return true
}
