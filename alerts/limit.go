package alerts

import "time"

const (
	// maxChanges is how many status changes one alert publishes in an hour.
	maxChanges = 12
	// reserve is what must be left for a change other than to firing: itself,
	// and the firing that may follow. So an alert that flaps rests in firing,
	// not in silence, and firing is never refused.
	reserve = 2

	limitWindow = time.Hour
)

// A limiter bounds the changes that one alert publishes. Not safe for
// concurrent use.
type limiter struct {
	// made holds the times of the last hour's changes, oldest first.
	made []time.Time
}

// allows reports whether a change to the status may be made at now.
func (l *limiter) allows(now time.Time, to Status) bool {
	l.forget(now)
	room := maxChanges - len(l.made)
	if to == Firing {
		return room > 0
	}
	return room >= reserve
}

func (l *limiter) record(now time.Time) { l.made = append(l.made, now) }

// idle reports whether there is nothing left to remember.
func (l *limiter) idle(now time.Time) bool {
	l.forget(now)
	return len(l.made) == 0
}

func (l *limiter) forget(now time.Time) {
	for len(l.made) > 0 && now.Sub(l.made[0]) >= limitWindow {
		l.made = l.made[1:]
	}
}
