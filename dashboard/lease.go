package dashboard

import (
	"context"
	"sync"
	"time"
)

// Leases counts the processes that hold the sidecar open. A sidecar that was
// started for others ends when the last of them has let go.
type Leases struct {
	// Grace is how long after the start, or after the last lease, another may
	// come.
	Grace time.Duration

	mu      sync.Mutex
	held    int
	changed chan struct{}
	closing chan struct{}
}

// NewLeases makes an empty count.
func NewLeases(grace time.Duration) *Leases {
	return &Leases{Grace: grace, changed: make(chan struct{}), closing: make(chan struct{})}
}

// take adds one lease until the returned function is called.
func (l *Leases) take() (release func()) {
	l.add(1)
	return func() { l.add(-1) }
}

// add changes the count and wakes the waiter.
func (l *Leases) add(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held += n
	close(l.changed)
	l.changed = make(chan struct{})
}

// state returns the count and a channel that is closed at its next change.
func (l *Leases) state() (int, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.held, l.changed
}

// Unheld returns once no lease has been held for the grace, or ctx ends.
func (l *Leases) Unheld(ctx context.Context) {
	for {
		held, changed := l.state()
		var grace <-chan time.Time
		if held == 0 {
			grace = time.After(l.Grace)
		}
		select {
		case <-changed:
		case <-grace:
			return
		case <-ctx.Done():
			return
		}
	}
}

// Close ends the leases that are held.
func (l *Leases) Close() { close(l.closing) }
