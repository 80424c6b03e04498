package report

import (
	"fmt"
	"slices"
	"strconv"

	"gonum.org/v1/plot/vg/draw"

	"hotmess/estimate"
	"hotmess/monitor"
)

// routes are the groups of recorded observations.
func (r *Report) routes() []*Group {
	return slices.DeleteFunc(slices.Clone(r.Groups), func(g *Group) bool { return g.Observed == nil })
}

// observedSection shows the disagreement of each route.
func (r *Report) observedSection() *Section {
	s := &Section{ID: "observed", Title: "Observed: disagreement of recorded requests", Lead: []string{
		"D is the probability that two samples of the same request differ, by route, kind and level of comparison (* is the headline). It needs no label and says nothing about right or wrong. " +
			"Each pair weighs the inverse of the probability with which it was drawn; intervals are robust against dependence within conversations. " +
			"Bounds: D had all pairs that were drawn and are missing agreed, or differed.",
	}}
	t := &Table{Left: 2, Head: []string{"", "level", "pairs", "conv.", "D", "effective", "bounds", "measured"}}
	missing := &Table{Caption: "Why drawn requests have no pair", Left: 2, Head: []string{"", "reason", "requests"}}
	for _, g := range r.routes() {
		o := g.Observed
		share := "-"
		if o.MeasuredShare != nil {
			share = fmt.Sprintf("%.0f %% of %d", *o.MeasuredShare*100, o.Drawn)
		}
		if len(o.Levels) == 0 {
			t.add(g.Name(), "", "0", "0", t.mark(estimate.AbsentNone), "", "", share)
		}
		for i, l := range o.Levels {
			t.level(nameOnce(g, i), l, share)
		}
		first := true
		for _, reason := range monitor.Reasons() {
			if n := o.Unmeasured[reason]; n > 0 {
				name := ""
				if first {
					name, first = g.Name(), false
				}
				missing.add(name, Words(string(reason)), strconv.FormatInt(n, 10))
			}
		}
	}
	s.Tables = append(s.Tables, t)
	if len(missing.Rows) > 0 {
		s.Tables = append(s.Tables, missing)
	}
	s.Plots = observedPlots(r.routes())
	return s
}

// level adds the row of one level.
func (t *Table) level(name string, l Level, share string) {
	label := l.Level
	if l.Headline {
		label += "*"
	}
	bounds := "-"
	if l.IfAgreed != nil && l.IfDiffered != nil {
		bounds = number(*l.IfAgreed, 2) + "-" + number(*l.IfDiffered, 2)
	}
	t.add(name, label, strconv.FormatInt(l.Disagreement.N, 10), strconv.FormatInt(l.Disagreement.Clusters, 10), t.ratio(l.Disagreement),
		t.value(estimate.Effective(l.Disagreement)), bounds, share)
}

// observedLengthSection shows D along the four lengths.
func (r *Report) observedLengthSection() *Section {
	s := &Section{ID: "observed-lengths", Title: "Observed: lengths", Lead: []string{
		"Lengths of measured pairs, and the rise of D at the headline level per doubling of reasoning and of context tokens, fitted together: " +
			"the slope of one is at a fixed value of the other. Neither is the effect of making the model think longer.",
	}}
	t := &Table{Left: 2, Head: []string{"", "length", "known", "unknown", "median", "p90", "p99", "D, shortest", "D, longest"}}
	slopes := &Table{Caption: "Change of D per doubling", Head: []string{"", "pairs", "conv.", "reasoning tokens", "context tokens"}}
	for _, g := range r.routes() {
		o := g.Observed
		for i, l := range o.Lengths {
			first, last := "-", "-"
			if n := len(l.Groups); n > 0 {
				first, last = t.figure(l.Groups[0].Disagreement, thousandths), t.figure(l.Groups[n-1].Disagreement, thousandths)
			}
			t.add(nameOnce(g, i), Words(l.Name), strconv.FormatInt(l.Known, 10), strconv.FormatInt(l.Unknown, 10), whole(l.P50), whole(l.P90), whole(l.P99), first, last)
		}
		slopes.add(g.Name(), strconv.FormatInt(o.ReasoningSlope.N, 10), strconv.FormatInt(o.ReasoningSlope.Clusters, 10), slopes.ratio(o.ReasoningSlope), slopes.ratio(o.ContextSlope))
	}
	s.Tables = append(s.Tables, t, slopes)
	s.Plots = observedCurves(r.routes())
	return s
}

