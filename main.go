// Command hotmess is a sidecar between an agent and its LLM API: it samples a
// request several times, measures how much the samples disagree, can answer
// with the one that they agree on, and publishes alerts over NATS.
//
// This package holds the commands and nothing worth a unit test: it parses,
// builds, runs and stops. See the rooms for what is done:
//
//	proxy ──▶ ensemble ──▶ monitor ──▶ alerts       config, wire: leaves
//	sidecar assembles them, wrap runs a command beside them, dashboard is the
//	admin port, ca the certificate authority, sim the simulated API, demo the
//	tour, eval runs data sets
package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strconv"

	"github.com/alecthomas/kong"

	"hotmess/config"
)

// version is set by the linker for releases.
var version = "devel"

// Exit codes that are hotmess's own. A wrapped command's code is passed on.
const (
	exitOK    = 0
	exitError = 1
	exitUsage = 2
)

// A console is what the process was started with.
type console struct {
	env                   []string
	stdin, stdout, stderr *os.File
	// exit is the exit code of a command that has one of its own.
	exit int
}

// commands is the command line.
type commands struct {
	Serve       serveCommand     `cmd:"" default:"withargs" help:"Run the sidecar (the default)."`
	Run         runCommand       `cmd:"" help:"Run a command with the sidecar beside it."`
	Env         envCommand       `cmd:"" help:"Print the environment that leads an agent to the running sidecar."`
	Eval        evalCommand      `cmd:"" help:"Run a labelled data set through an upstream, each question several times."`
	Demo        demoCommand      `cmd:"" help:"Show it all on a simulated model: no key, no network."`
	Watch       watchCommand     `cmd:"" help:"Print alerts as they come."`
	Report      reportCommand    `cmd:"" help:"The tables and figures of recorded samples: error, bias², variance, incoherence."`
	Label       labelCommand     `cmd:"" help:"Say what became of requests: right, wrong, or what the right answer was."`
	Backtest    backtestCommand  `cmd:"" help:"Run recorded observations through the rules: what would have fired."`
	Baseline    baselineCommand  `cmd:"" help:"What a route's alerts compare with."`
	Ca          caCommand        `cmd:"" help:"The certificate authority by which the forward way opens TLS."`
	Check       checkCommand     `cmd:"" help:"Check the configuration."`
	Healthcheck healthCommand    `cmd:"" help:"Exit with 0 if the sidecar answers."`
	Sim         simCommand       `cmd:"" help:"Run the simulated LLM API alone."`
	Version     kong.VersionFlag `help:"Print the version."`
}

func main() {
	os.Exit(run(os.Args[1:], &console{env: os.Environ(), stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr}))
}

// run runs one command line and returns its exit code.
func run(args []string, c *console) int {
	var cmds commands
	exited := -1
	parser, err := kong.New(&cmds, kong.Name("hotmess"),
		kong.Description("A sidecar that tells you when your agent has become one."),
		kong.Vars{"version": version}, kong.UsageOnError(), kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Writers(c.stdout, c.stderr), kong.Exit(func(code int) { exited = code }))
	if err != nil {
		return c.fail(err, exitError)
	}
	parsed, err := parser.Parse(args)
	if exited >= 0 { // help or version was printed
		return exited
	}
	if err != nil {
		return c.fail(err, exitUsage)
	}
	if err := parsed.Run(c); err != nil {
		return c.fail(err, exitError)
	}
	return c.exit
}

// fail prints an error, each that is joined in it for itself.
func (c *console) fail(err error, code int) int {
	for _, e := range unjoin(err) {
		fmt.Fprintf(c.stderr, "hotmess: error: %v\n", e)
	}
	return code
}

// unjoin lists what errors.Join has joined, to any depth. Errors that wrap
// several others in a text of their own stay whole.
func unjoin(err error) []error {
	joined, ok := err.(interface{ Unwrap() []error }) //nolint:errorlint // only the outermost form counts
	if !ok || errors.Join(joined.Unwrap()...).Error() != err.Error() {
		return []error{err}
	}
	var all []error
	for _, e := range joined.Unwrap() {
		all = append(all, unjoin(e)...)
	}
	return all
}

// load reads the configuration and prints its warnings.
func (c *console) load(flags config.Overrides) (config.Config, error) {
	cfg, warnings, err := config.Load(c.env, flags)
	if err != nil {
		return cfg, err // what is wrong goes before what is odd
	}
	for _, w := range warnings {
		fmt.Fprintf(c.stderr, "hotmess: warning: %v\n", w)
	}
	return cfg, nil
}

// logger makes the log that the configuration asks for.
func (c *console) logger(l config.Log) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(l.Level)) // validated
	options := &slog.HandlerOptions{Level: level}
	if l.Format == "json" {
		return slog.New(slog.NewJSONHandler(c.stderr, options))
	}
	return slog.New(slog.NewTextHandler(c.stderr, options))
}

// running finds the sidecar of a data directory.
func (c *console) running(cfg config.Config) (config.Running, error) {
	r, err := config.ReadRunning(cfg.DataDir)
	if errors.Is(err, os.ErrNotExist) {
		return r, fmt.Errorf("no sidecar has run on data_dir %s: start one with hotmess serve, or name another with --data-dir", cfg.DataDir)
	}
	return r, err
}

// flagsOf returns the flags that were given, as arguments again, but for the
// addresses, which the supervisor knows better.
func flagsOf(o config.Overrides) []string {
	var args []string
	add := func(name, value string) { args = append(args, "--"+name+"="+value) }
	if o.Config != nil {
		add("config", *o.Config)
	}
	if o.Upstream != nil {
		add("upstream", *o.Upstream)
	}
	if o.Mode != nil {
		add("mode", string(*o.Mode))
	}
	if o.Samples != nil {
		add("samples", strconv.Itoa(*o.Samples))
	}
	if o.Rate != nil {
		add("rate", o.Rate.String())
	}
	if o.DataDir != nil {
		add("data-dir", *o.DataDir)
	}
	if o.NATS != nil {
		add("nats", *o.NATS)
	}
	return args
}
