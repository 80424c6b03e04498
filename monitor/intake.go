package monitor

import "time"

// take takes one observation into the memory.
func (m *Monitor) take(o Observation) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	at := requestTime(&o, now)
	name := m.names.resolve(o.Route)
	r := m.route(name)
	r.content.take(&o, at, now)
	r.traffic.update(at, now, func(t *traffic) { t.count(&o) })
	if len(o.Samples) > 0 && o.Samples[0].Missing == "" {
		r.lengths.update(at, now, func(l *lengths) { l.count(o.Samples[0], o.Actions) })
		m.sketchesFor(r).count(&o.Samples[0], o.Actions, at, now)
	}
	if t := tallyOf(&o); t != (tally{}) {
		if w := r.stratumFor(stratumKey{Kind: o.Kind, Pinned: o.Pinned}); w != nil {
			w.update(at, now, func(v *tally) { v.add(t) })
		}
	}
	m.notice(name, r, &o, now)
	m.takePair(name, r, &o, at, now)
	m.mitigations.take(name, &o)
	m.recent.add(o)
	m.settleWaiting(&o, now)
	m.totals.count(&o)
	m.meters.taken(name, &o)
}

// requestTime is the time of a request, but not in the future: a bucket that
// has not begun would hide the one it shares its place with.
func requestTime(o *Observation, now time.Time) time.Time {
	if o.Time.IsZero() || o.Time.After(now) {
		return now
	}
	return o.Time
}

// takePair takes in the measured pair of a drawn request. Requests that were
// not drawn never enter a disagreement, whatever they carry.
func (m *Monitor) takePair(name string, r *route, o *Observation, at, now time.Time) {
	key := keyOf(name, o)
	if !o.Drawn || o.Differ == nil {
		m.live.touch(key, now)
		return
	}
	c, evicted := m.live.enter(key, now)
	if evicted != nil {
		m.end(evicted)
	}
	lengths, set := PairLengths(o), setOf(o)
	for level, differ := range o.Differ {
		k := seriesKey{Kind: o.Kind, Level: level, Pinned: o.Pinned}
		p := levelPair{pair{differ, weightOf(o.Inclusion)}, level == o.Headline, contextOf(o), at, now, lengths, set, o.Added}
		takeLevel(c, r, k, p)
		m.takeCurves(c, r, k, p)
	}
}

// keyOf names the conversation of a request; one without is its own.
func keyOf(route string, o *Observation) conversationKey {
	if o.Conversation == "" {
		return conversationKey{Route: route, ID: o.ID}
	}
	return conversationKey{Route: route, ID: o.Conversation}
}

// contextOf is the context length of a request in tokens, 0 if unknown.
func contextOf(o *Observation) int64 {
	if len(o.Samples) == 0 {
		return 0
	}
	return int64(max(0, o.Samples[0].Context.Tokens))
}

// A levelPair is a measured pair at one level.
type levelPair struct {
	pair
	headline bool
	// context is the request's length in tokens.
	context int64
	// at is the time of the request, now that of taking it in.
	at, now time.Time
	lengths pairLengths
	set     *setValues
	added   bool
}

// takeLevel takes in the pair at one level.
func takeLevel(c *conversation, r *route, key seriesKey, p levelPair) {
	s := r.seriesFor(key, p.headline)
	if s == nil {
		return
	}
	if p.at.After(s.updated) {
		s.updated = p.at
	}
	t := c.track(key, p.headline)
	for i := range t.Clusters {
		ring := &s.windows.rings[i]
		t.Clusters[i].count(ring, ring.span.bucket(p.at), ring.span.bucket(p.now), p.pair)
	}
	if t.Unit == nil || s.bound == nil || p.added {
		return
	}
	r.detection.follow(c, t, p)
	if t.Unit.count(p) {
		r.settle(t, s, p.now)
	}
}

// settle gives the value of a conversation in one series, once.
func (r *route) settle(t *track, s *series, now time.Time) {
	v, ok := t.Unit.settle()
	if !ok {
		return
	}
	s.bound.Take(v.X)
	r.detection.rise(t.Key, v, now)
}

// sweep ends the conversations that have fallen silent.
func (m *Monitor) sweep() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.live.silent(m.now().Add(-conversationSilence), m.end)
	for _, r := range m.routes {
		r.detection.flags.forget(m.now())
	}
	m.sweepLabels(m.now())
}

// end makes a conversation give the values that it has not given yet.
func (m *Monitor) end(c *conversation) {
	r := m.routes[c.key.Route]
	if r == nil {
		return
	}
	for i := range c.tracks {
		t := &c.tracks[i]
		if s := r.series[t.Key]; s != nil && s.bound != nil && t.Unit != nil {
			r.settle(t, s, m.now())
		}
	}
	r.detection.end(c, m.now())
}

// route finds or adds a route by its resolved name.
func (m *Monitor) route(name string) *route {
	r := m.routes[name]
	if r == nil {
		r = newRoute(&m.named)
		r.detection.promise = m.promise
		m.routes[name] = r
	}
	return r
}
