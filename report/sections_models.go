package report

import (
	"fmt"
	"strconv"
	"strings"

	"hotmess/estimate"
)

// difficultySection compares models by the difficulty of the questions.
func (r *Report) difficultySection() *Section {
	s := &Section{ID: "difficulty", Title: "Models by difficulty of the questions", Lead: []string{
		"Questions that all models of a data set answered, sorted by the mean error of all of them and cut into groups of equal size, the same for every model. " +
			"The paper found that scale improves coherence on easy questions and not on hard ones; here is what these data show.",
	}}
	absent := ""
	for _, c := range r.Comparisons {
		if c.Absent != "" {
			absent = c.Absent
			continue
		}
		s.Tables = append(s.Tables, c.table(), c.contrastTable())
		for _, f := range c.Families {
			s.Tables = append(s.Tables, c.familyTable(f))
		}
		s.Lead = append(s.Lead, c.verdict())
		s.Plots = append(s.Plots, difficultyPlots(c)...)
	}
	if len(s.Tables) == 0 {
		s.Absent = absent
	}
	return s
}

// title names a comparison.
func (c *Comparison) title() string {
	if c.Condition == "" {
		return c.Dataset
	}
	return c.Dataset + " · " + c.Condition
}

// table shows incoherence by model and difficulty, beside the two terms.
func (c *Comparison) table() *Table {
	t := &Table{Caption: c.title() + ": bias² / variance / incoherence, from the easiest questions to the hardest", Head: []string{"mean error of all models"}}
	for i, ref := range c.Reference {
		t.Head = append(t.Head, fmt.Sprintf("%s (n=%d)", number(ref, 2), c.Large.ByDifficulty.Groups[i].Questions))
	}
	for _, g := range c.Groups {
		cells := []string{g.Model}
		for _, p := range g.ByDifficulty.Groups {
			inc := "-"
			switch {
			case p.Incoherence.Value != nil:
				inc = number(*p.Incoherence.Value, 2)
			default:
				inc = t.mark(p.Incoherence.Absent)
			}
			cells = append(cells, optional(p.Bias2.Value, 2)+"/"+optional(p.Variance.Value, 2)+"/"+inc)
		}
		t.add(cells...)
	}
	t.Remarks = append(t.Remarks, "intervals are in the JSON form and in the figure")
	return t
}

// ranked says what large and small mean here.
func (c *Comparison) ranked() string {
	if c.BySize {
		return "largest less smallest"
	}
	return "most accurate less least accurate"
}

// contrastTable shows the two ends.
func (c *Comparison) contrastTable() *Table {
	t := &Table{
		Caption: fmt.Sprintf("%s: %s (%s less %s)", c.title(), c.ranked(), c.Large.Model, c.Small.Model),
		Head:    []string{"mean error of all models", "n", "bias²", "variance", "incoherence"},
	}
	for i, d := range c.Contrasts {
		t.add(number(c.Reference[i], 2), strconv.FormatInt(d.Bias2.N, 10), t.difference(d.Bias2), t.difference(d.Variance), t.difference(d.Incoherence))
	}
	return t
}

// familyTable shows the exponents of size.
func (c *Comparison) familyTable(f Family) *Table {
	t := &Table{
		Caption: fmt.Sprintf("%s: exponents of the number of parameters, %s, %d sizes", c.title(), f.Name, len(f.Sizes)),
		Head:    []string{"mean error of all models", "bias²", "variance", "incoherence"},
	}
	for i, e := range f.Exponents {
		t.add(number(c.Reference[i], 2), t.power(e.Bias2.Figure), t.power(e.Variance.Figure), t.power(e.Incoherence.Figure))
	}
	t.Remarks = append(t.Remarks, "bias² or variance falling with size have an exponent below 0; where that of bias² is the lower one, incoherence rises with size. Intervals: t over sizes")
	return t
}

// verdict says what the two ends show, as far as intervals allow.
func (c *Comparison) verdict() string {
	words := make([]string, 0, len(c.Contrasts))
	for _, contrast := range c.Contrasts {
		d := contrast.Incoherence
		switch {
		case d.Value == nil:
			words = append(words, "too few errors")
		case d.Low == nil || (*d.Low <= 0 && *d.High >= 0):
			words = append(words, "not told apart")
		case *d.Value < 0:
			words = append(words, "less incoherent")
		default:
			words = append(words, "more incoherent")
		}
	}
	return fmt.Sprintf("%s: against %s, from the easiest questions to the hardest, %s is: %s.", c.title(), c.Small.Model, c.Large.Model, strings.Join(words, "; "))
}

// effectSection shows what a condition changes.
func (r *Report) effectSection() *Section {
	s := &Section{ID: "conditions", Title: "Effect of a setting, such as a reasoning budget", Lead: []string{
		"Each condition less the one with the shortest samples, on the questions that both have.",
	}}
	for _, d := range r.datasets() {
		t := &Table{Caption: d, Head: []string{"", "length", "n", "accuracy", "bias²", "variance", "incoherence"}}
		for _, g := range r.wholes(d) {
			e := g.Effect
			if e.Absent == absentNoCondition || e.Absent == absentOneCondition {
				continue
			}
			mean := "-"
			if e.Length != nil {
				mean = length(*e.Length)
				t.Caption = d + ", length in " + e.Unit
			}
			if e.Difference == nil {
				m := t.mark(e.Absent)
				t.add(g.Name(), mean, "", m, m, m, m)
				continue
			}
			x := e.Difference
			t.add(g.Name(), mean, strconv.FormatInt(x.Accuracy.N, 10), t.figure(x.Accuracy.Figure, thousandths), t.figure(x.Bias2.Figure, thousandths), t.figure(x.Variance.Figure, thousandths), t.figure(x.Incoherence.Figure, thousandths))
		}
		if len(t.Rows) > 0 {
			s.Tables = append(s.Tables, t)
			s.Plots = append(s.Plots, effectPlots(d, r.wholes(d))...)
		}
	}
	if len(s.Tables) == 0 {
		s.Absent = absentNoCondition
	}
	return s
}

