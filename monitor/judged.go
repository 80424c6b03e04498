package monitor

import (
	"container/list"
	"slices"
	"time"
)

const (
	// maxJudged bounds the labelled requests that are remembered, so that a
	// second label replaces the first, and maxJudgedBytes their size.
	maxJudged      = 20_000
	maxJudgedBytes = 16 << 20
	// maxJudgedRequests bounds those of one conversation; then it begins anew.
	maxJudgedRequests = 1000
)

// A judgedRequest is a labelled request: what was said of it, and what it
// counts for.
type judgedRequest struct {
	ID       string      `json:"id"`
	At       time.Time   `json:"at"`
	Key      labelledKey `json:"key"`
	Verdicts verdicts    `json:"verdicts"`
	Parts    []part      `json:"parts,omitempty"`
}

// A judgedConversation is the labelled requests of one conversation.
type judgedConversation struct {
	Key conversationKey `json:"key"`
	// Seen is when the latest label came, by the monitor's clock.
	Seen time.Time `json:"seen"`
	// Settled is whether it gave its value to the detectors.
	Settled  bool             `json:"settled,omitempty"`
	Requests []*judgedRequest `json:"requests"`
}

// find is a request of the conversation; nil if it has no label yet.
func (c *judgedConversation) find(id string) *judgedRequest {
	if i := c.index(id); i >= 0 {
		return c.Requests[i]
	}
	return nil
}

func (c *judgedConversation) index(id string) int {
	return slices.IndexFunc(c.Requests, func(j *judgedRequest) bool { return j.ID == id })
}

// others sums up the conversation in one cell but for the request j, by bucket.
func (c *judgedConversation) others(j *judgedRequest, in gradeCell, s *span) map[int64][]int64 {
	var sums map[int64][]int64
	for _, other := range c.Requests {
		if other == j || other.Key != j.Key {
			continue
		}
		for _, p := range other.Parts {
			if p.Cell != in {
				continue
			}
			if sums == nil {
				sums = map[int64][]int64{}
			}
			bucket := s.bucket(other.At)
			if sums[bucket] == nil {
				sums[bucket] = make([]int64, len(p.Z))
			}
			for i, z := range p.Z {
				sums[bucket][i] += z
			}
		}
	}
	return sums
}

// judgements is the bounded table of labelled requests, by conversation. The
// conversation whose latest label is the oldest leaves first; what it counts
// for stays in the windows.
type judgements struct {
	limit, limitBytes int
	byKey             map[conversationKey]*list.Element
	order             *list.List // the latest label in front
	requests, bytes   int
}

func newJudgements(limit, limitBytes int) *judgements {
	return &judgements{limit: limit, limitBytes: limitBytes, byKey: map[conversationKey]*list.Element{}, order: list.New()}
}

// get finds a conversation; nil if it is not there.
func (t *judgements) get(key conversationKey) *judgedConversation {
	if e := t.byKey[key]; e != nil {
		return e.Value.(*judgedConversation)
	}
	return nil
}

// enter finds or adds a conversation and notes that a label came; more is
// whether it is for a request that had none.
func (t *judgements) enter(key conversationKey, now time.Time, more bool) *judgedConversation {
	e := t.byKey[key]
	if e != nil && more && len(e.Value.(*judgedConversation).Requests) >= maxJudgedRequests {
		t.forget(e)
		e = nil
	}
	if e == nil {
		e = t.order.PushFront(&judgedConversation{Key: key})
		t.byKey[key] = e
	}
	t.order.MoveToFront(e)
	c := e.Value.(*judgedConversation)
	c.Seen = now
	return c
}

// put adds a request to a conversation, or replaces it there, and makes room.
// The conversations that left are returned for their end.
func (t *judgements) put(c *judgedConversation, j *judgedRequest) (gone []*judgedConversation) {
	if i := c.index(j.ID); i >= 0 {
		t.bytes += j.size() - c.Requests[i].size()
		c.Requests[i] = j
	} else {
		c.Requests = append(c.Requests, j)
		t.requests++
		t.bytes += j.size()
	}
	for (t.requests > t.limit || t.bytes > t.limitBytes) && t.order.Len() > 1 {
		gone = append(gone, t.forget(t.order.Back()))
	}
	return gone
}

func (t *judgements) forget(e *list.Element) *judgedConversation {
	c := t.order.Remove(e).(*judgedConversation)
	delete(t.byKey, c.Key)
	t.requests -= len(c.Requests)
	for _, j := range c.Requests {
		t.bytes -= j.size()
	}
	return c
}

// size estimates the memory of a request in bytes.
func (j *judgedRequest) size() int {
	n := 400 + len(j.ID) + 60*len(j.Verdicts.Outcomes)
	for _, says := range j.Verdicts.Tests {
		n += 60 + len(says)
	}
	for _, p := range j.Parts {
		n += 40 + 8*len(p.Z)
	}
	return n
}

// silent calls f for every conversation that got no label since the time.
func (t *judgements) silent(since time.Time, f func(*judgedConversation)) {
	for e := t.order.Back(); e != nil; e = e.Prev() {
		c := e.Value.(*judgedConversation)
		if c.Seen.After(since) {
			return
		}
		f(c)
	}
}

// state lists the conversations, the oldest first. Requests are never changed
// once they are in the table, so they are shared.
func (t *judgements) state() []judgedConversation {
	all := make([]judgedConversation, 0, t.order.Len())
	for e := t.order.Back(); e != nil; e = e.Prev() {
		c := *e.Value.(*judgedConversation)
		c.Requests = slices.Clone(c.Requests)
		all = append(all, c)
	}
	return all
}
