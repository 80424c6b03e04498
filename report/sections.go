package report

import (
	"fmt"
	"slices"
	"strconv"

	"hotmess/estimate"
)

// Sections gives the whole report, in the order in which it is read.
func (r *Report) Sections() []*Section {
	all := []*Section{r.readSection()}
	if len(r.labelled()) > 0 {
		all = append(all, r.scoreSection(), r.formSection(),
			r.curveSection(byLengthView()), r.curveSection(byActionsView()),
			r.overthinkingSection(byLengthView()), r.overthinkingSection(byActionsView()),
			r.difficultySection(), r.effectSection(), r.ensemblingSection(), r.voteSection())
	}
	if len(r.routes()) > 0 {
		all = append(all, r.observedSection(), r.observedLengthSection(), r.labelledSection())
	}
	return all
}

// labelled are the groups whose samples are known to be right or wrong.
func (r *Report) labelled() []*Group {
	return slices.DeleteFunc(slices.Clone(r.Groups), func(g *Group) bool { return g.Observed != nil })
}

// wholes are those of them that are not part of another, of one data set.
func (r *Report) wholes(dataset string) []*Group {
	return slices.DeleteFunc(r.labelled(), func(g *Group) bool { return g.Dataset != dataset || !g.whole(r.Groups) })
}

// datasets lists their data sets.
func (r *Report) datasets() []string {
	var names []string
	for _, g := range r.labelled() {
		if !slices.Contains(names, g.Dataset) {
			names = append(names, g.Dataset)
		}
	}
	return names
}

// readSection says what was read and what was not.
func (r *Report) readSection() *Section {
	s := &Section{ID: "read", Title: "What was read"}
	s.Lead = append(s.Lead, fmt.Sprintf("Files: %d. Lines: %d, of which broken and left out: %d. Groups: %d.",
		len(r.Files), r.Lines, r.BrokenLines, len(r.Groups)))
	if r.Repeated > 0 {
		s.Lead = append(s.Lead, fmt.Sprintf("Observations that were read more than once, and count once: %d.", r.Repeated))
	}
	if r.Unmatched > 0 {
		s.Lead = append(s.Lead, fmt.Sprintf("Labels of requests that these files do not hold, and that count for nothing: %d.", r.Unmatched))
	}
	if r.BrokenLines > 0 {
		t := &Table{Caption: "Broken lines", Head: []string{"line", "reason"}}
		for _, b := range r.Broken {
			t.add(b.File+":"+strconv.Itoa(b.Line), b.Reason)
		}
		if more := r.BrokenLines - len(r.Broken); more > 0 {
			t.Remarks = append(t.Remarks, fmt.Sprintf("%d more are not named", more))
		}
		s.Tables = append(s.Tables, t)
	}
	return s
}

// shape says how many questions and samples a group has.
func (g *Group) shape() string {
	if g.FewestSamples == g.MostSamples {
		return fmt.Sprintf("%d×%d", g.Questions, g.MostSamples)
	}
	return fmt.Sprintf("%d×%d-%d", g.Questions, g.FewestSamples, g.MostSamples)
}

// scoreSection is the decomposition itself.
func (r *Report) scoreSection() *Section {
	s := &Section{ID: "scores", Title: "Error, bias² and variance", Lead: []string{
		"Brier form, unbiased: error = bias² + variance, 0..2. Incoherence = Σ variance / Σ error, 0..1: the share of the error that a rerun could fix. " +
			"It rises with accuracy as such, so read it beside the two terms, never alone. [ ] are 95 % intervals over questions; n is questions × samples of each.",
	}}
	for _, d := range r.datasets() {
		t := &Table{Caption: d, Head: []string{"", "n", "error", "bias²", "variance", "incoherence"}}
		acc := &Table{Caption: d + ": accuracy and disagreement", Head: []string{"", "n", "wrong", "accuracy", "disagreement", "effective answers"}}
		skipped, tasks := 0, 0
		for _, g := range r.labelled() {
			if g.Dataset != d {
				continue
			}
			tasks = max(tasks, g.Tasks)
			p := &g.Figures
			t.add(g.rowName(r.Groups), g.shape(), t.figure(p.Error, thousandths), t.figure(p.Bias2, thousandths), t.figure(p.Variance, thousandths), t.ratio(p.Incoherence))
			acc.add(g.rowName(r.Groups), g.shape(), strconv.Itoa(p.Errors), acc.ratio(p.Accuracy), acc.ratio(p.Disagreement), acc.figure(estimate.Effective(p.Disagreement), thousandths))
			if g.whole(r.Groups) {
				skipped += g.Skipped
			}
		}
		if skipped > 0 {
			t.Remarks = append(t.Remarks, fmt.Sprintf("Questions with a single sample, which are left out: %d", skipped))
		}
		if tasks > 0 {
			t.Remarks = append(t.Remarks, fmt.Sprintf("The row of a model is of all its tasks (up to %d), those below it of each", tasks))
		}
		s.Tables = append(s.Tables, t, acc)
		s.Plots = append(s.Plots, scorePlots(d, r.wholes(d))...)
	}
	return s
}

