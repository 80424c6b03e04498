package report

import (
	"cmp"
	"maps"
	"slices"

	"hotmess/estimate"
	"hotmess/monitor"
)

const (
	// lengths is how many lengths a pair has.
	lengths = 4
	// leastSpread is how many times as long as the shortest group of pairs the
	// longest has to be: below, groups differ by the order of equal lengths.
	leastSpread = 1.2
)

// Why a slope or a curve over observations is absent.
const (
	absentObserved = "recorded_observations_see_observed"
	absentLabels   = "no_labels"
	absentScales   = "labels_of_answers_and_of_tests_have_different_units"
)

// A Route is what recorded observations say of one route and kind.
type Route struct {
	// Requests could have been measured; Drawn of them were drawn, Measured
	// have a pair. Unmeasured says why the others of the drawn have none.
	Requests   int64                    `json:"requests"`
	Drawn      int64                    `json:"drawn"`
	Measured   int64                    `json:"measured"`
	Unmeasured map[monitor.Reason]int64 `json:"unmeasured,omitempty"`
	// MeasuredShare is measured / drawn, 0..1; absent if none was drawn.
	MeasuredShare *float64 `json:"measured_share,omitempty"`
	Levels        []Level  `json:"levels"`
	// Lengths are of pairs, each weighed as in D: those that were measured
	// because they are long would count too much.
	Lengths []LengthOf `json:"lengths"`
	// Slopes are the rise of D at the headline level per doubling of reasoning
	// tokens and of context tokens, fitted together.
	ReasoningSlope estimate.Figure `json:"reasoning_slope"`
	ContextSlope   estimate.Figure `json:"context_slope"`
	// Labelled counts observations with a label; Refused labels that do not
	// fit theirs.
	Labelled int `json:"labelled"`
	Refused  int `json:"refused"`
	// LapseRate is of labels with the right answer.
	LapseRate estimate.Figure `json:"lapse_rate"`
}

// A Level is the disagreement at one level of comparison.
type Level struct {
	Level    string `json:"level"`
	Headline bool   `json:"headline,omitempty"`
	// Disagreement has pairs as n and conversations as clusters.
	Disagreement estimate.Figure `json:"disagreement"`
	// IfAgreed and IfDiffered are D had every pair that is missing agreed, or
	// differed.
	IfAgreed   *float64 `json:"if_agreed,omitempty"`
	IfDiffered *float64 `json:"if_differed,omitempty"`
}

// A LengthOf is the distribution of one length, and D along it.
type LengthOf struct {
	Name    string `json:"name"`
	Known   int64  `json:"known"`
	Unknown int64  `json:"unknown"`
	P50     *int   `json:"p50,omitempty"`
	P90     *int   `json:"p90,omitempty"`
	P99     *int   `json:"p99,omitempty"`
	// Groups are of pairs by length, as many pairs in each.
	Groups []LengthGroup `json:"groups,omitempty"`
}

// A LengthGroup is the disagreement of pairs of similar length.
type LengthGroup struct {
	Length       float64         `json:"length"`
	Disagreement estimate.Figure `json:"disagreement"`
}

// A pairRow is one measured pair at the headline level.
type pairRow struct {
	cluster int
	weight  float64
	differ  float64
	length  [lengths]int
}

// A routeTally collects a route.
type routeTally struct {
	Route
	headline string
	missing  float64
	levels   map[string]map[int]*estimate.Pair
	pairs    map[string]int64
	clusters map[string]int
	rows     []pairRow
	joint    monitor.SlopeTally
	labels   monitor.LabelTally
}

// groups makes one group for each route and kind.
func (o *Observed) groups(keeps func(Key) bool) []*Group {
	byKey := map[Key]*routeTally{}
	var texts monitor.TextTally
	for _, i := range o.inTime() {
		m := &o.all[i]
		texts.Take(m)
		key := Key{Dataset: observedSet, Task: m.Route, Condition: kindOf(m)}
		if m.Kind == "" || !keeps(key) {
			continue // never read, so there is nothing to compare
		}
		t := byKey[key]
		if t == nil {
			t = &routeTally{levels: map[string]map[int]*estimate.Pair{}, pairs: map[string]int64{}, clusters: map[string]int{}}
			t.Unmeasured = map[monitor.Reason]int64{}
			byKey[key] = t
		}
		t.take(m, o.labels[m.ID])
	}
	var groups []*Group
	for key, t := range byKey {
		groups = append(groups, t.group(key))
	}
	slices.SortFunc(groups, func(a, b *Group) int {
		return cmp.Or(cmp.Compare(a.Task, b.Task), cmp.Compare(a.Condition, b.Condition))
	})
	return groups
}

// inTime gives the index of each observation in the order of their time.
func (o *Observed) inTime() []int {
	order := make([]int, len(o.all))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return o.all[a].Time.Compare(o.all[b].Time) })
	return order
}

// unmatched counts labels of requests that were not read.
func (o *Observed) unmatched() int {
	n := 0
	for request, labels := range o.labels {
		if _, ok := o.byID[request]; !ok {
			n += len(labels)
		}
	}
	return n
}

