package alerts

import "time"

// A Status is where an alert is in its life.
type Status string

// The statuses that are published. An alert that is neither is inactive.
const (
	// Pending: the condition holds, not yet for the rule's `for`. It becomes
	// firing, or nothing: a pending alert that clears is not published again.
	Pending Status = "pending"
	// Firing: the condition held for `for`, and since then has not been clear
	// for `keep_firing_for`.
	Firing Status = "firing"
	// Resolved: a firing alert ended.
	Resolved Status = "resolved"

	inactive Status = ""
)

// timing is how long things take in a lifecycle.
type timing struct {
	// hold is how long a condition holds before it fires; 0: at once,
	// without pending.
	hold time.Duration
	// keep is how long it must be clear before it resolves.
	keep time.Duration
	// repeat is the time between two events of one firing alert.
	repeat time.Duration
}

// A life is the lifecycle of one alert, as in Alertmanager:
//
//	inactive ──holds──▶ pending ──for──▶ firing ──clear for keep──▶ resolved
//	    ▲                  │                ▲ │                        │
//	    └──────clear───────┘                └─┘ holds, or absent       ▼
//	                                                             holds: anew
//
// Missing data never ends an alert and does not count as clear. A life is a
// value; next has no side effect.
type life struct {
	status Status
	// starts is when the condition began to hold, the same for all events of
	// one life; ends is when it was resolved.
	starts, ends time.Time
	// clearSince is since when a firing alert's condition is clear without a
	// gap; zero: it is not.
	clearSince time.Time
}

// next is the life after the condition c was seen at now.
func (l life) next(now time.Time, c condition, t timing) life {
	switch l.status {
	case Pending:
		return l.nextPending(now, c, t)
	case Firing:
		return l.nextFiring(now, c, t)
	}
	if c != holds {
		return life{}
	}
	return life{status: Pending, starts: now}.nextPending(now, c, t)
}

func (l life) nextPending(now time.Time, c condition, t timing) life {
	switch {
	case c == cleared:
		return life{}
	case c == holds && now.Sub(l.starts) >= t.hold:
		l.status = Firing
	}
	return l
}

func (l life) nextFiring(now time.Time, c condition, t timing) life {
	if c != cleared {
		l.clearSince = time.Time{}
		return l
	}
	if l.clearSince.IsZero() {
		l.clearSince = now
	}
	if now.Sub(l.clearSince) >= t.keep {
		return l.resolved(now)
	}
	return l
}

func (l life) resolved(now time.Time) life {
	return life{status: Resolved, starts: l.starts, ends: now}
}
