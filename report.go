package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"hotmess/alerts"
	"hotmess/config"
	"hotmess/report"
)

// reportCommand prints the tables of recorded samples.
type reportCommand struct {
	Files   []string    `arg:"" optional:"" name:"FILES" help:"Data sets, agents' runs, recorded observations, as JSON lines, also gzipped; - is the standard input. Without: the observations and labels that the running sidecar has stored."`
	Labels  []string    `placeholder:"FILE" help:"Labels of recorded observations, as JSON lines."`
	JSON    bool        `name:"json" help:"Print one JSON object for each group instead."`
	HTML    string      `name:"html" placeholder:"FILE" help:"Write tables and figures to one HTML page, too."`
	Config  *string     `placeholder:"FILE" help:"Configuration file (YAML)."`
	DataDir *string     `name:"data-dir" placeholder:"DIR" help:"Data directory of the sidecar."`
	NATS    string      `name:"nats" placeholder:"URL" help:"Without FILES: NATS server to read from; by default that of the running sidecar."`
	Creds   string      `placeholder:"FILE" help:"Credentials for --nats; by default nats.creds of the data directory."`
	Since   *config.Age `placeholder:"AGE" help:"Without FILES: begin this far back, like 36h or 7d; by default 7d."`
	report.Filter
}

// Run runs the command.
func (r *reportCommand) Run(c *console) error {
	if err := withoutFiles(r.Files, map[string]bool{"--nats": r.NATS != "", "--creds": r.Creds != "", "--since": r.Since != nil}); err != nil {
		return err
	}
	data, err := report.Read(r.Files, r.Labels, c.stdin)
	if err != nil {
		return err
	}
	if len(r.Files) == 0 {
		if err := r.stored(c, data); err != nil {
			return err
		}
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
		if err := replaceFile(r.HTML, rep.HTML); err != nil {
			return fmt.Errorf("--html: %w", err)
		}
	}
	if r.JSON {
		return rep.JSON(c.stdout)
	}
	return rep.Text(c.stdout)
}

// withoutFiles names the given flags, which say how the store is read, where files
// are read instead.
func withoutFiles(files []string, given map[string]bool) error {
	var problems []error
	for _, flag := range slices.Sorted(maps.Keys(given)) {
		if given[flag] && len(files) > 0 {
			problems = append(problems, fmt.Errorf("%s: is about the store of a sidecar, which is not read where files are named", flag))
		}
	}
	return errors.Join(problems...)
}

// stored reads what the running sidecar has kept.
func (r *reportCommand) stored(c *console, data *report.Data) error {
	cfg, err := c.load(config.Overrides{Config: r.Config, DataDir: r.DataDir})
	if err != nil {
		return err
	}
	url, creds, err := c.nats(cfg, r.NATS, r.Creds)
	if err != nil {
		return err
	}
	since := defaultSince
	if r.Since != nil {
		since = time.Duration(*r.Since)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err = alerts.ReadObservations(ctx, url, creds, time.Now().Add(-since), func(event json.RawMessage) error {
		return data.Add(url, event)
	})
	if err == nil && data.Lines == 0 {
		return fmt.Errorf("report: the store of %s holds no observation so far back: send requests, or take a longer time with --since", url)
	}
	return err
}
