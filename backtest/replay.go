package backtest

import (
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
	// quiet is how long after a request rules go on being judged. By then its
	// conversation has ended, which takes 30 min, and it has left the last
	// hour, so that where nothing fires nothing can begin to.
	quiet = 90 * time.Minute
	// settle is how long rules are judged after the last request: until its
	// conversation has ended.
	settle = 31 * time.Minute
	// checkEvery is how many observations pass between looks at the context.
	checkEvery = 256
)

// A played is an observation and the time that it is played at.
type played struct {
	observation *monitor.Observation
	at          time.Time
}

// A replay takes observations through a fresh monitor and rules, by a clock of
// its own.
type replay struct {
	clock     time.Time
	judged    time.Time // of the latest judgement
	heard     time.Time // of the latest observation
	monitor   *monitor.Monitor
	rehearsal *alerts.Rehearsal
	// look sees the readings of every judgement.
	look func([]alerts.Reading)
	// done counts observations, for progress.
	done func(n int)
}

// newReplay makes a replay of some rules, with the promises of all, that begins
// at start. told gets the alerts.
func newReplay(all config.Alerts, rules []config.Rule, start time.Time, told func(alerts.Alert)) (*replay, error) {
	r := &replay{clock: start, judged: start.Truncate(step), look: func([]alerts.Reading) {}, done: func(int) {}}
	var err error
	r.monitor, err = monitor.New(monitor.Settings{
		Now: func() time.Time { return r.clock }, Instance: instance, FalseAlarmConversations: all.Conversations,
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
		r.monitor.Replay(*p.observation)
	}
	return r.until(r.heard.Add(settle))
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
