package report

import (
	"fmt"
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"hotmess/estimate"
)

// rgb is a colour as forests take it.
func rgb(c color.RGBA) [3]uint8 { return [3]uint8{c.R, c.G, c.B} }

// names lists the names of groups.
func names(groups []*Group) []string {
	out := make([]string, len(groups))
	for i, g := range groups {
		out[i] = g.Name()
	}
	return out
}

// figures lists one figure of each group.
func figures(groups []*Group, of func(*Group) estimate.Figure) []estimate.Figure {
	out := make([]estimate.Figure, len(groups))
	for i, g := range groups {
		out[i] = of(g)
	}
	return out
}

// pages cuts groups into as many as one figure holds.
func pages(groups []*Group) [][]*Group {
	var out [][]*Group
	for len(groups) > 0 {
		n := min(len(groups), mostRows)
		out, groups = append(out, groups[:n]), groups[n:]
	}
	return out
}

// scorePlots draws bias² and variance as one bar whose length is the error,
// and the ratio beside it.
func scorePlots(dataset string, groups []*Group) []Plot {
	var out []Plot
	for _, page := range pages(groups) {
		n := len(page)
		bars := newPlot("", "bias² + variance = error (Brier, 0 to 2)", "")
		bias, variance := make(plotter.Values, n), make(plotter.Values, n)
		errors := column{colour: rgb(black), values: make([]estimate.Figure, n)}
		for i, g := range page {
			at := n - 1 - i
			if g.Error == nil {
				continue
			}
			bias[at], variance[at] = *g.Bias2, *g.Variance
			errors.values[i] = g.Figures.Error
		}
		low := &plotter.BarChart{Values: bias, Width: barWidth, Color: blue, Horizontal: true}
		high := &plotter.BarChart{Values: variance, Width: barWidth, Color: orange, Horizontal: true}
		high.StackOn(low)
		bars.Add(low, high)
		errors.draw(bars, n)
		bars.X.Min = min(0, lowest(bias))
		rows(bars, names(page), true)
		ratio := newPlot("", "incoherence (share of the error, 0 to 1)", "")
		inc := column{colour: rgb(green), values: figures(page, func(g *Group) estimate.Figure { return g.Figures.Incoherence })}
		inc.draw(ratio, n)
		ratio.X.Min, ratio.X.Max = 0, 1
		rows(ratio, names(page), false)
		const share = 0.4
		right := (wideWidth - nameWidth(names(page))) * share
		out = append(out, Plot{
			Caption: dataset + ": the two terms, their sum with its interval, and their ratio",
			Legend:  []Mark{{Name: "bias²", Colour: css(blue)}, {Name: "variance", Colour: css(orange)}, {Name: "error, 95 %", Colour: css(black)}, {Name: "incoherence, 95 %", Colour: css(green)}},
			Wide:    true,
		})
		last := &out[len(out)-1]
		last.Panels = append(last.Panels, drawn(frameHeight+rowHeight*vg.Length(n), []vg.Length{wideWidth - right, right}, bars, ratio))
	}
	return out
}

// lowest is the smallest value; bias², being unbiased, may lie below 0.
func lowest(values plotter.Values) float64 {
	low := 0.0
	for _, v := range values {
		low = min(low, v)
	}
	return low
}

// termMarks is the legend of panels that show all four terms.
func termMarks() []Mark {
	return []Mark{
		{Name: "error", Colour: css(black)},
		{Name: "bias²", Colour: css(blue)},
		{Name: "variance", Colour: css(orange)},
		{Name: "incoherence (ratio)", Colour: css(green), Dashed: true},
	}
}

// termSeries are the four terms over parts.
func termSeries(x []float64, parts []Part) []*series {
	all := []*series{
		{colour: black, glyph: draw.BoxGlyph{}},
		{colour: blue, glyph: draw.CircleGlyph{}},
		{colour: orange, glyph: draw.PyramidGlyph{}},
		{colour: green, glyph: draw.CrossGlyph{}, dashed: true},
	}
	for i, p := range parts {
		for t, f := range []estimate.Figure{p.Error, p.Bias2, p.Variance, p.Incoherence} {
			all[t].x, all[t].y = append(all[t].x, x[i]), append(all[t].y, f)
		}
	}
	return all
}

