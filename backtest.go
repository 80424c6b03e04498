package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"hotmess/alerts"
	"hotmess/backtest"
	"hotmess/config"
)

// backtestCommand runs recorded observations through the rules.
type backtestCommand struct {
	Config      *string     `placeholder:"FILE" help:"Configuration whose rules are tried (YAML)."`
	DataDir     *string     `name:"data-dir" placeholder:"DIR" help:"Data directory of the sidecar."`
	NATS        string      `name:"nats" placeholder:"URL" help:"Without FILES: NATS server to read from; by default that of the running sidecar."`
	Creds       string      `placeholder:"FILE" help:"Credentials for --nats; by default nats.creds of the data directory."`
	Since       *config.Age `placeholder:"AGE" help:"Leave out what is older, like 36h or 7d; of FILES nothing by default, of the store what is older than 7d."`
	Placebo     int         `default:"20" help:"How many orders of the conversations are tried."`
	Seed        uint64      `default:"1" help:"Picks the orders."`
	FalseAlarms float64     `name:"false-alarms" default:"0.05" help:"Share of placebos in which a proposed threshold may fire."`
	JSON        bool        `name:"json" help:"Print the result as JSON."`
	Files       []string    `arg:"" optional:"" name:"FILES" help:"Recorded observations, one in a line, also gzipped; - is standard input. Without: those that the running sidecar has stored."`
}

// Run runs the command.
func (b *backtestCommand) Run(c *console) error {
	if err := withoutFiles(b.Files, map[string]bool{"--nats": b.NATS != "", "--creds": b.Creds != ""}); err != nil {
		return err
	}
	cfg, err := c.load(config.Overrides{Config: b.Config, DataDir: b.DataDir})
	if err != nil {
		return err
	}
	s := backtest.Settings{
		Alerts: cfg.Alerts, Placebos: b.Placebo, Seed: b.Seed, FalseAlarms: b.FalseAlarms,
		Progress: backtest.Progress(c.stderr, time.Now),
	}
	if err := s.Check(); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	log := &backtest.Log{Since: b.since(time.Now())}
	if err := b.read(ctx, c, cfg, log); err != nil {
		return err
	}
	result, err := backtest.Run(ctx, s, log)
	if err != nil {
		return fmt.Errorf("backtest: %w", err)
	}
	if b.JSON {
		e := json.NewEncoder(c.stdout)
		e.SetIndent("", "  ")
		return e.Encode(result)
	}
	return result.Print(c.stdout)
}

// defaultSince is how much of the store is read.
const defaultSince = 7 * 24 * time.Hour

// since is the time of the oldest observation that is wanted; zero: all are.
func (b *backtestCommand) since(now time.Time) time.Time {
	switch {
	case b.Since != nil:
		return now.Add(-time.Duration(*b.Since))
	case len(b.Files) > 0:
		return time.Time{}
	}
	return now.Add(-defaultSince)
}

// read fills the log from the files or from the sidecar's store.
func (b *backtestCommand) read(ctx context.Context, c *console, cfg config.Config, log *backtest.Log) error {
	for _, name := range b.Files {
		if err := c.readFile(ctx, name, log); err != nil {
			return err
		}
	}
	if len(b.Files) > 0 {
		return nil
	}
	url, creds, err := c.nats(cfg, b.NATS, b.Creds)
	if err != nil {
		return err
	}
	n := 0
	return alerts.ReadObservations(ctx, url, creds, log.Since, func(event json.RawMessage) error {
		n++
		return log.Add(fmt.Sprintf("event %d of %s", n, alerts.ObservationStream), event)
	})
}

// readFile adds a file to the log.
func (c *console) readFile(ctx context.Context, name string, log *backtest.Log) error {
	if name == "-" {
		return log.Read("standard input", interruptible(ctx, c.stdin))
	}
	f, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("open recorded observations: %w", err)
	}
	defer f.Close()
	return log.Read(name, interruptible(ctx, f))
}
