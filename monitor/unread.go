package monitor

import (
	"sync/atomic"
	"time"

	"hotmess/alerts"
	"hotmess/config"
	"hotmess/detect"
)

// unreadMinutes is one minute more than failureSpan, so that the one that is
// being counted never takes the place of one that is read.
const unreadMinutes = 6

// An unread counts the requests of the last minutes that were never read, so
// that no observation tells how they ended: above all those of an upstream that
// cannot be reached, which nobody asked for their bodies. The request path
// counts here, hence no lock: at the turn of a minute a count may be lost.
type unread [unreadMinutes]struct{ minute, requests, failed atomic.Int64 }

// count takes in one request that has ended.
func (u *unread) count(at time.Time, outcome Outcome) {
	minute := failureSpan().bucket(at)
	slot := &u[minute%unreadMinutes]
	if old := slot.minute.Load(); old != minute && slot.minute.CompareAndSwap(old, minute) {
		slot.requests.Store(0)
		slot.failed.Store(0)
	}
	slot.requests.Add(1)
	slot.failed.Add(boolInt(failed(outcome)))
}

// passUnread counts a request for which no observation is made. Books are closed
// here after panics, too, so a clock that panics once more must not end the
// process: the first one is counted already.
func (m *Monitor) passUnread(outcome Outcome) {
	defer func() { _ = recover() }()
	m.unread.count(m.now(), outcome)
}

// recent merges the last five minutes.
func (u *unread) recent(now time.Time) failures {
	var all failures
	newest := failureSpan().bucket(now)
	for i := range u {
		if minute := u[i].minute.Load(); minute <= newest && minute > newest-failureSpan().buckets {
			all.Requests += u[i].requests.Load()
			all.Failed += u[i].failed.Load()
		}
	}
	return all
}

// unreadReading is that of upstream_failing for what no route could be found of.
// It is always there, and clear while there is nothing: once the upstream
// answers again, its requests are read and counted elsewhere.
func (m *Monitor) unreadReading(now time.Time) alerts.Reading {
	f := m.unread.recent(now)
	r := alerts.Reading{Rule: config.RuleUpstreamFailing, Route: OtherRoute, Alpha: detect.BoundAlpha, Detail: map[string]any{}}
	if other := m.routes[OtherRoute]; other != nil {
		r = other.detection.aboutRoute(config.RuleUpstreamFailing, OtherRoute, now)
		more := other.detection.recentFailures(now)
		f.Requests += more.Requests
		f.Failed += more.Failed
	}
	r = failingReading(r, f)
	if f.Requests == 0 {
		r.State = alerts.StateCleared
	}
	return r
}