// curvePlots draws the terms along the length, a panel for each group.
func curvePlots(dataset string, v view, groups []*Group) []Plot {
	p := Plot{Caption: dataset + ": along the mean " + v.name + " of the questions (logarithmic); bars are 95 % intervals", Legend: termMarks()}
	for _, g := range groups {
		c := v.curve(g)
		if c.Absent != "" {
			continue
		}
		var x []float64
		var parts []Part
		for _, point := range c.Groups {
			x, parts = append(x, point.Length), append(parts, point.Part)
		}
		one := newPlot(atEnd(g.Name(), longestName), c.Unit, "Brier units, ratio")
		all, logX := termSeries(x, parts), x[0] > 0 && x[len(x)-1] > x[0]
		if logX {
			dodge(all)
		}
		for _, s := range all {
			s.add(one, false)
		}
		if logX {
			logScale(&one.X)
		}
		one.Y.Max = max(one.Y.Max, highest(groups, v))
		one.Y.Min = min(0, one.Y.Min)
		p.Panels = append(p.Panels, panel(one))
	}
	if len(p.Panels) == 0 {
		return nil
	}
	return []Plot{p}
}

// highest is the top of the highest interval of all panels, so that they can be
// compared by eye.
func highest(groups []*Group, v view) float64 {
	top := 0.0
	for _, g := range groups {
		for _, p := range v.curve(g).Groups {
			if p.Error.High != nil {
				top = max(top, *p.Error.High)
			}
		}
	}
	return top
}

// differencePlot draws three differences of each group.
func differencePlot(caption string, groups []*Group, of func(*Group) *Contrast) []Plot {
	var out []Plot
	pick := func(page []*Group, part func(*Contrast) Difference) []estimate.Figure {
		return figures(page, func(g *Group) estimate.Figure {
			if c := of(g); c != nil {
				return part(c).Figure
			}
			return estimate.Figure{}
		})
	}
	for _, page := range pages(groups) {
		out = append(out, Plot{Caption: caption, Wide: true})
		last := &out[len(out)-1]
		last.Panels = append(last.Panels, forest(names(page),
			column{title: "accuracy", colour: rgb(black), zero: true, values: pick(page, func(c *Contrast) Difference { return c.Accuracy })},
			column{title: "variance (Brier)", colour: rgb(orange), zero: true, values: pick(page, func(c *Contrast) Difference { return c.Variance })},
			column{title: "incoherence (ratio)", colour: rgb(green), zero: true, values: pick(page, func(c *Contrast) Difference { return c.Incoherence })},
		))
	}
	return out
}

// overthinkingPlots draws the longer half less the shorter.
func overthinkingPlots(dataset string, v view, groups []*Group) []Plot {
	return differencePlot(dataset+": samples above the median "+v.name+" of their question less those below; right of the line is more", groups,
		func(g *Group) *Contrast { return v.overthinking(g).Difference })
}

// effectPlots draws each condition less the baseline.
func effectPlots(dataset string, groups []*Group) []Plot {
	var compared []*Group
	for _, g := range groups {
		if g.Effect.Difference != nil {
			compared = append(compared, g)
		}
	}
	return differencePlot(dataset+": each condition less the one with the shortest samples", compared, func(g *Group) *Contrast { return g.Effect.Difference })
}

// A difficultyTerm is what one panel shows of a group of questions.
type difficultyTerm struct {
	name string
	of   func(DifficultyPoint) estimate.Figure
}

func difficultyTerms() []difficultyTerm {
	return []difficultyTerm{
		{"bias²", func(d DifficultyPoint) estimate.Figure { return d.Bias2 }},
		{"variance", func(d DifficultyPoint) estimate.Figure { return d.Variance }},
		{"incoherence", func(d DifficultyPoint) estimate.Figure { return d.Incoherence }},
	}
}

