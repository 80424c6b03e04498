package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"hotmess/config"
	"hotmess/eval"
	"hotmess/wire"
)

// evalCommand runs a labelled data set through an upstream.
type evalCommand struct {
	Dataset     string        `arg:"" type:"path" help:"Data set (JSON lines with dataset, question_id, question, reference)."`
	Model       string        `required:"" short:"m" help:"Model to ask."`
	Upstream    string        `placeholder:"URL" help:"Base URL of the upstream; by default that of the dialect's own provider."`
	Dialect     wire.Dialect  `default:"openai-chat" enum:"openai-chat,openai-responses,anthropic-messages,gemini-generate" help:"Form of the requests: ${enum}."`
	Samples     int           `default:"5" short:"n" help:"Samples of each question, at least 2."`
	Concurrency int           `default:"8" help:"Calls in flight at once."`
	Limit       int           `placeholder:"N" help:"Ask the first N questions only."`
	Temperature *float64      `help:"Temperature; by default the upstream's own."`
	MaxTokens   int           `placeholder:"N" help:"Cap on generated tokens; by default the upstream's own."`
	Instruction *string       `placeholder:"TEXT" help:"What is appended to each question; by default a line that asks for the form of --extract."`
	Extract     string        `placeholder:"FORM" help:"Form of final answer: letter, number, boxed, tag:NAME or regexp:EXPR; by default as the references are."`
	Condition   string        `placeholder:"NAME" help:"Name of the setting that is tried, for the report."`
	Body        string        `placeholder:"JSON" help:"Object that is merged into every request, such as a reasoning effort."`
	Price       []float64     `placeholder:"IN,OUT" help:"Dollars per million tokens, for the cost so far."`
	Timeout     time.Duration `default:"10m" help:"Longest time of one call."`
	Out         string        `short:"o" type:"path" placeholder:"FILE" help:"Result; by default named after data set, model and condition."`
}

// Run runs the command.
func (e *evalCommand) Run(c *console) error {
	options, err := e.options(c)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	sum, err := eval.Run(ctx, options)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.stderr, "hotmess eval: %s: %s\n", options.Out, told(sum))
	return (&reportCommand{Files: []string{options.Out}}).Run(c)
}

// told is a summary for people.
func told(s eval.Summary) string {
	parts := []string{fmt.Sprintf("%d samples of %d questions", s.Samples, s.Questions)}
	for _, part := range []struct {
		n    int
		what string
	}{
		{s.Empty, "questions without any"},
		{s.Short, "questions with fewer than asked for"},
		{s.Failed, "samples failed"},
		{s.Unusable, "lines of the data set not used"},
	} {
		if part.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", part.n, part.what))
		}
	}
	return strings.Join(parts, "; ")
}

// options are the flags, and the key from the environment.
func (e *evalCommand) options(c *console) (eval.Options, error) {
	o := eval.Options{
		Dataset: e.Dataset, Out: e.Out, Upstream: e.Upstream, Dialect: e.Dialect, Model: e.Model, Key: apiKey(c.env, e.Dialect),
		Samples: e.Samples, Concurrency: e.Concurrency, Limit: e.Limit, Temperature: e.Temperature, MaxTokens: e.MaxTokens,
		Instruction: e.Instruction, Extract: e.Extract, Condition: e.Condition, Timeout: e.Timeout,
		Log: c.stderr, Terminal: terminal(c.stderr),
	}
	if o.Out == "" {
		o.Out = resultName(e.Dataset, e.Model, e.Condition)
	}
	if e.Body != "" {
		if !json.Valid([]byte(e.Body)) {
			return o, errors.New("--body: is not JSON")
		}
		o.Body = json.RawMessage(e.Body)
	}
	switch len(e.Price) {
	case 0:
	case 2:
		o.Price = &eval.Price{In: e.Price[0], Out: e.Price[1]}
	default:
		return o, fmt.Errorf("--price: wants two numbers, as in --price 1.25,10, got %s", list(e.Price))
	}
	return o, nil
}

func list(numbers []float64) string {
	texts := make([]string, len(numbers))
	for i, n := range numbers {
		texts[i] = strconv.FormatFloat(n, 'g', -1, 64)
	}
	return strings.Join(texts, ",")
}

// apiKey is the key in the variable that the provider's SDKs read.
func apiKey(env []string, d wire.Dialect) config.Secret {
	names := []string{eval.KeyVariable(d)}
	if d == wire.GeminiGenerate {
		names = append(names, "GOOGLE_API_KEY")
	}
	for _, name := range names {
		for _, v := range env {
			if value, ok := strings.CutPrefix(v, name+"="); ok && value != "" {
				return config.Secret(value)
			}
		}
	}
	return ""
}

// resultName is where the result goes by default: into the working directory.
func resultName(dataset, model, condition string) string {
	name := strings.TrimSuffix(filepath.Base(dataset), filepath.Ext(dataset)) + "." + model
	if condition != "" {
		name += "." + condition
	}
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(`/\:*?"<>| `, r) {
			return '-'
		}
		return r
	}, name) + ".jsonl"
}

// terminal reports whether a file is one that lines can be written over on.
func terminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
