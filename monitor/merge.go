package monitor

import (
	"slices"
	"time"
)

// Merge takes in what another sidecar remembers in its windows, bucket by
// bucket, as if this one had seen the traffic of both. All of it is whole
// numbers, so the result is exactly that.
//
// A conversation of which both have seen requests is one conversation: its two
// records are put together, provided that both sidecars still know it and that it
// fits into a window; else it counts as two. What is not a sum is left as it is:
// bounds and detectors, the budget, totals since the start, the latest observations.
func (m *Monitor) Merge(o *Monitor) {
	s := o.snapshot()
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	for name, st := range s.Routes {
		m.mergeRoute(m.route(m.names.resolve(name)), st, now)
	}
	for _, c := range s.Conversations {
		c.Key.Route = m.names.resolve(c.Key.Route)
		m.mergeConversation(c, now)
	}
	for _, c := range s.Judged {
		c.Key.Route = m.names.resolve(c.Key.Route)
		m.mergeJudged(c, now)
	}
}

// mergeRoute adds the windows of a route.
func (m *Monitor) mergeRoute(r *route, st routeState, now time.Time) {
	r.lengths.merge(st.Lengths, now, func(v, o *lengths) { v.add(o) })
	r.traffic.merge(st.Traffic, now, func(v, o *traffic) { v.add(o) })
	if own := m.sketchesFor(r); own != nil && st.Sketches != nil {
		for i := range own.rings {
			own.rings[i].merge(st.Sketches[i], now, func(v, o *lengthSketches) { v.add(o) })
		}
	}
	r.content.merge(st.Content, now)
	m.mergeLabelled(r, st.Labelled, now)
	for _, ss := range st.Strata {
		if w := r.stratumFor(ss.Key); w != nil {
			w.merge(ss.Windows, now, func(v, o *tally) { v.add(*o) })
		}
	}
	for _, ss := range st.Series {
		if s := r.seriesFor(ss.Key, ss.Bound != nil); s != nil {
			s.windows.merge(ss.Windows, now, func(v, o *sums) { v.add(*o) })
			if ss.Updated.After(s.updated) {
				s.updated = ss.Updated
			}
		}
	}
	for _, cs := range st.Curves {
		c := m.curvesFor(r, cs.Key)
		if c == nil {
			continue
		}
		for i := range c.rings {
			c.rings[i].merge(cs.Rings[i], now, func(v, o *curveSums) { v.add(o) })
		}
		for _, g := range cs.Gaps {
			c.gaps.add(g)
		}
	}
}

// merge adds the slots of another ring of the same span. One whose time has not
// come by this clock is left out.
func (r *ring[T]) merge(slots []slot[T], now time.Time, add func(v, o *T)) {
	newest := r.span.bucket(now)
	for i := range slots {
		s := &slots[i]
		if s.Bucket > newest {
			continue
		}
		if v := r.at(s.Bucket, newest); v != nil {
			add(v, &s.Value)
		}
	}
}

func (w *windows[T]) merge(st windowsState[T], now time.Time, add func(v, o *T)) {
	for i := range w.rings {
		w.rings[i].merge(st[i], now, add)
	}
}

// mergeConversation puts the records of a conversation together with those that
// are here, or takes them over. The buckets are merged already.
func (m *Monitor) mergeConversation(st conversationState, now time.Time) {
	r := m.routes[st.Key.Route]
	if r == nil || len(st.Tracks) > maxSeries {
		return
	}
	c, evicted := m.live.enter(st.Key, now)
	if evicted != nil {
		m.end(evicted)
	}
	for _, t := range st.Tracks {
		s := r.series[t.Key]
		if s == nil {
			continue
		}
		i := slices.IndexFunc(c.tracks, func(own track) bool { return own.Key == t.Key })
		if i < 0 {
			c.tracks = append(c.tracks, t)
			continue
		}
		own := &c.tracks[i]
		for w := range own.Clusters {
			own.Clusters[w].merge(&s.windows.rings[w], t.Clusters[w])
		}
		if own.Curve != nil && t.Curve != nil && r.curves[t.Key] != nil {
			for w := range own.Curve {
				own.Curve[w].merge(&r.curves[t.Key].rings[w], &t.Curve[w])
			}
		} else if own.Curve == nil {
			own.Curve = t.Curve
		}
	}
}

// merge puts another record of the same conversation together with this one. A
// record whose bucket has left the ring since comes back with the later of the
// two, as it would have stayed with it. Records that do not fit together in one
// window stay apart, and so do those of a conversation with a record before.
func (c *cluster) merge(r *ring[sums], o cluster) {
	if o.N == 0 {
		return
	}
	if c.N == 0 {
		*c = o
		return
	}
	both := cluster{
		First: min(c.First, o.First), Last: max(c.Last, o.Last),
		X: c.X + o.X, N: c.N + o.N, Differ: c.Differ + o.Differ, Pairs: c.Pairs + o.Pairs,
	}
	apart := c.Before.N > 0 || o.Before.N > 0 || both.N > maxRecord || both.Last-both.First >= r.span.buckets
	if apart {
		return
	}
	for _, part := range []cluster{*c, o} {
		if home := r.find(part.Last); home != nil {
			home.subtract(part.sums())
		}
	}
	if home := r.find(both.Last); home != nil {
		home.add(both.sums())
	}
	*c = both
}

// merge is the same of a record of curves. All of it moves to where the earlier
// of the two began.
func (c *curveRecord) merge(r *ring[curveSums], o *curveRecord) {
	theirs := r.find(o.Began)
	if theirs == nil {
		return
	}
	own := r.find(c.Began)
	if own == nil {
		*c = *o
		return
	}
	c.leave(own)
	o.leave(theirs)
	both := curveRecord{Began: min(c.Began, o.Began)}
	home := r.find(both.Began)
	both.enter(home, c)
	both.enter(home, o)
	*c = both
}

// leave takes the record out of its bucket.
func (c *curveRecord) leave(home *curveSums) {
	for _, s := range c.Shares {
		home.cell(s.Cell).subtract(s.sums())
	}
	home.Moments.remove(&c.Joint)
	if c.Sets != nil {
		means := home.sets().means()
		for i, p := range c.Sets.parts() {
			means[i].move(*p, -1)
		}
	}
}

// enter adds all of another record, which is in no bucket.
func (c *curveRecord) enter(home *curveSums, o *curveRecord) {
	for _, s := range o.Shares {
		c.take(home, s)
	}
	c.Joint.take(&home.Moments, o.Joint)
	if o.Sets == nil {
		return
	}
	if c.Sets == nil {
		c.Sets = &setPart{}
	}
	theirs, means := o.Sets.parts(), home.sets().means()
	for i, own := range c.Sets.parts() {
		own.take(means[i], *theirs[i])
	}
}
