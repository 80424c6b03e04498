package sidecar

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"
)

const (
	// leaseGrace is how long a leased sidecar outlives its last lease, so that
	// the next process can take it over.
	leaseGrace = 3 * time.Second
	// drainTimeout bounds how long requests in flight may go on at the end.
	drainTimeout = 30 * time.Second
	// closeTimeout bounds the closing of the alert store.
	closeTimeout = 10 * time.Second
)

// A stage is one long-lived part of the line.
type stage struct {
	name string
	// run blocks until ctx ends, and then until the stage has nothing left
	// to do.
	run func(ctx context.Context) error
}

// A running stage can be stopped and waited for.
type runningStage struct {
	stage
	stop context.CancelFunc
	done chan struct{}
	err  error
}

// start runs a stage in a goroutine of its own. failed is told when it ends.
func (st stage) start(failed chan<- struct{}) *runningStage {
	ctx, cancel := context.WithCancel(context.Background())
	r := &runningStage{stage: st, stop: cancel, done: make(chan struct{})}
	go func() {
		defer close(r.done)
		r.err = st.run(ctx)
		if ctx.Err() == nil {
			r.err = errors.Join(errStopped, r.err)
		}
		select {
		case failed <- struct{}{}:
		default:
		}
	}()
	return r
}

// Run serves until ctx ends, a stage fails, or, for a leased sidecar, the last
// lease is gone; then it stops the line in the order of the data. The store is
// closed when it returns. A second Run is not possible.
func (s *Sidecar) Run(ctx context.Context) error {
	stages := []stage{
		{"traffic", s.serveTraffic},
		{"labels", s.takeLabels},
		{"monitor", s.Monitor.Run},
		{"alerts", s.Alerts.Run},
		{"bus", s.bus.Run},
		{"admin", s.serveAdmin},
	}
	failed := make(chan struct{}, 1)
	running := make([]*runningStage, len(stages))
	for i := len(stages) - 1; i >= 0; i-- {
		running[i] = stages[i].start(failed)
	}
	s.log.Info("serving", slog.String("listen", s.running.Listen), slog.String("admin", s.running.Admin), slog.String("nats", s.running.NATS))
	waiting, forget := context.WithCancel(ctx)
	unheld := s.unheld(waiting)
	select {
	case <-ctx.Done():
	case <-failed:
	case <-unheld:
		s.log.Info("the last lease is gone")
	}
	forget()
	if unheld != nil {
		<-unheld
	}
	return s.stop(running)
}

// unheld is closed when a leased sidecar is no longer needed. For others it
// never is.
func (s *Sidecar) unheld(ctx context.Context) <-chan struct{} {
	if !s.leased {
		return nil
	}
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		s.leases.Unheld(ctx)
	}()
	return gone
}

// stop ends the stages one after the other and closes the store.
func (s *Sidecar) stop(running []*runningStage) error {
	var errs []error
	for _, r := range running {
		r.stop()
		<-r.done
		if r.err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", r.name, r.err))
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	if err := s.bus.Close(ctx); err != nil {
		errs = append(errs, fmt.Errorf("close the alert store: %w", err))
	}
	s.log.Info("stopped")
	return errors.Join(errs...)
}

// serveTraffic serves the traffic port. At its end requests in flight go on
// for a while, and the extras stop.
func (s *Sidecar) serveTraffic(ctx context.Context) error {
	defer s.handler.Close()
	return s.serve(ctx, s.traffic, drainTimeout)
}

// serveAdmin serves the admin port.
func (s *Sidecar) serveAdmin(ctx context.Context) error {
	context.AfterFunc(ctx, s.leases.Close)
	return s.serve(ctx, s.admin, time.Second)
}

// serve runs a server until ctx ends, and then lets it drain.
func (s *Sidecar) serve(ctx context.Context, l listening, drain time.Duration) error {
	ended := make(chan error, 1)
	go func() { ended <- l.server.Serve(l.listener) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	limit, cancel := context.WithTimeout(context.Background(), drain)
	defer cancel()
	if err := l.server.Shutdown(limit); err != nil {
		s.log.Warn("requests in flight were cut", slog.Any("error", err))
		_ = l.server.Close()
	}
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