// whole writes a count that may be absent.
func whole(v *int) string {
	if v == nil {
		return "-"
	}
	return strconv.Itoa(*v)
}

// labelledSection shows what labels add.
func (r *Report) labelledSection() *Section {
	s := &Section{ID: "observed-labels", Title: "Observed: with labels", Lead: []string{
		"Error, bias² and variance of labelled requests, in Brier units where the label is an answer or an outcome, 0..1 where it is tests. " +
			"Accuracy is of the replies that clients got, as they were labelled: labels that come only when something went wrong do not stand for all requests.",
	}}
	t := &Table{Head: []string{"", "n", "accuracy", "error", "bias²", "variance", "incoherence"}}
	refused := 0
	for _, g := range r.routes() {
		refused += g.Observed.Refused
		if g.Observed.Labelled == 0 {
			continue
		}
		p := &g.Figures
		t.add(g.Name(), strconv.Itoa(g.Observed.Labelled), t.figure(p.Accuracy, thousandths), t.figure(p.Error, thousandths), t.figure(p.Bias2, thousandths), t.figure(p.Variance, thousandths), t.ratio(p.Incoherence))
	}
	if refused > 0 {
		s.Lead = append(s.Lead, fmt.Sprintf("Labels that do not fit their request, and that count for nothing: %d.", refused))
	}
	if len(t.Rows) == 0 {
		s.Absent = absentLabels
		return s
	}
	s.Tables = append(s.Tables, t)
	return s
}

// observedPlots draws D at the headline level.
func observedPlots(groups []*Group) []Plot {
	var out []Plot
	for _, page := range pages(groups) {
		d := column{title: "D at the headline level (0 to 1)", colour: rgb(orange), values: figures(page, func(g *Group) estimate.Figure { return g.Figures.Disagreement })}
		out = append(out, Plot{Caption: "Disagreement by route and kind; bars are 95 % intervals", Wide: true})
		last := &out[len(out)-1]
		last.Panels = append(last.Panels, forest(names(page), d))
	}
	return out
}

// observedCurves draws D along the lengths, a panel for each route.
func observedCurves(groups []*Group) []Plot {
	p := Plot{
		Caption: "D at the headline level along the lengths (logarithmic), as many pairs in each group; bars are 95 % intervals",
		Legend: []Mark{
			{Name: "reasoning tokens", Colour: css(orange)},
			{Name: "output tokens", Colour: css(blue)},
			{Name: "context tokens", Colour: css(green), Dashed: true},
			{Name: "actions", Colour: css(black), Dashed: true},
		},
	}
	for _, g := range groups {
		one := newPlot(atEnd(g.Name(), longestName), "tokens, actions", "D")
		all := []*series{
			{colour: orange, glyph: draw.PyramidGlyph{}},
			{colour: blue, glyph: draw.CircleGlyph{}},
			{colour: green, glyph: draw.CrossGlyph{}, dashed: true},
			{colour: black, glyph: draw.BoxGlyph{}, dashed: true},
		}
		any := false
		for i, l := range g.Observed.Lengths {
			for _, point := range l.Groups {
				any = true
				all[i].x, all[i].y = append(all[i].x, max(1, point.Length)), append(all[i].y, point.Disagreement)
			}
		}
		if !any {
			continue
		}
		dodge(all)
		for _, line := range all {
			line.add(one, false)
		}
		logScale(&one.X)
		one.Y.Min = 0
		p.Panels = append(p.Panels, panel(one))
	}
	if len(p.Panels) == 0 {
		return nil
	}
	return []Plot{p}
}
