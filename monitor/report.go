package monitor

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"hotmess/budget"
	"hotmess/detect"
)

// A RouteReport is everything that is known of one route.
type RouteReport struct {
	Route string `json:"route"`
	// Similarity is how texts are told to be the same; nil without texts.
	Similarity *SimilarityReport `json:"similarity,omitempty"`
	// LastHour is the number of generation requests of the last hour,
	// measured or not: what an automatic rate goes by.
	LastHour int64 `json:"last_hour"`
	// Budget is the route's own; nil if it has none.
	Budget *budget.Report `json:"budget,omitempty"`
	// Mitigation is what votes because of an alert; nil if nothing does, or did
	// within a day.
	Mitigation *MitigationReport `json:"mitigation,omitempty"`
	// Windows are the last hour, two days and thirty days.
	Windows []WindowReport `json:"windows"`
	// Bounds are the anytime-valid bounds of the headline series.
	Bounds []BoundReport `json:"bounds"`
	// Detection is what has changed.
	Detection DetectionReport `json:"detection"`
	// Labelled is what labels say, by kind, stratum and scale; empty while
	// there are none.
	Labelled []LabelledReport `json:"labelled,omitempty"`
}

// A WindowReport is a route over one window.
type WindowReport struct {
	// Window is 1h, 48h or 30d.
	Window string `json:"window"`
	// Requests counts observed requests, Failed those whose client got an
	// error or a broken reply.
	Requests int64 `json:"requests"`
	Failed   int64 `json:"failed"`
	ContentReport
	// Unmeasured counts requests without a measured pair, by reason.
	Unmeasured map[Reason]int64 `json:"unmeasured,omitempty"`
	// ExtraTokens is what extras cost; EstimatedTokens the cost of those
	// requests of which some part is not from usage.
	ExtraTokens     int64 `json:"extra_tokens"`
	EstimatedTokens int64 `json:"estimated_tokens"`
	// ExtraUsed is what they used. ExtraUSD is what those of models with a price
	// cost, UnpricedTokens the weight of the others; ExtraUSDMissing says why
	// there is no price although some ran.
	ExtraUsed       budget.Spend `json:"extra_used"`
	ExtraUSD        *float64     `json:"extra_usd,omitempty"`
	ExtraUSDMissing Reason       `json:"extra_usd_missing,omitempty"`
	UnpricedTokens  int64        `json:"unpriced_tokens"`
	// Votes counts votes, Changed those that changed the answer, ChangedUnknown
	// those whose primary gave none: the share that votes changed is of the others.
	Votes          int64 `json:"votes"`
	Changed        int64 `json:"changed"`
	ChangedUnknown int64 `json:"changed_unknown"`
	// Guarded counts the decisions of guards; nil while there are none.
	Guarded *GuardCounts `json:"guarded,omitempty"`
	// Series are the disagreements; Lengths the four lengths of all replies.
	Series  []SeriesReport `json:"series"`
	Lengths []LengthReport `json:"lengths"`
}

// A SeriesReport is the disagreement of one series over a window.
type SeriesReport struct {
	Kind   string `json:"kind"`
	Level  string `json:"level"`
	Pinned bool   `json:"pinned"`
	// Headline is whether this level stands for its kind.
	Headline     bool     `json:"headline"`
	Disagreement Estimate `json:"disagreement"`
	SeriesDetail
	// Points are the window's buckets that hold a pair, in order.
	Points []Point `json:"points,omitempty"`
}

// A Point is one bucket of a series. A conversation counts in the bucket of
// its latest pair.
type Point struct {
	Start time.Time `json:"start"`
	// Differ of Pairs pairs differ, over Conversations conversations; they are
	// counts, not weighed.
	Differ        int64 `json:"differ"`
	Pairs         int64 `json:"pairs"`
	Conversations int64 `json:"conversations"`
}

// A BoundReport is the anytime-valid lower confidence bound of the mean
// disagreement of a conversation.
type BoundReport struct {
	Kind   string `json:"kind"`
	Level  string `json:"level"`
	Pinned bool   `json:"pinned"`
	// Lower is the bound, 0..1; Absent says why there is none.
	Lower  *float64 `json:"lower,omitempty"`
	Absent string   `json:"absent,omitempty"`
	// Alpha is the probability that the bound is ever above the truth.
	Alpha float64 `json:"alpha"`
	// Conversations is how many gave a value.
	Conversations int64 `json:"conversations"`
}

// AbsentNoEvidence says that no hypothesis is rejected: the bound is below 0.01.
const AbsentNoEvidence = "no_evidence"

