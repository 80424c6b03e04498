package alerts

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"hotmess/config"
)

// step moves one alert on by one evaluation. The reading may be nil: then
// what it showed last stays its evidence.
func (j *judging) step(now time.Time, it *item, c condition, r config.Rule, reading *Reading) error {
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
			return j.tell(now, it, next)
		}
		return nil
	case inactive:
		j.drop(it)
		return nil
	case Resolved:
		return j.change(now, it, next, clearedBy(identityOf(it.alert.Labels)))
	default:
		return j.change(now, it, next, "")
	}
}

// change publishes a new status. Where the alert changes too often it stays
// as it is instead; only pending goes on untold, so that it can still fire.
func (j *judging) change(now time.Time, it *item, next life, resolvedBy string) error {
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
	return j.tell(now, it, next)
}

// dismiss ends an alert for another reason than its condition.
func (j *judging) dismiss(now time.Time, it *item, why string) error {
	switch it.life.status {
	case Firing:
		it.alert.Evidence.ResolvedBy = why
		return j.tell(now, it, it.life.resolved(now))
	case Pending:
		j.drop(it)
	}
	return nil
}

// tell makes the event of the alert's state next, and takes that state.
func (j *judging) tell(now time.Time, it *item, next life) error {
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
	event, err := newAlertEvent(j.instance, id.String(), now, a)
	if err != nil {
		return err
	}
	it.alert, it.life, it.told = a, next, now
	it.held, it.folded = inactive, 0
	if next.status == Resolved {
		it.life = life{}
	}
	j.told(it, &event)
	return nil
}

// drop ends a pending alert without an event.
func (j *judging) drop(it *item) {
	it.life, it.held = life{}, inactive
	j.told(it, nil)
}
