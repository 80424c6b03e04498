package wrap

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

// Exit codes of run where the command gives none, as in POSIX shells, env and
// timeout.
const (
	exitUsage         = 2
	exitOurs          = 125
	exitNotExecutable = 126
	exitNotFound      = 127
)

// lookUp finds the command's file; if it cannot, code is 126 or 127.
func lookUp(command string) (path string, code int, err error) {
	path, err = exec.LookPath(command)
	switch {
	case err == nil, errors.Is(err, exec.ErrDot): // . in PATH is the user's choice
		return path, 0, nil
	case errors.Is(err, fs.ErrPermission):
		return "", exitNotExecutable, fmt.Errorf("%s cannot be executed: %w", command, err)
	default:
		return "", exitNotFound, fmt.Errorf("%s was not found: %w", command, err)
	}
}

// runCommand runs the wrapped command on the terminal until it ends. The end of
// ctx is SIGTERM to it.
func runCommand(ctx context.Context, o Options, path string, env []string) (int, error) {
	cmd := exec.CommandContext(ctx, path, o.Command[1:]...)
	cmd.Args[0], cmd.Err = o.Command[0], nil
	cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = env, o.Stdin, o.Stdout, o.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, handled()...)
	defer signal.Stop(signals)
	if err := cmd.Start(); err != nil {
		return startFailure(o.Command[0], err)
	}
	waited := make(chan error, 1)
	go func() { waited <- cmd.Wait() }()
	for {
		select {
		case sig := <-signals:
			passOn(cmd.Process, sig)
		case err := <-waited:
			return ending(cmd.ProcessState, err)
		}
	}
}

// handled are the signals that must not end run while the command lives. One
// that was ignored when run started, as under nohup, stays ignored for both.
func handled() []os.Signal {
	all := []os.Signal{
		syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM, syscall.SIGHUP,
		syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGWINCH,
	}
	var sigs []os.Signal
	for _, sig := range all {
		if !signal.Ignored(sig) {
			sigs = append(sigs, sig)
		}
	}
	return sigs
}

// passOn sends sig to the command, but for those that the terminal has sent to it
// already.
func passOn(p *os.Process, sig os.Signal) {
	if sig == syscall.SIGINT || sig == syscall.SIGQUIT {
		return
	}
	_ = p.Signal(sig) // fails only if the command has just ended
}

func startFailure(command string, err error) (int, error) {
	if errors.Is(err, fs.ErrNotExist) {
		return exitNotFound, fmt.Errorf("start %s: %w", command, err)
	}
	return exitNotExecutable, fmt.Errorf("start %s: %w", command, err)
}

// ending is how the command ended. That it failed is its own affair, not an
// error of run.
func ending(state *os.ProcessState, err error) (int, error) {
	if ws, ok := state.Sys().(syscall.WaitStatus); ok {
		return exitCode(ws), nil
	}
	return exitOurs, fmt.Errorf("wait for the command: %w", err)
}
