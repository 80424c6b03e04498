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

// LengthNames are the names that lengths are reported under, in the order of
// PairLengths.
func LengthNames() [lengthCount]string {
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

// pairLengths are the four lengths of a pair; −1: absent.
type pairLengths = [lengthCount]int

// PairLengths are the lengths of the pair of an observation, in tokens and in
// actions; −1 where one is unknown. The tokens of reasoning and output are the mean
// of samples 0 and 1, rounded down, so that neither of the two has the say; context
// and actions are those of the request.
func PairLengths(o *Observation) [lengthCount]int {
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
	gaps  gaps
}

// curveSums is one bucket of curves. Cells are few and sorted.
type curveSums struct {
	Cells   []cellSums `json:"c,omitempty"`
	Moments moments    `json:"m,omitzero"`
	// Sets is nil where no request had more than a pair.
	Sets *setSums `json:"s,omitempty"`
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
	s.sets().add(o.Sets)
}

// sets finds or adds the sums over larger sets.
func (s *curveSums) sets() *setSums {
	if s.Sets == nil {
		s.Sets = &setSums{}
	}
	return s.Sets
}

// clone shares nothing with s.
func (s *curveSums) clone() curveSums {
	c := curveSums{Cells: slices.Clone(s.Cells), Moments: s.Moments}
	if s.Sets != nil {
		sets := *s.Sets
		c.Sets = &sets
	}
	return c
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
		if c[i].Sets != nil {
			sets := *c[i].Sets
			c[i].Sets = &sets
		}
	}
	return &c
}

// A curveRecord is what one conversation gave to the bucket in which it began.
type curveRecord struct {
	Began  int64       `json:"b"`
	Shares []cellShare `json:"s,omitempty"`
	Joint  jointPart   `json:"m,omitzero"`
	Sets   *setPart    `json:"t,omitempty"`
}

// A cellShare is one conversation's part of a cell: the weight of its pairs
// and of those that differ, at most maxRecord, and how many they are.
type cellShare struct {
	Cell   cell  `json:"i"`
	X      int32 `json:"x,omitempty"`
	N      int32 `json:"n"`
	Differ int32 `json:"d,omitempty"`
	Pairs  int32 `json:"p"`
}

// sums is what it contributes to its cell; nothing before its first pair.
func (c cellShare) sums() sums {
	if c.Pairs == 0 {
		return sums{}
	}
	return cluster{X: int64(c.X), N: int64(c.N), Differ: int64(c.Differ), Pairs: int64(c.Pairs)}.sums()
}

// plus is the share with that of another record in the same cell; false: it
// would weigh too much.
func (c cellShare) plus(o cellShare) (cellShare, bool) {
	if int64(c.N)+int64(o.N) > maxRecord {
		return c, false
	}
	c.X, c.N, c.Differ, c.Pairs = c.X+o.X, c.N+o.N, c.Differ+o.Differ, c.Pairs+o.Pairs
	return c, true
}

// A curvePair is a measured pair with its lengths.
type curvePair struct {
	pair
	lengths pairLengths
	// set is nil if the request had no more samples than the pair.
	set *setValues
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
		c.Joint.take(&home.Moments, jointOf(lengthBin(reasoning), lengthBin(context), p.pair))
	}
	if p.set != nil {
		if c.Sets == nil {
			c.Sets = &setPart{}
		}
		c.Sets.count(home.sets(), p.set)
	}
}

// ended is whether the record has left the ring, or never was in it.
func (c *curveRecord) ended(r *ring[curveSums], newest int64) bool {
	return c.Began > newest || newest-c.Began >= r.span.buckets || r.find(c.Began) == nil
}

// share adds a pair to one cell of the record and of its bucket.
func (c *curveRecord) share(home *curveSums, in cell, p pair) {
	s := cellShare{Cell: in, N: int32(p.weight), Pairs: 1}
	if p.differ {
		s.X, s.Differ = s.N, 1
	}
	c.take(home, s)
}

// take adds a share to the record and to its bucket.
func (c *curveRecord) take(home *curveSums, add cellShare) {
	i := slices.IndexFunc(c.Shares, func(s cellShare) bool { return s.Cell == add.Cell })
	if i < 0 {
		if len(c.Shares) >= maxShares {
			return
		}
		i = len(c.Shares)
		c.Shares = append(c.Shares, cellShare{Cell: add.Cell})
	}
	next, ok := c.Shares[i].plus(add)
	if !ok {
		return
	}
	sum := home.cell(add.Cell)
	sum.subtract(c.Shares[i].sums())
	sum.add(next.sums())
	c.Shares[i] = next
}

// takeCurves takes a pair at its headline level into the curves of its series.
// Pinned series have none: there samples are alike whatever their length.
func (m *Monitor) takeCurves(c *conversation, r *route, key seriesKey, p levelPair) {
	if !p.headline || key.Pinned || r.series[key] == nil {
		return
	}
	curves := m.curvesFor(r, key)
	if curves == nil {
		return
	}
	t := c.track(key, true)
	if t.Curve == nil {
		t.Curve = &curvePart{}
	}
	pair := curvePair{p.pair, p.lengths, p.set}
	for i := range t.Curve {
		ring := &curves.rings[i]
		t.Curve[i].count(ring, ring.span.bucket(p.at), ring.span.bucket(p.now), pair)
	}
	if s := p.set; s != nil && s.hasGap {
		curves.gaps.add(timedGap{At: p.at.UnixMilli(), Value: s.gap, Escalated: !s.drawn})
	}
}

// curvesFor finds or adds the curves of a series; nil if there are too many.
func (m *Monitor) curvesFor(r *route, key seriesKey) *curves {
	c := r.curves[key]
	if c == nil && m.curved < maxCurved && r.series[key] != nil {
		m.curved++
		c = newCurves()
		r.curves[key] = c
	}
	return c
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
