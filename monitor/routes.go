package monitor

import (
	"sync"
	"time"

	"hotmess/detect"
)

const (
	// maxRoutes bounds the routes that are told apart; the rest is pooled.
	maxRoutes = 200
	// maxSeries bounds the series of one route: 4 kinds, 3 levels, 2 strata.
	maxSeries = 24
	// OtherRoute is the name that pooled routes go by.
	OtherRoute = "other"
)

// names decides which names that come from outside are told apart. It has a
// lock of its own: the request path asks it.
type names struct {
	limit int

	mu     sync.RWMutex
	known  map[string]bool
	pooled int64
}

func newNames(limit int) *names {
	return &names{limit: limit, known: map[string]bool{OtherRoute: true}}
}

// resolve gives the name that something is kept under: its own, or OtherRoute
// once limit others are known, or if a label could not show it as it is.
//
// The empty name is that of requests that were not read; they are not counted
// as pooled.
func (n *names) resolve(name string) string {
	if name == "" {
		return OtherRoute
	}
	n.mu.RLock()
	known := n.known[name]
	n.mu.RUnlock()
	if known {
		return name
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.known[name] {
		return name
	}
	if len(n.known) > n.limit || !presentable(name) {
		n.pooled++
		return OtherRoute
	}
	n.known[name] = true
	return name
}

// pooledRequests is how often a name was replaced by OtherRoute.
func (n *names) pooledRequests() int64 {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.pooled
}

// A route is everything windowed that is known of one route.
type route struct {
	content *content

	series   map[seriesKey]*series
	strata   map[stratumKey]*windows[tally]
	lengths  *windows[lengths]
	traffic  *windows[traffic]
	labelled map[labelledKey]*labelledSeries
	curves   map[seriesKey]*curves
	// detection tells what has changed.
	detection *detection
	// sketches is nil where none are kept; median belongs to them.
	sketches *sketches
	median   keptMedian
	// dropped counts pairs of series beyond maxSeries.
	dropped int64
}

func newRoute(named *int) *route {
	return &route{
		content: newContent(named),

		series:   map[seriesKey]*series{},
		strata:   map[stratumKey]*windows[tally]{},
		lengths:  newWindows[lengths](),
		traffic:  newWindows[traffic](),
		labelled: map[labelledKey]*labelledSeries{},
		curves:   map[seriesKey]*curves{},

		detection: newDetection(),
	}
}

// seriesFor finds or adds a series; nil if the route has too many.
func (r *route) seriesFor(key seriesKey, headline bool) *series {
	s := r.series[key]
	if s == nil {
		if len(r.series) >= maxSeries || !presentable(key.Kind) || !presentable(key.Level) {
			r.dropped++
			return nil
		}
		s = newSeries()
		r.series[key] = s
	}
	if headline && s.bound == nil {
		s.bound = detect.NewBound()
	}
	return s
}

// stratumFor finds or adds a stratum; nil if the route has too many.
func (r *route) stratumFor(key stratumKey) *windows[tally] {
	w, ok := r.strata[key]
	if !ok && len(r.strata) < maxSeries && presentable(key.Kind) {
		w = newWindows[tally]()
		r.strata[key] = w
	}
	return w
}

// tallied merges a stratum's counts of one window.
func (r *route) tallied(key stratumKey, window int, now time.Time) tally {
	var t tally
	if w := r.strata[key]; w != nil {
		w.rings[window].each(now, func(_ int64, v *tally) { t.add(*v) })
	}
	return t
}
