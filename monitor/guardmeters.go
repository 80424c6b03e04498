package monitor

import (
	"slices"

	"github.com/VictoriaMetrics/metrics"
)

// maxGuardHandles bounds the label combinations of guard decisions; rules come
// from the configuration, of which there may be many over time.
const maxGuardHandles = 512

// guardMeters count the decisions of guards.
type guardMeters struct {
	decisions *family[guardLabels, *metrics.Counter]
	// held is by decision.
	held map[string]*metrics.PrometheusHistogram
	// unheld is by reason.
	unheld map[Reason]*metrics.Counter
}

type guardLabels struct{ rule, decision, outcome string }

// decisions and outcomes of a GuardRecord.
func guardDecisions() []string { return []string{GuardAgreed, GuardSplit, GuardBlind} }

func guardOutcomes() []string {
	return []string{GuardDelivered, GuardReleased, GuardRefused, GuardReplaced, GuardGone}
}

func newGuardMeters(s *metrics.Set) guardMeters {
	m := guardMeters{held: map[string]*metrics.PrometheusHistogram{}, unheld: map[Reason]*metrics.Counter{}}
	for _, r := range Reasons() {
		m.unheld[r] = s.GetOrCreateCounter(metricName("hotmess_guard_unheld_total", "reason", string(r)))
	}
	m.decisions = newFamily(maxGuardHandles, guardLabels{otherLabel, otherLabel, otherLabel}, func(l guardLabels) *metrics.Counter {
		return s.GetOrCreateCounter(metricName("hotmess_guard_decisions_total", "rule", l.rule, "decision", l.decision, "outcome", l.outcome))
	})
	for _, d := range guardDecisions() {
		m.held[d] = s.GetOrCreatePrometheusHistogramExt(metricName("hotmess_guard_held_seconds", "decision", d), durationBuckets())
	}
	return m
}

// count counts one decision; a record that says what none may is counted as
// other.
func (m *guardMeters) count(g *GuardRecord) {
	if g == nil {
		return
	}
	l := guardLabels{g.Rule, g.Decision, g.Outcome}
	if !slices.Contains(guardDecisions(), l.decision) || !slices.Contains(guardOutcomes(), l.outcome) {
		l = guardLabels{otherLabel, otherLabel, otherLabel}
	}
	m.decisions.get(l).Inc()
	if held, ok := m.held[g.Decision]; ok && g.HeldSeconds > 0 {
		held.Update(g.HeldSeconds)
	}
}

// Unheld counts a request whose reply no rule held, though one that holds may be for
// what it proposes. It is safe for concurrent use and takes no lock.
func (m *Monitor) Unheld(why Reason) { m.meters.guard.unheld[m.meters.known(why)].Inc() }
