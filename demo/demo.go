package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"hotmess/config"
	"hotmess/sidecar"
)

const (
	// speed is how much faster than real time everything runs.
	speed = 60
	// threshold is what the rule disagreement_high is set to.
	threshold = 0.4
	// coherent and incoherent are the probabilities that the model's next
	// call is right while there is no error in the conversation yet.
	coherent, incoherent = 0.98, 0.85
	// votes is N in ensemble mode.
	votes = 5
	// budget is 2,000,000 extra tokens an hour, times speed.
	budget = 2_000_000 * speed
	// patience is how long the demo waits for what must come: on a busy machine the
	// evidence takes minutes.
	patience = 4 * time.Minute
	// fewestCalls is how many calls the parts that are coherent and with votes take
	// at least: two tasks of each agent, so that those that began before the votes do
	// not decide. What is measured of the first is still in the window of the alert,
	// and has to be outweighed.
	fewestCalls = 2 * agentCount * stepsPerTask

	modelName   = "simulated-1"
	agentName   = "demo-agent"
	cleanerName = "cleaner"
)

// errPatience is wrapped by errors about what did not happen in time.
var errPatience = errors.New("did not happen in time")

// A Model is the simulated API, and what is true of it.
type Model struct {
	// Handler serves the API under /v1.
	Handler http.Handler
	// SetAccuracy sets the probability that the next call is right.
	SetAccuracy func(float64)
	// IsRight tells a right call from a wrong one.
	IsRight func(task string, step int, name, arguments string) bool
	// Truth is the true disagreement of the prompts since it was last
	// asked; ok is false if there were none.
	Truth func() (disagreement float64, ok bool)
	// Proposed is the tree that the model's own reply at a step of a task
	// deletes, and whether that is the right one.
	Proposed func(task string, step int) (tree string, right bool)
	// WrongDeletions is the share of samples that delete a wrong one.
	WrongDeletions float64
}

// Options are what Run works with.
type Options struct {
	Model Model
	// Keep leaves everything running at the end, until ctx ends.
	Keep bool
	Out  io.Writer
}

// A tour is one run of the demo.
type tour struct {
	Options
	config  config.Config
	sidecar *sidecar.Sidecar
	office  *office
	events  *events
	ledger  ledger
}

// Run runs the demo: about thirty seconds, or until ctx ends with Keep.
func Run(ctx context.Context, o Options) (err error) {
	dir, err := os.MkdirTemp("", "hotmess-demo-")
	if err != nil {
		return fmt.Errorf("make data directory: %w", err)
	}
	defer os.RemoveAll(dir)
	upstream, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen for the simulated model: %w", err)
	}
	model := &http.Server{Handler: o.Model.Handler, ReadHeaderTimeout: time.Minute}
	go func() { _ = model.Serve(upstream) }() // ends with Close
	defer model.Close()
	t := &tour{Options: o, config: configuration(dir, "http://"+upstream.Addr().String()+"/v1")}
	o.Model.SetAccuracy(coherent)
	if err := t.open(ctx); err != nil {
		return err
	}
	t.introduce()
	return t.run(ctx)
}

// configuration is the demo's: defaults but for what the introduction says.
func configuration(dir, upstream string) config.Config {
	c := config.Default()
	c.DataDir, c.Upstream = dir, upstream
	c.Sampling = c.Sampling.PairsOnly()
	c.Sampling.Rate = config.Rate{Share: 1}
	c.Budget.ExtraTokensPerHour = budget
	c.Alerts.Rules = []config.Rule{{
		Rule: "disagreement_high", Threshold: threshold,
		For: new(config.Duration(time.Minute)), KeepFiringFor: new(config.Duration(5 * time.Minute)),
	}}
	return c
}

// open builds the sidecar on the default ports, or on free ones.
func (t *tour) open(ctx context.Context) error {
	log, err := os.Create(filepath.Join(t.config.DataDir, "hotmess.log"))
	if err != nil {
		return fmt.Errorf("make log: %w", err)
	}
	began := time.Now()
	options := sidecar.Options{
		Config: t.config,
		Log:    slog.New(slog.NewTextHandler(log, nil)),
		Now:    func() time.Time { return began.Add(speed * time.Since(began)) },
	}
	if t.sidecar, err = sidecar.New(ctx, options); err == nil {
		return nil
	}
	options.Config.Listen, options.Config.Admin.Listen = "127.0.0.1:0", "127.0.0.1:0"
	t.config = options.Config
	t.sidecar, err = sidecar.New(ctx, options)
	return err
}

// run starts what runs beside the story, tells it, and stops.
func (t *tour) run(ctx context.Context) error {
	serving, stop := context.WithCancel(context.WithoutCancel(ctx))
	working, rest := context.WithCancel(ctx)
	running := t.sidecar.Running()
	t.office = &office{url: "http://" + running.Listen + "/v1", name: agentName, tools: Tools, isRight: t.Model.IsRight}
	t.events = newEvents()
	served, watched, worked := make(chan error, 1), make(chan error, 1), make(chan error, 1)
	go func() { served <- t.sidecar.Run(serving) }()
	go func() { watched <- t.events.watch(working, running.NATS, t.config.DataDir) }()
	go func() { worked <- t.office.work(working) }()
	err := t.story(working)
	rest()
	err = errors.Join(err, <-worked, <-watched)
	stop()
	return errors.Join(err, <-served)
}

// story is what happens: coherent, incoherent, alert, vote, resolved, guard.
func (t *tour) story(ctx context.Context) error {
	t.say("The model is coherent.")
	if err := t.goOn(ctx); ctx.Err() != nil {
		return nil
	} else if err != nil {
		return err
	}
	t.chapter(ctx, "coherent, observed")
	t.say("Now the model turns incoherent: its next call is right with probability %.2f instead of %.2f.", incoherent, coherent)
	t.Model.SetAccuracy(incoherent)
	if err := t.await(ctx, about(config.RuleDisagreementHigh, "firing")); err != nil {
		return err
	}
	t.chapter(ctx, "incoherent, observed")
	t.say("Now the route votes: sampling.mode ensemble, samples %d. The model stays as it is.", votes)
	voting := t.config
	voting.Sampling.Mode, voting.Sampling.Samples = config.Ensemble, votes
	if err := t.sidecar.Reload(voting); err != nil {
		return err
	}
	if err := t.await(ctx, about(config.RuleDisagreementHigh, "resolved")); err != nil {
		return err
	}
	if err := t.goOn(ctx); err != nil {
		return err
	}
	t.chapter(ctx, "incoherent, voted")
	t.conclude()
	if err := t.guarded(ctx, voting); err != nil {
		return err
	}
	if t.Keep {
		t.say("Everything keeps running; Ctrl-C ends it.")
		<-ctx.Done()
	}
	return nil
}

// await prints alerts as they come, until the one that is wanted.
func (t *tour) await(ctx context.Context, wanted func(alertLine) bool) error {
	limit := time.NewTimer(patience)
	defer limit.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-limit.C:
			return fmt.Errorf("alert %w (%s)", errPatience, patience)
		case line := <-t.events.lines:
			t.printAlert(line)
			if wanted(line) {
				return nil
			}
		}
	}
}

// goOn waits until the agents were given fewestCalls in this part of the story.
func (t *tour) goOn(ctx context.Context) error {
	for end := time.Now().Add(patience); t.office.calls.Load()-t.ledger.calls < fewestCalls; {
		if time.Now().After(end) {
			return fmt.Errorf("%d calls %w (%s)", fewestCalls, errPatience, patience)
		}
		if !sleep(ctx, 100*time.Millisecond) {
			return ctx.Err()
		}
	}
	return nil
}

// about is the alert of a rule with a status.
func about(rule, status string) func(alertLine) bool {
	return func(l alertLine) bool { return l.rule == rule && l.status == status }
}

// sleep waits; it reports false if ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
