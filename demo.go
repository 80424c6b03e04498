package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"hotmess/demo"
	"hotmess/sim"
)

// demoCommand shows it all on a simulated model.
type demoCommand struct {
	Keep bool   `help:"Leave everything running at the end."`
	Seed uint64 `default:"1" help:"Seed of the simulated model."`
}

// Run runs the command.
func (d *demoCommand) Run(c *console) error {
	model, err := simulatedModel(d.Seed)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err = demo.Run(ctx, demo.Options{Model: model, Keep: d.Keep, Out: c.stdout})
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// simulatedModel makes the demo's model: quick, with some reasoning, and worse
// once its own errors are in the conversation.
func simulatedModel(seed uint64) (demo.Model, error) {
	var tools []sim.Tool
	if err := json.Unmarshal([]byte(demo.Tools), &tools); err != nil {
		return demo.Model{}, fmt.Errorf("parse the demo's tools: %w", err)
	}
	server := &sim.Server{
		Seed: seed, Compound: 0.35, Steps: 1 << 20, RateHeaders: true,
		Reasoning: sim.Reasoning{Median: 60, WhenWrong: 1.5},
		Latency:   sim.Latency{First: 25 * time.Millisecond, Jitter: 0.5},
	}
	return demo.Model{
		Handler:     server,
		SetAccuracy: server.SetAccuracy,
		IsRight: func(task string, step int, name, arguments string) bool {
			return server.IsRight(task, step, tools, name, arguments)
		},
		Truth: func() (float64, bool) { return server.Mark().TrueDisagreement() },
	}, server.Validate()
}
