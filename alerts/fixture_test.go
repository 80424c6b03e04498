package alerts

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"hotmess/config"
)

// readings is a Source that tests set.
type readings struct {
	mu   sync.Mutex
	list []Reading
}

func (r *readings) Readings() []Reading {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Reading(nil), r.list...)
}

// fixture is an engine on a real bus, with a clock that tests set.
type fixture struct {
	t      *testing.T
	dir    string
	listen string // empty: on any free port
	now    time.Time
	source readings
	bus    *Bus
	engine *Engine
	stop   func() // Run of the bus, waited for
}

func busSettings(dir string) BusSettings {
	return BusSettings{Listen: "127.0.0.1:0", Dir: dir, MaxStore: 64 << 20, Instance: "test", Log: slog.New(slog.DiscardHandler)}
}

// unused is a loopback address on which nobody listens, nor will by chance: its port
// is below those that systems give to whoever asks for any (32768 and up on Linux,
// 49152 elsewhere).
func unused() string {
	for {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 20_000+rand.IntN(12_000)))
		if err == nil {
			_ = l.Close()
			return l.Addr().String()
		}
	}
}

func openBus(t *testing.T, s BusSettings) *Bus {
	t.Helper()
	b, err := OpenBus(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeBus(t, b) })
	return b
}

func closeBus(t *testing.T, b *Bus) {
	t.Helper()
	if err := b.Close(context.Background()); err != nil {
		t.Error(err)
	}
}

// runBus runs the bus until the returned function is called.
func runBus(t *testing.T, b *Bus) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- b.Run(ctx) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
	}
	t.Cleanup(stop)
	return stop
}

func newFixture(t *testing.T, rules ...config.Rule) *fixture {
	t.Helper()
	f := &fixture{t: t, dir: t.TempDir(), now: epoch}
	f.start(rules...)
	return f
}

// start opens bus and engine on the fixture's directory.
func (f *fixture) start(rules ...config.Rule) {
	f.t.Helper()
	s := busSettings(f.dir)
	s.Listen = cmp.Or(f.listen, s.Listen)
	f.bus = openBus(f.t, s)
	f.stop = runBus(f.t, f.bus)
	f.startEngine(rules...)
}

func (f *fixture) startEngine(rules ...config.Rule) {
	f.t.Helper()
	var err error
	f.engine, err = New(f.t.Context(), Settings{
		Rules: rules, Source: &f.source, Bus: f.bus, Instance: "test",
		Now: func() time.Time { return f.now }, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		f.t.Fatal(err)
	}
}

// restart closes all and opens it again.
func (f *fixture) restart(rules ...config.Rule) {
	f.t.Helper()
	f.stop()
	closeBus(f.t, f.bus)
	f.start(rules...)
}

// sees evaluates the bound at the fixture's time plus the given one.
func (f *fixture) sees(later time.Duration, bound float64) {
	f.t.Helper()
	f.source.list = []Reading{reading("billing", bound)}
	f.evaluate(later)
}

func (f *fixture) evaluate(later time.Duration) {
	f.t.Helper()
	f.now = f.now.Add(later)
	if err := f.engine.Evaluate(f.t.Context()); err != nil {
		f.t.Fatal(err)
	}
}

func reading(route string, bound float64) Reading {
	return Reading{
		Rule: config.RuleDisagreementHigh, Route: route, Kind: "action", Level: "target",
		Bound: bound, Alpha: 0.01, HasBound: true, Units: 57,
		Value: 0.52, HasValue: true, Low: 0.41, High: 0.63, HasRange: true,
		Pairs: 143, Conversation: 41, MeasuredShare: 0.93, HasShare: true,
		Updated: epoch.Add(-time.Second),
	}
}

// stored waits until the bus has written all that was queued before.
func (f *fixture) stored() {
	f.t.Helper()
	done := make(chan struct{})
	f.bus.submit(entry{key: "barrier", ended: true, done: func() { close(done) }})
	select {
	case <-done:
	case <-time.After(time.Minute):
		f.t.Fatal("the store did not take what was queued")
	}
}

// events reads all alert events that are in the stream.
func (f *fixture) events() []Event {
	f.t.Helper()
	f.stored()
	var events []Event
	for _, m := range streamed(f.t, f.bus, AlertStream) {
		var e Event
		if err := json.Unmarshal(m.Data, &e); err != nil {
			f.t.Fatal(err)
		}
		events = append(events, e)
	}
	return events
}

func streamed(t *testing.T, b *Bus, name string) []*jetstream.RawStreamMsg {
	t.Helper()
	s, err := b.js.Stream(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	var found []*jetstream.RawStreamMsg
	for seq := uint64(1); seq <= s.CachedInfo().State.LastSeq; seq++ {
		m, err := s.GetMsg(t.Context(), seq)
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, m)
	}
	return found
}

// statuses are those of all alert events in the stream, in order.
func (f *fixture) statuses() []Status {
	f.t.Helper()
	var list []Status
	for _, a := range f.alerts() {
		list = append(list, a.Status)
	}
	return list
}

func (f *fixture) alerts() []Alert {
	f.t.Helper()
	var list []Alert
	for _, e := range f.events() {
		a, err := e.alert()
		if err != nil {
			f.t.Fatal(err)
		}
		list = append(list, a)
	}
	return list
}

func (f *fixture) creds() string { return filepath.Join(f.dir, CredsFile) }
