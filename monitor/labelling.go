package monitor

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	// labelPatience is how long a label waits for the observation of its
	// request, which is made when the last sample has ended.
	labelPatience = 15 * time.Minute
	// maxWaitingLabels bounds the labels that wait, and maxWaitingBytes their
	// size.
	maxWaitingLabels = 10_000
	maxWaitingBytes  = 16 << 20
	// labelledUnitSize is how many labelled requests make up the one value that a
	// conversation gives to the detectors of labelled error and variance.
	labelledUnitSize = unitPairs
)

// A LabelStatus is what became of a label.
type LabelStatus string

// What becomes of labels. All but the refused and the unknown are accepted.
const (
	LabelCounted  LabelStatus = "counted"
	LabelReplaced LabelStatus = "replaced" // it contradicts an earlier one, which no longer counts
	LabelRepeated LabelStatus = "repeated" // it says what an earlier one said
	LabelWaiting  LabelStatus = "waiting"  // the request is not observed yet
	LabelRefused  LabelStatus = "refused"
	// LabelUnknown: nothing is wrong with the label, but its request is not one of
	// this sidecar's. Another may have it: that is no error of this one's.
	LabelUnknown LabelStatus = "unknown"
	// LabelExpired is never an answer: it counts labels that waited in vain.
	LabelExpired LabelStatus = "expired"
)

func labelStatuses() []LabelStatus {
	return []LabelStatus{LabelCounted, LabelReplaced, LabelRepeated, LabelWaiting, LabelRefused, LabelUnknown, LabelExpired}
}

// Accepted is whether the label counts, or will once its request is observed.
func (s LabelStatus) Accepted() bool { return s != LabelRefused && s != LabelUnknown }

// A LabelResult says what became of one label.
type LabelResult struct {
	Request string      `json:"request,omitempty"`
	Status  LabelStatus `json:"status"`
	// Error says why it is not accepted.
	Error string `json:"error,omitempty"`
}

// A Labelling is what monitor needs for labels beyond its own memory. Each
// field may be nil.
type Labelling struct {
	// Answer gives the HMAC of a right answer, brought into the form in which
	// samples of the request are compared at its headline level, or says why
	// that request has none.
	Answer func(o *Observation, answer string) (key string, err error)
	// Archive finds observations that have left the memory, by id.
	Archive func(ctx context.Context, ids []string) (map[string]Observation, error)
	// Keep is given each accepted label, with a key in place of the answer. It
	// must not block.
	Keep func(Label)
}

// Label takes in labels that ParseLabel has read, and says of each what became
// of it. It may wait for the archive, so it is not for the request path.
func (m *Monitor) Label(ctx context.Context, labels []Label) []LabelResult {
	found, failure := m.fetch(ctx, labels)
	results := make([]LabelResult, len(labels))
	for i, l := range labels {
		results[i] = m.label(l, found, failure)
	}
	return results
}

// fetch asks the archive for the observations of labels that memory lacks.
func (m *Monitor) fetch(ctx context.Context, labels []Label) (map[string]Observation, error) {
	if m.labelling.Archive == nil {
		return nil, nil
	}
	var ids []string
	asked := map[string]bool{}
	m.mu.Lock()
	for _, l := range labels {
		if _, ok := m.recent.byID[l.Request]; !ok && !asked[l.Request] {
			asked[l.Request] = true
			ids = append(ids, l.Request)
		}
	}
	m.mu.Unlock()
	if len(ids) == 0 {
		return nil, nil
	}
	return m.labelling.Archive(ctx, ids)
}

// label takes in one label; found are observations from the archive, failure is
// why it could not be asked.
func (m *Monitor) label(l Label, found map[string]Observation, failure error) LabelResult {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	if l.Time.IsZero() {
		l.Time = now.UTC()
	}
	o, ok := m.recent.byID[l.Request]
	if !ok {
		o, ok = found[l.Request]
	}
	var status LabelStatus
	var err error
	if ok {
		status, err = m.judge(&o, l, now)
	} else {
		status, err = m.wait(l, failure, now)
	}
	return m.labelled(l.Request, status, err)
}

// labelled counts and gives a result.
func (m *Monitor) labelled(request string, status LabelStatus, err error) LabelResult {
	r := LabelResult{Request: request, Status: status}
	switch {
	case errors.Is(err, errUnknownRequest):
		r.Status, r.Error = LabelUnknown, err.Error()
	case err != nil:
		r.Status, r.Error = LabelRefused, err.Error()
	}
	m.meters.labels[r.Status].Inc()
	return r
}

// errUnknownRequest is wrapped by errors about requests that are not this sidecar's,
// as far as it knows.
var errUnknownRequest = errors.New("was not read (mode off, or another dialect), is of another sidecar")

// wait keeps a label whose observation may still come.
func (m *Monitor) wait(l Label, failure error, now time.Time) (LabelStatus, error) {
	at, err := requestTimeOf(l.Request)
	if err != nil {
		return "", badLabel("request", "%v", err)
	}
	age := now.Sub(at)
	switch {
	case age > labelPatience && failure != nil:
		return "", fmt.Errorf("request: the store of observations does not answer, send the label again: %w", failure)
	case age > labelPatience:
		return "", fmt.Errorf("%w: request: no observation of %s: it %w, or has left the store", errLabel, l.Request, errUnknownRequest)
	case age < -time.Minute:
		return "", badLabel("request", "%s is of a time to come", l.Request)
	case !m.waiting.add(l, now):
		return "", badLabel("request", "%s is not observed yet, and too many labels wait for theirs: send it again later", l.Request)
	}
	return LabelWaiting, nil
}

// judge takes in the label of an observation.
func (m *Monitor) judge(o *Observation, l Label, now time.Time) (LabelStatus, error) {
	if l.Answer != "" {
		if m.labelling.Answer == nil {
			return "", badLabel("answer", "this sidecar has no key to compare answers by, send outcome")
		}
		key, err := m.labelling.Answer(o, l.Answer)
		if err != nil {
			return "", badLabel("answer", "%v", err)
		}
		l = l.kept(key)
	}
	name := m.names.resolve(o.Route)
	key := conversationKey{Route: name, ID: o.Conversation}
	if key.ID == "" {
		key.ID = o.ID
	}
	if r := m.routes[name]; r != nil && o.Headline == "" {
		r.content.likeness.judge(o)
	}
	var before *judgedRequest
	if c := m.judged.get(key); c != nil {
		before = c.find(o.ID)
	}
	var said verdicts
	if before != nil {
		said = before.Verdicts
	}
	next, what, err := said.with(o, l)
	if err != nil {
		return "", fmt.Errorf("%w: %w", errLabel, err)
	}
	if what == changeRepeated {
		return LabelRepeated, nil
	}
	j := &judgedRequest{
		ID: o.ID, At: requestTime(o, now), Verdicts: next, Parts: grade(o, next), Added: o.Added,
		Key: labelledKey{Kind: o.Kind, Pinned: o.Pinned, Scale: next.scale()},
	}
	if m.labelledSeries(m.route(name), j.Key) == nil {
		return "", badLabel("request", "its route or kind is beyond the %d that labelled figures are kept of", maxLabelled)
	}
	m.exchange(key, before, j, now)
	m.mitigations.judge(name, o, before, j)
	if m.labelling.Keep != nil {
		m.labelling.Keep(l)
	}
	if what == changeReplaced {
		return LabelReplaced, nil
	}
	return LabelCounted, nil
}

// exchange counts a labelled request, in place of what it counted for before.
func (m *Monitor) exchange(key conversationKey, before, j *judgedRequest, now time.Time) {
	r := m.route(key.Route)
	c := m.judged.enter(key, now, before == nil)
	if before != nil {
		if s := r.labelled[before.Key]; s != nil {
			s.count(c, before, -1, now)
		}
	}
	for _, gone := range m.judged.put(c, j) {
		m.settleLabelled(gone)
	}
	r.labelled[j.Key].count(c, j, 1, now)
	if c.scored() >= labelledUnitSize {
		m.settleLabelled(c)
	}
}

// labelledSeries finds or adds a labelled series; nil if there are too many.
func (m *Monitor) labelledSeries(r *route, key labelledKey) *labelledSeries {
	s := r.labelled[key]
	if s == nil && m.labelledCount < maxLabelled && (key.Kind == "" || presentable(key.Kind)) {
		s = newLabelledSeries(m.labelledCount < labelledCurved)
		m.labelledCount++
		r.labelled[key] = s
	}
	return s
}

// settleWaiting takes in the labels that waited for an observation.
func (m *Monitor) settleWaiting(o *Observation, now time.Time) {
	for _, l := range m.waiting.take(o.ID) {
		status, err := m.judge(o, l, now)
		if r := m.labelled(o.ID, status, err); r.Status == LabelRefused {
			m.log.Warn("label that waited for its request refused", "request", o.ID, "error", r.Error)
		}
	}
}

// sweepLabels ends conversations that got no label for a while, and gives up on
// labels whose request was never observed.
func (m *Monitor) sweepLabels(now time.Time) {
	m.judged.silent(now.Add(-conversationSilence), m.settleLabelled)
	if n := m.waiting.expire(now.Add(-labelPatience)); n > 0 {
		m.meters.labels[LabelExpired].Add(n)
		m.log.Info("labels given up: their requests were not observed, or by another sidecar", "labels", n, "waited", labelPatience)
	}
}
