package monitor

import (
	"cmp"
	"hash/fnv"
	"slices"

	"hotmess/estimate"
)

// groupCount is the number of groups that conversations fall into. An interval
// needs 10 of them with a pair; with 16 it rests on 15 degrees of freedom.
const groupCount = 16

// groups are the sums of a ratio Σx/Σn over requests, each conversation whole in
// one of 16 groups that its id picks. Whatever the dependence within a
// conversation, the groups are independent, so that the spread between them
// gives an interval (random groups: Wolter, Introduction to Variance Estimation,
// ch. 2). Unlike sums they need no record of each conversation, which suits
// figures that come by the dozen: arguments, free pairs, distances. They are
// integers, so that they merge exactly across buckets and machines.
type groups struct {
	// Cells are the groups with a request, in order: in one bucket mostly few.
	Cells []groupCell `json:"g,omitempty"`
	// Count is how many requests they are of.
	Count int64 `json:"c"`
}

// A groupCell is one group.
type groupCell struct {
	Group uint8 `json:"i"`
	X     int64 `json:"x,omitempty"`
	N     int64 `json:"n"`
}

// groupOf is the group of a conversation, by FNV-1a of its id.
func groupOf(conversation string) uint8 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(conversation)) // never fails
	return uint8(h.Sum32() % groupCount)
}

// cell finds or adds a group.
func (g *groups) cell(group uint8) *groupCell {
	i, found := slices.BinarySearchFunc(g.Cells, group, func(c groupCell, group uint8) int { return cmp.Compare(c.Group, group) })
	if !found {
		g.Cells = slices.Insert(g.Cells, i, groupCell{Group: group})
	}
	return &g.Cells[i]
}

// count adds one request. A group that would weigh more than maxRecord takes no
// more.
func (g *groups) count(conversation string, x, n int64) {
	c := g.cell(groupOf(conversation))
	if c.N+n > maxRecord {
		return
	}
	c.X += x
	c.N += n
	g.Count++
}

func (g *groups) add(o *groups) {
	for _, theirs := range o.Cells {
		c := g.cell(theirs.Group)
		c.X += theirs.X
		c.N += theirs.N
	}
	g.Count += o.Count
}

// pairs are the groups with a request, as clusters; x counts in units of 1/unit.
func (g *groups) pairs(unit float64) []estimate.Pair {
	var clusters []estimate.Pair
	for _, c := range g.Cells {
		if c.N > 0 {
			clusters = append(clusters, estimate.Pair{Num: float64(c.X) / unit, Den: float64(c.N)})
		}
	}
	return clusters
}

// share is Σx/Σn for x of the unit of n, 0..1. Its clusters are groups.
func (g *groups) share() estimate.Figure {
	f := estimate.ShareOf(g.pairs(1), estimate.MinClusters)
	f.N = g.Count
	return f
}

// mean is Σx/Σn for x in units of 1/unit of n. Its clusters are groups.
func (g *groups) mean(unit float64) estimate.Figure {
	f := estimate.RatioOf(g.pairs(unit), estimate.MinClusters)
	f.N = g.Count
	return f
}

// A table holds groups by key. It is a plain value but for its rows: see clone.
type table[K comparable] struct {
	Rows []row[K] `json:"rows,omitempty"`
}

type row[K comparable] struct {
	Key    K      `json:"k"`
	Groups groups `json:"g"`
}

// row finds or adds the groups of a key; nil if there are limit others.
func (t *table[K]) row(key K, limit int) *groups {
	for i := range t.Rows {
		if t.Rows[i].Key == key {
			return &t.Rows[i].Groups
		}
	}
	if len(t.Rows) >= limit {
		return nil
	}
	t.Rows = append(t.Rows, row[K]{Key: key})
	return &t.Rows[len(t.Rows)-1].Groups
}

// add merges another table, whatever its size.
func (t *table[K]) add(o *table[K]) {
	for i := range o.Rows {
		t.row(o.Rows[i].Key, len(t.Rows)+1).add(&o.Rows[i].Groups)
	}
}

// addWithin merges another table whose keys are named by own, within a limit.
func (t *table[K]) addWithin(o *table[K], limit int, own func(K) K) {
	for i := range o.Rows {
		if g := t.row(own(o.Rows[i].Key), limit); g != nil {
			g.add(&o.Rows[i].Groups)
		}
	}
}

// copied are the rows, sharing nothing with the table.
func (t *table[K]) copied() []row[K] {
	rows, n := slices.Clone(t.Rows), 0
	for _, r := range rows {
		n += len(r.Groups.Cells)
	}
	all := make([]groupCell, 0, n) // one piece for all: it is made under the lock
	for i := range rows {
		from := len(all)
		all = append(all, rows[i].Groups.Cells...)
		rows[i].Groups.Cells = all[from:len(all):len(all)]
	}
	return rows
}

// cloneTables is the snapshot of windows of tables. It shares nothing with them.
func cloneTables[K comparable](w *windows[table[K]]) windowsState[table[K]] {
	st := w.state()
	for i := range st {
		for j := range st[i] {
			st[i][j].Value.Rows = st[i][j].Value.copied()
		}
	}
	return st
}
