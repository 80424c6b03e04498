package report

import (
	"bytes"
	"fmt"
	"html/template"
	"image/color"
	"math"
	"regexp"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"

	"hotmess/estimate"
)

// A Plot is a figure of one or more panels under one legend. The legend stands
// outside, so it covers no data.
type Plot struct {
	Caption string
	Legend  []Mark
	// Panels are complete svg elements.
	Panels []template.HTML
	// Wide panels take the whole width of the page.
	Wide bool
}

// A Mark is one entry of a legend.
type Mark struct {
	Name   string
	Colour template.CSS
	Dashed bool
}

// The colours can be told apart by people who are blind to some (Okabe and
// Ito 2008), and by their darkness in print.
var (
	black  = color.RGBA{R: 0x33, G: 0x33, B: 0x33, A: 0xff}
	grey   = color.RGBA{R: 0xbb, G: 0xbb, B: 0xbb, A: 0xff}
	faint  = color.RGBA{R: 0xe6, G: 0xe6, B: 0xe6, A: 0xff}
	blue   = color.RGBA{R: 0x00, G: 0x72, B: 0xb2, A: 0xff}
	orange = color.RGBA{R: 0xe6, G: 0x9f, B: 0x00, A: 0xff}
	green  = color.RGBA{R: 0x00, G: 0x9e, B: 0x73, A: 0xff}
	red    = color.RGBA{R: 0xd5, G: 0x5e, B: 0x00, A: 0xff}
)

// Sizes in points.
const (
	panelWidth  = vg.Length(235)
	panelHeight = vg.Length(180)
	wideWidth   = vg.Length(740)
	rowHeight   = vg.Length(17)
	frameHeight = vg.Length(62)
	titleSize   = vg.Length(10)
	labelSize   = vg.Length(9)
	tickSize    = vg.Length(8)
	thin        = vg.Length(0.6)
	stroke      = vg.Length(1.3)
	glyphRadius = vg.Length(2.4)
	capWidth    = vg.Length(3)
	barWidth    = vg.Length(10)
	margin      = vg.Length(6)
)

// css is a colour for a style sheet.
func css(c color.RGBA) template.CSS {
	return template.CSS(fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B)) //nolint:gosec // numbers only
}

// newPlot is an empty plot in the style of all.
func newPlot(title, x, y string) *plot.Plot {
	p := plot.New()
	p.BackgroundColor = color.White
	p.Title.Text = clean(title)
	style(&p.Title.TextStyle, titleSize)
	p.Title.TextStyle.Font.Weight = 2
	p.Title.Padding = margin / 2
	p.X.Label.Text, p.Y.Label.Text = x, y
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		style(&a.Label.TextStyle, labelSize)
		style(&a.Tick.Label, tickSize)
		a.LineStyle = draw.LineStyle{Color: grey, Width: thin}
		a.Tick.LineStyle = a.LineStyle
		a.Tick.Length = 3
		a.Padding = margin / 2
	}
	grid := plotter.NewGrid()
	grid.Vertical = draw.LineStyle{Color: faint, Width: thin}
	grid.Horizontal = grid.Vertical
	p.Add(grid)
	return p
}

// style sets font and colour. The sans-serif of the plotting library has the
// widths of the page's fonts.
func style(s *text.Style, size vg.Length) {
	s.Font.Variant = "Sans"
	s.Font.Typeface = "Liberation"
	s.Font.Size = font.Length(size)
	s.Color = black
}

// A series is one line with its intervals.
type series struct {
	colour color.RGBA
	glyph  draw.GlyphDrawer
	dashed bool
	// plain leaves glyphs and intervals out, points the line.
	plain  bool
	points bool
	x      []float64
	y      []estimate.Figure
}

// add draws points that have a value; on a logarithmic axis, those above 0.
// The line is broken where one is missing.
func (s *series) add(p *plot.Plot, logY bool) {
	var all, run plotter.XYs
	var bars yBars
	for i, f := range s.y {
		if f.Value == nil || (logY && *f.Value <= 0) {
			s.line(p, run)
			run = nil
			continue
		}
		at := plotter.XY{X: s.x[i], Y: *f.Value}
		all, run = append(all, at), append(run, at)
		if f.Low != nil && f.High != nil && !s.plain {
			bars.XYs = append(bars.XYs, at)
			bars.YErrors = append(bars.YErrors, struct{ Low, High float64 }{*f.Value - *f.Low, *f.High - *f.Value})
		}
	}
	s.line(p, run)
	if len(bars.XYs) > 0 {
		p.Add(&plotter.YErrorBars{XYs: bars.XYs, YErrors: bars.YErrors, LineStyle: draw.LineStyle{Color: s.colour, Width: thin}, CapWidth: capWidth})
	}
	if len(all) > 0 && !s.plain && s.glyph != nil {
		p.Add(&plotter.Scatter{XYs: all, GlyphStyle: draw.GlyphStyle{Color: s.colour, Radius: glyphRadius, Shape: s.glyph}})
	}
}

