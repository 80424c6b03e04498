package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"hotmess/alerts"
	"hotmess/config"
	"hotmess/dashboard"
	"hotmess/sidecar"
)

// probeTimeout bounds a health check.
const probeTimeout = 3 * time.Second

// errUnhealthy is wrapped by health checks that fail.
var errUnhealthy = errors.New("the sidecar is not healthy")

// watchCommand prints events as they come.
type watchCommand struct {
	Config  *string    `placeholder:"FILE" help:"Configuration file (YAML)."`
	DataDir *string    `name:"data-dir" placeholder:"DIR" help:"Data directory of the sidecar."`
	NATS    string     `name:"nats" placeholder:"URL" help:"NATS server to watch; by default that of the running sidecar."`
	Creds   string     `placeholder:"FILE" help:"Credentials for --nats; by default nats.creds of the data directory."`
	JSON    bool       `name:"json" help:"Print events as lines of JSON."`
	Output  string     `short:"o" enum:"alerts,observations" default:"alerts" help:"alerts or observations."`
	Since   config.Age `default:"1h" help:"Begin this far back, like 15m or 7d."`
}

// Run runs the command.
func (w *watchCommand) Run(c *console) error {
	cfg, err := c.load(config.Overrides{Config: w.Config, DataDir: w.DataDir})
	if err != nil {
		return err
	}
	url, creds, err := c.nats(cfg, w.NATS, w.Creds)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err = alerts.Watch(ctx, alerts.WatchSettings{
		URL: url, Creds: creds, JSON: w.JSON, Observations: w.Output == "observations", Out: c.stdout, Since: time.Duration(w.Since),
	})
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// nats is where to find a sidecar's NATS server and the key for it: what was
// given, else those of the data directory.
func (c *console) nats(cfg config.Config, url, creds string) (string, string, error) {
	if url == "" {
		r, err := c.running(cfg)
		if err != nil {
			return "", "", err
		}
		url = r.NATS
	}
	if creds == "" {
		creds = filepath.Join(cfg.DataDir, "nats.creds")
	}
	return url, creds, nil
}

// checkCommand checks a configuration.
type checkCommand struct {
	File string `arg:"" optional:"" help:"Configuration file (YAML)."`
}

// Run runs the command.
func (k *checkCommand) Run(c *console) error {
	var flags config.Overrides
	if k.File != "" {
		flags.Config = &k.File
	}
	cfg, err := c.load(flags)
	if err != nil {
		return err
	}
	if err := sidecar.Check(cfg); err != nil {
		return err
	}
	fmt.Fprintln(c.stdout, "the configuration is valid")
	return nil
}

// healthCommand asks the running sidecar whether it is alive.
type healthCommand struct {
	Config  *string `placeholder:"FILE" help:"Configuration file (YAML)."`
	DataDir *string `name:"data-dir" placeholder:"DIR" help:"Data directory of the sidecar."`
}

// Run runs the command.
func (h *healthCommand) Run(c *console) error {
	cfg, err := c.load(config.Overrides{Config: h.Config, DataDir: h.DataDir})
	if err != nil {
		return err
	}
	r, err := c.running(cfg)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), probeTimeout)
	defer cancel()
	if err := (dashboard.Client{Addr: r.Admin}).Live(ctx, r.Instance); err != nil {
		return fmt.Errorf("%w: %w", errUnhealthy, err)
	}
	return nil
}
