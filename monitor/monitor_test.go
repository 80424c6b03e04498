package monitor

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"hotmess/alerts"
	"hotmess/config"
)

// A testClock is set by the test.
type testClock struct {
	mu sync.Mutex
	at time.Time
}

func (c *testClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *testClock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// newTest makes a Monitor without a disk, five minutes after base.
func newTest(t testing.TB) (*Monitor, *testClock) {
	t.Helper()
	return newTestIn(t, "")
}

func newTestIn(t testing.TB, dir string) (*Monitor, *testClock) {
	t.Helper()
	clock := &testClock{at: base.Add(5 * time.Minute)}
	m, err := New(Settings{Budget: config.Default().Budget, Dir: dir, Now: clock.now, Instance: "i"})
	if err != nil {
		t.Fatal(err)
	}
	return m, clock
}

// headlines are the readings of disagreement_high.
func headlines(m *Monitor) []alerts.Reading {
	return m.readings(func(s *series) bool { return s.bound != nil })
}

// start runs m until the test ends.
func start(t testing.TB, m *Monitor) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- m.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
	})
	t.Cleanup(stop)
	return stop
}

func TestSyncWaitsForEverythingObservedBefore(t *testing.T) {
	m, _ := newTest(t)
	start(t, m)
	for i := range 100 {
		if !m.Observe(measured("c", base.Add(time.Duration(i)*time.Second), i%2 == 0)) {
			t.Fatal("queue full")
		}
	}
	if err := m.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := m.Totals(); got.Observed != 100 || got.Measured != 100 || got.Differed != 50 || got.Requests != 100 {
		t.Errorf("totals %+v", got)
	}
}

func TestObserveNeverBlocksAndCountsWhatItDrops(t *testing.T) {
	m, _ := newTest(t)
	for range queueLength {
		if !m.Observe(measured("c", base, false)) {
			t.Fatal("refused before the queue was full")
		}
	}
	if m.Observe(measured("c", base, false)) {
		t.Fatal("taken though the queue is full")
	}
	if got := m.Unmeasured()[ReasonBusy]; got != 1 {
		t.Errorf("busy counted %d", got)
	}
	if got := m.Totals(); got.Dropped != 1 || got.Requests != queueLength+1 {
		t.Errorf("totals %+v", got)
	}
}

func TestRunTakesInTheQueueBeforeItEnds(t *testing.T) {
	m, _ := newTest(t)
	for range 1000 {
		m.Observe(measured("c", base, false))
	}
	stop := start(t, m)
	stop()
	if got := m.Totals().Observed; got != 1000 {
		t.Errorf("%d of 1000 taken in", got)
	}
	if m.Observe(measured("c", base, false)) {
		t.Error("observation taken after the end")
	}
	if got := m.Unmeasured()[ReasonBusy]; got != 1 {
		t.Errorf("busy counted %d after the end", got)
	}
	if err := m.Sync(t.Context()); !errors.Is(err, ErrStopped) {
		t.Errorf("sync after the end: %v", err)
	}
}

func TestRunEndsSilentConversations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, err := New(Settings{})
		if err != nil {
			t.Fatal(err)
		}
		start(t, m)
		m.Observe(measured("c", time.Now(), true))
		if err := m.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(conversationSilence + sweepEvery + time.Second) // virtual
		synctest.Wait()
		if r := headlines(m); len(r) != 1 || r[0].Units != 1 {
			t.Errorf("readings %+v", r)
		}
	})
}

func TestUndrawnPairNeverEntersTheDisagreement(t *testing.T) {
	m, _ := newTest(t)
	o := measured("c", base, true)
	o.Drawn, o.Reason = false, ReasonNotDrawn
	m.take(o)
	if n := len(headlines(m)); n != 0 {
		t.Errorf("%d series from a request that was not drawn", n)
	}
	m.take(measured("c", base, false))
	if r := headlines(m); len(r) != 1 || r[0].Pairs != 1 || r[0].Value != 0 || !r[0].HasShare || r[0].MeasuredShare != 1 {
		t.Errorf("readings %+v", r)
	}
}

func TestTextHasNoReading(t *testing.T) {
	m, _ := newTest(t)
	o := measured("c", base, true)
	o.Kind, o.Headline, o.Differ = "text", "", map[string]bool{"exact": true}
	m.take(o)
	if r := headlines(m); len(r) != 0 {
		t.Errorf("readings %+v", r)
	}
	reports := m.Routes()
	if len(reports) != 1 || len(reports[0].Windows[0].Series) != 1 || len(reports[0].Bounds) != 0 {
		t.Errorf("routes %+v", reports)
	}
}

func TestKindsAndStrataAreNeverPooled(t *testing.T) {
	m, _ := newTest(t)
	m.take(measured("c", base, true))
	pinned := measured("c", base, false)
	pinned.Pinned = true
	m.take(pinned)
	other := measured("c", base, false)
	other.Kind = "structured"
	m.take(other)
	r := headlines(m)
	if len(r) != 3 {
		t.Fatalf("%d readings, want 3", len(r))
	}
	for i, want := range []float64{1, 0, 0} {
		if r[i].Value != want || r[i].Pairs != 1 {
			t.Errorf("reading %d: %+v", i, r[i])
		}
	}
}