// rowName is a group's name in a table; parts of a pooled group are indented.
func (g *Group) rowName(groups []*Group) string {
	if g.whole(groups) {
		return g.Name()
	}
	name := g.Task
	if g.Condition != "" {
		name += " · " + g.Condition
	}
	return "  " + name
}

// formSection shows the other forms.
func (r *Report) formSection() *Section {
	s := &Section{ID: "forms", Title: "Other forms of the same", Lead: []string{
		"0/1 form: bias is the share of questions whose mode is wrong; variance is what samples add to it, below 0 where they are right although the mode is wrong. " +
			"KL: the paper's main form, given at 30 samples and more. W = 1 - ICC: the share of the spread of right and wrong that lies within questions; unlike incoherence it does not rise with accuracy as such. " +
			"Lapse rate: how often a question that the other samples get right goes wrong.",
	}}
	for _, d := range r.datasets() {
		t := &Table{Caption: d, Head: []string{"", "n", "0/1 bias", "0/1 variance", "KL incoherence", "W", "lapse rate"}}
		for _, g := range r.wholes(d) {
			f := g.Forms
			t.add(g.Name(), g.shape(), t.figure(f.ZeroOneBias, thousandths), t.figure(f.ZeroOneVariance, thousandths), t.figure(f.KL, thousandths),
				t.figure(f.WithinShare, thousandths), t.figure(f.LapseRate, thousandths))
		}
		s.Tables = append(s.Tables, t)
	}
	return s
}

// A view is one of the two ways to look at lengths.
type view struct {
	id, name     string
	curve        func(*Group) *Curve
	overthinking func(*Group) *Overthinking
	all          func(*Comparison) *Contrast
}

func byLengthView() view {
	return view{
		id: "length", name: "length",
		curve: func(g *Group) *Curve { return &g.ByLength }, overthinking: func(g *Group) *Overthinking { return &g.Overthinking },
		all: func(c *Comparison) *Contrast { return c.AllModels },
	}
}

func byActionsView() view {
	return view{
		id: "actions", name: "actions",
		curve: func(g *Group) *Curve { return &g.ByActions }, overthinking: func(g *Group) *Overthinking { return &g.OverthinkingActions },
		all: func(c *Comparison) *Contrast { return c.AllModelsActions },
	}
}