// take takes one observation in.
func (t *routeTally) take(m *monitor.Observation, labels []monitor.Label) {
	if len(labels) > 0 {
		ok, refused := t.labels.Add(m, labels)
		t.Refused += len(refused)
		if ok {
			t.Labelled++
		}
	}
	eligible, measured := monitor.Eligible(m), m.Drawn && m.Differ != nil
	weight, cluster := monitor.Weight(m), t.cluster(conversation(m))
	if measured {
		t.pair(m, cluster, weight)
	}
	if !eligible {
		return
	}
	t.Requests++
	switch {
	case measured:
		t.Drawn++
		t.Measured++
	case m.Drawn:
		t.Drawn++
		t.Unmeasured[m.Reason]++
		t.missing += weight
	}
}

// cluster numbers the conversations.
func (t *routeTally) cluster(id string) int {
	n, ok := t.clusters[id]
	if !ok {
		n = len(t.clusters)
		t.clusters[id] = n
	}
	return n
}

// pair takes a measured pair at all its levels.
func (t *routeTally) pair(m *monitor.Observation, cluster int, weight float64) {
	for level, differ := range m.Differ {
		if t.levels[level] == nil {
			t.levels[level] = map[int]*estimate.Pair{}
		}
		p := t.levels[level][cluster]
		if p == nil {
			p = &estimate.Pair{}
			t.levels[level][cluster] = p
		}
		t.pairs[level]++
		p.Den += weight
		if differ {
			p.Num += weight
		}
	}
	differ, ok := m.Differ[m.Headline]
	if !ok {
		return
	}
	t.headline = m.Headline
	row := pairRow{cluster: cluster, weight: weight, length: monitor.PairLengths(m)}
	if differ {
		row.differ = 1
	}
	t.rows = append(t.rows, row)
	t.joint.Add(m)
}

// group computes all figures.
func (t *routeTally) group(key Key) *Group {
	if t.Drawn > 0 {
		share := float64(t.Measured) / float64(t.Drawn)
		t.MeasuredShare = &share
	}
	for _, level := range slices.Sorted(maps.Keys(t.levels)) {
		t.Levels = append(t.Levels, t.level(level))
	}
	names := monitor.LengthNames()
	for i := range names {
		t.Lengths = append(t.Lengths, t.length(i, names[i]))
	}
	slopes := t.joint.Report()
	t.ReasoningSlope, t.ContextSlope = slopes.Reasoning, slopes.Context
	g := &Group{
		Key: key, Observed: &t.Route,
		ByLength: Curve{Absent: absentObserved}, ByActions: Curve{Absent: absentObserved},
		Overthinking: Overthinking{Absent: absentObserved}, OverthinkingActions: Overthinking{Absent: absentObserved},
		ByDifficulty: Difficulty{Absent: absentObserved}, Effect: Effect{Absent: absentObserved},
		Ensembling: Ensembling{Absent: absentObserved}, Votes: Votes{Absent: absentObserved},
	}
	t.label(g)
	g.Samples = 2 * int(t.Measured)
	return g
}

// level is D at one level.
func (t *routeTally) level(name string) Level {
	l := Level{Level: name, Headline: name == t.headline}
	var num, den float64
	clusters := make([]estimate.Pair, 0, len(t.levels[name]))
	for _, c := range slices.Sorted(maps.Keys(t.levels[name])) {
		p := *t.levels[name][c]
		clusters = append(clusters, p)
		num, den = num+p.Num, den+p.Den
	}
	l.Disagreement = estimate.ShareOf(clusters, estimate.MinClusters)
	l.Disagreement.N = t.pairs[name]
	if den+t.missing > 0 {
		agreed, differed := num/(den+t.missing), (num+t.missing)/(den+t.missing)
		l.IfAgreed, l.IfDiffered = &agreed, &differed
	}
	return l
}

// length is the distribution of one length, and D along it.
func (t *routeTally) length(i int, name string) LengthOf {
	l := LengthOf{Name: name}
	var sketch estimate.Sketch
	var known []int
	var keys []float64
	for k, row := range t.rows {
		if row.length[i] < 0 {
			l.Unknown++
			continue
		}
		// Weights are whole numbers of sixteenths.
		sketch.AddN(row.length[i], int64(16*row.weight))
		known, keys = append(known, k), append(keys, float64(row.length[i]))
	}
	l.Known = int64(len(known))
	for q, at := range map[float64]**int{0.5: &l.P50, 0.9: &l.P90, 0.99: &l.P99} {
		if v, ok := sketch.Quantile(q); ok {
			*at = &v
		}
	}
	k := min(curveGroups, len(known)/estimate.MinQuestions)
	if k < leastGroups || slices.Min(keys) == slices.Max(keys) {
		return l
	}
	for _, idx := range estimate.Quintiles(keys, k) {
		g := LengthGroup{}
		byCluster := map[int]*estimate.Pair{}
		for _, j := range idx {
			row := &t.rows[known[j]]
			g.Length += keys[j] / float64(len(idx))
			if byCluster[row.cluster] == nil {
				byCluster[row.cluster] = &estimate.Pair{}
			}
			byCluster[row.cluster].Num += row.weight * row.differ
			byCluster[row.cluster].Den += row.weight
		}
		clusters := make([]estimate.Pair, 0, len(byCluster))
		for _, c := range slices.Sorted(maps.Keys(byCluster)) {
			clusters = append(clusters, *byCluster[c])
		}
		g.Disagreement = estimate.ShareOf(clusters, estimate.MinClusters)
		g.Disagreement.N = int64(len(idx))
		l.Groups = append(l.Groups, g)
	}
	if l.Groups[k-1].Length < leastSpread*l.Groups[0].Length {
		l.Groups = nil
	}
	return l
}
