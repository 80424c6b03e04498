package main

import (
	"context"
	"fmt"

	"hotmess/config"
	"hotmess/sidecar"
	"hotmess/wrap"
)

// runCommand runs a command with the sidecar beside it.
type runCommand struct {
	config.Overrides
	Way     wrap.Way `enum:",both,proxy,base" default:"" placeholder:"WAY" help:"How calls come: by base URL (base), by proxy (proxy) or both; by default what suits the command."`
	Quiet   bool     `short:"q" help:"Say nothing before and after the command."`
	Command []string `arg:"" optional:"" passthrough:"" name:"cmd" help:"The command and its arguments, after --."`
}

// Run runs the command.
func (r *runCommand) Run(c *console) error {
	cfg, err := c.load(r.Overrides)
	if err != nil {
		return err
	}
	if err := sidecar.Check(cfg); err != nil {
		return err
	}
	worker, err := c.worker(cfg, r.Overrides)
	if err != nil {
		return err
	}
	command := r.Command
	if len(command) > 1 && command[0] == "--" {
		command = command[1:]
	}
	c.exit, err = wrap.Run(context.Background(), wrap.Options{
		Worker: worker, Command: command, Way: r.Way,
		Stdin: c.stdin, Stdout: c.stdout, Stderr: c.stderr, Quiet: r.Quiet,
	})
	if err != nil && c.exit != exitOK {
		fmt.Fprintf(c.stderr, "hotmess: error: %v\n", err)
		return nil
	}
	return err
}

// envCommand prints the environment that leads an agent to the sidecar.
type envCommand struct {
	config.Overrides
	Way    wrap.Way `enum:",both,proxy,base" default:"" placeholder:"WAY" help:"How calls come: by base URL (base), by proxy (proxy) or both (the default)."`
	Shell  string   `help:"sh, bash, zsh, dash, ksh or fish; by default what SHELL says."`
	Client string   `help:"Name under which the calls are counted; by default by User-Agent."`
}

// Run runs the command.
func (e *envCommand) Run(c *console) error {
	cfg, err := c.load(e.Overrides)
	if err != nil {
		return err
	}
	worker, err := c.worker(cfg, e.Overrides)
	if err != nil {
		return err
	}
	notes, err := wrap.PrintEnv(context.Background(), c.stdout, wrap.PrintOptions{Worker: worker, Shell: e.Shell, Client: e.Client, Way: e.Way})
	for _, n := range notes {
		fmt.Fprintf(c.stderr, "hotmess: %s\n", n)
	}
	return err
}
