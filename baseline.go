package main

import (
	"context"
	"fmt"

	"hotmess/config"
)

// baselineCommand is about what a route's alerts compare with.
type baselineCommand struct {
	Accept acceptCommand `cmd:"" help:"Take what a route does from now on for normal: you changed it on purpose."`
}

// acceptCommand starts the baselines of a route anew.
type acceptCommand struct {
	Config  *string `placeholder:"FILE" help:"Configuration file (YAML)."`
	DataDir *string `name:"data-dir" placeholder:"DIR" help:"Data directory of the sidecar."`
	Route   string  `arg:"" help:"Name of the route, as in alerts."`
}

// Run runs the command.
func (a *acceptCommand) Run(c *console) error {
	cfg, err := c.load(config.Overrides{Config: a.Config, DataDir: a.DataDir})
	if err != nil {
		return err
	}
	client, err := c.admin(cfg)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), probeTimeout)
	defer cancel()
	var got struct {
		Baselines int `json:"baselines"`
	}
	if err := client.Post(ctx, "/api/v1/baseline", map[string]string{"route": a.Route}, &got); err != nil {
		return err
	}
	if got.Baselines == 0 {
		fmt.Fprintf(c.stdout, "%s has no baseline yet: it is still learning its first\n", a.Route)
		return nil
	}
	fmt.Fprintf(c.stdout, "%s: %d baselines are learnt anew from now on; alerts about them end\n", a.Route, got.Baselines)
	return nil
}
