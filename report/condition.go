package report

import (
	"cmp"
	"slices"

	"hotmess/estimate"
)

// Why a condition has no effect to report.
const (
	absentNoCondition  = "no_condition_in_the_data"
	absentOneCondition = "one_condition_only"
	absentBaseline     = "the_others_are_compared_with_this_one"
	absentNoShared     = "no_question_under_both_conditions"
)

// Effect is what a condition, such as a reasoning budget, changes on the same
// questions.
type Effect struct {
	Absent string `json:"absent,omitempty"`
	// Baseline is the condition compared with: the one with the shortest
	// samples, or the first by name where lengths are unknown.
	Baseline string `json:"baseline,omitempty"`
	// Length is the mean length under this condition, Unit its unit.
	Length *float64 `json:"length,omitempty"`
	Unit   string   `json:"unit,omitempty"`
	// Difference is this condition less the baseline.
	Difference *Contrast `json:"difference,omitempty"`
}

// effects compares the conditions of each data set, model and task.
func effects(groups []*Group) {
	byRest := map[Key][]*Group{}
	for _, g := range groups {
		k := g.Key
		k.Condition = ""
		byRest[k] = append(byRest[k], g)
	}
	for _, same := range byRest {
		if len(same) == 1 {
			same[0].Effect.Absent = absentOneCondition
			if same[0].Condition == "" {
				same[0].Effect.Absent = absentNoCondition
			}
			continue
		}
		against(same)
	}
}

// against compares all groups with the one whose samples are shortest.
func against(groups []*Group) {
	for _, g := range groups {
		g.Effect.Length, g.Effect.Unit = g.meanLength()
	}
	known := !slices.ContainsFunc(groups, func(g *Group) bool { return g.Effect.Length == nil })
	base := slices.MinFunc(groups, func(a, b *Group) int {
		if known {
			return cmp.Or(cmp.Compare(*a.Effect.Length, *b.Effect.Length), cmp.Compare(a.Condition, b.Condition))
		}
		return cmp.Compare(a.Condition, b.Condition)
	})
	for _, g := range groups {
		g.Effect.Baseline = base.Condition
		if g == base {
			g.Effect.Absent = absentBaseline
			continue
		}
		splits := sharedSplits(g, base)
		if len(splits) == 0 {
			g.Effect.Absent = absentNoShared
			continue
		}
		g.Effect.Difference = contrast(splits)
	}
}

// sharedSplits pairs the questions that both groups have.
func sharedSplits(g, base *Group) []split {
	at := map[string]int{}
	for i := range base.items {
		at[base.items[i].q.name()] = i
	}
	var out []split
	for i := range g.items {
		if j, ok := at[g.items[i].q.name()]; ok {
			out = append(out, split{above: g.items[i], below: base.items[j], question: g.items[i].q.name()})
		}
	}
	return out
}

// meanLength is the mean over questions of their mean lengths; nil if there is
// none, or lengths have several units.
func (g *Group) meanLength() (mean *float64, unit string) {
	unit, why := byLength.unitOf(g.items)
	if why != "" {
		return nil, ""
	}
	var lengths []float64
	for i := range g.items {
		if v, ok := byLength.mean(g.items[i].q); ok {
			lengths = append(lengths, v)
		}
	}
	return estimate.MeanOf(lengths).Value, unit
}
