package monitor

import (
	"bytes"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"strconv"

	"github.com/VictoriaMetrics/metrics"

	"hotmess/alerts"
)

// WriteMetrics writes all metrics in the Prometheus text form. A disagreement
// that cannot be computed is left out, never written as 0 or NaN.
func (m *Monitor) WriteMetrics(w io.Writer) {
	var b bytes.Buffer
	m.meters.set.WritePrometheus(&b)
	writeDisagreement(&b, m.allReadings())
	names, detections := m.detections()
	writeDetection(&b, names, detections)
	writeLabelled(&b, m.labelledReports())
	writeFigures(&b, m.figures())
	writeTotals(&b, m.Totals(), len(m.queue), m.gate.Running())
	metrics.WriteProcessMetrics(&b)
	// A scraper that hangs up is not our trouble.
	_, _ = w.Write(b.Bytes())
}

// A gaugeFamily writes gauges that are computed at scrape time: the type of the
// family once, before its first sample, and not at all where there is none.
type gaugeFamily struct {
	w     io.Writer
	name  string
	typed bool
}

// write writes one sample, with its labels given as for metricName.
func (g *gaugeFamily) write(v float64, labels ...string) {
	if !g.typed {
		fmt.Fprintf(g.w, "# TYPE %s gauge\n", g.name)
		g.typed = true
	}
	fmt.Fprintf(g.w, "%s %g\n", metricName(g.name, labels...), v)
}

// A gauge is one family of disagreement; value gives ok = false for a series that
// is absent.
type gauge struct {
	name  string
	value func(alerts.Reading) (v float64, ok bool)
}

func disagreementGauges() []gauge {
	return []gauge{
		{"hotmess_disagreement", func(r alerts.Reading) (float64, bool) { return r.Value, r.HasValue }},
		{"hotmess_disagreement_low", func(r alerts.Reading) (float64, bool) { return r.Low, r.HasRange }},
		{"hotmess_disagreement_high", func(r alerts.Reading) (float64, bool) { return r.High, r.HasRange }},
		{"hotmess_disagreement_pairs", func(r alerts.Reading) (float64, bool) { return float64(r.Pairs), true }},
		{"hotmess_disagreement_conversations", func(r alerts.Reading) (float64, bool) { return float64(r.Conversation), true }},
		{"hotmess_disagreement_measured_share", func(r alerts.Reading) (float64, bool) { return r.MeasuredShare, r.HasShare }},
		{"hotmess_disagreement_bound", func(r alerts.Reading) (float64, bool) { return r.Bound, r.HasBound }},
	}
}

// writeDisagreement writes one family after the other.
func writeDisagreement(b *bytes.Buffer, all []alerts.Reading) {
	for _, g := range disagreementGauges() {
		family := gaugeFamily{w: b, name: g.name}
		for _, r := range all {
			if v, ok := g.value(r); ok {
				family.write(v, "route", r.Route, "kind", r.Kind, "level", r.Level, "pinned", strconv.FormatBool(r.Pinned))
			}
		}
	}
}

// writeTotals writes hotmess's account of itself.
func writeTotals(b *bytes.Buffer, t Totals, queued, running int) {
	for _, f := range []struct {
		name, kind string
		value      int64
	}{
		{"hotmess_budget_limit_tokens", "gauge", t.BudgetPerHour},
		{"hotmess_budget_spent_tokens", "gauge", t.SpentThisHour},
		{"hotmess_conversations", "gauge", t.Conversations},
		{"hotmess_conversations_evicted_total", "counter", t.Evicted},
		{"hotmess_extras_in_flight", "gauge", int64(running)},
		{"hotmess_observation_queue", "gauge", int64(queued)},
		{"hotmess_observation_queue_capacity", "gauge", queueLength},
		{"hotmess_observations_dropped_total", "counter", t.Dropped},
		{"hotmess_pooled_requests_total", "counter", t.Pooled},
		{"hotmess_routes", "gauge", t.Routes},
		{"hotmess_snapshot_failures_total", "counter", t.SnapshotFailures},
		{"hotmess_votes_total", "counter", t.Votes},
		{"hotmess_votes_changed_total", "counter", t.Changed},
		{"hotmess_votes_changed_unknown_total", "counter", t.ChangedUnknown},
	} {
		fmt.Fprintf(b, "# TYPE %s %s\n%s %d\n", f.name, f.kind, f.name, f.value)
	}
	const today, limit = "hotmess_budget_spent_usd", "hotmess_budget_limit_usd"
	fmt.Fprintf(b, "# TYPE %s gauge\n%s %g\n", today, today, t.USDToday)
	if t.USDPerDay != nil {
		fmt.Fprintf(b, "# TYPE %s gauge\n%s %g\n", limit, limit, *t.USDPerDay)
	}
}

// allReadings are readings of every series, headline or not.
func (m *Monitor) allReadings() []alerts.Reading {
	return m.readings(func(*series) bool { return true })
}

// buildInfo names the build in labels, the usual way.
func buildInfo() string {
	version := "unknown"
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		version = info.Main.Version
	}
	return metricName("hotmess_build_info", "version", version, "go_version", runtime.Version())
}
