package monitor

import (
	"cmp"
	"time"

	"hotmess/estimate"
)

// A ContentReport is what a window shows beyond the disagreement of drawn pairs.
// The clusters of its figures are groups of conversations, 16 at most.
type ContentReport struct {
	// Arguments say which argument of a tool is unstable.
	Arguments []ArgumentReport `json:"arguments,omitempty"`
	// Free are the disagreements of free pairs: identical requests that the
	// client sent within a minute. They are no random draw of the traffic and
	// are never pooled with drawn pairs.
	Free []FreeReport `json:"free_pairs,omitempty"`
	// Distances are how far apart texts are by their embeddings.
	Distances []DistanceReport `json:"distances,omitempty"`
	// Signals count what needs no second sample, over all requests that were
	// read.
	Signals SignalReport `json:"signals"`
}

// An ArgumentReport is how often an argument differs between samples 0 and 1,
// given that they call the same tool.
type ArgumentReport struct {
	// Argument is tool.argument, or other for all beyond 64 of a route.
	Argument string `json:"argument"`
	Pinned   bool   `json:"pinned"`
	// Disagreement is a share of pairs, 0..1, each weighed as in D.
	Disagreement estimate.Figure `json:"disagreement"`
}

// A FreeReport is the disagreement of free pairs at one level.
type FreeReport struct {
	Kind   string `json:"kind"`
	Level  string `json:"level"`
	Pinned bool   `json:"pinned"`
	// Disagreement is a share of pairs, 0..1.
	Disagreement estimate.Figure `json:"disagreement"`
}

// A DistanceReport is the mean distance of texts, 1 − cosine of the embeddings
// of samples 0 and 1, 0..2: an unbiased estimate of 1 − the mean pairwise cosine,
// the variance of embeddings of length 1.
type DistanceReport struct {
	Kind     string          `json:"kind"`
	Pinned   bool            `json:"pinned"`
	Distance estimate.Figure `json:"distance"`
}

func (c *content) report(window int, now time.Time) ContentReport {
	var s signals
	c.signals.rings[window].each(now, func(_ int64, v *signals) { s.add(v) })
	rep := ContentReport{Signals: SignalReport(s)}
	for _, r := range merged(c.arguments, window, now, compareArguments) {
		rep.Arguments = append(rep.Arguments, ArgumentReport{Argument: r.Key.Name, Pinned: r.Key.Pinned, Disagreement: r.Groups.share()})
	}
	for _, r := range merged(c.free, window, now, compareSeries) {
		rep.Free = append(rep.Free, FreeReport{Kind: r.Key.Kind, Level: r.Key.Level, Pinned: r.Key.Pinned, Disagreement: r.Groups.share()})
	}
	for _, r := range merged(c.distances, window, now, compareStrata) {
		d := r.Groups.mean(distanceUnit).Clip(0, 2)
		rep.Distances = append(rep.Distances, DistanceReport{Kind: r.Key.Kind, Pinned: r.Key.Pinned, Distance: d})
	}
	return rep
}

func compareArguments(a, b argumentKey) int {
	return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(boolInt(a.Pinned), boolInt(b.Pinned)))
}

func compareSeries(a, b seriesKey) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Level, b.Level), cmp.Compare(boolInt(a.Pinned), boolInt(b.Pinned)))
}

func compareStrata(a, b stratumKey) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(boolInt(a.Pinned), boolInt(b.Pinned)))
}
