package monitor

import (
	"container/list"
	"slices"
	"time"

	"hotmess/detect"
)

const (
	// conversationSilence ends a conversation.
	conversationSilence = 30 * time.Minute
	// unitPairs is how many measured requests, from its first, make up the
	// one value that a conversation gives to the bound.
	unitPairs = 20
	// maxConversations bounds the table of conversations.
	maxConversations = 20_000
)

// A conversationKey names a conversation: ids are unique within a route.
type conversationKey struct {
	Route string `json:"route"`
	ID    string `json:"id"`
}

// A conversation is what is remembered of one task.
type conversation struct {
	key conversationKey
	// seen is when its latest request was taken in, by the monitor's clock.
	seen time.Time
	// ended is whether it has been silent for long enough since then, so that
	// silent passes it over.
	ended  bool
	tracks []track
	// spell is nil before its first request that could be measured.
	spell *spell
}

// A track is one conversation's part in one series.
type track struct {
	Key seriesKey `json:"key"`
	// Clusters are its sums as they stand in the rings of the series.
	Clusters [windowCount]cluster `json:"clusters"`
	// Unit is set on the headline level.
	Unit *unit `json:"unit,omitempty"`
	// Course is set on the headline level.
	Course *detect.Course `json:"course,omitempty"`
	// Curve is set where curves are kept of the series.
	Curve *curvePart `json:"curve,omitempty"`
}

// A unit gathers the value that a conversation gives to bound and detector:
// the mean pair disagreement of its first unitPairs measured requests.
type unit struct {
	X int64 `json:"x"`
	N int64 `json:"n"`
	// Context is the sum of their context lengths, in tokens.
	Context int64 `json:"c,omitempty"`
	// Done is whether the value was given; a conversation gives only one.
	Done bool `json:"done,omitempty"`
}

// count adds a pair and reports whether the value is complete.
func (u *unit) count(p levelPair) bool {
	if u.Done {
		return false
	}
	u.X += boolInt(p.differ)
	u.N++
	u.Context += p.context
	return u.N >= unitPairs
}

// settle gives the value, once.
func (u *unit) settle() (v detect.Value, ok bool) {
	if u.Done || u.N == 0 {
		return detect.Value{}, false
	}
	u.Done = true
	return detect.Value{X: float64(u.X) / float64(u.N), Bin: lengthBin(int(u.Context / u.N))}, true
}

// track finds the conversation's part in a series, or adds it.
func (c *conversation) track(key seriesKey, headline bool) *track {
	i := slices.IndexFunc(c.tracks, func(t track) bool { return t.Key == key })
	if i < 0 {
		i = len(c.tracks)
		c.tracks = append(c.tracks, track{Key: key})
	}
	t := &c.tracks[i]
	if headline && t.Unit == nil {
		t.Unit, t.Course = &unit{}, &detect.Course{}
	}
	return t
}

// conversations is the bounded table of conversations, the latest in front. A
// conversation that has given its values stays, so that it does not give them
// twice, until it is the oldest of a full table.
type conversations struct {
	limit   int
	byKey   map[conversationKey]*list.Element
	order   *list.List
	evicted int64
}

func newConversations(limit int) *conversations {
	return &conversations{limit: limit, byKey: map[conversationKey]*list.Element{}, order: list.New()}
}

// touch notes a request of a conversation that is in the table.
func (t *conversations) touch(key conversationKey, now time.Time) {
	if e, ok := t.byKey[key]; ok {
		c := e.Value.(*conversation)
		c.seen, c.ended = now, false
		t.order.MoveToFront(e)
	}
}

// enter finds or adds a conversation. If the table was full, the oldest leaves
// it and is returned for its end.
func (t *conversations) enter(key conversationKey, now time.Time) (c, evicted *conversation) {
	if e, ok := t.byKey[key]; ok {
		t.touch(key, now)
		return e.Value.(*conversation), nil
	}
	if t.order.Len() >= t.limit {
		oldest := t.order.Remove(t.order.Back()).(*conversation)
		delete(t.byKey, oldest.key)
		t.evicted++
		evicted = oldest
	}
	c = &conversation{key: key, seen: now}
	t.byKey[key] = t.order.PushFront(c)
	return c, evicted
}

// silent calls f for every conversation without a request since the time, once
// for each silence.
func (t *conversations) silent(since time.Time, f func(*conversation)) {
	for e := t.order.Back(); e != nil; e = e.Prev() {
		c := e.Value.(*conversation)
		if c.seen.After(since) {
			return
		}
		if !c.ended {
			c.ended = true
			f(c)
		}
	}
}
