package monitor

import (
	"time"

	"hotmess/budget"
)

// Gate is what every extra has to pass.
func (m *Monitor) Gate() *budget.Gate { return m.gate }

// LearnPace takes in a whole reply of a route, see budget.Paces.Learn.
func (m *Monitor) LearnPace(route string, bytes, tokens int, took time.Duration) {
	m.paces.Learn(m.names.resolve(route), bytes, tokens, took)
}

// LeavePace takes in that a primary of a route was left, see budget.Paces.Leave.
func (m *Monitor) LeavePace(route string, took time.Duration, most int64) {
	m.paces.Leave(m.names.resolve(route), took, most)
}

// Likely is the best estimate of what a call used that told no usage, see
// budget.Paces.Likely.
func (m *Monitor) Likely(p budget.Partial) budget.Spend {
	p.Route = m.names.resolve(p.Route)
	return m.paces.Likely(p)
}
