package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"hotmess/config"
	"hotmess/dashboard"
	"hotmess/monitor"
)

// labelCommand sends labels to the running sidecar.
type labelCommand struct {
	Config  *string `placeholder:"FILE" help:"Configuration file (YAML)."`
	DataDir *string `name:"data-dir" placeholder:"DIR" help:"Data directory of the sidecar."`
	Answer  string  `placeholder:"TEXT" help:"The right answer to the request ID, instead of pass or fail."`
	Source  string  `default:"cli" help:"Who says so: kept with the label of the request ID."`
	Labels  string  `arg:"" name:"file" help:"File of labels, one JSON object on each line or an array; - for stdin. Or the X-Hotmess-Id of one request."`
	Outcome string  `arg:"" optional:"" enum:",pass,fail" default:"" help:"pass or fail, for one request."`
}

// Run runs the command.
func (l *labelCommand) Run(c *console) error {
	cfg, err := c.load(config.Overrides{Config: l.Config, DataDir: l.DataDir})
	if err != nil {
		return err
	}
	client, err := c.admin(cfg)
	if err != nil {
		return err
	}
	in, err := l.open(c)
	if err != nil {
		return err
	}
	defer in.Close()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	sender := dashboard.LabelSender{
		Client:   client,
		Refused:  func(line int, why string) { fmt.Fprintf(c.stderr, "hotmess: refused: line %d: %s\n", line, why) },
		Progress: labelProgress(c.stderr),
	}
	n, err := sender.Send(ctx, interruptible(ctx, in))
	switch {
	case err != nil:
		return err
	case n.Refused > 0:
		return fmt.Errorf("%d of %d labels were refused", n.Refused, n.Refused+n.Accepted)
	case n.Accepted == 0:
		return fmt.Errorf("%s: %w", l.from(), errNoLabel)
	}
	fmt.Fprintf(c.stdout, "%d labels accepted\n", n.Accepted)
	return nil
}

// labelProgress tells counts every two seconds, and nothing of what takes less.
func labelProgress(out io.Writer) func(dashboard.LabelCounts) {
	const every = 2 * time.Second
	told := time.Now()
	return func(n dashboard.LabelCounts) {
		if time.Since(told) < every {
			return
		}
		told = time.Now()
		fmt.Fprintf(out, "hotmess: %d labels accepted, %d refused so far\n", n.Accepted, n.Refused)
	}
}

// errNoLabel is what becomes of input that is empty.
var errNoLabel = errors.New("no label is in it: write one JSON object on each line, such as " + `{"request":"<X-Hotmess-Id>","outcome":"pass"}`)

// from names what the labels are read from.
func (l *labelCommand) from() string {
	if l.Labels == "-" {
		return "standard input"
	}
	return l.Labels
}

// errOneLabel says how one request is labelled.
var errOneLabel = errors.New("give either pass or fail, or --answer: a label says one thing")

// open gives the labels to read.
func (l *labelCommand) open(c *console) (io.ReadCloser, error) {
	switch {
	case l.Outcome != "" && l.Answer != "":
		return nil, errOneLabel
	case l.Outcome != "" || l.Answer != "":
		text, err := json.Marshal(monitor.Label{V: monitor.LabelVersion, Request: l.Labels, Outcome: l.Outcome, Answer: l.Answer, Source: l.Source})
		return io.NopCloser(bytes.NewReader(text)), err
	case l.Labels == "-":
		return io.NopCloser(c.stdin), nil
	}
	f, err := os.Open(l.Labels)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("no file %s; if it is the id of a request, give pass or fail after it", l.Labels)
	}
	return f, err
}
