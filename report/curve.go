package report

import (
	"math"

	"hotmess/estimate"
)

const (
	// curveGroups is the number of equal groups of questions along a curve.
	curveGroups = 5
	// leastGroups is the fewest that a slope is fitted to.
	leastGroups = 3
	// rounds of a bootstrap, and the seed of all drawing: the same data give
	// the same report.
	rounds = 1000
	seed   = 1
)

// Why a part of a report is absent.
const (
	absentNoLength  = "no_length_recorded"
	absentNoActions = "no_number_of_actions_recorded"
	absentFewer60   = "fewer_than_60_questions_with_lengths"
	absentUnits     = "several_units_of_length"
	absentUndefined = "undefined_in_part_of_the_resamples"
	absentPoints    = "fewer_than_3_groups_above_0"
)

// An axis picks the length of a sample.
type axis struct {
	of   func(Sample) float64
	unit func(*Question) string
	// none is the reason where no sample has such a length.
	none string
}

var (
	byLength  = axis{of: func(s Sample) float64 { return s.Length }, unit: func(q *Question) string { return q.Unit }, none: absentNoLength}
	byActions = axis{of: func(s Sample) float64 { return s.Actions }, unit: func(*Question) string { return "actions" }, none: absentNoActions}
)

// unitOf is the unit of the items that have lengths; why says that there is
// none, or that there are several.
func (a axis) unitOf(items []item) (unit, why string) {
	for i := range items {
		q := items[i].q
		if _, ok := a.mean(q); !ok {
			continue
		}
		u := a.unit(q)
		if unit != "" && u != unit {
			return "", absentUnits
		}
		unit = u
	}
	if unit == "" {
		return "", a.none
	}
	return unit, ""
}

// mean is the mean length of those samples that have one; ok is false if none.
func (a axis) mean(q *Question) (mean float64, ok bool) {
	n := 0
	for _, s := range q.Samples {
		if v := a.of(s); v != unknown {
			mean += v
			n++
		}
	}
	if n == 0 {
		return 0, false
	}
	return mean / float64(n), true
}

// A Curve is the decomposition over questions sorted by their mean length, cut
// into groups of equal size (paper fig. 2).
type Curve struct {
	// Absent says why there is none.
	Absent string `json:"absent,omitempty"`
	Unit   string `json:"unit,omitempty"`
	// Groups from the shortest to the longest questions.
	Groups []CurvePoint `json:"groups,omitempty"`
	// Exponents are slopes of log value on log mean length over the groups.
	Exponents Exponents `json:"exponents,omitzero"`
	// PerDoubling are slopes over single questions, on log2 of mean length.
	PerDoubling PerDoubling `json:"per_doubling,omitzero"`
}

// A CurvePoint is one group of a curve.
type CurvePoint struct {
	// Length is the mean of the questions' mean lengths; Shortest and Longest
	// are of questions.
	Length   float64 `json:"length"`
	Shortest float64 `json:"shortest"`
	Longest  float64 `json:"longest"`
	Part
}

// Exponents of a power law of the length, one for each term.
type Exponents struct {
	Error       Exponent `json:"error"`
	Bias2       Exponent `json:"bias2"`
	Variance    Exponent `json:"variance"`
	Incoherence Exponent `json:"incoherence"`
}

// An Exponent is a slope on logarithms. Its interval is a bootstrap over
// questions.
type Exponent struct {
	estimate.Figure
	R2 *float64 `json:"r2,omitempty"`
	// Points of Groups have a value above 0, and so a logarithm.
	Points int `json:"points"`
	Groups int `json:"groups"`
}

// PerDoubling is by how much a term rises when the mean length doubles.
type PerDoubling struct {
	Error    estimate.Figure `json:"error"`
	Bias2    estimate.Figure `json:"bias2"`
	Variance estimate.Figure `json:"variance"`
}

// curve computes a curve.
func curve(items []item, a axis) Curve {
	unit, why := a.unitOf(items)
	if why != "" {
		return Curve{Absent: why}
	}
	var kept []item
	var keys []float64
	for i := range items {
		if m, ok := a.mean(items[i].q); ok {
			kept, keys = append(kept, items[i]), append(keys, m)
		}
	}
	k := min(curveGroups, len(kept)/estimate.MinQuestions)
	if k < leastGroups {
		return Curve{Absent: absentFewer60, Unit: unit}
	}
	c := Curve{Unit: unit, Exponents: exponents(kept, keys, k), PerDoubling: perDoubling(kept, keys)}
	for _, idx := range estimate.Quintiles(keys, k) {
		c.Groups = append(c.Groups, curvePoint(kept, keys, idx))
	}
	return c
}