// Routes reports on all routes, by name. It is the body of GET /api/v1/routes.
// All of them take a second, so each is looked at on its own: what is taken in
// meanwhile is in the reports that follow.
func (m *Monitor) Routes() []RouteReport {
	m.mu.Lock()
	names := slices.Sorted(maps.Keys(m.routes))
	m.mu.Unlock()
	reports := make([]RouteReport, 0, len(names))
	for _, name := range names {
		reports = append(reports, m.routeReport(name))
	}
	return reports
}

// routeReport reports on a route that is there; none ever leaves.
func (m *Monitor) routeReport(name string) RouteReport {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, now := m.routes[name], m.now()
	rep := r.report(now)
	rep.Detection = r.detection.report(m.armed(), now)
	rep.Route, rep.LastHour = name, m.arrivals.lastHour(name, now)
	if b, ok := m.gate.RouteReport(name); ok {
		rep.Budget = &b
	}
	rep.Mitigation = m.mitigations[name].report()
	return rep
}

func sortRoutes(reports []RouteReport) {
	slices.SortFunc(reports, func(a, b RouteReport) int { return cmp.Compare(a.Route, b.Route) })
}

func (r *route) report(now time.Time) RouteReport {
	rep := RouteReport{Bounds: []BoundReport{}}
	keys := r.seriesKeys()
	for i := range windowCount {
		rep.Windows = append(rep.Windows, r.window(i, keys, now))
	}
	rep.Similarity = r.content.likeness.report()
	for _, k := range keys {
		if b := r.series[k].bound; b != nil {
			rep.Bounds = append(rep.Bounds, boundReport(b, k))
		}
	}
	rep.Labelled = r.labelledReport(now)
	return rep
}

func (r *route) seriesKeys() []seriesKey { return sortedKeys(r.series) }

// sortedKeys gives keys in the order of reports.
func sortedKeys[V any](m map[seriesKey]V) []seriesKey {
	keys := make([]seriesKey, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, compareKeys)
	return keys
}

// window reports on one window.
func (r *route) window(i int, keys []seriesKey, now time.Time) WindowReport {
	var t traffic
	r.traffic.rings[i].each(now, func(_ int64, v *traffic) { t.add(v) })
	var l lengths
	r.lengths.rings[i].each(now, func(_ int64, v *lengths) { l.add(v) })
	rep := WindowReport{
		Window: spans()[i].name, Requests: t.Requests, Failed: t.Failed,
		Unmeasured: t.Unmeasured.byName(), ExtraTokens: t.ExtraTokens, EstimatedTokens: t.EstimatedTokens,
		ExtraUsed: t.Extra, UnpricedTokens: t.Unpriced,
		Votes: t.Votes, Changed: t.Changed, ChangedUnknown: t.Unknown,
		Series: []SeriesReport{},
		Lengths: []LengthReport{
			l.Reasoning.report("reasoning_tokens"), l.Output.report("output_tokens"),
			l.Context.report("context_tokens"), l.Actions.report("actions"),
		},
	}
	if rep.ExtraUSD = new(budget.USD(t.Nanos)); t.Nanos == 0 && t.Unpriced > 0 {
		rep.ExtraUSD, rep.ExtraUSDMissing = nil, ReasonPriceUnknown
	}
	for length := range rep.Lengths {
		rep.Lengths[length].Quantiles = quantiles(r.sketches.total(i, length, now))
	}
	for _, k := range keys {
		rep.Series = append(rep.Series, r.seriesReport(i, k, now))
	}
	if t.Guarded != (GuardCounts{}) {
		rep.Guarded = &t.Guarded
	}
	rep.ContentReport = r.content.report(i, now)
	return rep
}

func (r *route) seriesReport(window int, k seriesKey, now time.Time) SeriesReport {
	s := r.series[k]
	return SeriesReport{
		Kind: k.Kind, Level: k.Level, Pinned: k.Pinned, Headline: s.bound != nil,
		Disagreement: estimateOf(s.total(window, now), r.tallied(k.stratum(), window, now)),
		SeriesDetail: r.detail(window, k, now),
		Points:       s.points(window, now),
	}
}

// points are the buckets of a window that hold a pair, in order.
func (s *series) points(window int, now time.Time) []Point {
	ring := &s.windows.rings[window]
	var points []Point
	ring.each(now, func(bucket int64, v *sums) {
		if v.Pairs > 0 {
			points = append(points, Point{Start: ring.span.start(bucket), Differ: v.Differ, Pairs: v.Pairs, Conversations: v.G})
		}
	})
	slices.SortFunc(points, func(a, b Point) int { return a.Start.Compare(b.Start) })
	return points
}

func boundReport(b *detect.Bound, k seriesKey) BoundReport {
	rep := BoundReport{Kind: k.Kind, Level: k.Level, Pinned: k.Pinned, Alpha: detect.BoundAlpha, Conversations: b.Units()}
	if v, ok := b.Value(); ok {
		rep.Lower = &v
	} else {
		rep.Absent = AbsentNoEvidence
	}
	return rep
}
