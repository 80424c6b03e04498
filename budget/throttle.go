package budget

import (
	"net/http"
	"time"

	"hotmess/wire"
)

const (
	// quotaFloor is the remaining share of the user's own quota below which
	// extras yield.
	quotaFloor = 0.25
	// quotaFresh is how long a remaining share is believed: providers count
	// by the minute.
	quotaFresh = time.Minute
	// refusedPause is how long extras yield after a refusal, unless the upstream
	// asks for longer; at most maxPause.
	refusedPause = time.Minute
	maxPause     = time.Hour
	// maxUpstreams bounds the upstreams that are told apart.
	maxUpstreams = 100
)

// A throttle decides how many extras one upstream bears at the moment, from
// the replies to the user's own calls. Its owner guards it.
//
// With rate-limit headers extras run freely while the remaining share is at
// least quotaFloor. Without, they start at one in flight, and one more is
// allowed for each clean minute: a minute in whose course answers came and no
// refusal among them. Idle time earns one step at most. A refusal halves what is
// allowed, with headers too: they need not tell of the limit that was met.
type throttle struct {
	// inFlight is how many extras run.
	inFlight int
	// allowed is how many may, where no quota is known or one was met in spite
	// of it: met.
	allowed int
	met     bool
	// since is when the running clean minute began.
	since time.Time
	// until is when the pause after a 429 ends.
	until time.Time
	// remaining was reported at heard; heard is zero if it never was.
	remaining float64
	heard     time.Time
}

func newThrottle(now time.Time) *throttle { return &throttle{allowed: 1, since: now} }

// hear takes in the head of a reply.
func (t *throttle) hear(status int, q wire.Quota, now time.Time, most int) {
	if q.Known {
		t.remaining, t.heard = q.Remaining, now
	}
	switch {
	case wire.TurnsAway(status) && (status != http.StatusServiceUnavailable || q.RetryAfter > 0):
		t.pause(q.RetryAfter, now)
	case status >= 100 && status < 500 && now.Sub(t.since) >= time.Minute:
		t.allowed = min(t.allowed+1, max(1, most))
		t.met = t.met && t.allowed < most
		t.since = now
	}
}

// pause starts again from half of what was allowed, or ran, once it is over. What
// is refused meanwhile was sent before, and halves nothing again.
func (t *throttle) pause(asked time.Duration, now time.Time) {
	if !now.Before(t.until) {
		before := t.allowed
		if t.knows(now) && !t.met {
			before = t.inFlight
		}
		t.allowed, t.met = max(1, before/2), true
	}
	until := now.Add(min(max(asked, refusedPause), maxPause))
	if until.After(t.until) {
		t.until = until
	}
	t.since = t.until
}

// yields is whether extras have to stay away altogether: after a refusal, or
// while little of the quota is left.
func (t *throttle) yields(now time.Time) bool {
	return now.Before(t.until) || (t.knows(now) && t.remaining < quotaFloor)
}

func (t *throttle) knows(now time.Time) bool {
	return !t.heard.IsZero() && now.Sub(t.heard) < quotaFresh
}

// admits is whether one more extra may start, as far as this upstream goes.
func (t *throttle) admits(now time.Time) bool {
	return t.knows(now) && !t.met || t.inFlight < t.allowed
}
