package monitor

import (
	"cmp"
	"slices"
	"time"
)

const (
	// maxArguments bounds the arguments of a route that are told apart; the
	// rest is pooled under otherLabel.
	maxArguments = 64
	// maxNamed bounds the arguments of all routes that are told apart.
	maxNamed = 512
	// distanceUnit is how many steps distances are counted in: millionths.
	distanceUnit = 1_000_000
)

// An argumentKey names an argument as tool.argument. Pinned requests are a
// stratum of their own.
type argumentKey struct {
	Name   string `json:"name"`
	Pinned bool   `json:"pinned,omitempty"`
}

// content is what a route knows beyond the keys of drawn pairs: which arguments
// differ, how alike its texts are, signals and free pairs. An argument takes 72
// bytes in each bucket in which it was compared, and 24 for each group of
// conversations there.
type content struct {
	names *names
	// named is the Monitor's count of arguments that are told apart.
	named     *int
	arguments *windows[table[argumentKey]]
	free      *windows[table[seriesKey]]
	distances *windows[table[stratumKey]]
	signals   *windows[signals]
	likeness  likeness
}

func newContent(named *int) *content {
	return &content{
		names: newNames(maxArguments), named: named,
		arguments: newWindows[table[argumentKey]](),
		free:      newWindows[table[seriesKey]](),
		distances: newWindows[table[stratumKey]](),
		signals:   newWindows[signals](),
	}
}

// take takes in an observation. Of a text pair it decides whether the texts are
// the same (see likeness), so that o has the level similar from then on.
func (c *content) take(o *Observation, at, now time.Time) {
	c.likeness.take(o)
	c.signals.update(at, now, func(s *signals) { s.count(o) })
	id := cmp.Or(o.Conversation, o.ID)
	if o.Signals != nil && o.Signals.Pair != nil {
		c.free.update(at, now, func(t *table[seriesKey]) { takeFree(t, o, id) })
	}
	if !o.Drawn || o.Differ == nil {
		return
	}
	w := weightOf(o.Inclusion)
	if len(o.Arguments) > 0 {
		c.arguments.update(at, now, func(t *table[argumentKey]) { c.takeArguments(t, o, id) })
	}
	if d := o.Distance; d != nil && *d >= 0 && *d <= 2 {
		c.distances.update(at, now, func(t *table[stratumKey]) {
			if g := t.row(stratumKey{Kind: o.Kind, Pinned: o.Pinned}, maxSeries); g != nil {
				g.count(id, int64(*d*distanceUnit)*w, w)
			}
		})
	}
}

// takeArguments counts what of a pair's arguments differs, each weighed as the
// pair is.
func (c *content) takeArguments(t *table[argumentKey], o *Observation, id string) {
	w := weightOf(o.Inclusion)
	for name, differ := range o.Arguments {
		key := argumentKey{Name: c.name(name), Pinned: o.Pinned}
		if g := t.row(key, 2*(maxArguments+1)); g != nil {
			g.count(id, w*boolInt(differ), w)
		}
	}
}

// name is the name that an argument is counted under: its own, unless the route
// or all routes together have too many.
func (c *content) name(argument string) string {
	switch {
	case c.names.known[argument]:
		return argument
	case *c.named >= maxNamed:
		return otherLabel
	}
	name := c.names.resolve(argument)
	*c.named += int(boolInt(name == argument))
	return name
}

// takeFree counts a free pair. It came by itself, and weighs one.
func takeFree(t *table[seriesKey], o *Observation, id string) {
	for level, differ := range o.Signals.Pair {
		if !presentable(o.Kind) || !presentable(level) {
			continue
		}
		if g := t.row(seriesKey{Kind: o.Kind, Level: level, Pinned: o.Pinned}, maxSeries); g != nil {
			g.count(id, boolInt(differ), 1)
		}
	}
}

// A contentState is the snapshot of a content.
type contentState struct {
	Arguments windowsState[table[argumentKey]] `json:"arguments"`
	Free      windowsState[table[seriesKey]]   `json:"free"`
	Distances windowsState[table[stratumKey]]  `json:"distances"`
	Signals   windowsState[signals]            `json:"signals"`
	Likeness  likeness                         `json:"likeness"`
}

func (c *content) state() *contentState {
	return &contentState{
		Arguments: cloneTables(c.arguments), Free: cloneTables(c.free), Distances: cloneTables(c.distances),
		Signals: c.signals.state(), Likeness: c.likeness.clone(),
	}
}

// restoreContent is the inverse of state; nil, as in older snapshots, is nothing.
func restoreContent(st *contentState, named *int) *content {
	c := newContent(named)
	if st == nil {
		return c
	}
	c.arguments, c.free, c.distances = restoreWindows(st.Arguments), restoreWindows(st.Free), restoreWindows(st.Distances)
	c.signals, c.likeness = restoreWindows(st.Signals), st.Likeness
	for _, slots := range st.Arguments {
		for _, s := range slots {
			for _, r := range s.Value.Rows {
				c.name(r.Key.Name)
			}
		}
	}
	return c
}

// merge adds the windows of another sidecar, within the same bounds. What texts are
// alike by chance is left as it is here.
func (c *content) merge(st *contentState, now time.Time) {
	if st == nil {
		return
	}
	c.arguments.merge(st.Arguments, now, func(t, o *table[argumentKey]) {
		own := func(k argumentKey) argumentKey { return argumentKey{Name: c.name(k.Name), Pinned: k.Pinned} }
		t.addWithin(o, 2*(maxArguments+1), own)
	})
	c.free.merge(st.Free, now, func(t, o *table[seriesKey]) {
		t.addWithin(o, maxSeries, func(k seriesKey) seriesKey { return k })
	})
	c.distances.merge(st.Distances, now, func(t, o *table[stratumKey]) {
		t.addWithin(o, maxSeries, func(k stratumKey) stratumKey { return k })
	})
	c.signals.merge(st.Signals, now, func(s, o *signals) { s.add(o) })
}

// merged is a window of tables as one, its rows in order.
func merged[K comparable](w *windows[table[K]], window int, now time.Time, compare func(a, b K) int) []row[K] {
	var all table[K]
	w.rings[window].each(now, func(_ int64, t *table[K]) { all.add(t) })
	slices.SortFunc(all.Rows, func(a, b row[K]) int { return compare(a.Key, b.Key) })
	return all.Rows
}
