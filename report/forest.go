package report

import (
	"html/template"
	"math"
	"unicode/utf8"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"hotmess/estimate"
)

const (
	// letterWidth is about that of a letter of a name.
	letterWidth = vg.Length(4.4)
	// longestName is where a name is cut in a figure.
	longestName = 38
	// mostRows is how many rows one figure has.
	mostRows = 40
)

// A column of a forest is one figure for each row.
type column struct {
	title  string
	colour [3]uint8
	values []estimate.Figure
	// zero draws a line at 0, for differences.
	zero bool
}

// forest draws rows of figures with intervals, in columns side by side.
func forest(names []string, columns ...column) template.HTML {
	n := min(len(names), mostRows)
	room := nameWidth(names[:n])
	share := (wideWidth - room) / vg.Length(len(columns))
	plots, widths := make([]*plot.Plot, len(columns)), make([]vg.Length, len(columns))
	for i, c := range columns {
		p := newPlot("", c.title, "")
		c.draw(p, n)
		rows(p, names[:n], i == 0)
		plots[i], widths[i] = p, share
	}
	widths[0] += room
	return drawn(frameHeight+rowHeight*vg.Length(n), widths, plots...)
}

// nameWidth is the room for names beside the first column.
func nameWidth(names []string) vg.Length {
	longest := 0
	for _, name := range names {
		longest = max(longest, min(longestName, utf8.RuneCountInString(name)))
	}
	return letterWidth * vg.Length(longest)
}

// rows names the rows from the top; without names only their places are kept.
func rows(p *plot.Plot, names []string, named bool) {
	ticks := make(plot.ConstantTicks, len(names))
	for i, name := range names {
		ticks[i] = plot.Tick{Value: float64(len(names) - 1 - i)}
		ticks[i].Label = " "
		if named {
			ticks[i].Label = atEnd(clean(name), longestName)
		}
	}
	p.Y.Tick.Marker = ticks
	p.Y.Tick.Length = 0
	p.Y.Width = 0
	p.Y.Min, p.Y.Max = -0.6, float64(len(names))-0.4
}

// draw draws one column.
func (c *column) draw(p *plot.Plot, n int) {
	var xys plotter.XYs
	bars := &plotter.XErrorBars{LineStyle: draw.LineStyle{Width: thin * 2}, CapWidth: capWidth}
	for i, f := range c.values[:n] {
		if f.Value == nil {
			continue
		}
		at := plotter.XY{X: *f.Value, Y: float64(n - 1 - i)}
		xys = append(xys, at)
		if f.Low != nil && f.High != nil {
			bars.XYs = append(bars.XYs, at)
			bars.XErrors = append(bars.XErrors, struct{ Low, High float64 }{*f.Value - *f.Low, *f.High - *f.Value})
		}
	}
	if c.zero {
		span := float64(n)
		p.Add(&plotter.Line{XYs: plotter.XYs{{X: 0, Y: -0.6}, {X: 0, Y: span - 0.4}}, LineStyle: draw.LineStyle{Color: black, Width: thin}})
	}
	colour := black
	colour.R, colour.G, colour.B = c.colour[0], c.colour[1], c.colour[2]
	bars.Color = colour
	if len(bars.XYs) > 0 {
		p.Add(bars)
	}
	if len(xys) > 0 {
		p.Add(&plotter.Scatter{XYs: xys, GlyphStyle: draw.GlyphStyle{Color: colour, Radius: glyphRadius, Shape: draw.CircleGlyph{}}})
	}
	if len(xys) == 0 {
		p.X.Min, p.X.Max = 0, 1
	}
	room := (p.X.Max - p.X.Min) * 0.04
	p.X.Min, p.X.Max = p.X.Min-room, p.X.Max+room
	if c.zero {
		reach := math.Max(math.Abs(p.X.Min), math.Abs(p.X.Max))
		p.X.Min, p.X.Max = -reach, reach
	}
}
