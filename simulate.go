package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"hotmess/sim"
)

// simCommand runs the simulated LLM API alone.
type simCommand struct {
	Listen      string        `default:"127.0.0.1:4140" help:"Address to serve on."`
	Seed        uint64        `default:"1" help:"What all randomness is derived from."`
	Model       string        `help:"Model id to report; by default the one asked for."`
	Accuracy    float64       `default:"0.95" help:"Probability of the right answer."`
	Wrong       int           `default:"4" help:"Number of distinct wrong answers."`
	TurnAfter   int           `help:"Turn incoherent after this many requests."`
	TurnTo      float64       `default:"0.5" help:"Accuracy after that."`
	Compound    float64       `help:"How much each wrong call in the history lowers the accuracy."`
	Steps       int           `default:"20" help:"Tool calls of one task."`
	Parallel    int           `default:"1" help:"Tool calls proposed at once."`
	Deletions   int           `placeholder:"N" help:"Where tasks have a shell, make each Nth step delete a tree."`
	DeleteWrong float64       `help:"Probability that such a step deletes a wrong tree."`
	DeleteVary  bool          `help:"Let each wrong deletion be of another tree; by default it is always the same wrong one."`
	Reasoning   int           `default:"256" help:"Median reasoning tokens; 0 for none."`
	Show        bool          `help:"Send the reasoning text where the dialect and the request have a place for it."`
	First       time.Duration `name:"first" help:"Time before the first token."`
	PerToken    time.Duration `help:"Time of each token."`
	Jitter      float64       `help:"Relative spread of all times."`
	Refusals    float64       `help:"Probability of a refusal."`
	Quota       bool          `help:"Tell rate limits with plenty left in headers."`
	PrefixCache bool          `help:"Keep long prompts in a cache, as OpenAI and Google do unasked."`
	Hostile     bool          `help:"A little of every fault: 429, 500, 503, cuts, stalls, bad JSON, failures in mid-stream."`
	Replay      string        `placeholder:"FILE" help:"Answer with recorded samples (JSON lines)."`
	TruthLog    string        `placeholder:"FILE" help:"Write what is true of each answer (JSON lines)."`
}

// Run runs the command.
func (s *simCommand) Run(c *console) error {
	server, closeLog, err := s.server(c.stderr)
	if err != nil {
		return err
	}
	defer closeLog()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", s.Listen)
	if err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	fmt.Fprintf(c.stderr, "hotmess sim: simulated model on http://%s/v1\n", l.Addr())
	fmt.Fprintf(c.stderr, "hotmess sim: Anthropic and Gemini clients: http://%s\n", l.Addr())
	if server.Replay != nil {
		fmt.Fprintf(c.stderr, "hotmess sim: replaying %d questions of %d models\n", len(server.Replay.Questions()), len(server.Replay.Models()))
	}
	h := &http.Server{Handler: server, ReadHeaderTimeout: 10 * time.Second}
	context.AfterFunc(ctx, func() { _ = h.Close() })
	if err := h.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	if n := server.Summary().LogFailures; n > 0 {
		return fmt.Errorf("--truth-log: %d lines are missing in %s", n, s.TruthLog)
	}
	return nil
}

// A truthLog is a file that says at once when it first cannot be written.
type truthLog struct {
	*os.File
	failed sync.Once
	stderr io.Writer
}

// Write implements io.Writer.
func (l *truthLog) Write(line []byte) (int, error) {
	n, err := l.File.Write(line)
	if err != nil {
		l.failed.Do(func() { fmt.Fprintf(l.stderr, "hotmess sim: warning: --truth-log: %v\n", err) })
	}
	return n, err
}

// simFlags are the flags by which the simulator's knobs are set.
var simFlags = map[string]string{
	"Accuracy": "--accuracy", "Wrong": "--wrong", "TurnAfter": "--turn-after", "TurnTo": "--turn-to", "Compound": "--compound",
	"Steps": "--steps", "ParallelCalls": "--parallel", "Refusals": "--refusals",
	"Deletions.Every": "--deletions", "Deletions.Wrong": "--delete-wrong", "Deletions.Vary": "--delete-vary",
	"Latency.First": "--first", "Latency.PerToken": "--per-token", "Latency.Jitter": "--jitter",
}

// zeros names the flags whose 0 the simulator would take for its default.
func (s *simCommand) zeros() error {
	var problems []error
	for _, flag := range []struct {
		name  string
		value int
	}{{"--wrong", s.Wrong}, {"--steps", s.Steps}, {"--parallel", s.Parallel}} {
		if flag.value == 0 {
			problems = append(problems, fmt.Errorf("%s: 0 is less than 1", flag.name))
		}
	}
	return errors.Join(problems...)
}

// server makes the simulated API that the flags describe. stderr is told of what
// goes wrong later.
func (s *simCommand) server(stderr io.Writer) (*sim.Server, func(), error) {
	server := &sim.Server{
		Seed: s.Seed, Model: s.Model, Accuracy: s.Accuracy, Wrong: s.Wrong,
		TurnAfter: s.TurnAfter, TurnTo: s.TurnTo, Compound: s.Compound,
		Steps: s.Steps, ParallelCalls: s.Parallel,
		Deletions: sim.Deletions{Every: s.Deletions, Wrong: s.DeleteWrong, Vary: s.DeleteVary},
		Reasoning: sim.Reasoning{Median: s.Reasoning, Show: s.Show},
		Refusals:  s.Refusals, RateHeaders: s.Quota, PrefixCache: s.PrefixCache,
		Latency: sim.Latency{First: s.First, PerToken: s.PerToken, Jitter: s.Jitter},
	}
	if s.Hostile {
		server.Faults = sim.Hostile()
	}
	if s.Accuracy == 0 { // the field's zero stands for the default
		server.SetAccuracy(0)
	}
	if s.Reasoning == 0 { // likewise
		server.Reasoning.Median = -1
	}
	if err := errors.Join(server.Validate(simFlags), s.zeros()); err != nil {
		return nil, nil, err
	}
	if s.Replay != "" {
		replay, err := loadReplay(s.Replay)
		if err != nil {
			return nil, nil, err
		}
		server.Replay = replay
	}
	closeLog := func() {}
	if s.TruthLog != "" {
		f, err := os.OpenFile(s.TruthLog, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return nil, nil, fmt.Errorf("--truth-log: %w", err)
		}
		server.TruthLog, closeLog = &truthLog{File: f, stderr: stderr}, func() { _ = f.Close() }
	}
	return server, closeLog, nil
}

// loadReplay reads a file of recorded samples.
func loadReplay(file string) (*sim.Replay, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("--replay: %w", err)
	}
	defer f.Close()
	replay, err := sim.LoadReplay(f)
	if err != nil {
		return nil, fmt.Errorf("--replay %s: %w", file, err)
	}
	return replay, nil
}