// difficultyPlots draws all models, with the two ends in colour.
func difficultyPlots(c *Comparison) []Plot {
	p := Plot{
		Caption: c.title() + ": from easy to hard questions; bars are 95 % intervals, thin lines the other models",
		Legend:  []Mark{{Name: clean(c.Large.Model), Colour: css(blue)}, {Name: clean(c.Small.Model), Colour: css(red), Dashed: true}, {Name: "others", Colour: css(grey)}},
	}
	for _, term := range difficultyTerms() {
		one := newPlot(term.name, "mean error of all models", "")
		line := func(g *Group) *series {
			s := &series{x: c.Reference, colour: grey, plain: true}
			for _, d := range g.ByDifficulty.Groups {
				s.y = append(s.y, term.of(d))
			}
			return s
		}
		for _, g := range c.Groups {
			line(g).add(one, false)
		}
		for _, end := range []struct {
			g *Group
			series
		}{{c.Small, series{colour: red, glyph: draw.PyramidGlyph{}, dashed: true}}, {c.Large, series{colour: blue, glyph: draw.CircleGlyph{}}}} {
			s := line(end.g)
			s.colour, s.glyph, s.dashed, s.plain = end.colour, end.glyph, end.dashed, false
			s.add(one, false)
		}
		one.Y.Min = min(0, one.Y.Min)
		p.Panels = append(p.Panels, panel(one))
	}
	out := []Plot{p}
	for _, f := range c.Families {
		out = append(out, familyPlot(c, f))
	}
	return out
}

// hues go from the easiest questions to the hardest.
func hues() []color.RGBA {
	return []color.RGBA{
		{R: 0x9e, G: 0xca, B: 0xe1, A: 0xff},
		{R: 0x56, G: 0xa4, B: 0xd3, A: 0xff},
		blue,
		{R: 0x08, G: 0x45, B: 0x94, A: 0xff},
		{R: 0x06, G: 0x1f, B: 0x4a, A: 0xff},
	}
}

// familyPlot draws terms against the number of parameters.
func familyPlot(c *Comparison, f Family) Plot {
	p := Plot{Caption: fmt.Sprintf("%s: %s by number of parameters, a line for each group of questions (mean error of all models); both axes logarithmic, terms below .0001 left out", c.title(), clean(f.Name))}
	for i, ref := range c.Reference {
		p.Legend = append(p.Legend, Mark{Name: number(ref, 2), Colour: css(hues()[i])})
	}
	members := c.members(f)
	for _, term := range difficultyTerms() {
		one := newPlot(term.name, "parameters", "")
		any := false
		for d := range c.Reference {
			s := &series{colour: hues()[d], glyph: draw.CircleGlyph{}}
			for _, g := range members {
				_, parameters, _ := size(g.Model)
				// Intervals, of a handful of questions each, would hide the lines.
				value := shown(unranged(term.of(g.ByDifficulty.Groups[d])))
				s.x, s.y = append(s.x, parameters), append(s.y, value)
				any = any || value.Value != nil
			}
			s.add(one, true)
		}
		if any {
			spread(&one.Y)
			logScale(&one.X)
			logScale(&one.Y)
		}
		p.Panels = append(p.Panels, panel(one))
	}
	return p
}

// leastShown is the smallest term on a logarithmic axis; the paper's figures
// are clipped there, too.
const leastShown = 1e-4

// shown leaves out what lies below.
func shown(f estimate.Figure) estimate.Figure {
	if f.Value != nil && *f.Value < leastShown {
		return estimate.Figure{}
	}
	return f
}

// spread keeps a logarithmic axis from having no extent.
func spread(a *plot.Axis) {
	if a.Max <= a.Min*1.01 {
		a.Min, a.Max = a.Min/2, a.Max*2
	}
}
