package report

import (
	"gonum.org/v1/plot/vg/draw"

	"hotmess/estimate"
)

// ensemblingPlots draws the terms against E.
func ensemblingPlots(dataset string, groups []*Group) []Plot {
	p := Plot{
		Caption: dataset + ": E samples averaged (soft) or voted on (hard); both axes logarithmic. The soft variance lies on the line of 1/E by its nature; terms below .0001 are left out",
		Legend: []Mark{
			{Name: "error, soft", Colour: css(black)},
			{Name: "bias² (constant)", Colour: css(blue)},
			{Name: "variance, soft", Colour: css(orange)},
			{Name: "1/E", Colour: css(grey), Dashed: true},
			{Name: "error, hard", Colour: css(red), Dashed: true},
			{Name: "variance, hard", Colour: css(green), Dashed: true},
		},
	}
	for _, g := range groups {
		points := g.Ensembling.Points
		if len(points) < 2 {
			continue
		}
		one := newPlot(atEnd(g.Name(), longestName), "E (samples)", "Brier units")
		line := &series{colour: grey, dashed: true, plain: true}
		all := []*series{
			{colour: black, glyph: draw.BoxGlyph{}},
			{colour: blue, glyph: draw.CircleGlyph{}},
			{colour: orange, glyph: draw.PyramidGlyph{}, points: true},
			{colour: red, glyph: draw.BoxGlyph{}, dashed: true},
			{colour: green, glyph: draw.CrossGlyph{}, dashed: true},
		}
		for _, e := range points {
			x := float64(e.E)
			for i, f := range []estimate.Figure{e.Error, e.Bias2, e.Variance, e.HardError, e.HardVariance} {
				all[i].x, all[i].y = append(all[i].x, x), append(all[i].y, shown(unranged(f)))
			}
			if first := points[0].Variance.Value; first != nil {
				v := *first / x
				line.x, line.y = append(line.x, x), append(line.y, estimate.Figure{Value: &v})
			}
		}
		for _, s := range append([]*series{line}, all...) {
			s.add(one, true)
		}
		if one.Y.Min > 0 && one.Y.Max > one.Y.Min {
			logScale(&one.X)
			logScale(&one.Y)
		}
		p.Panels = append(p.Panels, panel(one))
	}
	if len(p.Panels) == 0 {
		return nil
	}
	return []Plot{p}
}

// unranged leaves the interval out, where many lines lie close.
func unranged(f estimate.Figure) estimate.Figure {
	f.Low, f.High = nil, nil
	return f
}

// votePlots draws accuracy against samples.
func votePlots(dataset string, groups []*Group) []Plot {
	p := Plot{
		Caption: dataset + ": accuracy against samples started (logarithmic); bars are 95 % intervals over questions and hold for each rule by itself",
		Legend:  []Mark{{Name: "fixed", Colour: css(black)}, {Name: "adaptive", Colour: css(orange)}, {Name: "first finishers", Colour: css(blue), Dashed: true}},
	}
	for _, g := range groups {
		if len(g.Votes.Rules) == 0 {
			continue
		}
		one := newPlot(atEnd(g.Name(), longestName), "samples", "accuracy")
		lines := map[string]*series{
			methodFixed: {colour: black, glyph: draw.BoxGlyph{}}, methodAdaptive: {colour: orange, glyph: draw.PyramidGlyph{}},
			methodFirst: {colour: blue, glyph: draw.CircleGlyph{}, dashed: true},
		}
		for _, r := range g.Votes.Rules {
			if r.Samples.Value == nil {
				continue
			}
			s := lines[r.Method]
			f := r.Accuracy
			if r.Method == methodFirst {
				f = unranged(f)
			}
			s.x, s.y = append(s.x, *r.Samples.Value), append(s.y, f)
		}
		for _, m := range []string{methodFixed, methodFirst, methodAdaptive} {
			lines[m].add(one, false)
		}
		logScale(&one.X)
		p.Panels = append(p.Panels, panel(one))
	}
	if len(p.Panels) == 0 {
		return nil
	}
	return []Plot{p}
}
