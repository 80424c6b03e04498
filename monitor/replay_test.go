package monitor

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestReplayMeasuresWhatRunDoes hands the same observations to a monitor that
// runs and to one that replays.
func TestReplayMeasuresWhatRunDoes(t *testing.T) {
	ran, clock := newTest(t)
	replayed, later := newTest(t)
	start(t, ran)
	for n := range 60 {
		o := measured(fmt.Sprint(n/6), base.Add(time.Duration(n)*time.Second), n%3 == 0)
		ran.Observe(o)
		replayed.Replay(o)
	}
	if err := ran.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	clock.advance(time.Hour)
	later.advance(time.Hour)
	ran.sweep()
	replayed.Advance()
	if diff := cmp.Diff(ran.Routes(), replayed.Routes()); diff != "" {
		t.Errorf("routes (-ran +replayed):\n%s", diff)
	}
	if got := units(replayed); got != 10 {
		t.Errorf("%d conversations gave a value, want 10", got)
	}
}

// TestReplayOutlivesABadObservation holds Replay to what Run promises.
func TestReplayOutlivesABadObservation(t *testing.T) {
	m, _ := newTest(t)
	m.now = func() time.Time { panic("no clock") }
	m.Replay(Observation{})
	if m.Unmeasured()[ReasonPanic] != 1 {
		t.Errorf("counted %v", m.Unmeasured())
	}
}
