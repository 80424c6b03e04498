package alerts

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// watching runs Watch and hands out its lines.
type watching struct {
	t     *testing.T
	lines chan string
	stop  func()
}

func (f *fixture) watch(change func(*WatchSettings)) *watching {
	f.t.Helper()
	read, write := io.Pipe()
	s := WatchSettings{URL: f.bus.URL(), Creds: f.creds(), Out: write}
	if change != nil {
		change(&s)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- Watch(ctx, s); write.Close() }()
	w := &watching{t: f.t, lines: make(chan string, 100)}
	scanned := make(chan struct{})
	go func() {
		defer close(scanned)
		for lines := bufio.NewScanner(read); lines.Scan(); {
			w.lines <- lines.Text()
		}
	}()
	w.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			f.t.Errorf("Watch = %v", err)
		}
		<-scanned
	})
	f.t.Cleanup(w.stop)
	return w
}

func (w *watching) expect(parts ...string) {
	w.t.Helper()
	for _, part := range parts {
		select {
		case line := <-w.lines:
			if !strings.Contains(line, part) {
				w.t.Errorf("printed %q, want %q in it", line, part)
			}
		case <-time.After(time.Minute):
			w.t.Fatalf("nothing printed, want %q", part)
		}
	}
}

func (w *watching) expectNothingMore() {
	w.t.Helper()
	w.stop()
	for len(w.lines) > 0 {
		w.t.Errorf("printed %q as well", <-w.lines)
	}
}

func TestWatchPrintsOldAndNewAlertsInOrder(t *testing.T) {
	f := newFixture(t, rule(patient))
	f.sees(0, 0.41)
	f.sees(time.Minute, 0.41)
	f.stored()
	w := f.watch(nil)
	w.expect("2026-11-01 12:00:00Z PENDING  disagreement_high billing action/target: disagreement above 0.3", "FIRING")
	f.sees(time.Minute, 0.1)
	f.sees(time.Minute, 0.1)
	w.expect("RESOLVED")
}

func TestWatchPrintsWhatStillFiresHoweverOld(t *testing.T) {
	f := newFixture(t, rule(nil))
	f.source.list = []Reading{reading("firing", 0.41), reading("over", 0.41)}
	f.evaluate(0)
	f.source.list = []Reading{reading("over", 0.1)}
	f.evaluate(time.Second)
	f.stored()
	w := f.watch(func(s *WatchSettings) { s.Since = time.Nanosecond })
	w.expect("FIRING   disagreement_high firing")
	f.source.list = []Reading{reading("new", 0.41)}
	f.evaluate(time.Second)
	w.expect("FIRING   disagreement_high new")
}

func TestWatchPrintsCloudEventsAsJSONLines(t *testing.T) {
	f := newFixture(t, rule(nil))
	f.sees(0, 0.41)
	w := f.watch(func(s *WatchSettings) { s.JSON = true })
	var e Event
	select {
	case line := <-w.lines:
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
	case <-time.After(time.Minute):
		t.Fatal("nothing printed")
	}
	a, err := e.alert()
	if err != nil || e.SpecVersion != "1.0" || a.Status != Firing || a.Labels["route"] != "billing" {
		t.Errorf("event %+v, %v", e, err)
	}
}

func TestWatchPrintsObservationsInsteadOfAlerts(t *testing.T) {
	f := newFixture(t, rule(nil))
	f.sees(0, 0.41)
	f.observe(1)
	w := f.watch(func(s *WatchSettings) { s.Observations = true })
	w.expect("2026-11-01 12:00:00Z observed r\uFFFD[31m action/target: samples differ")
	f.observe(2)
	w.expect("observed")
	w.expectNothingMore()
}

// observe publishes an observation, and waits until the stream has the given
// number.
func (f *fixture) observe(number int) {
	f.t.Helper()
	f.bus.Observation("r\x1b[31m", strconv.Itoa(number), epoch, []byte(`{"kind":"action","headline":"target","differ":{"target":true}}`))
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for len(streamed(f.t, f.bus, ObservationStream)) < number {
		select {
		case <-tick.C:
		case <-f.t.Context().Done():
			f.t.Fatal("the observation was not stored")
		}
	}
}

func TestReadObservationsGivesWhatIsStored(t *testing.T) {
	f := newFixture(t)
	read := func(start time.Time) (ids []string) {
		t.Helper()
		err := ReadObservations(t.Context(), f.bus.URL(), f.creds(), start, func(event json.RawMessage) error {
			var e Event
			if err := json.Unmarshal(event, &e); err != nil {
				return err
			}
			ids = append(ids, e.ID)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return ids
	}
	if got := read(time.Time{}); got != nil {
		t.Errorf("of an empty stream %v", got)
	}
	for n := range 3 {
		f.observe(n + 1)
	}
	if got := read(time.Now().Add(-time.Hour)); !slices.Equal(got, []string{"1", "2", "3"}) {
		t.Errorf("got %v", got)
	}
	if got := read(time.Now().Add(time.Hour)); got != nil {
		t.Errorf("of the future %v", got)
	}
}

func TestReadObservationsReturnsWhatItsTakerDoes(t *testing.T) {
	f := newFixture(t)
	f.observe(1)
	err := ReadObservations(t.Context(), f.bus.URL(), f.creds(), time.Time{}, func(json.RawMessage) error { return io.ErrShortBuffer })
	if !errors.Is(err, io.ErrShortBuffer) {
		t.Errorf("got %v", err)
	}
}

func TestWatchOutlastsARestartOfTheSidecar(t *testing.T) {
	f := &fixture{t: t, dir: t.TempDir(), now: epoch, listen: unused()}
	f.start(rule(nil))
	f.sees(0, 0.41)
	w := f.watch(nil)
	w.expect("FIRING")
	f.restart(rule(nil))
	f.sees(time.Minute, 0.1)
	w.expect("RESOLVED")
	w.expectNothingMore()
}

func TestWatchSaysThatThereIsNoSidecar(t *testing.T) {
	creds := filepath.Join(t.TempDir(), CredsFile)
	if _, err := ensureKey(creds); err != nil {
		t.Fatal(err)
	}
	err := Watch(t.Context(), WatchSettings{URL: "nats://127.0.0.1:1", Creds: creds, Out: io.Discard})
	if err == nil || !strings.Contains(err.Error(), "no sidecar answers at nats://127.0.0.1:1, start one with hotmess serve") {
		t.Errorf("Watch = %v", err)
	}
	f := newFixture(t)
	err = Watch(t.Context(), WatchSettings{URL: f.bus.URL(), Creds: creds, Out: io.Discard})
	if err == nil || !strings.Contains(err.Error(), "refuses the key in "+creds) {
		t.Errorf("Watch with a foreign key = %v", err)
	}
}

func TestWatchEndsWhenItsOutputDoes(t *testing.T) {
	f := newFixture(t, rule(nil))
	f.sees(0, 0.41)
	err := Watch(t.Context(), WatchSettings{URL: f.bus.URL(), Creds: f.creds(), Out: closedPipe{}})
	if !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("Watch = %v", err)
	}
}

type closedPipe struct{}

func (closedPipe) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }
