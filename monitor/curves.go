package monitor

import (
	"cmp"
	"slices"
	"time"
)

// The lengths that curves run along, by index.
const (
	lengthReasoning = iota
	lengthOutput
	lengthContext
	lengthActions
	lengthCount
)

// lengthNames are the names that lengths are reported under.
func lengthNames() [lengthCount]string {
	return [lengthCount]string{"reasoning_tokens", "output_tokens", "context_tokens", "actions"}
}

const (
	// maxCurved bounds the series that curves are kept of.
	maxCurved = 64
	// maxShares bounds the cells of one conversation: four lengths that each
	// grow 4,000-fold fit.
	maxShares = 48
)

// The rings of curves, by index: those of two days and of thirty. Over an hour
// no bin has enough conversations.
const curveRings = 2

// curveWindow is the window of a ring of curves.
func curveWindow(ring int) int { return ring + windowTwoDays }

// pairLengths are the four lengths of a pair; −1: absent. The tokens of
// reasoning and output are the mean of samples 0 and 1, rounded down, so that
// neither of the two has the say; context and actions are those of the request.
type pairLengths [lengthCount]int

func pairLengthsOf(o *Observation) pairLengths {
	l := pairLengths{-1, -1, -1, -1}
	if len(o.Samples) > 1 {
		a, b := &o.Samples[0], &o.Samples[1]
		l[lengthReasoning] = meanLength(a.Reasoning, b.Reasoning)
		l[lengthOutput] = meanLength(a.Output, b.Output)
	}
	if len(o.Samples) > 0 && o.Samples[0].Context.Source != "" {
		l[lengthContext] = max(0, o.Samples[0].Context.Tokens)
	}
	if o.Actions != nil {
		l[lengthActions] = max(0, *o.Actions)
	}
	return l
}

// meanLength is absent where one of the two is.
func meanLength(a, b Length) int {
	if a.Source == "" || b.Source == "" {
		return -1
	}
	return (max(0, a.Tokens) + max(0, b.Tokens)) / 2
}

// A cell is one log2 bin of one length.
type cell uint8

func cellOf(length, tokens int) cell { return cell(length*lengthBins + lengthBin(tokens)) }

func (c cell) length() int { return int(c) / lengthBins }
func (c cell) bin() int    { return int(c) % lengthBins }

// curves are a headline series against the lengths of its pairs, and the
// moments that slopes are fitted from.
//
// A conversation counts whole in the bucket in which it began, in each cell
// with those of its pairs that fall into it. Its record in a ring ends when
// that bucket leaves the ring, so no window ever holds two records of one
// conversation, and all sums are over whole ones.
type curves struct {
	rings [curveRings]ring[curveSums]
}

// curveSums is one bucket of curves. Cells are few and sorted.
type curveSums struct {
	Cells   []cellSums `json:"c,omitempty"`
	Moments moments    `json:"m,omitzero"`
}

// cellSums are the sums of one cell over conversations.
type cellSums struct {
	Cell cell `json:"i"`
	sums
}

func newCurves() *curves {
	c := &curves{}
	for i := range c.rings {
		c.rings[i] = newRing[curveSums](spans()[curveWindow(i)])
	}
	return c
}

// cell finds or adds a cell.
func (s *curveSums) cell(c cell) *sums {
	i, ok := slices.BinarySearchFunc(s.Cells, c, func(a cellSums, c cell) int { return cmp.Compare(a.Cell, c) })
	if !ok {
		s.Cells = slices.Insert(s.Cells, i, cellSums{Cell: c})
	}
	return &s.Cells[i].sums
}

func (s *curveSums) add(o *curveSums) {
	for _, c := range o.Cells {
		s.cell(c.Cell).add(c.sums)
	}
	s.Moments.add(&o.Moments)
}

// clone shares nothing with s.
func (s *curveSums) clone() curveSums {
	return curveSums{Cells: slices.Clone(s.Cells), Moments: s.Moments}
}

// A curvePart is one conversation's part in the curves of a series, ring by
// ring.
type curvePart [curveRings]curveRecord

func (p *curvePart) clone() *curvePart {
	if p == nil {
		return nil
	}
	c := *p
	for i := range c {
		c[i].Shares = slices.Clone(c[i].Shares)
	}
	return &c
}

// A curveRecord is what one conversation gave to the bucket in which it began.
type curveRecord struct {
	Began  int64       `json:"b"`
	Shares []cellShare `json:"s,omitempty"`
	Joint  joint       `json:"m,omitzero"`
}

// A cellShare is one conversation's part of a cell: the weight of its pairs
// and of those that differ.
type cellShare struct {
	Cell cell  `json:"i"`
	X    int64 `json:"x,omitempty"`
	N    int64 `json:"n"`
}

func (c cellShare) sums() sums {
	return sums{X: c.X, N: c.N, XX: c.X * c.X, XN: c.X * c.N, NN: c.N * c.N, G: 1}
}

// A curvePair is a measured pair with its lengths.
type curvePair struct {
	pair
	lengths pairLengths
}

// count adds a pair to the record and to its bucket of the ring.
func (c *curveRecord) count(r *ring[curveSums], bucket, newest int64, p curvePair) {
	if newest-bucket >= r.span.buckets {
		return
	}
	if c.ended(r, newest) {
		*c = curveRecord{Began: bucket}
	}
	home := r.at(c.Began, newest)
	if home == nil {
		return
	}
	for length, tokens := range p.lengths {
		if tokens >= 0 {
			c.share(home, cellOf(length, tokens), p.pair)
		}
	}
	reasoning, context := p.lengths[lengthReasoning], p.lengths[lengthContext]
	if reasoning >= 0 && context >= 0 {
		c.Joint.count(&home.Moments, lengthBin(reasoning), lengthBin(context), p.pair)
	}
}

// ended is whether the record has left the ring, or never was in it.
func (c *curveRecord) ended(r *ring[curveSums], newest int64) bool {
	return c.Began > newest || newest-c.Began >= r.span.buckets || r.find(c.Began) == nil
}

// share adds a pair to one cell of the record and of its bucket.
func (c *curveRecord) share(home *curveSums, in cell, p pair) {
	i := slices.IndexFunc(c.Shares, func(s cellShare) bool { return s.Cell == in })
	if i < 0 {
		if len(c.Shares) >= maxShares {
			return
		}
		i = len(c.Shares)
		c.Shares = append(c.Shares, cellShare{Cell: in})
	}
	s := &c.Shares[i]
	if s.N+p.weight > maxRecord {
		return
	}
	sum := home.cell(in)
	if s.N > 0 {
		sum.subtract(s.sums())
	}
	s.N += p.weight
	s.X += p.weight * boolInt(p.differ)
	sum.add(s.sums())
	sum.Pairs++
	sum.Differ += boolInt(p.differ)
}

// takeCurves takes a pair at its headline level into the curves of its series.
// Pinned series have none: there samples are alike whatever their length.
func (m *Monitor) takeCurves(c *conversation, r *route, key seriesKey, p levelPair) {
	if !p.headline || key.Pinned || r.series[key] == nil {
		return
	}
	curves := r.curves[key]
	if curves == nil {
		if m.curved >= maxCurved {
			return
		}
		m.curved++
		curves = newCurves()
		r.curves[key] = curves
	}
	t := c.track(key, true)
	if t.Curve == nil {
		t.Curve = &curvePart{}
	}
	for i := range t.Curve {
		ring := &curves.rings[i]
		t.Curve[i].count(ring, ring.span.bucket(p.at), ring.span.bucket(p.now), curvePair{p.pair, p.lengths})
	}
}

// total merges the buckets of one window; nil where no curves are kept.
func (c *curves) total(window int, now time.Time) *curveSums {
	if c == nil || window < windowTwoDays {
		return nil
	}
	total := &curveSums{}
	c.rings[window-windowTwoDays].each(now, func(_ int64, v *curveSums) { total.add(v) })
	return total
}
