package monitor

import (
	"fmt"
	"testing"
	"time"
)

func TestConversationBeyondTheSpanBeginsAFreshRecord(t *testing.T) {
	s := spans()[windowHour]
	r := newRing[sums](s)
	var c cluster
	c.count(&r, 1000, 2000, pair{true, 1})
	c.count(&r, 1059, 2000, pair{true, 1}) // the first pair is 59 buckets old: still one record
	if got := *r.find(1059); got != conversationSums(2, 2) {
		t.Fatalf("within the span: %+v", got)
	}
	c.count(&r, 1060, 2000, pair{false, 1})
	if got := *r.find(1060); got != conversationSums(0, 1) {
		t.Errorf("the fresh record: %+v", got)
	}
	both := *r.find(1059)
	both.add(*r.find(1060))
	if want := conversationSums(2, 3); both != want {
		t.Errorf("both records are %+v, want one conversation, %+v", both, want)
	}
}

func TestLatePairCountsInTheBucketOfTheLastPair(t *testing.T) {
	r := newRing[sums](spans()[windowHour])
	var c cluster
	c.count(&r, 1010, 2000, pair{false, 1})
	c.count(&r, 1005, 2000, pair{true, 1})
	if got := *r.find(1010); got != conversationSums(1, 2) {
		t.Errorf("bucket 1010: %+v", got)
	}
	if r.find(1005) != nil && r.find(1005).G != 0 {
		t.Errorf("the conversation stands in bucket 1005 too: %+v", *r.find(1005))
	}
}

func TestPairOlderThanTheRingIsLeftOut(t *testing.T) {
	r := newRing[sums](spans()[windowHour])
	var c cluster
	c.count(&r, 1000, 2000, pair{true, 1})
	c.count(&r, 900, 2000, pair{true, 1})
	if got := *r.find(1000); got != conversationSums(1, 1) {
		t.Errorf("bucket 1000: %+v", got)
	}
}

func TestConversationTableEvictsTheOldest(t *testing.T) {
	table := newConversations(2)
	key := func(i int) conversationKey { return conversationKey{"r", fmt.Sprint(i)} }
	table.enter(key(1), base)
	table.enter(key(2), base)
	table.touch(key(1), base.Add(time.Second))
	if _, evicted := table.enter(key(3), base); evicted == nil || evicted.key != key(2) {
		t.Errorf("evicted %+v, want conversation 2", evicted)
	}
	if table.evicted != 1 || table.order.Len() != 2 || len(table.byKey) != 2 {
		t.Errorf("evicted %d, %d in order, %d by key", table.evicted, table.order.Len(), len(table.byKey))
	}
}

// conversationOf observes a run of pairs of one conversation and takes them in.
func conversationOf(m *Monitor, id string, at time.Time, differ ...bool) {
	for i, d := range differ {
		m.take(measured(id, at.Add(time.Duration(i)*time.Second), d))
	}
}

// measured is an observation with a measured pair of the series action/target.
func measured(conversation string, at time.Time, differ bool) Observation {
	return Observation{
		ID: conversation + at.Format(".150405.000000"), Time: at, Route: "r", Conversation: conversation,
		Dialect: "openai-chat", Model: "m", Mode: "observe", Outcome: OutcomeOK,
		Kind: "action", Headline: "target", Inclusion: 1, Drawn: true,
		Differ: map[string]bool{"tool": false, "target": differ, "exact": true},
	}
}

func units(m *Monitor) int64 {
	return m.routes["r"].series[seriesKey{Kind: "action", Level: "target"}].bound.Units()
}

func TestConversationGivesItsValueAtThe20thPairAndNoneAfter(t *testing.T) {
	m, clock := newTest(t)
	pairs := make([]bool, 45)
	conversationOf(m, "c", base, pairs[:19]...)
	if units(m) != 0 {
		t.Fatalf("%d values after 19 pairs", units(m))
	}
	conversationOf(m, "c", base.Add(time.Minute), pairs[:1]...)
	if units(m) != 1 {
		t.Fatalf("%d values after 20 pairs", units(m))
	}
	conversationOf(m, "c", base.Add(2*time.Minute), pairs...)
	clock.advance(time.Hour)
	m.sweep()
	if units(m) != 1 {
		t.Errorf("%d values after the end", units(m))
	}
}

func TestConversationGivesItsValueAfterSilence(t *testing.T) {
	m, clock := newTest(t)
	conversationOf(m, "c", base, true, false)
	clock.advance(conversationSilence - time.Second)
	m.sweep()
	if units(m) != 0 {
		t.Fatal("value given before the silence was long enough")
	}
	clock.advance(time.Second)
	m.sweep()
	m.sweep()
	if units(m) != 1 {
		t.Fatalf("%d values after silence", units(m))
	}
	conversationOf(m, "c", clock.now(), true)
	clock.advance(time.Hour)
	m.sweep()
	if units(m) != 1 {
		t.Errorf("a conversation that came back gave %d values", units(m))
	}
}

func TestUndrawnRequestKeepsTheConversationOpen(t *testing.T) {
	m, clock := newTest(t)
	conversationOf(m, "c", base, true)
	clock.advance(20 * time.Minute)
	o := measured("c", clock.now(), true)
	o.Drawn, o.Differ, o.Reason = false, nil, ReasonNotDrawn
	m.take(o)
	clock.advance(20 * time.Minute)
	m.sweep()
	if units(m) != 0 {
		t.Error("the conversation ended though it had a request 20 minutes ago")
	}
}

func TestEvictedConversationGivesItsValue(t *testing.T) {
	m, _ := newTest(t)
	m.live = newConversations(1)
	conversationOf(m, "c", base, true)
	conversationOf(m, "d", base, true)
	if units(m) != 1 {
		t.Errorf("%d values, want that of the evicted conversation", units(m))
	}
}