// ensemblingSection shows votes of E samples.
func (r *Report) ensemblingSection() *Section {
	s := &Section{ID: "ensembling", Title: "Averages and votes of E samples", Lead: []string{
		"Soft: the average of E samples; its variance is 1/E of one sample's and its bias² is the same, whatever the data, so this part shows what is to be gained and proves nothing. " +
			"Hard: the answer that most of E samples give, error = 2(1 - accuracy); it makes questions worse whose mode is wrong.",
	}}
	absent := map[string]bool{}
	for _, d := range r.datasets() {
		t := &Table{Caption: d, Head: []string{"", "E", "n", "soft error", "bias²", "variance", "hard accuracy", "error", "variance"}}
		for _, g := range r.wholes(d) {
			if why := g.Ensembling.Absent; why != "" {
				absent[why] = true
				continue
			}
			for i, p := range g.Ensembling.Points {
				t.add(nameOnce(g, i), strconv.Itoa(p.E), strconv.FormatInt(p.Error.N, 10), plain(p.Error), plain(p.Bias2), plain(p.Variance),
					t.ratio(p.Accuracy), plain(p.HardError), t.value(p.HardVariance))
			}
		}
		if len(t.Rows) > 0 {
			s.Tables = append(s.Tables, t)
			s.Plots = append(s.Plots, ensemblingPlots(d, r.wholes(d))...)
		}
	}
	s.Absent = missing(s, absent)
	return s
}

// missing joins the reasons of a section that shows nothing.
func missing(s *Section, reasons map[string]bool) string {
	if len(s.Tables) > 0 {
		return ""
	}
	var all []string
	for _, why := range []string{absentNoReference, absentOutcome, absentRuns, absentFew3, estimate.AbsentNone} {
		if reasons[why] {
			all = append(all, why)
		}
	}
	return strings.Join(all, "; ")
}

// plain shows a value without its interval.
func plain(f estimate.Figure) string { return optional(f.Value, thousandths) }

// value is plain with the mark of why there is none.
func (t *Table) value(f estimate.Figure) string {
	if f.Value == nil {
		return t.mark(f.Absent)
	}
	return plain(f)
}

// voteSection compares the rules of voting.
func (r *Report) voteSection() *Section {
	s := &Section{ID: "votes", Title: "What votes spend for the same accuracy", Lead: []string{
		"Fixed: all are waited for. Adaptive: one after the other until the leader leads the runner-up with .95 (Beta posterior), at most as many as were recorded. " +
			"First finishers m/k: k start at once, the first m to finish vote, the rest are cut short; length stands for duration. Samples without an answer do not vote. " +
			"Spent and wait are in mean lengths of one sample. Rows with ≈: the cheapest of each that is at most .002 below the adaptive vote.",
	}}
	absent := map[string]bool{}
	for _, d := range r.datasets() {
		t := &Table{Caption: d, Left: 2, Head: []string{"", "rule", "n", "accuracy", "gain", "samples", "spent", "wait"}}
		for _, g := range r.wholes(d) {
			v := g.Votes
			if v.Absent != "" {
				absent[v.Absent] = true
				continue
			}
			for i, rule := range v.Rules {
				t.rule(nameOnce(g, i), rule, "")
			}
			for _, rule := range v.Equal {
				if rule.Method != methodAdaptive {
					t.rule("", rule, "≈ ")
				}
			}
			if v.FirstAbsent != "" {
				t.add("", "first finishers", "", t.mark(v.FirstAbsent), "", "", "", "")
			}
		}
		if len(t.Rows) > 0 {
			s.Tables = append(s.Tables, t)
			s.Plots = append(s.Plots, votePlots(d, r.wholes(d))...)
		}
	}
	s.Absent = missing(s, absent)
	return s
}

// rule adds a rule's row.
func (t *Table) rule(name string, r Rule, before string) {
	if r.Absent != "" {
		t.add(name, before+Words(r.Method), "", t.mark(r.Absent), "", "", "", "")
		return
	}
	label := before + r.Label()
	t.add(name, label, strconv.FormatInt(r.Accuracy.N, 10), t.ratio(r.Accuracy), t.ratio(r.Gain), optional(r.Samples.Value, 1), optional(r.Spent, 1), optional(r.Wait, 2))
}

// Label names a rule.
func (r Rule) Label() string {
	switch r.Method {
	case methodFirst:
		return fmt.Sprintf("first %d/%d", r.Counted, r.Launched)
	case methodAdaptive:
		return fmt.Sprintf("adaptive ≤%d", r.Launched)
	}
	return fmt.Sprintf("fixed %d", r.Launched)
}
