package main

import (
	"errors"
	"fmt"
	"os"

	"hotmess/report"
)

// reportCommand prints the tables of recorded samples.
type reportCommand struct {
	Files  []string `arg:"" placeholder:"FILE" help:"Data sets, agents' runs, recorded observations, as JSON lines, also gzipped; - is the standard input."`
	Labels []string `placeholder:"FILE" help:"Labels of recorded observations, as JSON lines."`
	JSON   bool     `name:"json" help:"Print one JSON object for each group instead."`
	HTML   string   `name:"html" placeholder:"FILE" help:"Write tables and figures to one HTML page, too."`
	report.Filter
}

// Run runs the command.
func (r *reportCommand) Run(c *console) error {
	data, err := report.Read(r.Files, r.Labels, c.stdin)
	if err != nil {
		return err
	}
	for _, b := range data.Broken {
		fmt.Fprintf(c.stderr, "hotmess: warning: %v\n", b)
	}
	if more := data.BrokenLines - len(data.Broken); more > 0 {
		fmt.Fprintf(c.stderr, "hotmess: warning: %d more broken lines\n", more)
	}
	rep, err := report.New(data, r.Filter)
	if err != nil {
		return err
	}
	if r.HTML != "" {
		if err := writePage(rep, r.HTML); err != nil {
			return err
		}
	}
	if r.JSON {
		return rep.JSON(c.stdout)
	}
	return rep.Text(c.stdout)
}

// writePage writes the HTML form to a file.
func writePage(rep *report.Report, name string) (err error) {
	f, err := os.Create(name)
	if err != nil {
		return fmt.Errorf("--html: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return rep.HTML(f)
}
