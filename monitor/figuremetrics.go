package monitor

import (
	"bytes"
	"cmp"
	"slices"
	"strconv"

	"hotmess/estimate"
)

// A figureSample is one figure of one series, as it is exposed.
type figureSample struct {
	family string
	labels []string
	figure estimate.Figure
}

// figureFamilies are the gauges of writeFigures, each with _low and _high, over
// two days.
func figureFamilies() []string {
	return []string{"hotmess_disagreement_slope", "hotmess_overthinking_gap", "hotmess_vote_changed_share"}
}

// writeFigures writes slopes, overthinking and what votes would change. What is
// absent is left out.
func writeFigures(b *bytes.Buffer, all []figureSample) {
	for _, family := range figureFamilies() {
		for suffix, value := range []func(estimate.Figure) *float64{
			func(f estimate.Figure) *float64 { return f.Value },
			func(f estimate.Figure) *float64 { return f.Low },
			func(f estimate.Figure) *float64 { return f.High },
		} {
			gauges := gaugeFamily{w: b, name: family + []string{"", "_low", "_high"}[suffix]}
			for _, s := range all {
				if v := value(s.figure); s.family == family && v != nil {
					gauges.write(*v, s.labels...)
				}
			}
		}
	}
}

// figures lists the figures of all series that curves are kept of, in order.
func (m *Monitor) figures() []figureSample {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	var all []figureSample
	for name, r := range m.routes {
		for key, c := range r.curves {
			total := c.total(windowTwoDays, now)
			all = append(all, total.figures("route", name, "kind", key.Kind, "level", key.Level)...)
		}
	}
	slices.SortFunc(all, func(a, b figureSample) int {
		return cmp.Or(cmp.Compare(a.family, b.family), slices.Compare(a.labels, b.labels))
	})
	return all
}

// figures are those of one series, under its labels.
func (s *curveSums) figures(labels ...string) []figureSample {
	slopes, sets := s.Moments.slopes(), s.sets()
	of := func(family string, f estimate.Figure, label, value string) figureSample {
		return figureSample{family, append(slices.Clone(labels), label, value), f}
	}
	families := figureFamilies()
	all := []figureSample{
		of(families[0], slopes.Reasoning, "length", "reasoning_tokens"),
		of(families[0], slopes.Context, "length", "context_tokens"),
		of(families[1], sets.Gap.figure(gapUnit).Clip(-1, 1), "set", SetDrawn),
		of(families[1], sets.Escalated.figure(gapUnit).Clip(-1, 1), "set", SetEscalated),
	}
	for i, n := range voteSizes() {
		all = append(all, of(families[2], sets.Votes[i].Changed.share(), "samples", strconv.Itoa(n)))
	}
	return all
}
