package alerts

import (
	"fmt"
	"io"
	"strings"

	"github.com/VictoriaMetrics/metrics"
)

// The names of the metrics.
const (
	metricFiring    = "hotmess_alerts_firing"
	metricRefused   = "hotmess_alerts_refused_total"
	metricPublished = "hotmess_alerts_published_total"
	metricDropped   = "hotmess_bus_observations_dropped_total"
	metricErrors    = "hotmess_bus_errors_total"
)

// WriteMetrics writes the alert metrics in Prometheus' text form: how many
// alerts fire, by rule and route (0 while one is pending or lately resolved),
// how many were refused because too many are remembered, and what became of
// events.
func (e *Engine) WriteMetrics(w io.Writer) {
	set := metrics.NewSet()
	firing, refused := e.firing()
	for name, n := range firing {
		set.NewGauge(name, nil).Set(n)
	}
	set.NewCounter(metricRefused).Set(uint64(refused))
	b := e.settings.Bus
	set.NewCounter(metricPublished).Set(uint64(b.published.Load()))
	set.NewCounter(metricDropped).Set(uint64(b.dropped.Load()))
	set.NewCounter(metricErrors).Set(uint64(b.failures.Load()))
	set.WritePrometheus(w)
}

// firing counts firing alerts by series name, and those that did not begin
// because too many are remembered.
func (e *Engine) firing() (n map[string]float64, refused int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	n = map[string]float64{}
	for id, it := range e.judge.items {
		name := fmt.Sprintf(`%s{rule="%s",route="%s"}`, metricFiring, labelValue(id.rule), labelValue(id.route))
		n[name] += 0
		if it.life.status == Firing {
			n[name]++
		}
	}
	return n, e.judge.refused
}

// labelValue escapes for the text form, which knows three escapes only;
// control characters, which no escape is for, are dropped.
func labelValue(s string) string {
	s = strings.Map(func(r rune) rune {
		if r != '\n' && (r < ' ' || r == 0x7f) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s)
}
