package monitor

import (
	"hash/fnv"

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
	X [groupCount]int64 `json:"x"`
	N [groupCount]int64 `json:"n"`
	// Count is how many requests they are of.
	Count int64 `json:"c"`
}

// groupOf is the group of a conversation, by FNV-1a of its id.
func groupOf(conversation string) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(conversation)) // never fails
	return int(h.Sum32() % groupCount)
}

// count adds one request. A group that would weigh more than maxRecord takes no
// more.
func (g *groups) count(conversation string, x, n int64) {
	i := groupOf(conversation)
	if g.N[i]+n > maxRecord {
		return
	}
	g.X[i] += x
	g.N[i] += n
	g.Count++
}

func (g *groups) add(o *groups) {
	for i := range groupCount {
		g.X[i] += o.X[i]
		g.N[i] += o.N[i]
	}
	g.Count += o.Count
}

// pairs are the groups with a request, as clusters; x counts in units of 1/unit.
func (g *groups) pairs(unit float64) []estimate.Pair {
	var clusters []estimate.Pair
	for i, n := range g.N {
		if n > 0 {
			clusters = append(clusters, estimate.Pair{Num: float64(g.X[i]) / unit, Den: float64(n)})
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

// cloneTables is the snapshot of windows of tables. It shares nothing with them.
func cloneTables[K comparable](w *windows[table[K]]) windowsState[table[K]] {
	st := w.state()
	for i := range st {
		for j := range st[i] {
			st[i][j].Value.Rows = append([]row[K](nil), st[i][j].Value.Rows...)
		}
	}
	return st
}
