package monitor

import (
	"sync"
	"time"
)

// escalationsPerHour is the most requests of one route that get more samples in
// one UTC hour because they reasoned for long. One request in ten may be that
// long; without a bound they would cost far more than the plain pairs.
const escalationsPerHour = 6

// escalations counts them by route. It has a lock of its own.
type escalations struct {
	mu     sync.Mutex
	hour   int64
	routes map[string]int
}

func newEscalations() *escalations { return &escalations{routes: map[string]int{}} }

// take takes one of the hour's escalations of a route; false: none is left.
func (e *escalations) take(route string, now time.Time) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if hour := now.Unix() / 3600; hour != e.hour {
		e.hour = hour
		clear(e.routes)
	}
	if e.routes[route] >= escalationsPerHour {
		return false
	}
	e.routes[route]++
	return true
}

// Escalate decides whether a reply reasoned for so long that more samples are
// wanted of its request: more than factor times the median of its route over
// two days, in tokens, at most 6 times an hour and route. It is false below 20
// replies, and where the length is not known. The answer depends on this reply
// and on what was taken in before alone, never on another sample of the request:
// so the pair that follows has the inclusion probability 1.
func (m *Monitor) Escalate(route string, reasoning Length, factor float64) bool {
	if reasoning.Source == "" {
		return false
	}
	name := m.names.resolve(route)
	median, ok := m.reasoningMedian(name)
	return ok && median > 0 && float64(reasoning.Tokens) > factor*median && m.escalations.take(name, m.now())
}
