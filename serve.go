package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"hotmess/config"
	"hotmess/sidecar"
	"hotmess/wrap"
)

// serveCommand runs the sidecar: a supervisor that starts the worker again
// when it crashes, and the worker itself.
type serveCommand struct {
	config.Overrides
	Leased bool `hidden:"" help:"Be the worker; end when no process holds a lease."`
}

// Run runs the command.
func (s *serveCommand) Run(c *console) error {
	if s.Leased {
		return s.work(c)
	}
	cfg, err := c.load(s.Overrides)
	if err != nil {
		return err
	}
	if err := sidecar.Check(cfg); err != nil {
		return err
	}
	worker, err := c.worker(cfg, s.Overrides)
	if err != nil {
		return err
	}
	c.exit = wrap.Supervise(context.Background(), wrap.SuperviseOptions{Worker: worker, Stdout: c.stdout, Stderr: c.stderr})
	return nil
}

// worker says how the worker of a configuration is started.
func (c *console) worker(cfg config.Config, flags config.Overrides) (wrap.Worker, error) {
	self, err := os.Executable()
	if err != nil {
		return wrap.Worker{}, fmt.Errorf("find hotmess itself: %w", err)
	}
	return wrap.Worker{
		Executable: self, Args: append([]string{"serve", "--leased"}, flagsOf(flags)...),
		DataDir: cfg.DataDir, Listen: cfg.Listen, Admin: cfg.Admin.Listen, Token: cfg.Admin.Token, Env: c.env,
	}, nil
}

// work is the worker: it serves until it is told to stop. The supervisor has
// printed the configuration's warnings.
func (s *serveCommand) work(c *console) error {
	cfg, _, err := config.Load(c.env, s.Overrides)
	if err != nil {
		return err
	}
	if err := sidecar.Check(cfg); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	log := c.logger(cfg.Log)
	sc, err := sidecar.New(ctx, sidecar.Options{Config: cfg, Log: log, Leased: true})
	if err != nil {
		return err
	}
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	go s.reloads(ctx, c, sc, log, hup)
	return sc.Run(ctx)
}

// reloads takes over the configuration anew at each SIGHUP. A bad one leaves
// the old one in place and says so.
func (s *serveCommand) reloads(ctx context.Context, c *console, sc *sidecar.Sidecar, log *slog.Logger, hup <-chan os.Signal) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-hup:
		}
		cfg, err := c.load(s.Overrides)
		if err == nil {
			err = sidecar.Check(cfg)
		}
		if err == nil {
			err = sc.Reload(cfg)
		}
		if err != nil {
			log.Error("configuration not reloaded, the old one stays", slog.Any("error", err))
			continue
		}
		log.Info("configuration reloaded")
	}
}
