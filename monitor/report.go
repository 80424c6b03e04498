package monitor

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// minLengths is the fewest replies that OutputP99 answers for.
const minLengths = 20

// A RouteReport is everything that is known of one route.
type RouteReport struct {
	Route string `json:"route"`
	// LastHour is the number of generation requests of the last hour,
	// measured or not: what an automatic rate goes by.
	LastHour int64 `json:"last_hour"`
	// Windows are the last hour, two days and thirty days.
	Windows []WindowReport `json:"windows"`
	// Bounds are the anytime-valid bounds of the headline series.
	Bounds []BoundReport `json:"bounds"`
}

// A WindowReport is a route over one window.
type WindowReport struct {
	// Window is 1h, 48h or 30d.
	Window string `json:"window"`
	// Requests counts observed requests, Failed those whose client got an
	// error or a broken reply.
	Requests int64 `json:"requests"`
	Failed   int64 `json:"failed"`
	// Unmeasured counts requests without a measured pair, by reason.
	Unmeasured map[Reason]int64 `json:"unmeasured,omitempty"`
	// ExtraTokens is what extras cost; EstimatedTokens the cost of those
	// requests of which some part is not from usage.
	ExtraTokens     int64 `json:"extra_tokens"`
	EstimatedTokens int64 `json:"estimated_tokens"`
	// Votes counts votes, Changed those that changed the answer.
	Votes   int64 `json:"votes"`
	Changed int64 `json:"changed"`
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
	// Points are the window's buckets that hold a conversation, in order.
	Points []Point `json:"points,omitempty"`
}

// A Point is one bucket of a series. A conversation counts in the bucket of
// its latest pair.
type Point struct {
	Start time.Time `json:"start"`
	// Differ of Pairs pairs differ, over Conversations conversations.
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

// AbsentNoEvidence: no hypothesis is rejected, so the bound is below 0.01.
const AbsentNoEvidence = "no_evidence"

// A LengthReport is the distribution of one length in tokens, or of actions.
type LengthReport struct {
	// Name is reasoning_tokens, output_tokens, context_tokens or actions.
	Name string `json:"name"`
	// Replies is how many had this length, Estimated how many of them by
	// estimate; Unknown how many replies had none.
	Replies   int64 `json:"replies"`
	Estimated int64 `json:"estimated"`
	Unknown   int64 `json:"unknown"`
	// P50, P90 and P99 are the bins that hold the quantiles; absent if no
	// reply had this length.
	P50 *Bin `json:"p50,omitempty"`
	P90 *Bin `json:"p90,omitempty"`
	P99 *Bin `json:"p99,omitempty"`
	// Bins are those that are not empty.
	Bins []Bin `json:"bins,omitempty"`
}

// A Bin is one log2 bin of a histogram.
type Bin struct {
	// Low and High are its smallest and largest length; High is absent in
	// the last bin, which is open.
	Low  int64  `json:"low"`
	High *int64 `json:"high,omitempty"`
	// Count is how many replies fall into it.
	Count int64 `json:"count"`
}

// Routes reports on all routes, by name. It is the body of GET /api/v1/routes.
func (m *Monitor) Routes() []RouteReport {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	reports := make([]RouteReport, 0, len(m.routes))
	for name, r := range m.routes {
		rep := r.report(now)
		rep.Route, rep.LastHour = name, m.arrivals.lastHour(name, now)
		reports = append(reports, rep)
	}
	slices.SortFunc(reports, func(a, b RouteReport) int { return cmp.Compare(a.Route, b.Route) })
	return reports
}

func (r *route) report(now time.Time) RouteReport {
	rep := RouteReport{Bounds: []BoundReport{}}
	keys := r.seriesKeys()
	for i := range windowCount {
		rep.Windows = append(rep.Windows, r.window(i, keys, now))
	}
	for _, k := range keys {
		if b := r.series[k].bound; b != nil {
			rep.Bounds = append(rep.Bounds, b.report(k))
		}
	}
	return rep
}

func (r *route) seriesKeys() []seriesKey {
	keys := make([]seriesKey, 0, len(r.series))
	for k := range r.series {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b seriesKey) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Level, b.Level),
			cmp.Compare(boolInt(a.Pinned), boolInt(b.Pinned)))
	})
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
		Votes: t.Votes, Changed: t.Changed,
		Series: []SeriesReport{},
		Lengths: []LengthReport{
			l.Reasoning.report("reasoning_tokens"), l.Output.report("output_tokens"),
			l.Context.report("context_tokens"), l.Actions.report("actions"),
		},
	}
	for _, k := range keys {
		rep.Series = append(rep.Series, r.seriesReport(i, k, now))
	}
	return rep
}

func (r *route) seriesReport(window int, k seriesKey, now time.Time) SeriesReport {
	s := r.series[k]
	return SeriesReport{
		Kind: k.Kind, Level: k.Level, Pinned: k.Pinned, Headline: s.bound != nil,
		Disagreement: estimate(s.total(window, now), r.tallied(k.stratum(), window, now)),
		Points:       s.points(window, now),
	}
}

// points are the buckets of a window that hold a conversation, in order.
func (s *series) points(window int, now time.Time) []Point {
	ring := &s.windows.rings[window]
	var points []Point
	ring.each(now, func(bucket int64, v *sums) {
		if v.G > 0 {
			points = append(points, Point{Start: ring.span.start(bucket), Differ: v.X, Pairs: v.N, Conversations: v.G})
		}
	})
	slices.SortFunc(points, func(a, b Point) int { return a.Start.Compare(b.Start) })
	return points
}

func (b *bound) report(k seriesKey) BoundReport {
	rep := BoundReport{Kind: k.Kind, Level: k.Level, Pinned: k.Pinned, Alpha: boundAlpha, Conversations: b.units}
	if v, ok := b.value(); ok {
		rep.Lower = &v
	} else {
		rep.Absent = AbsentNoEvidence
	}
	return rep
}

func (h *histogram) report(name string) LengthReport {
	rep := LengthReport{Name: name, Replies: h.n(), Estimated: int64(h.Estimated), Unknown: int64(h.Absent)}
	rep.P50, rep.P90, rep.P99 = h.quantileBin(0.5), h.quantileBin(0.9), h.quantileBin(0.99)
	for i, n := range h.Bins {
		if n > 0 {
			rep.Bins = append(rep.Bins, h.bin(i))
		}
	}
	return rep
}

func (h *histogram) quantileBin(q float64) *Bin {
	i, ok := h.quantile(q)
	if !ok {
		return nil
	}
	b := h.bin(i)
	return &b
}

func (h *histogram) bin(i int) Bin {
	low, high := binEdges(i)
	b := Bin{Low: low, Count: int64(h.Bins[i])}
	if high != math.MaxInt64 {
		b.High = &high
	}
	return b
}

// OutputP99 is the largest length of the bin that holds the 99th percentile of
// the route's output tokens over two days: what to reserve for a reply whose
// request sets no cap. ok is false below 20 replies, and where that bin is open.
func (m *Monitor) OutputP99(route string) (tokens int, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.routes[m.names.resolve(route)]
	if r == nil {
		return 0, false
	}
	var h histogram
	r.lengths.rings[windowTwoDays].each(m.now(), func(_ int64, v *lengths) { h.add(&v.Output) })
	bin, _ := h.quantile(0.99)
	_, high := binEdges(bin)
	if h.n() < minLengths || high == math.MaxInt64 {
		return 0, false
	}
	return int(high), true
}
