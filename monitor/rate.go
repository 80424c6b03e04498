package monitor

import (
	"sync"
	"time"

	"hotmess/config"
)

// autoPairs is how many measured requests an hour an automatic rate aims at.
const autoPairs = 30

// arrivals counts the generation requests of each route over the last hour,
// measured or not. It has a lock of its own: the request path uses it.
type arrivals struct {
	mu     sync.Mutex
	routes map[string]*hourCount
}

// An hourCount counts events in 60 buckets of one minute.
type hourCount struct {
	minutes [60]int64
	newest  int64
	total   int64
}

func newArrivals() *arrivals { return &arrivals{routes: map[string]*hourCount{}} }

// add counts one request. Route names are resolved, hence bounded.
func (a *arrivals) add(route string, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	h := a.routes[route]
	if h == nil {
		h = &hourCount{newest: minute(now)}
		a.routes[route] = h
	}
	h.advance(minute(now))
	h.minutes[h.newest%60]++
	h.total++
}

// lastHour is the number of requests of the last hour, in whole minutes.
func (a *arrivals) lastHour(route string, now time.Time) int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	h := a.routes[route]
	if h == nil {
		return 0
	}
	h.advance(minute(now))
	return h.total
}

// advance empties the buckets that the hour has left. A clock that steps back
// within the hour leaves the count where it is; one that steps back further was
// wrong, and the count begins anew.
func (h *hourCount) advance(to int64) {
	if to < h.newest-60 {
		*h = hourCount{newest: to}
	}
	for steps := 0; h.newest < to && steps < 60; steps++ {
		h.newest++
		h.total -= h.minutes[h.newest%60]
		h.minutes[h.newest%60] = 0
	}
	h.newest = max(h.newest, to)
}

func minute(t time.Time) int64 { return t.Unix() / 60 }

// Arrived counts one more generation request of a route towards its automatic
// rate. It is cheap enough for every request.
func (m *Monitor) Arrived(route string) {
	m.arrivals.add(m.names.resolve(route), m.now())
}

// Rate is the share of the route's requests to measure, 0..1. An automatic
// one is min(1, 30 / requests of the last hour): it depends on counts alone,
// never on what was measured, so it is a valid inclusion probability.
func (m *Monitor) Rate(route string, r config.Rate) float64 {
	if !r.Auto {
		return min(1, max(0, r.Share))
	}
	n := m.arrivals.lastHour(m.names.resolve(route), m.now())
	if n <= autoPairs {
		return 1
	}
	return autoPairs / float64(n)
}
