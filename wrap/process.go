package wrap

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"time"

	"hotmess/config"
)

const (
	// readyTimeout bounds a worker's start. Ready takes tens of milliseconds;
	// recovery of a large alert store takes longer.
	readyTimeout = 15 * time.Second
	// readyPoll is how often a starting worker is looked for.
	readyPoll = 10 * time.Millisecond
)

// arguments start the worker on the given addresses.
func (w Worker) arguments(listen, admin string) []string {
	return append(slices.Clone(w.Args), "--listen", listen, "--admin", admin)
}

// A detached worker is a process in a session of its own: the terminal's signals
// do not reach it and it may outlive the run that started it.
type detached struct {
	pid    int
	reaped bool
	status syscall.WaitStatus
}

// spawn starts the worker detached, its output appended to log.
func (w Worker) spawn(listen, admin string, log *os.File) (*detached, error) {
	cmd := exec.Command(w.Executable, w.arguments(listen, admin)...)
	cmd.Env, cmd.Stdout, cmd.Stderr = withoutProxy(w.Env, listen), log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the sidecar: %w", err)
	}
	d := &detached{pid: cmd.Process.Pid}
	if err := cmd.Process.Release(); err != nil {
		return nil, fmt.Errorf("let go of the sidecar: %w", err)
	}
	return d, nil
}

// exited reports whether the process has ended, and reaps it if so. Nobody waits
// for a detached worker: it may live longer than its starter.
func (d *detached) exited() bool {
	if !d.reaped {
		pid, err := syscall.Wait4(d.pid, &d.status, syscall.WNOHANG, nil)
		d.reaped = pid == d.pid || errors.Is(err, syscall.ECHILD)
	}
	return d.reaped
}

// kill ends the process and waits for it.
func (d *detached) kill() {
	if d.exited() {
		return
	}
	_ = syscall.Kill(d.pid, syscall.SIGKILL) // it is our child and not reaped: the id is its own
	_, _ = syscall.Wait4(d.pid, &d.status, 0, nil)
	d.reaped = true
}

// ready waits until process pid has written serve.json and answers on its admin
// port. It gives up when gone, which may be nil, says that the process ended.
func (w Worker) ready(ctx context.Context, pid int, gone func() bool) (config.Running, error) {
	tick := time.NewTicker(readyPoll)
	defer tick.Stop()
	for {
		if r, err := config.ReadRunning(w.DataDir); err == nil && r.PID == pid {
			if err := (admin{r.Admin, w.Token}).live(ctx, r.Instance); err == nil {
				return r, nil
			}
		}
		if gone != nil && gone() {
			return config.Running{}, errExited
		}
		select {
		case <-ctx.Done():
			return config.Running{}, fmt.Errorf("wait for the sidecar: %w", ctx.Err())
		case <-tick.C:
		}
	}
}

// errExited says that a worker ended before it was ready.
var errExited = errors.New("the sidecar ended before it was ready")

// exitCode is the code by which shells know how a process ended.
func exitCode(ws syscall.WaitStatus) int {
	if ws.Signaled() {
		return 128 + int(ws.Signal())
	}
	return ws.ExitStatus()
}
