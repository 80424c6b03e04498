package monitor

import (
	"bytes"
	"strconv"

	est "hotmess/estimate"
)

// A labelledGauge is one family of labelled figures.
type labelledGauge struct {
	name  string
	value func(LabelledReport) est.Figure
}

func labelledGauges() []labelledGauge {
	return []labelledGauge{
		{"hotmess_accuracy", func(r LabelledReport) est.Figure { return r.Accuracy }},
		{"hotmess_error", func(r LabelledReport) est.Figure { return r.Error }},
		{"hotmess_bias2", func(r LabelledReport) est.Figure { return r.Bias2 }},
		{"hotmess_variance", func(r LabelledReport) est.Figure { return r.Variance }},
		{"hotmess_incoherence", func(r LabelledReport) est.Figure { return r.Incoherence }},
	}
}

// writeLabelled writes the labelled figures of the last 48 hours, each family
// with its type. What cannot be computed is left out.
func writeLabelled(b *bytes.Buffer, routes []RouteReport) {
	for _, g := range labelledGauges() {
		writeFamily(b, routes, g.name, func(r LabelledReport) *float64 { return g.value(r).Value })
		writeFamily(b, routes, g.name+"_low", func(r LabelledReport) *float64 { return g.value(r).Low })
		writeFamily(b, routes, g.name+"_high", func(r LabelledReport) *float64 { return g.value(r).High })
	}
	writeFamily(b, routes, "hotmess_labelled_requests", count(func(r LabelledReport) int64 { return r.Accuracy.N }))
	writeFamily(b, routes, "hotmess_labelled_conversations", count(func(r LabelledReport) int64 { return r.Accuracy.Clusters }))
}

func count(n func(LabelledReport) int64) func(LabelledReport) *float64 {
	return func(r LabelledReport) *float64 {
		v := float64(n(r))
		return &v
	}
}

// writeFamily writes one family, without what is absent.
func writeFamily(b *bytes.Buffer, routes []RouteReport, name string, value func(LabelledReport) *float64) {
	family := gaugeFamily{w: b, name: name}
	for _, route := range routes {
		for _, r := range route.Labelled {
			if v := value(r); r.Window == spans()[windowTwoDays].name && v != nil {
				family.write(*v, "route", route.Route, "kind", r.Kind, "pinned", strconv.FormatBool(r.Pinned), "scale", r.Scale)
			}
		}
	}
}

// labelledReports reports on the labelled series of all routes.
func (m *Monitor) labelledReports() []RouteReport {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []RouteReport
	for name, r := range m.routes {
		if rep := r.labelledReport(m.now()); len(rep) > 0 {
			all = append(all, RouteReport{Route: name, Labelled: rep})
		}
	}
	sortRoutes(all)
	return all
}