// curveSection shows curves over groups of questions.
func (r *Report) curveSection(v view) *Section {
	s := &Section{ID: "curve-" + v.id, Title: "Along the " + v.name + " of the questions", Lead: []string{
		"Questions sorted by their mean " + v.name + " and cut into groups of equal size. Long questions are also harder ones, so this is no effect of the length alone: see overthinking. " +
			"Where bias² rises faster than variance, the ratio falls although both get worse.",
	}}
	absent := ""
	for _, d := range r.datasets() {
		t := &Table{Head: []string{"", v.name, "n", "error", "bias²", "variance", "incoherence"}}
		slopes := &Table{Caption: d + ": exponents of the " + v.name + " (log-log over the groups; intervals: bootstrap over questions)", Head: []string{"", "error", "bias²", "variance", "incoherence", "R²"}}
		doubling := &Table{Caption: d + ": change per doubling of the " + v.name + " (least squares over single questions)", Head: []string{"", "n", "error", "bias²", "variance"}}
		for _, g := range r.wholes(d) {
			c := v.curve(g)
			if c.Absent != "" {
				absent = c.Absent
				continue
			}
			t.Caption = d + ", " + v.name + " in " + c.Unit
			for i, p := range c.Groups {
				t.add(nameOnce(g, i), length(p.Length), strconv.Itoa(p.Questions), t.figure(p.Error, thousandths), t.figure(p.Bias2, thousandths), t.figure(p.Variance, thousandths), t.ratio(p.Incoherence))
			}
			e := c.Exponents
			slopes.add(g.Name(), slopes.exponent(e.Error), slopes.exponent(e.Bias2), slopes.exponent(e.Variance), slopes.exponent(e.Incoherence), optional(e.Incoherence.R2, 2))
			doubling.add(g.Name(), strconv.FormatInt(c.PerDoubling.Error.N, 10), doubling.figure(c.PerDoubling.Error, thousandths), doubling.figure(c.PerDoubling.Bias2, thousandths), doubling.figure(c.PerDoubling.Variance, thousandths))
		}
		if len(t.Rows) > 0 {
			slopes.Remarks = append(slopes.Remarks, "R² is that of incoherence; /4 means that 4 groups have a value above 0, and the slope is theirs")
			s.Tables = append(s.Tables, t, slopes, doubling)
			s.Plots = append(s.Plots, curvePlots(d, v, r.wholes(d))...)
		}
	}
	if len(s.Tables) == 0 {
		s.Absent = absent
	}
	return s
}

// nameOnce is a group's name in the first of its rows.
func nameOnce(g *Group, row int) string {
	if row == 0 {
		return g.Name()
	}
	return ""
}

// exponent shows a slope, and on how many groups it rests if not on all.
func (t *Table) exponent(e Exponent) string {
	s := t.power(e.Figure)
	if e.Value != nil && e.Points < e.Groups {
		s += "/" + strconv.Itoa(e.Points)
	}
	return s
}

// overthinkingSection shows the halves of the samples.
func (r *Report) overthinkingSection(v view) *Section {
	s := &Section{ID: "overthinking-" + v.id, Title: "Overthinking: more " + v.name + " on the same question", Lead: []string{
		"Samples above the median " + v.name + " of their own question less those below it. Difficulty is held fixed, since both halves are of the same questions; still it is no proof of a cause. " +
			"Intervals: bootstrap over questions; p: sign flips, two-sided. The row of all models takes a question as one unit.",
	}}
	absent := ""
	for _, d := range r.datasets() {
		t := &Table{Caption: d + ": above less below", Head: []string{"", "n", "accuracy", "variance", "incoherence"}}
		halves := &Table{Caption: d + ": the halves", Head: []string{"", "n", "accuracy below", "accuracy above", "incoherence below", "incoherence above"}}
		for _, g := range r.wholes(d) {
			o := v.overthinking(g)
			if o.Absent != "" {
				absent = o.Absent
				continue
			}
			n := strconv.Itoa(o.Questions)
			t.add(g.Name(), n, t.difference(o.Difference.Accuracy), t.difference(o.Difference.Variance), t.difference(o.Difference.Incoherence))
			halves.add(g.Name(), n, halves.figure(o.Below.Accuracy, thousandths), halves.figure(o.Above.Accuracy, thousandths), halves.ratio(o.Below.Incoherence), halves.ratio(o.Above.Incoherence))
		}
		if len(t.Rows) == 0 {
			continue
		}
		for _, c := range r.Comparisons {
			if o := v.all(c); c.Dataset == d && o != nil {
				t.add("all models", strconv.FormatInt(o.Accuracy.Clusters, 10), t.difference(o.Accuracy), t.difference(o.Variance), t.difference(o.Incoherence))
			}
		}
		s.Tables = append(s.Tables, t, halves)
		s.Plots = append(s.Plots, overthinkingPlots(d, v, r.wholes(d))...)
	}
	if len(s.Tables) == 0 {
		s.Absent = absent
	}
	return s
}
