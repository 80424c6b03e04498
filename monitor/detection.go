package monitor

import (
	"cmp"
	"slices"
	"time"

	"hotmess/alerts"
	"hotmess/config"
	"hotmess/detect"
)

// A detection is what one route remembers to tell what has changed. It is
// guarded by Monitor.mu.
type detection struct {
	// promise is the Monitor's.
	promise  *promise
	series   map[seriesKey]*seriesDetection
	overlong *overlong
	labelled map[labelledKey]*labelledDetection
	flags    flags
	changes  *changes
	failures ring[failures]
}

// A seriesDetection is that of one headline series.
type seriesDetection struct {
	rising *detect.Detector
	ranks  *detect.Ranks
}

func newDetection() *detection {
	return &detection{
		series: map[seriesKey]*seriesDetection{}, overlong: &overlong{}, labelled: map[labelledKey]*labelledDetection{},
		changes: &changes{}, failures: newRing[failures](failureSpan()),
	}
}

// of finds or adds the detection of a series. Callers have a series of that
// key, which bounds how many there are.
func (d *detection) of(key seriesKey) *seriesDetection {
	s := d.series[key]
	if s == nil {
		s = &seriesDetection{rising: &detect.Detector{}, ranks: &detect.Ranks{}}
		d.series[key] = s
	}
	return s
}

// hearing is what a value of a rule is judged by now.
func (d *detection) hearing(rule string, now time.Time) detect.Hearing {
	p := d.promise
	return detect.Hearing{Conversations: float64(p.conversations(rule)), Armed: p.armed, Learn: p.learn, Now: now}
}

// notice takes in what needs no pair to be seen.
func (m *Monitor) notice(name string, r *route, o *Observation, now time.Time) {
	d := r.detection
	if f := d.failures.at(failureSpan().bucket(now), failureSpan().bucket(now)); f != nil {
		f.count(o)
	}
	if o.Kind == "" || o.Reason == ReasonRetry {
		d.flags.guarded(o, cmp.Or(o.Conversation, unreadConversation), now)
		return
	}
	c, evicted := m.live.enter(keyOf(name, o), now)
	if evicted != nil {
		m.end(evicted)
	}
	opening := c.spell == nil
	if opening {
		c.spell = &spell{}
	}
	d.changes.count(o, opening, now)
	d.flags.touch(c.key.ID, now)
	if s := o.Signals; s != nil && s.Repeated >= repeatedFrom {
		d.flags.raise(flag{Rule: config.RuleRepeating, Of: c.key.ID, Since: now, Seen: now, Repeated: s.Repeated, Call: s.Call})
	}
	d.flags.guarded(o, c.key.ID, now)
	if len(o.Samples) > 0 && c.spell.count(o.Samples[0]) {
		d.giveSpell(c, now)
	}
}

// follow takes in a pair of a running conversation.
func (d *detection) follow(c *conversation, t *track, p levelPair) {
	if t.Course == nil {
		return
	}
	ranks := d.of(t.Key).ranks
	ranks.Count(t.Course, p.differ)
	rank, ok := ranks.Rank(t.Course)
	if !ok || rank > detect.RankLevel {
		return
	}
	d.flags.raise(flag{
		Rule: config.RuleConversationIncoherent, Of: c.key.ID, Key: t.Key, Since: p.now, Seen: p.now,
		Rank: rank, Reference: int(t.Course.Among), Max: t.Course.Max, X: t.Course.X, N: t.Course.N,
	})
}

// rise takes in the value that a conversation gives to a series.
func (d *detection) rise(key seriesKey, v detect.Value, now time.Time) {
	d.of(key).rising.Take(v, d.hearing(config.RuleDisagreementRising, now))
}

// end takes in what an ended conversation has not given yet. It may be called
// again for the same one.
func (d *detection) end(c *conversation, now time.Time) {
	d.giveSpell(c, now)
	for i := range c.tracks {
		t := &c.tracks[i]
		if s := d.series[t.Key]; s != nil && t.Course != nil {
			s.ranks.End(t.Course)
		}
	}
}

// giveSpell gives the reasoning lengths of a conversation, once.
func (d *detection) giveSpell(c *conversation, now time.Time) {
	if c.spell == nil || c.spell.Done {
		return
	}
	s := *c.spell
	c.spell.Done, c.spell.Reasoning = true, nil
	d.overlong.take(s, d.hearing(config.RuleOverthinking, now))
}

