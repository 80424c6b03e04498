package backtest

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"hotmess/alerts"
	"hotmess/config"
	"hotmess/monitor"
)

const (
	// step is how often rules are judged, in recorded time.
	step = time.Minute
	// quiet is how long after a request or label rules go on being judged. By
	// then its conversation has ended, which takes 30 min, and it has left the
	// last hour, so that where nothing fires nothing can begin to.
	quiet = 90 * time.Minute
	// settle is how long rules are judged after the last request: until its
	// conversation has ended.
	settle = 31 * time.Minute
	// checkEvery is how many observations pass between looks at the context.
	checkEvery = 256
)

// A played is an observation and the time that it is played at, or a label of
// that observation.
type played struct {
	observation *monitor.Observation
	label       *monitor.Label
	at          time.Time
}

// inOrder compares by time; labels come after observations.
func inOrder(a, b played) int {
	return cmp.Or(a.at.Compare(b.at), cmp.Compare(boolInt(a.label != nil), boolInt(b.label != nil)), cmp.Compare(a.observation.ID, b.observation.ID))
}

// A replay takes observations through a fresh monitor and rules, by a clock of
// its own.
type replay struct {
	clock     time.Time
	judged    time.Time // of the latest judgement
	heard     time.Time // of the latest observation or label
	monitor   *monitor.Monitor
	rehearsal *alerts.Rehearsal
	// look sees the readings of every judgement.
	look func([]alerts.Reading)
	// done counts observations and labels, for progress.
	done func(n int)
	// labelled are the observations that have a label, at the times at which
	// they were played: the monitor forgets them after a while.
	labelled map[string]monitor.Observation
	// refused counts labels that the monitor did not take.
	refused int
}

// newReplay makes a replay of some rules, with the promises of all, that begins
// at start. told gets the alerts.
func newReplay(all config.Alerts, rules []config.Rule, start time.Time, told func(alerts.Alert)) (*replay, error) {
	r := &replay{clock: start, judged: start.Truncate(step), look: func([]alerts.Reading) {}, done: func(int) {}, labelled: map[string]monitor.Observation{}}
	var err error
	r.monitor, err = monitor.New(monitor.Settings{
		Now: func() time.Time { return r.clock }, Instance: instance, FalseAlarmConversations: all.Conversations,
		Labelling: monitor.Labelling{Archive: r.archive},
	})
	if err != nil {
		return nil, fmt.Errorf("make a monitor for the replay: %w", err)
	}
	r.rehearsal, err = alerts.NewRehearsal(rules, instance, told)
	return r, err
}

// instance stands for the sidecar in the labels of alerts that never were.
const instance = "backtest"

// play plays all of it, in order of time.
func (r *replay) play(ctx context.Context, log []played) error {
	for _, p := range log {
		if p.label != nil {
			r.labelled[p.observation.ID] = monitor.Observation{}
		}
	}
	for i, p := range log {
		if i%checkEvery == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
			r.done(min(checkEvery, len(log)-i))
		}
		if err := r.until(p.at); err != nil {
			return err
		}
		r.clock, r.heard = p.at, p.at
		r.take(ctx, p)
	}
	return r.until(r.heard.Add(settle))
}

// take hands one of them to the monitor.
func (r *replay) take(ctx context.Context, p played) {
	if p.label == nil {
		o := *p.observation
		o.Time = p.at
		if _, ok := r.labelled[o.ID]; ok {
			r.labelled[o.ID] = o
		}
		r.monitor.Replay(o)
		return
	}
	l := *p.label
	l.Time = p.at
	for _, result := range r.monitor.Label(ctx, []monitor.Label{l}) {
		r.refused += boolInt(!result.Status.Accepted())
	}
}

// archive finds observations for labels, as the store does for a sidecar.
func (r *replay) archive(_ context.Context, ids []string) (map[string]monitor.Observation, error) {
	found := map[string]monitor.Observation{}
	for _, id := range ids {
		if o, ok := r.labelled[id]; ok {
			found[id] = o
		}
	}
	return found, nil
}

// until judges at every step up to a time. Steps at which nothing can change
// are left out.
func (r *replay) until(end time.Time) error {
	for {
		next := r.judged.Add(step)
		if next.After(end) {
			return nil
		}
		if r.judged.Sub(r.heard) > quiet && r.rehearsal.Idle() {
			r.judged = end.Truncate(step)
			return nil
		}
		r.judged, r.clock = next, next
		r.monitor.Advance()
		readings := r.monitor.Readings()
		r.look(readings)
		if err := r.rehearsal.Judge(next, readings); err != nil {
			return err
		}
	}
}
