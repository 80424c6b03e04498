package monitor

import (
	"bytes"
	"slices"
	"strconv"

	"hotmess/config"
)

// A detectorGauge is one family of detector metrics; ok is false where it is
// absent.
type detectorGauge struct {
	name  string
	value func(DetectorReport) (v float64, ok bool)
}

func detectorGauges() []detectorGauge {
	return []detectorGauge{
		{"hotmess_detector_learned", func(d DetectorReport) (float64, bool) { return float64(d.Learned), true }},
		{"hotmess_detector_risen", func(d DetectorReport) (float64, bool) { return float64(boolInt(d.Risen != nil)), d.Baseline != nil }},
		{"hotmess_detector_evidence", func(d DetectorReport) (float64, bool) { return deref(d.EValue) }},
		{"hotmess_detector_threshold", func(d DetectorReport) (float64, bool) { return d.Threshold, d.Baseline != nil }},
		{"hotmess_detector_baseline", func(d DetectorReport) (float64, bool) {
			if d.Baseline == nil {
				return 0, false
			}
			return d.Baseline.Mean, true
		}},
		{"hotmess_detector_baseline_high", func(d DetectorReport) (float64, bool) {
			if d.Baseline == nil {
				return 0, false
			}
			return d.Baseline.High, true
		}},
	}
}

// detections gives the DetectionReport of every route, by name.
func (m *Monitor) detections() (names []string, reports map[string]DetectionReport) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now, armed := m.now(), m.armed()
	reports = map[string]DetectionReport{}
	for name, r := range m.routes {
		names = append(names, name)
		reports[name] = r.detection.report(armed, now)
	}
	slices.Sort(names)
	return names, reports
}

// writeDetection writes one family after the other.
func writeDetection(b *bytes.Buffer, names []string, reports map[string]DetectionReport) {
	for _, g := range detectorGauges() {
		family := gaugeFamily{w: b, name: g.name}
		for _, name := range names {
			for _, d := range reports[name].Detectors {
				if v, ok := g.value(d); ok {
					family.write(v, "route", name, "rule", d.Rule,
						"kind", d.Kind, "level", d.Level, "pinned", strconv.FormatBool(d.Pinned), "scale", d.Scale)
				}
			}
		}
	}
	flagged := gaugeFamily{w: b, name: "hotmess_flagged_conversations"}
	for _, name := range names {
		for _, rule := range []string{config.RuleConversationIncoherent, config.RuleRepeating, config.RuleSplitDecision, config.RuleGuardBlind} {
			flagged.write(float64(reports[name].Flagged[rule]), "route", name, "rule", rule)
		}
	}
}