// line draws one unbroken part.
func (s *series) line(p *plot.Plot, xys plotter.XYs) {
	if len(xys) < 2 || s.points {
		return
	}
	line := &plotter.Line{XYs: xys, LineStyle: draw.LineStyle{Color: s.colour, Width: stroke}}
	if s.dashed {
		line.Dashes = []vg.Length{4, 2}
	}
	if s.plain {
		line.Width = thin
	}
	p.Add(line)
}

// yBars are points with errors.
type yBars struct {
	XYs     plotter.XYs
	YErrors plotter.YErrors
}

// dodge moves the points of several series apart, so that their intervals can
// be seen beside each other: by a hundredth of a logarithmic axis for each.
func dodge(all []*series) {
	const step = 0.01
	for i, s := range all {
		if len(s.x) == 0 {
			continue
		}
		by := math.Pow(slices.Max(s.x)/slices.Min(s.x), step*(float64(i)-float64(len(all)-1)/2))
		for k := range s.x {
			s.x[k] *= by
		}
	}
}

// widen gives the points room within the axes.
func widen(p *plot.Plot) {
	const room = 0.05
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		if _, ok := a.Scale.(plot.LogScale); ok {
			by := math.Pow(a.Max/a.Min, room)
			a.Min, a.Max = a.Min/by, a.Max*by
			continue
		}
		by := room * (a.Max - a.Min)
		a.Min, a.Max = a.Min-by, a.Max+by
	}
}

// logScale makes an axis logarithmic with ticks that can be read.
func logScale(a *plot.Axis) {
	a.Scale = plot.LogScale{}
	a.Tick.Marker = logTicks{}
}

// logTicks are 1, 2 and 5 times powers of ten, or less where these are too
// many; in a range so narrow that hardly any lies in it, as on a linear axis.
type logTicks struct{}

// Ticks implements plot.Ticker.
func (logTicks) Ticks(low, high float64) []plot.Tick {
	if !(low > 0) || !(high > low) {
		return []plot.Tick{{Value: low, Label: length(low)}}
	}
	steps := []float64{1, 2, 5}
	switch decades := math.Log10(high / low); {
	case decades > 3:
		steps = []float64{1}
	case decades < 1:
		steps = []float64{1, 1.5, 2, 3, 4, 5, 7}
	}
	var ticks []plot.Tick
	for e := math.Floor(math.Log10(low)); e <= math.Ceil(math.Log10(high)); e++ {
		for _, s := range steps {
			if v := s * math.Pow(10, e); v >= low && v <= high {
				ticks = append(ticks, plot.Tick{Value: v, Label: tickLabel(v)})
			}
		}
	}
	if len(ticks) < fewestTicks {
		return plot.DefaultTicks{}.Ticks(low, high)
	}
	return ticks
}

// fewestTicks is how many a scale must have to be read.
const fewestTicks = 3

// tickLabel writes a tick briefly.
func tickLabel(v float64) string {
	switch {
	case v >= 1e9:
		return fmt.Sprintf("%gB", v/1e9)
	case v >= 1e6:
		return fmt.Sprintf("%gM", v/1e6)
	case v >= 1e4:
		return fmt.Sprintf("%gk", v/1e3)
	}
	return fmt.Sprintf("%.4g", v)
}

// svgHead is what stands before the svg element.
var svgHead = regexp.MustCompile(`(?s)^.*?<svg `)

// drawn gives a row of plots as one svg element.
func drawn(height vg.Length, widths []vg.Length, plots ...*plot.Plot) template.HTML {
	total := vg.Length(0)
	for _, w := range widths {
		total += w
	}
	c := vgsvg.New(total, height)
	page := draw.New(c)
	left := vg.Length(0)
	for i, p := range plots {
		p.Draw(draw.Crop(page, left+margin/2, left+widths[i]-total-margin/2, margin/2, -margin/2))
		left += widths[i]
	}
	var b bytes.Buffer
	if _, err := c.WriteTo(&b); err != nil {
		return template.HTML("<p>" + template.HTMLEscapeString(err.Error()) + "</p>") //nolint:gosec // escaped
	}
	// The library escapes all text that it draws.
	return template.HTML(svgHead.ReplaceAllString(b.String(), `<svg role="img" `)) //nolint:gosec // see above
}

// panel is one plot of the usual size.
func panel(p *plot.Plot) template.HTML {
	widen(p)
	return drawn(panelHeight, []vg.Length{panelWidth}, p)
}
