package report

import (
	"encoding/json"
	"fmt"
	"io"
)

// A Report is all that is said about some data.
type Report struct {
	Files       []string
	Lines       int
	BrokenLines int
	Broken      []Broken
	Groups      []*Group
	Comparisons []*Comparison
}

// New computes a report. The same data give the same report.
func New(d *Data) *Report {
	r := &Report{Files: d.Files, Lines: d.Lines, BrokenLines: d.BrokenLines, Broken: d.Broken, Groups: gather(d.Questions)}
	for _, g := range r.Groups {
		g.measure()
	}
	label(r.Groups)
	r.Comparisons = compare(r.Groups)
	effects(r.Groups)
	return r
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