// curvePoint is one group.
func curvePoint(items []item, keys []float64, idx []int) CurvePoint {
	p := CurvePoint{Part: summarise(pick(items, idx)), Shortest: math.Inf(1)}
	for _, i := range idx {
		p.Length += keys[i] / float64(len(idx))
		p.Shortest, p.Longest = min(p.Shortest, keys[i]), max(p.Longest, keys[i])
	}
	return p
}

// pick gives the items at idx.
func pick(items []item, idx []int) []item {
	out := make([]item, len(idx))
	for j, i := range idx {
		out[j] = items[i]
	}
	return out
}

// terms are the values that a power law is fitted to: error, bias²,
// variance and incoherence.
const terms = 4

// negligible is what a mean of scores is below by rounding alone.
const negligible = 1e-9

// term is the mean of one of them over the items at idx. Where there is no
// error the ratio is not defined: it is 0 here, which has no logarithm either.
func term(items []item, idx []int, t int) float64 {
	var sums estimate.Scores
	for _, i := range idx {
		sums.Error += items[i].Error
		sums.Bias2 += items[i].Bias2
		sums.Variance += items[i].Variance
	}
	n := float64(len(idx))
	v := 0.0
	switch {
	case t == 0:
		v = sums.Error / n
	case t == 1:
		v = sums.Bias2 / n
	case t == 2:
		v = sums.Variance / n
	case sums.Error > 0:
		v = sums.Variance / sums.Error
	}
	if math.Abs(v) < negligible {
		return 0
	}
	return v
}

// A fit fits one term on k groups of items.
type fit struct {
	items []item
	keys  []float64
	k     int
}

// slope is the power law of a term over the items at idx.
func (f fit) slope(idx []int, t int) (estimate.Slope, bool) {
	keys := make([]float64, len(idx))
	for j, i := range idx {
		keys[j] = f.keys[i]
	}
	x, y := make([]float64, f.k), make([]float64, f.k)
	for g, group := range estimate.Quintiles(keys, f.k) {
		at := make([]int, len(group))
		for j, i := range group {
			at[j] = idx[i]
			x[g] += keys[i] / float64(len(group))
		}
		y[g] = term(f.items, at, t)
	}
	s, ok := estimate.LogLog(x, y)
	return s, ok && f.k-s.Dropped >= leastGroups
}

// exponent is that slope with an interval over questions.
func (f fit) exponent(t int) Exponent {
	all := make([]int, len(f.items))
	for i := range all {
		all[i] = i
	}
	s, ok := f.slope(all, t)
	e := Exponent{Groups: f.k, Points: f.k - s.Dropped}
	if !ok {
		e.Figure = absentFigure(absentPoints, len(all))
		return e
	}
	e.R2 = s.R2
	e.Figure = withBootstrap(*s.Value, len(all), func(idx []int) (float64, bool) {
		s, ok := f.slope(idx, t)
		if !ok {
			return 0, false
		}
		return *s.Value, true
	})
	return e
}

// exponents fits all terms.
func exponents(items []item, keys []float64, k int) Exponents {
	f := fit{items: items, keys: keys, k: k}
	return Exponents{Error: f.exponent(0), Bias2: f.exponent(1), Variance: f.exponent(2), Incoherence: f.exponent(3)}
}

// withBootstrap is a figure with the bootstrap interval of f over n questions.
func withBootstrap(value float64, n int, f func(idx []int) (float64, bool)) estimate.Figure {
	out := estimate.Figure{Value: &value, N: int64(n), Clusters: int64(n)}
	if n < estimate.MinClusters {
		out.AbsentRange = estimate.AbsentFew(estimate.MinClusters)
		return out
	}
	i, ok := estimate.Bootstrap(n, rounds, seed, f)
	if !ok {
		out.AbsentRange = absentUndefined
		return out
	}
	out.Low, out.High = &i.Low, &i.High
	return out
}

// absentFigure is a figure that is not there.
func absentFigure(why string, n int) estimate.Figure {
	return estimate.Figure{Absent: why, AbsentRange: why, N: int64(n), Clusters: int64(n)}
}

// perDoubling fits lines to single questions. Scores of single questions may
// be 0 or below, so these slopes are there where exponents are not.
func perDoubling(items []item, keys []float64) PerDoubling {
	x, cluster := make([][]float64, 0, len(items)), make([]int, 0, len(items))
	var y [terms - 1][]float64
	for i := range items {
		if keys[i] <= 0 {
			continue
		}
		x, cluster = append(x, []float64{1, math.Log2(keys[i])}), append(cluster, i)
		for t := range y {
			y[t] = append(y[t], term(items, []int{i}, t))
		}
	}
	slope := func(t int) estimate.Figure {
		coef, _ := estimate.OLS(x, y[t], nil, cluster)
		if len(coef) < 2 {
			return absentFigure(estimate.AbsentNone, len(x))
		}
		return coef[1]
	}
	return PerDoubling{Error: slope(0), Bias2: slope(1), Variance: slope(2)}
}