func TestRoutesBeyondTheBoundArePooledAndCounted(t *testing.T) {
	m, _ := newTest(t)
	for i := range maxRoutes + 50 {
		o := measured("c", base, false)
		o.Route = "route-" + string(rune('A'+i/26)) + string(rune('a'+i%26))
		m.take(o)
	}
	totals := m.Totals()
	if totals.Routes != maxRoutes+1 || totals.Pooled != 50 {
		t.Errorf("%d routes, %d pooled", totals.Routes, totals.Pooled)
	}
	for _, r := range m.Routes() {
		if r.Route == OtherRoute && r.Windows[0].Requests != 50 {
			t.Errorf("other has %d requests", r.Windows[0].Requests)
		}
	}
}

func TestUnpresentableRouteNameIsPooled(t *testing.T) {
	n := newNames(10)
	for _, name := range []string{"", "a\x00b", "a\nb", "\xff", "a\u200bb", string(make([]byte, 500))} {
		if got := n.resolve(name); got != OtherRoute {
			t.Errorf("%q kept as %q", name, got)
		}
	}
	if got := n.resolve(`quote"and\slash`); got != `quote"and\slash` {
		t.Errorf("got %q", got)
	}
}

func TestFutureTimeCountsAsNow(t *testing.T) {
	m, clock := newTest(t)
	m.take(measured("c", clock.now().Add(240*time.Hour), true))
	if r := headlines(m); len(r) != 1 || r[0].Pairs != 1 || !r[0].Updated.Equal(clock.now()) {
		t.Errorf("readings %+v", r)
	}
}

func TestRequestIsFoundUntilItIsPushedOut(t *testing.T) {
	m, _ := newTest(t)
	m.recent = newRecent(2, 1<<20)
	for _, c := range []string{"a", "b", "c"} {
		m.take(measured(c, base, true))
	}
	if _, ok := m.Request(measured("a", base, true).ID); ok {
		t.Error("the oldest of three is still there")
	}
	if o, ok := m.Request(measured("c", base, true).ID); !ok || o.Conversation != "c" {
		t.Errorf("latest: %v %+v", ok, o)
	}
}

func TestRecentIsBoundedByBytes(t *testing.T) {
	r := newRecent(1000, 10_000)
	for i := range 5000 {
		r.add(measured("c", base.Add(time.Duration(i)*time.Second), true))
	}
	if r.bytes > 10_000 || len(r.byID) == 0 || len(r.queue) > 2100 {
		t.Errorf("%d bytes, %d observations, queue of %d", r.bytes, len(r.byID), len(r.queue))
	}
}

// TestPanicInOneObservationLosesThatOne breaks a route's memory and observes
// one request there, and one elsewhere.
func TestPanicInOneObservationLosesThatOne(t *testing.T) {
	m, err := New(Settings{})
	if err != nil {
		t.Fatal(err)
	}
	m.routes["broken"] = &route{}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- m.Run(ctx) }()
	m.Observe(Observation{ID: "1", Route: "broken", Time: time.Now()})
	m.Observe(Observation{ID: "2", Route: "whole", Time: time.Now()})
	if err := m.Sync(ctx); err != nil {
		t.Fatal(err)
	}
	if _, ok := m.Request("2"); !ok || m.Unmeasured()[ReasonPanic] != 1 {
		t.Errorf("observation 2 there: %v, panics counted: %d; want true and 1", ok, m.Unmeasured()[ReasonPanic])
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestContentOfObservationsCountsAgainstTheirBound holds that what is compared
// beyond keys does not take memory unseen.
func TestContentOfObservationsCountsAgainstTheirBound(t *testing.T) {
	o := measured("c", base, true)
	plain := observationBytes(&o)
	o.Arguments = map[string]bool{}
	for i := range 64 {
		o.Arguments[fmt.Sprintf("%0100d", i)] = true
	}
	o.Unrelated = make([]float64, 4)
	o.Signals = &SignalRecord{Call: strings.Repeat("a", 32), Pair: map[string]bool{"exact": true}}
	// The texts and numbers alone, without what maps add.
	if got, least := observationBytes(&o)-plain, 64*100+4*8+32; got < least {
		t.Errorf("counted as %d bytes, want at least %d", got, least)
	}
}

// TestPanicWhileSweepingOrSavingIsOutlived breaks a route's memory and lets
// conversations end and a snapshot be written.
func TestPanicWhileSweepingOrSavingIsOutlived(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, err := New(Settings{Dir: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		m.routes["broken"] = &route{}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- m.Run(ctx) }()
		time.Sleep(2 * snapshotEvery)
		m.Observe(measured("c", base, true))
		if err := m.Sync(ctx); err != nil {
			t.Error(err)
		}
		if _, ok := m.Request(measured("c", base, true).ID); !ok {
			t.Error("the request after it is lost")
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}
