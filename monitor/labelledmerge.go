package monitor

import (
	"slices"
	"time"
)

// mergeLabelled adds the labelled windows of a route.
func (m *Monitor) mergeLabelled(r *route, all []labelledState, now time.Time) {
	for _, st := range all {
		s := m.labelledSeries(r, st.Key)
		if s == nil {
			continue
		}
		for i := range s.rings {
			s.rings[i].merge(st.Rings[i], now, func(v, o *labelledBucket) { v.merge(o) })
		}
	}
}

// mergeJudged takes over the labelled requests of a conversation, whose buckets
// are merged already. Where this sidecar has labels of the same conversation, the
// two are put together: theirs are taken out of the windows and counted again, as
// requests of the one conversation.
func (m *Monitor) mergeJudged(c judgedConversation, now time.Time) {
	r := m.routes[c.Key.Route]
	if r == nil {
		return
	}
	c.Requests = slices.DeleteFunc(c.Requests, func(j *judgedRequest) bool { return r.labelled[j.Key] == nil })
	shared := m.judged.get(c.Key) != nil
	if shared {
		for n, j := range slices.Backward(c.Requests) {
			left := judgedConversation{Requests: c.Requests[:n]}
			r.labelled[j.Key].count(&left, j, -1, now)
		}
	}
	kept := m.judged.enter(c.Key, now, false)
	kept.Settled = kept.Settled || c.Settled
	for _, j := range c.Requests {
		if kept.find(j.ID) != nil {
			continue // a label of it came to both; this sidecar's counts
		}
		for _, gone := range m.judged.put(kept, j) {
			m.settleLabelled(gone)
		}
		if shared {
			r.labelled[j.Key].count(kept, j, 1, now)
		}
	}
}
