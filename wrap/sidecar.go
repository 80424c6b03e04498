package wrap

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/gofrs/flock"

	"hotmess/config"
)

const (
	// firstPatience bounds the attempts to reach or start a sidecar before the
	// command starts: one that is just stopping is waited out.
	firstPatience = 5 * time.Second
	// lockPoll is how often a lock held by another process is tried.
	lockPoll = 10 * time.Millisecond
	// slowest is the longest pause between attempts to bring a sidecar back.
	slowest = 2 * time.Second
)

// errSupervised says that a plain serve looks after the worker.
var errSupervised = errors.New("hotmess serve holds this data directory and its sidecar does not answer yet")

// A sidecar is one run's hold on the worker of a data directory.
type sidecar struct {
	worker Worker
	// running is where the worker listens; zero before the first attach.
	running config.Running
	lease   *Lease
	// started holds the workers this run started, to be reaped.
	started []*detached
	// joined: the worker was running already at the first attach.
	joined bool
	// presets are base URLs to be registered again after a restart.
	presets []string
	// restarts counts the worker's deaths under this run.
	restarts int
}

// openSidecar joins the running sidecar of w's data directory, or starts one.
func openSidecar(ctx context.Context, w Worker) (*sidecar, error) {
	if err := os.MkdirAll(w.DataDir, 0o700); err != nil {
		return nil, fmt.Errorf("data_dir: %w", err)
	}
	s := &sidecar{worker: w}
	_, err := backoff.Retry(ctx, func() (struct{}, error) { return struct{}{}, s.attach(ctx) },
		backoff.WithBackOff(pauses()), backoff.WithMaxElapsedTime(firstPatience))
	if err != nil {
		return nil, err
	}
	s.joined = len(s.started) == 0
	return s, nil
}

func pauses() *backoff.ExponentialBackOff {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval, b.MaxInterval, b.Multiplier = 20*time.Millisecond, slowest, 2
	return b
}

func (s *sidecar) admin() admin { return admin{s.running.Admin, s.worker.Token} }

// attach takes a lease on the running worker, or starts one. Of several runs
// that find none, the holder of spawn.lock starts it and the others join.
func (s *sidecar) attach(ctx context.Context) error {
	switch err := s.join(ctx); {
	case err == nil:
		return nil
	case errors.Is(err, errToken):
		return backoff.Permanent(err)
	}
	lock := flock.New(filepath.Join(s.worker.DataDir, spawnLock))
	if _, err := lock.TryLockContext(ctx, lockPoll); err != nil {
		return fmt.Errorf("lock %s: %w", lock.Path(), err)
	}
	defer lock.Close()
	if s.join(ctx) == nil {
		return nil
	}
	if supervised(s.worker.DataDir) {
		return errSupervised
	}
	return s.start(ctx)
}

// join takes a lease on the worker that serve.json names.
func (s *sidecar) join(ctx context.Context) error {
	r, err := find(ctx, s.worker)
	if err != nil {
		return err
	}
	return s.hold(ctx, r)
}

// hold takes a lease that outlives ctx: it ends with release.
func (s *sidecar) hold(ctx context.Context, r config.Running) error {
	lease, err := Hold(context.WithoutCancel(ctx), r.Admin, s.worker.Token)
	if err != nil {
		return err
	}
	s.running, s.lease = r, lease
	return nil
}

// start starts a worker and waits for it. The caller holds spawn.lock.
func (s *sidecar) start(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	log, err := openLog(s.worker.DataDir)
	if err != nil {
		return backoff.Permanent(err)
	}
	defer log.Close()
	from := size(log)
	d, err := s.worker.spawn(s.listenOn(), s.adminOn(), log)
	if err != nil {
		return backoff.Permanent(err)
	}
	r, err := s.worker.ready(ctx, d.pid, d.exited)
	if err == nil {
		err = s.hold(ctx, r)
	}
	if err != nil {
		d.kill()
		return fmt.Errorf("%w (exit code %d; log %s): %s", err, exitCode(d.status), log.Name(), tail(log, from))
	}
	s.started = append(s.started, d)
	return nil
}

// listenOn is the traffic address to start on: the one that the command was
// told, else what is configured, a former sidecar's, or any free one.
func (s *sidecar) listenOn() string {
	if s.running.Listen != "" {
		return s.running.Listen
	}
	former, _ := config.ReadRunning(s.worker.DataDir) // none is as good as an unreadable one
	return choose(s.worker.Listen, former.Listen)
}

// adminOn is listenOn for the admin port.
func (s *sidecar) adminOn() string {
	if s.running.Admin != "" {
		return s.running.Admin
	}
	former, _ := config.ReadRunning(s.worker.DataDir)
	return choose(s.worker.Admin, former.Admin)
}

func choose(configured, former string) string {
	if _, port, err := net.SplitHostPort(configured); err == nil && port == "0" && former != "" {
		return free(former, configured)
	}
	return free(configured, former)
}

// keep brings the sidecar back whenever the lease breaks, until wanted ends. The
// end of ctx also breaks off an attempt.
func (s *sidecar) keep(ctx, wanted context.Context) {
	var recent crashes
	for {
		select {
		case <-wanted.Done():
			return
		case <-s.lease.Lost():
		}
		if recent.add(time.Now()) && !sleep(wanted, crashWindow/2) {
			return
		}
		if err := s.reattach(ctx); err != nil {
			return
		}
	}
}

// reattach tries until the sidecar is back or ctx ends: without it the command
// cannot reach its LLM.
func (s *sidecar) reattach(ctx context.Context) error {
	before := s.running.PID
	logLine(s.worker.DataDir, "sidecar gone", "pid", before)
	attempt := func() (struct{}, error) {
		s.reap()
		return struct{}{}, s.attach(ctx)
	}
	logged := func(err error, next time.Duration) {
		logLine(s.worker.DataDir, "sidecar not back", "err", err, "next", next)
	}
	_, err := backoff.Retry(ctx, attempt, backoff.WithBackOff(pauses()), backoff.WithMaxElapsedTime(0), backoff.WithNotify(logged))
	if err != nil {
		logLine(s.worker.DataDir, "sidecar given up", "err", err)
		return err
	}
	if s.running.PID != before {
		s.restarts++
	}
	s.register(ctx)
	return nil
}

// register makes the presets upstreams of the sidecar and returns their names. A
// refused one is absent and in the log.
func (s *sidecar) register(ctx context.Context) map[string]string {
	names := make(map[string]string, len(s.presets))
	for _, url := range s.presets {
		name, err := s.admin().addUpstream(ctx, url)
		if err != nil {
			logLine(s.worker.DataDir, "base URL not taken over", "err", err)
			continue
		}
		names[url] = name
	}
	return names
}

// reap collects the workers that have ended.
func (s *sidecar) reap() {
	s.started = slices.DeleteFunc(s.started, (*detached).exited)
}

// release gives the lease back. The worker ends when nobody holds one.
func (s *sidecar) release() {
	s.lease.Release()
	s.reap()
}

// supervised reports whether a plain serve looks after the worker of dataDir.
func supervised(dataDir string) bool {
	lock := flock.New(filepath.Join(dataDir, superviseLock))
	defer lock.Close()
	got, err := lock.TryRLock()
	return err == nil && !got
}

// sleep waits for d and reports whether ctx is still live.
func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}
