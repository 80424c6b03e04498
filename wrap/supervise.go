package wrap

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/gofrs/flock"

	"hotmess/config"
)

const (
	// exitFailed is a worker's code for what a restart would not mend: a bad
	// config, a taken port. Above it are crashes; a Go panic is 2.
	exitFailed = 1
	// claimPatience is how long another holder of supervise.lock is waited for:
	// runs hold it for moments, to look.
	claimPatience = time.Second
	// handover is how long a sidecar that already runs is waited for: that of a
	// run that has just ended goes on for some seconds, and then takes a moment
	// to end, on a busy machine a longer one.
	handover     = 10 * time.Second
	handoverPoll = 100 * time.Millisecond
	// drain is how long a worker may take to end after ctx has.
	drain = 30 * time.Second
)

// A supervisor keeps the worker of a plain serve alive.
type supervisor struct {
	SuperviseOptions
	// running is where the last worker listened; zero before the first.
	running  config.Running
	stopping bool
	recent   crashes
}

// Supervise runs the worker in the foreground and restarts it on the same
// addresses when it crashes, that is, is killed by a signal or ends with a code
// above 1. It returns the exit code for the process when the worker ends by
// itself, when it was told to (SIGINT, SIGTERM or the end of ctx), or after five
// crashes within ten seconds. SIGHUP is passed on.
//
// The worker has a process group of its own, so that it gets each signal once,
// from here; it holds no terminal input. It is leased: it ends if this process is
// killed.
func Supervise(ctx context.Context, o SuperviseOptions) (exit int) {
	s := &supervisor{SuperviseOptions: o}
	release, err := s.claim(ctx)
	if err != nil {
		s.say("%v", err)
		return exitFailed
	}
	defer release()
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(signals)
	for {
		code, crashed := s.live(ctx, signals)
		if !crashed || s.stopping || ctx.Err() != nil {
			return code
		}
		if s.recent.add(time.Now()) {
			s.say("the sidecar crashed %d times within %v (last exit code %d): giving up", maxCrashes, crashWindow, code)
			return code
		}
		s.say("the sidecar crashed (exit code %d): restarting it", code)
	}
}

func (s *supervisor) say(format string, args ...any) {
	fmt.Fprintf(s.Stderr, "hotmess: "+format+"\n", args...)
}

// claim makes this process the one that looks after the data directory.
func (s *supervisor) claim(ctx context.Context) (release func(), err error) {
	if err := os.MkdirAll(s.Worker.DataDir, 0o700); err != nil {
		return nil, fmt.Errorf("data_dir: %w", err)
	}
	locking, cancel := context.WithTimeout(ctx, claimPatience)
	defer cancel()
	lock := flock.New(filepath.Join(s.Worker.DataDir, superviseLock))
	_, err = lock.TryLockContext(locking, lockPoll)
	if errors.Is(err, context.DeadlineExceeded) {
		return nil, fmt.Errorf("hotmess serve runs on %s already: use another --data-dir", s.Worker.DataDir)
	}
	if err != nil {
		return nil, fmt.Errorf("data_dir: lock: %w", err)
	}
	if r, err := s.outlast(ctx); err == nil {
		_ = lock.Close()
		return nil, fmt.Errorf("a sidecar (pid %d) runs on %s already, on %s: use it, or another --data-dir", r.PID, s.Worker.DataDir, r.Listen)
	}
	return func() { _ = lock.Close() }, nil
}

// outlast waits for a sidecar on the data directory to end. It returns the one
// that does not.
func (s *supervisor) outlast(ctx context.Context) (config.Running, error) {
	for deadline := time.Now().Add(handover); ; {
		r, err := find(ctx, s.Worker)
		if err != nil || time.Now().After(deadline) || !sleep(ctx, handoverPoll) {
			return r, err
		}
	}
}

// live is one life of the worker.
func (s *supervisor) live(ctx context.Context, signals <-chan os.Signal) (code int, crashed bool) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cmd := s.command(ctx)
	if err := cmd.Start(); err != nil {
		s.say("start the sidecar: %v", err)
		return exitFailed, false
	}
	holding, release := context.WithCancel(context.WithoutCancel(ctx))
	var leases sync.WaitGroup
	leases.Go(func() { s.lease(holding, cmd.Process.Pid) })
	waited := make(chan error, 1)
	go func() { waited <- cmd.Wait() }()
	s.relay(cmd.Process, signals, waited)
	release()
	leases.Wait()
	s.note(cmd.Process.Pid)
	code, _ = ending(cmd.ProcessState, nil)
	return code, code > exitFailed
}

// command is the worker's process. The end of ctx asks it to end.
func (s *supervisor) command(ctx context.Context) *exec.Cmd {
	listen, admin := s.Worker.Listen, s.Worker.Admin
	if s.running.Listen != "" {
		listen, admin = s.running.Listen, s.running.Admin
	}
	cmd := exec.CommandContext(ctx, s.Worker.Executable, s.Worker.arguments(listen, admin)...)
	cmd.Env, cmd.Stdout, cmd.Stderr = s.Worker.Env, s.Stdout, s.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = drain
	return cmd
}

// relay passes signals on until the worker has ended. The second request to stop
// kills it.
func (s *supervisor) relay(p *os.Process, signals <-chan os.Signal, waited <-chan error) {
	for {
		select {
		case <-waited:
			return
		case sig := <-signals:
			if sig != syscall.SIGHUP && s.stopping {
				sig = syscall.SIGKILL
			}
			s.stopping = s.stopping || sig != syscall.SIGHUP
			_ = p.Signal(sig) // fails only if the worker has just ended
		}
	}
}

// note remembers where the worker pid has listened, if it came that far.
func (s *supervisor) note(pid int) {
	if r, err := config.ReadRunning(s.Worker.DataDir); err == nil && r.PID == pid {
		s.running = r
	}
}

// lease keeps a lease on worker pid until ctx ends.
func (s *supervisor) lease(ctx context.Context, pid int) {
	r, err := s.Worker.ready(ctx, pid, nil)
	if err != nil {
		return
	}
	for ctx.Err() == nil {
		l, err := Hold(ctx, r.Admin, s.Worker.Token)
		if err != nil {
			sleep(ctx, slowest)
			continue
		}
		<-l.Lost()
	}
}
