package alerts

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go/jetstream"
)

func TestRestartKeepsFiringWithoutASecondEvent(t *testing.T) {
	f := newFixture(t, rule(nil))
	f.sees(0, 0.41)
	f.restart(rule(nil))
	if active := f.engine.Alerts(); len(active) != 1 || active[0].Status != Firing {
		t.Fatalf("active after the restart: %v", active)
	}
	f.sees(time.Minute, 0.41)
	if diff := cmp.Diff([]Status{Firing}, f.statuses()); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
	f.sees(time.Minute, 0.1)
	alerts := f.alerts()
	if len(alerts) != 2 || alerts[1].Status != Resolved || !alerts[1].StartsAt.Equal(epoch) || alerts[1].Fingerprint != alerts[0].Fingerprint {
		t.Errorf("alerts = %+v, want the same alert resolved", alerts)
	}
	f.restart(rule(nil))
	if active := f.engine.Alerts(); len(active) != 0 {
		t.Errorf("active after the end: %v", active)
	}
	state, err := f.bus.js.Stream(t.Context(), "KV_"+StateBucket)
	if err != nil {
		t.Fatal(err)
	}
	if n := state.CachedInfo().State.Msgs; n != 0 {
		t.Errorf("the bucket still holds %d entries: it grows for ever", n)
	}
}

func TestRestartKeepsPendingSince(t *testing.T) {
	f := newFixture(t, rule(patient))
	f.sees(0, 0.41)
	f.restart(rule(patient))
	f.sees(time.Minute, 0.41)
	if diff := cmp.Diff([]Status{Pending, Firing}, f.statuses()); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
}

func TestRestartWithoutTheRuleResolves(t *testing.T) {
	f := newFixture(t, rule(nil))
	f.sees(0, 0.41)
	f.restart()
	f.evaluate(time.Second)
	if diff := cmp.Diff([]Status{Firing, Resolved}, f.statuses()); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
}

// A crash can come after each of the steps put, publish and mark.
func TestCrashBetweenStepsPublishesExactlyOnce(t *testing.T) {
	steps := map[string]func(ctx context.Context, b *Bus, e entry) error{
		"before publish": func(ctx context.Context, b *Bus, e entry) error {
			blockAlerts(t, b)
			defer unblockAlerts(t, b)
			if b.write(ctx, e) == nil {
				return errors.New("the event was published")
			}
			return nil
		},
		"before mark": func(ctx context.Context, b *Bus, e entry) error {
			if err := b.write(ctx, e); err != nil {
				return err
			}
			return b.put(ctx, e, false)
		},
	}
	for name, untilCrash := range steps {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, rule(nil))
			f.stop() // nothing is written any more
			f.sees(0, 0.41)
			e, ok := f.bus.firstEntry()
			if !ok {
				t.Fatal("nothing queued")
			}
			if err := untilCrash(t.Context(), f.bus, e); err != nil {
				t.Fatal(err)
			}
			closeBus(t, f.bus)
			f.start(rule(nil))
			f.sees(time.Second, 0.41)
			events := f.events()
			if len(events) != 1 || events[0].ID != e.event.ID {
				t.Errorf("%d events, want the one with id %s", len(events), e.event.ID)
			}
		})
	}
}

func TestEventsOutlastAStoreThatRefuses(t *testing.T) {
	f := newFixture(t, rule(patient))
	f.stored()
	blockAlerts(t, f.bus)
	f.sees(0, 0.41)
	f.sees(time.Minute, 0.41)
	refusals(t, f.bus)
	if f.bus.Healthy() {
		t.Error("healthy while the store refuses")
	}
	f.sees(time.Minute, 0.1)
	f.sees(time.Minute, 0.1)
	unblockAlerts(t, f.bus)
	if diff := cmp.Diff([]Status{Pending, Firing, Resolved}, f.statuses()); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
}

// blockAlerts lets another stream take the subjects: what the bus publishes
// is refused, and it cannot put its own stream back.
func blockAlerts(t *testing.T, b *Bus) {
	t.Helper()
	if err := b.js.DeleteStream(t.Context(), AlertStream); err != nil {
		t.Fatal(err)
	}
	other := jetstream.StreamConfig{Name: "OTHER", Subjects: []string{AlertSubjects}, MaxBytes: 1}
	if _, err := b.js.CreateStream(t.Context(), other); err != nil {
		t.Fatal(err)
	}
}

func unblockAlerts(t *testing.T, b *Bus) {
	t.Helper()
	if err := b.js.DeleteStream(t.Context(), "OTHER"); err != nil {
		t.Fatal(err)
	}
}

// refusals waits for the store's first refusal.
func refusals(t *testing.T, b *Bus) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for b.failures.Load() == 0 {
		select {
		case <-tick.C:
		case <-t.Context().Done():
			t.Fatal("the store refused nothing")
		}
	}
}

func TestDeletedStreamIsPutBack(t *testing.T) {
	f := newFixture(t, rule(nil))
	if err := f.bus.js.DeleteStream(t.Context(), AlertStream); err != nil {
		t.Fatal(err)
	}
	f.sees(0, 0.41)
	if diff := cmp.Diff([]Status{Firing}, f.statuses()); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
}

func TestRunFlushesBeforeItReturns(t *testing.T) {
	f := newFixture(t, rule(nil))
	f.stop()
	f.sees(0, 0.41)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := f.bus.Run(ctx); err != nil {
		t.Fatal(err)
	}
	if n := f.bus.waiting(); n != 0 {
		t.Errorf("%d entries left after a flush", n)
	}
}
