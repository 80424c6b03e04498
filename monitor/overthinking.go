package monitor

import (
	"cmp"
	"math"
	"slices"
	"time"

	"hotmess/estimate"
)

const (
	// minHalves is the fewest samples of a request that are split in halves:
	// each needs a pair.
	minHalves = 4
	// gapUnit is the denominator of a difference of two disagreements. Halves
	// of h samples have D in multiples of 2/(h(h−1)), and this is the least
	// common multiple of h(h−1)/2 for h = 2 … 16.
	gapUnit = 360_360
	// maxGaps is how many of the latest differences are kept for their p.
	maxGaps = 1000
	// gapFlips is how many random sign flips p is taken from; with so many its
	// standard error at .05 is .007.
	gapFlips = 1000
)

// gapOf is D among the whole samples of a request that are longer than their own
// median less D among the shorter ones, in 1/gapUnit. They go by reasoning
// tokens; by output tokens where those are not known of all, or are the same.
// Both halves have the same size, so that without any effect of length the
// difference is 0 on average at every N. ok is false below minHalves samples,
// and where all are equally long.
func gapOf(o *Observation) (value int64, ok bool) {
	var keys []string
	var reasoning, output []Length
	for _, s := range o.Samples {
		if key, ok := s.Keys[o.Headline]; ok && s.Missing == "" {
			keys = append(keys, key)
			reasoning, output = append(reasoning, s.Reasoning), append(output, s.Output)
		}
	}
	if len(keys) < minHalves {
		return 0, false
	}
	lengths := spread(reasoning)
	if lengths == nil {
		lengths = spread(output)
	}
	if lengths == nil {
		return 0, false
	}
	above, below := estimate.Halves(lengths)
	longer, _ := estimate.Disagreement(classes(keys, above))
	shorter, _ := estimate.Disagreement(classes(keys, below))
	return int64(math.Round((longer - shorter) * gapUnit)), true
}

// spread gives the tokens of lengths; nil if one is absent or all are equal.
func spread(all []Length) []float64 {
	tokens, equal := make([]float64, len(all)), true
	for i, l := range all {
		if l.Source == "" {
			return nil
		}
		tokens[i] = float64(l.Tokens)
		equal = equal && l.Tokens == all[0].Tokens
	}
	if equal {
		return nil
	}
	return tokens
}

// classes counts the keys with the given indices by value.
func classes(keys []string, of []int) []int {
	counts := map[string]int{}
	for _, i := range of {
		counts[keys[i]]++
	}
	all := make([]int, 0, len(counts))
	for _, n := range counts {
		all = append(all, n)
	}
	return all
}

// gaps are the latest differences of a series, the oldest first.
type gaps struct {
	All []timedGap `json:"all,omitempty"`
	// p caches what was computed of them, by ring and set.
	p [curveRings][2]cachedP
}

// A timedGap is one request's difference.
type timedGap struct {
	// At is the time of the request, in milliseconds since 1970.
	At int64 `json:"at"`
	// Value is in 1/gapUnit; Escalated says which of the two means it is in.
	Value     int64 `json:"v"`
	Escalated bool  `json:"e,omitempty"`
}

// A cachedP is a p and the differences that it is of.
type cachedP struct {
	of    []float64
	value *float64
}

// compare orders differences by time. Those of one time are in an order of
// their own, so that which ones are kept does not depend on how they came.
func (t timedGap) compare(o timedGap) int {
	return cmp.Or(cmp.Compare(t.At, o.At), cmp.Compare(t.Value, o.Value), cmp.Compare(boolInt(t.Escalated), boolInt(o.Escalated)))
}

// add keeps a difference and forgets the oldest.
func (g *gaps) add(t timedGap) {
	i := len(g.All)
	for i > 0 && g.All[i-1].compare(t) > 0 {
		i--
	}
	g.All = slices.Insert(g.All, i, t)
	if len(g.All) > maxGaps {
		g.All = slices.Delete(g.All, 0, len(g.All)-maxGaps)
	}
}

// sign is the two-sided p of the latest differences within a window, were
// longer and shorter halves alike; nil if there are none.
func (g *gaps) sign(window int, now time.Time, escalated bool) (p *float64, n int64) {
	s := spans()[window]
	since := s.start(s.bucket(now) - s.buckets + 1)
	var of []float64
	for _, t := range g.All {
		if t.Escalated == escalated && t.At >= since.UnixMilli() {
			of = append(of, float64(t.Value)/gapUnit)
		}
	}
	cached := &g.p[window-windowTwoDays][boolInt(escalated)]
	if !slices.Equal(cached.of, of) {
		*cached = cachedP{of: of}
		if v, ok := estimate.SignFlip(of, gapFlips, uint64(len(of))); ok {
			cached.value = &v
		}
	}
	return cached.value, int64(len(of))
}

// An OverthinkingReport compares, within one request, the samples longer than
// the median of the request with the shorter ones: the question is the same, so
// its difficulty is out of the comparison.
type OverthinkingReport struct {
	// Set is drawn, of requests drawn beforehand for a larger set, each weighed
	// by the inverse of its probability; or escalated, of others whose primary
	// reasoned for long.
	Set string `json:"set"`
	// Requests is how many of the window were to give a value; those that did,
	// because at least four of their samples came back, are N of Gap.
	Requests int64 `json:"requests"`
	// Gap is the mean of D above the median less D below, −1..1; N counts
	// requests, Clusters conversations. Above 0: longer samples disagree more.
	Gap estimate.Figure `json:"gap"`
	// P is the two-sided p of the sign-flip test over the latest Tested
	// requests of the window, 1,000 at most; absent without any.
	P      *float64 `json:"p,omitempty"`
	Tested int64    `json:"tested"`
}

// The sets of an OverthinkingReport.
const (
	SetDrawn     = "drawn"
	SetEscalated = "escalated"
)

// overthinking reports on both sets of a window.
func (c *curves) overthinking(s *setSums, t tally, window int, now time.Time) []OverthinkingReport {
	var all []OverthinkingReport
	for _, set := range []struct {
		name     string
		sums     *mean
		requests int64
	}{{SetDrawn, &s.Gap, t.Deep}, {SetEscalated, &s.Escalated, t.Escalated}} {
		rep := OverthinkingReport{Set: set.name, Requests: set.requests, Gap: set.sums.figure(gapUnit).Clip(-1, 1)}
		rep.P, rep.Tested = c.gaps.sign(window, now, set.name == SetEscalated)
		all = append(all, rep)
	}
	return all
}
