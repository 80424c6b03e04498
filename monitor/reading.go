package monitor

import (
	"cmp"
	"slices"
	"time"

	"hotmess/alerts"
	"hotmess/config"
	"hotmess/detect"
)

// Readings gives what alert rules judge, by route, series and rule: one reading
// for every rule and headline series, or route where the rule is about the
// route, and one for every flagged conversation. Kinds without a headline level,
// such as text, have no series here. docs/detection.md says what State means and
// what Detail holds.
func (m *Monitor) Readings() []alerts.Reading {
	all := m.readings(func(s *series) bool { return s.bound != nil })
	m.mu.Lock()
	defer m.mu.Unlock()
	now, armed := m.now(), m.armed()
	for name, r := range m.routes {
		all = append(all, r.detected(name, armed, now)...)
	}
	all = append(all, m.unreadReading(now))
	all = append(all, m.mitigations.readings(now)...)
	slices.SortStableFunc(all, compareReadings)
	return all
}

// readings gives the readings of the wanted series, in order.
func (m *Monitor) readings(wanted func(*series) bool) []alerts.Reading {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	var all []alerts.Reading
	for name, r := range m.routes {
		for key, s := range r.series {
			if wanted(s) {
				all = append(all, r.reading(name, key, now))
			}
		}
	}
	slices.SortFunc(all, compareReadings)
	return all
}

func compareReadings(a, b alerts.Reading) int {
	return cmp.Or(cmp.Compare(a.Route, b.Route), cmp.Compare(a.Kind, b.Kind),
		cmp.Compare(a.Level, b.Level), cmp.Compare(boolInt(a.Pinned), boolInt(b.Pinned)),
		cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Of, b.Of))
}

// reading is the state of one series.
func (r *route) reading(name string, key seriesKey, now time.Time) alerts.Reading {
	s := r.series[key]
	e := estimateOf(s.total(windowHour, now), r.tallied(key.stratum(), windowHour, now))
	reading := alerts.Reading{
		Rule: config.RuleDisagreementHigh, Route: name, Kind: key.Kind, Level: key.Level, Pinned: key.Pinned,
		Alpha: detect.BoundAlpha, Updated: s.updated, Changes: r.detection.lastDay(now),
		Pairs: int(e.Pairs), Conversation: int(e.Conversations),
	}
	if s.bound != nil {
		reading.Units = int(s.bound.Units())
		reading.Bound, reading.HasBound = s.bound.Value()
	}
	reading.Value, reading.HasValue = deref(e.Value)
	reading.Low, reading.HasRange = deref(e.Low)
	reading.High, _ = deref(e.High)
	reading.MeasuredShare, reading.HasShare = deref(e.MeasuredShare)
	return reading
}

// deref gives the value of p, and whether there is one.
func deref(p *float64) (float64, bool) {
	if p == nil {
		return 0, false
	}
	return *p, true
}
