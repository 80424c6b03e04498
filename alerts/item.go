package alerts

import (
	"maps"
	"time"
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
	// seen is when a reading for it was last there.
	seen time.Time
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

// snapshot is the alert as it is, safe to hand out.
func (it *item) snapshot() Alert {
	a := it.alert
	a.Labels = maps.Clone(a.Labels)
	return a
}
