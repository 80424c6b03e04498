package alerts

import (
	"fmt"
	"maps"
	"time"

	"github.com/google/uuid"

	"hotmess/config"
)

// An item is one alert in the engine: its lifecycle and what was told of it.
type item struct {
	life  life
	alert Alert
	// told is when the last event was made.
	told    time.Time
	limiter limiter
	// held is the change that was refused last; folded counts the refused
	// ones since the last event.
	held   Status
	folded int
	// waiting counts writes that the store does not have yet.
	waiting int
}

func newItem(id identity, instance string) *item {
	labels := id.labels(instance)
	return &item{alert: Alert{V: AlertVersion, Labels: labels, Fingerprint: fingerprint(labels)}}
}

// allows reports whether a change may be published now.
func (it *item) allows(now time.Time, to Status) bool {
	return it.waiting < maxChanges && it.limiter.allows(now, to)
}

// fold counts a change that is not published, once for as long as it is
// wanted.
func (it *item) fold(to Status) {
	if it.held != to {
		it.folded++
	}
	it.held = to
}

// finished reports whether nothing of the alert is left to remember.
func (it *item) finished(now time.Time) bool {
	return it.life.status == inactive && it.waiting == 0 && it.limiter.idle(now)
}

// step moves one alert on by one evaluation. The reading may be nil: then
// what it showed last stays its evidence.
func (e *Engine) step(now time.Time, it *item, c condition, r config.Rule, reading *Reading) error {
	t := timingOf(r)
	next := it.life.next(now, c, t)
	if reading != nil {
		it.alert.Evidence = evidenceOf(r, reading)
	}
	switch next.status {
	case it.life.status:
		it.life, it.held = next, inactive
		it.alert.Annotations = annotate(it.alert)
		if next.status == Firing && it.waiting == 0 && now.Sub(it.told) >= t.repeat {
			return e.tell(now, it, next)
		}
		return nil
	case inactive:
		e.drop(it)
		return nil
	case Resolved:
		return e.change(now, it, next, belowThreshold)
	default:
		return e.change(now, it, next, "")
	}
}

// change publishes a new status. Where the alert changes too often it stays
// as it is instead; only pending goes on untold, so that it can still fire.
func (e *Engine) change(now time.Time, it *item, next life, resolvedBy string) error {
	if !it.allows(now, next.status) {
		it.fold(next.status)
		if next.status == Pending {
			it.life = next
			it.alert.Status, it.alert.StartsAt = next.status, next.starts
		}
		return nil
	}
	it.limiter.record(now)
	it.alert.Evidence.ResolvedBy = resolvedBy
	return e.tell(now, it, next)
}

// dismiss ends an alert that no rule is for any more.
func (e *Engine) dismiss(now time.Time, it *item) error {
	switch it.life.status {
	case Firing:
		it.alert.Evidence.ResolvedBy = ruleRemoved
		return e.tell(now, it, it.life.resolved(now))
	case Pending:
		e.drop(it)
	}
	return nil
}

// tell queues the event of the alert's state next, and takes that state.
func (e *Engine) tell(now time.Time, it *item, next life) error {
	id, err := uuid.NewV7()
	if err != nil {
		return fmt.Errorf("make event id: %w", err)
	}
	a := it.alert
	a.Status, a.StartsAt, a.EndsAt = next.status, next.starts, nil
	if next.status == Resolved {
		a.EndsAt = &next.ends
	}
	a.Evidence.FoldedChanges = it.folded
	a.Annotations = annotate(a)
	event, err := newAlertEvent(e.settings.Instance, id.String(), now, a)
	if err != nil {
		return err
	}
	it.alert, it.life, it.told = a, next, now
	it.held, it.folded = inactive, 0
	if next.status == Resolved {
		it.life = life{}
	}
	e.submit(it, &event)
	return nil
}

// drop ends a pending alert without an event.
func (e *Engine) drop(it *item) {
	it.life, it.held = life{}, inactive
	e.submit(it, nil)
}

// submit queues the item's state, with the event that tells of it unless that
// is nil.
func (e *Engine) submit(it *item, event *Event) {
	it.waiting++
	e.settings.Bus.submit(entry{
		key:     token(it.alert.Fingerprint),
		event:   event,
		subject: alertSubject(it.alert.Labels["route"], it.alert.Labels["alertname"]),
		ended:   it.life.status == inactive,
		done: func() {
			e.mu.Lock()
			defer e.mu.Unlock()
			it.waiting--
		},
	})
}

// restore takes up an alert where its last event left it, and sends that
// event again if the alert stream may not have it.
func (e *Engine) restore(r record) error {
	a, err := r.Event.alert()
	if err != nil {
		return err
	}
	it := &item{alert: a, told: r.Event.Time}
	if a.Status == Pending || a.Status == Firing {
		it.life = life{status: a.Status, starts: a.StartsAt}
	}
	e.items[identityOf(a.Labels)] = it
	if !r.Published {
		e.submit(it, &r.Event)
	}
	return nil
}

// snapshot is the alert as it is, safe to hand out.
func (it *item) snapshot() Alert {
	a := it.alert
	a.Labels = maps.Clone(a.Labels)
	return a
}
