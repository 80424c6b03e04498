package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// errNothing is wrapped where there is nothing to report.
var errNothing = errors.New("nothing to report")

// A Filter limits a report to some groups. Empty lists limit nothing.
type Filter struct {
	Model     []string `placeholder:"NAME" help:"Only these models."`
	Task      []string `placeholder:"NAME" help:"Only these tasks; of recorded observations, these routes."`
	Condition []string `placeholder:"NAME" help:"Only these conditions; of recorded observations, these kinds."`
}

// keeps is whether a group is in.
func (f Filter) keeps(k Key) bool {
	in := func(list []string, v string) bool { return len(list) == 0 || slices.Contains(list, v) }
	return in(f.Model, k.Model) && in(f.Task, k.Task) && in(f.Condition, k.Condition)
}

// A Report is all that is said about some data.
type Report struct {
	Files       []string
	Lines       int
	BrokenLines int
	Broken      []Broken
	Groups      []*Group
	Comparisons []*Comparison
	// Repeated counts observations that were read twice and count once;
	// Unmatched labels whose observation was not read.
	Repeated  int
	Unmatched int
}

// New computes a report. The same data give the same report. It fails where
// no line can be used, or the filter leaves nothing.
func New(d *Data, f Filter) (*Report, error) {
	r := &Report{Files: d.Files, Lines: d.Lines, BrokenLines: d.BrokenLines, Broken: d.Broken}
	var kept []*Question
	for _, q := range d.Questions {
		if f.keeps(q.Key) {
			kept = append(kept, q)
		}
	}
	r.Groups = gather(kept)
	for _, g := range r.Groups {
		g.measure()
	}
	label(r.Groups)
	r.Comparisons = compare(r.Groups)
	effects(r.Groups)
	r.Groups = append(r.Groups, d.Observed.groups(f.keeps)...)
	r.Repeated, r.Unmatched = d.Observed.Repeated, d.Observed.unmatched()
	if err := r.empty(d, f); err != nil {
		return nil, err
	}
	return r, nil
}

// empty says why a report has no group.
func (r *Report) empty(d *Data, f Filter) error {
	switch {
	case len(r.Groups) > 0:
		return nil
	case d.Lines == 0:
		return fmt.Errorf("%w: there is no line in %s", errNothing, strings.Join(d.Files, ", "))
	case d.BrokenLines == d.Lines:
		return fmt.Errorf("%w: all %d lines are broken, the first: %w", errNothing, d.Lines, errors.New(d.Broken[0].String()))
	case len(f.Model)+len(f.Task)+len(f.Condition) > 0:
		return fmt.Errorf("%w: no group is left by --model, --task and --condition", errNothing)
	}
	return fmt.Errorf("%w: no line is a question, a run or an observation", errNothing)
}

// JSON writes one object for each group, one to a line.
func (r *Report) JSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for _, g := range r.Groups {
		if err := enc.Encode(g); err != nil {
			return fmt.Errorf("write report of %s: %w", g.Name(), err)
		}
	}
	return nil
}
