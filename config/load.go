package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// maxFile bounds a configuration file, in bytes.
const maxFile = 256 << 10

// Overrides are the settings that a command line gives; nil is not given. The
// tags are those of the command-line parser.
type Overrides struct {
	Config   *string `name:"config" placeholder:"FILE" help:"Configuration file (YAML)."`
	Listen   *string `name:"listen" placeholder:"ADDR" help:"Address of the traffic port."`
	Admin    *string `name:"admin" placeholder:"ADDR" help:"Address of API, metrics and health."`
	Upstream *string `name:"upstream" placeholder:"URL" help:"Send every request to this base URL."`
	Mode     *Mode   `name:"mode" placeholder:"MODE" help:"off, observe or ensemble."`
	Samples  *int    `name:"samples" placeholder:"N" help:"Samples of one request, the primary included."`
	Rate     *Rate   `name:"rate" placeholder:"RATE" help:"Share of requests to measure, 0 to 1, or auto."`
	DataDir  *string `name:"data-dir" placeholder:"DIR" help:"Directory of everything that is kept."`
	NATS     *string `name:"nats" placeholder:"ADDR" help:"Address of the embedded NATS server."`
}

// Load makes the configuration: the defaults, overridden by the file, by the
// environment (in the form of os.Environ) and by the flags, in this order. The
// file is the one of the flags, else of HOTMESS_CONFIG, else none.
//
// All problems are found at once and joined; each is a *Problem. With an error
// the Config is the zero value, the warnings are still of use. Load neither
// makes nor looks into the data directory. It keeps nothing: to reload, call it
// again.
func Load(env []string, flags Overrides) (Config, []Warning, error) {
	l := loader{
		cfg: Default(), env: environment(env), at: origins{}, expanded: map[string]bool{},
	}
	l.file(flags)
	l.problems = append(l.problems, applyEnv(&l.cfg, l.env, l.at)...)
	l.problems = append(l.problems, unknownVariables(l.env, l.expanded)...)
	flags.apply(&l.cfg, l.at)
	l.dataDir()
	l.votes()
	warnings := l.check()
	if err := errors.Join(l.problems...); err != nil {
		return Config{}, warnings, err
	}
	return l.cfg, warnings, nil
}

// A loader is one call of Load.
type loader struct {
	cfg      Config
	env      map[string]string
	expanded map[string]bool
	at       origins
	problems []error
}

// file lays the configuration file over the defaults.
func (l *loader) file(flags Overrides) {
	name := l.env[fileVariable]
	if flags.Config != nil {
		name = *flags.Config
	}
	if name == "" {
		return
	}
	data, err := readFile(name)
	if err != nil {
		l.problems = append(l.problems, &Problem{Where: name, Text: err.Error()})
		return
	}
	l.decode(name, data)
}

// decode is file after reading.
func (l *loader) decode(name string, data []byte) {
	d := decoder{env: l.env, expanded: l.expanded, origins: l.at}
	d.decode(name, data, &l.cfg)
	l.problems = append(l.problems, d.problems...)
}

// readFile reads a file of at most maxFile bytes.
func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, cause("open", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, cause("read", err)
	}
	if len(data) > maxFile {
		return nil, fmt.Errorf("larger than %s", Size(maxFile))
	}
	return data, nil
}

// cause leaves the file name, which leads the message already, out of err.
func cause(op string, err error) error {
	if pathErr, ok := errors.AsType[*os.PathError](err); ok {
		err = pathErr.Err
	}
	return fmt.Errorf("%s: %w", op, err)
}

// apply lays the flags over c.
func (o Overrides) apply(c *Config, at origins) {
	override(at, "listen", "--listen", &c.Listen, o.Listen)
	override(at, "admin.listen", "--admin", &c.Admin.Listen, o.Admin)
	override(at, "upstream", "--upstream", &c.Upstream, o.Upstream)
	override(at, "sampling.mode", "--mode", &c.Sampling.Mode, o.Mode)
	override(at, "sampling.samples", "--samples", &c.Sampling.Samples, o.Samples)
	override(at, "sampling.rate", "--rate", &c.Sampling.Rate, o.Rate)
	override(at, "data_dir", "--data-dir", &c.DataDir, o.DataDir)
	override(at, "nats.listen", "--nats", &c.NATS.Listen, o.NATS)
}

// override sets one setting if its flag was given.
func override[T any](at origins, key, flag string, dst, value *T) {
	if value != nil {
		*dst = *value
		at[key] = origin{where: flag}
	}
}

// dataDir resolves an empty data directory to the one of the XDG base
// directories, and ~/ to the home directory.
func (l *loader) dataDir() {
	home, state := l.env["HOME"], l.env["XDG_STATE_HOME"]
	rest, inHome := cutHome(l.cfg.DataDir)
	switch {
	case l.cfg.DataDir != "" && !inHome:
		return
	case l.cfg.DataDir == "" && filepath.IsAbs(state):
		l.cfg.DataDir = filepath.Join(state, "hotmess")
	case home == "":
		l.problems = append(l.problems, &Problem{Key: "data_dir", Text: "HOME is not set; name a directory by data_dir or HOTMESS_DATA_DIR"})
	case inHome:
		l.cfg.DataDir = filepath.Join(home, rest)
	default:
		l.cfg.DataDir = filepath.Join(home, ".local", "state", "hotmess")
	}
}

// cutHome takes ~/ off a path.
func cutHome(path string) (string, bool) {
	if len(path) >= 2 && path[:2] == "~/" {
		return path[2:], true
	}
	return path, false
}

// check validates what was loaded and says where each problem comes from.
func (l *loader) check() []Warning {
	k := check(l.cfg)
	for _, p := range k.problems {
		l.at.locate(p)
		l.problems = append(l.problems, p)
	}
	for i := range k.warnings {
		l.at.locate((*Problem)(&k.warnings[i]))
	}
	return k.warnings
}
