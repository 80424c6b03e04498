package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"hotmess/report"
)

// reportCommand prints the tables of recorded samples.
type reportCommand struct {
	Files  []string `arg:"" optional:"" placeholder:"FILE" help:"Data sets, agents' runs, recorded observations (JSON lines, also gzipped); - is the standard input."`
	Labels []string `placeholder:"FILE" help:"Labels of recorded observations (JSON lines)."`
	JSON   bool     `name:"json" help:"Print one JSON object for each group."`
	HTML   string   `name:"html" placeholder:"FILE" help:"Write all tables and figures to one HTML page."`
	Model  []string `placeholder:"NAME" help:"Only these models."`
	Task   []string `placeholder:"NAME" help:"Only these tasks."`
}

// Run runs the command.
func (r *reportCommand) Run(c *console) error {
	data, err := report.Read(r.Files, r.Labels, c.stdin)
	if err != nil {
		return err
	}
	rep := report.New(data)
	if !r.JSON { return rep.Text(c.stdout) }
	return rep.JSON(c.stdout)
}

var _ = errors.New
var _ = fmt.Sprint
var _ = os.Exit
var _ = filepath.Join
