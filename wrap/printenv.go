package wrap

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"
)

// PrintOptions configure PrintEnv.
type PrintOptions struct {
	// Worker names the data directory, the token and the environment to change;
	// no process is started.
	Worker Worker
	// Shell is sh, bash, zsh, dash, ksh or fish; empty: as SHELL says.
	Shell string
	// Way is how calls come to the sidecar; WayAuto is WayBoth here.
	Way Way
	// Client is the name under which calls are counted; empty: by User-Agent.
	Client string
}

// PrintEnv writes to w the lines that make a shell's environment lead to the
// running sidecar, and returns what has to be said about them. It fails if no
// sidecar runs on the data directory.
func PrintEnv(ctx context.Context, w io.Writer, o PrintOptions) (notes []string, err error) {
	export, err := exporter(o)
	if err != nil {
		return nil, err
	}
	r, err := find(ctx, o.Worker)
	if err != nil {
		return nil, fmt.Errorf("no sidecar answers on data_dir %s: start one with hotmess serve, or name another with --data-dir (%w)", o.Worker.DataDir, err)
	}
	s := &sidecar{worker: o.Worker, running: r, presets: Preset(o.Worker.Env, r.Listen)}
	in, err := s.passage(ctx, cmp.Or(o.Way, WayBoth), o.Way == WayProxy)
	if err != nil {
		return nil, err
	}
	env, notes := Environ(o.Worker.Env, Endpoints{
		Listen: r.Listen, Client: o.Client, Names: s.register(ctx), Hosts: s.hosts(), Way: in.way, Trust: in.trust,
	})
	before, after := newVars(o.Worker.Env), newVars(env)
	for _, name := range after.order {
		value := after.get(name)
		if before.get(name) == value {
			continue
		}
		if _, err := io.WriteString(w, export(name, value)); err != nil {
			return notes, fmt.Errorf("print environment: %w", err)
		}
	}
	return append(in.notes, notes...), nil
}

// exporter returns how o's shell sets a variable. Lines end in a semicolon, so
// that they survive an unquoted eval.
func exporter(o PrintOptions) (func(name, value string) string, error) {
	shell := o.Shell
	if shell == "" {
		shell = filepath.Base(newVars(o.Worker.Env).get("SHELL"))
	}
	switch shell {
	case "fish":
		return exportFish, nil
	case "sh", "bash", "zsh", "dash", "ksh", "ash", ".":
		return exportSh, nil
	default:
		return nil, fmt.Errorf("shell %q is not known: use --shell sh or --shell fish", shell)
	}
}

func exportSh(name, value string) string {
	return fmt.Sprintf("export %s='%s';\n", name, strings.ReplaceAll(value, "'", `'\''`))
}

func exportFish(name, value string) string {
	return fmt.Sprintf("set -gx %s '%s';\n", name, strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(value))
}
