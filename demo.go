package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"sync"
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

// wrongDeletions is the share of samples that delete a wrong tree.
const wrongDeletions = 0.1

// simulatedModel makes the demo's model: quick, with some reasoning, worse once
// its own errors are in the conversation, and now and then wrong in what it
// deletes.
func simulatedModel(seed uint64) (demo.Model, error) {
	var tools []sim.Tool
	if err := json.Unmarshal([]byte(demo.Tools), &tools); err != nil {
		return demo.Model{}, fmt.Errorf("parse the demo's tools: %w", err)
	}
	truth := &deletions{proposed: map[deletionStep]sim.Truth{}}
	server := &sim.Server{
		Deletions: sim.Deletions{Every: demo.StepsPerDeletion, Wrong: wrongDeletions}, TruthLog: truth,
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
		Truth:          func() (float64, bool) { return server.Mark().TrueDisagreement() },
		Proposed:       truth.proposedAt,
		WrongDeletions: wrongDeletions,
	}, server.Validate(nil)
}

// deletions keeps what the simulation tells of the deletions that its first
// answers at each step propose: those are the agents' own.
type deletions struct {
	mu       sync.Mutex
	proposed map[deletionStep]sim.Truth
}

type deletionStep struct {
	task string
	step int
}

// Write implements io.Writer: it takes one line of the truth log.
func (d *deletions) Write(line []byte) (int, error) {
	var t sim.Truth
	if err := json.Unmarshal(line, &t); err != nil {
		return 0, fmt.Errorf("read truth: %w", err)
	}
	if t.Meant != "" && t.Occurrence == 0 {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.proposed[deletionStep{t.ID, t.Step}] = t
	}
	return len(line), nil
}

func (d *deletions) proposedAt(task string, step int) (tree string, right bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	t := d.proposed[deletionStep{task, step}]
	return t.Deletes, t.Right
}