// detectors calls f for every detector of the route.
func (d *detection) detectors(f func(*detect.Detector)) {
	for _, s := range d.series {
		f(s.rising)
	}
	f(&d.overlong.Detector)
	for _, l := range d.labelled {
		f(&l.Errors)
		f(&l.Variances)
	}
}

// armed counts the detectors of all routes that can alarm. The caller holds mu.
func (m *Monitor) armed() int {
	n := 0
	for _, r := range m.routes {
		r.detection.detectors(func(d *detect.Detector) { n += int(boolInt(d.Armed())) })
	}
	return n
}

// AcceptBaseline says that what a route does now is meant to be so: every
// detector of it that has learnt or is learning begins a new baseline, and its
// alarms are over. It gives the number of these detectors; ok is false if there
// is no such route.
func (m *Monitor) AcceptBaseline(name string) (n int, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.routes[name]
	if r == nil {
		return 0, false
	}
	r.detection.detectors(func(d *detect.Detector) { n += int(boolInt(d.Begun())) })
	n += int(boolInt(len(r.detection.overlong.Pending) > 0))
	r.detection.accept()
	return n, true
}

// accept begins new baselines. Conversations that run on give their values to
// the new ones.
func (d *detection) accept() {
	for _, s := range d.series {
		*s = seriesDetection{rising: &detect.Detector{}, ranks: &detect.Ranks{Epoch: s.ranks.Epoch + 1}}
	}
	d.flags = slices.DeleteFunc(d.flags, func(f flag) bool { return f.Rule == config.RuleConversationIncoherent })
	d.overlong = &overlong{}
	for key := range d.labelled { // kept, so that readings tell that they learn
		d.labelled[key] = &labelledDetection{}
	}
	d.changes.Noticed, d.changes.Model = time.Time{}, nil
}

// A detectionState is the snapshot of a detection.
type detectionState struct {
	Series   []seriesDetectionState   `json:"series,omitempty"`
	Overlong *overlong                `json:"overlong,omitempty"`
	Labelled []labelledDetectionState `json:"labelled,omitempty"`
	Flags    flags                    `json:"flags,omitempty"`
	Changes  *changes                 `json:"changes,omitempty"`
}

type seriesDetectionState struct {
	Key    seriesKey        `json:"key"`
	Rising *detect.Detector `json:"rising"`
	Ranks  *detect.Ranks    `json:"ranks"`
}

type labelledDetectionState struct {
	Key       labelledKey        `json:"key"`
	Detection *labelledDetection `json:"detection"`
}

// state copies all that outlasts the process; failures of the last minutes do
// not.
func (d *detection) state() *detectionState {
	st := &detectionState{
		Overlong: d.overlong.copied(),
		Flags:    append(flags(nil), d.flags...), Changes: d.changes.copied(),
	}
	for _, k := range sortedKeys(d.series) {
		s := d.series[k]
		st.Series = append(st.Series, seriesDetectionState{Key: k, Rising: s.rising.Clone(), Ranks: s.ranks.Clone()})
	}
	for _, k := range sortedLabelled(d.labelled) {
		st.Labelled = append(st.Labelled, labelledDetectionState{Key: k, Detection: d.labelled[k].copied()})
	}
	return st
}

// restoreDetection takes over what a snapshot holds, within the same bounds as
// live data; what cannot be starts anew.
func restoreDetection(st *detectionState) *detection {
	d := newDetection()
	if st == nil {
		return d
	}
	for _, s := range st.Series {
		if len(d.series) < maxSeries {
			d.series[s.Key] = &seriesDetection{rising: detect.RestoreDetector(s.Rising), ranks: detect.RestoreRanks(s.Ranks)}
		}
	}
	d.overlong = restoreOverlong(st.Overlong)
	for _, s := range st.Labelled {
		if len(d.labelled) < maxLabelled {
			d.labelled[s.Key] = restoreLabelledDetection(s.Detection)
		}
	}
	d.flags = append(d.flags, st.Flags[:min(len(st.Flags), maxFlags)]...)
	d.changes = restoreChanges(st.Changes)
	return d
}

// lastDay gives the suspected change-points of the route.
func (d *detection) lastDay(now time.Time) []alerts.Change { return d.changes.lastDay(now) }
