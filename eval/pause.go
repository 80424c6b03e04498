package eval

import (
	"context"
	"sync"
	"time"
)

// A pause holds all calls back until a time. The zero pause holds nobody.
type pause struct {
	mu  sync.Mutex
	end time.Time
}

// until lengthens the pause; it never shortens it.
func (p *pause) until(t time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if t.After(p.end) {
		p.end = t
	}
}

// left is how much of the pause is left.
func (p *pause) left() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return time.Until(p.end)
}

// wait waits for the end of the pause, or of ctx, whose cause it returns.
func (p *pause) wait(ctx context.Context) error {
	for left := p.left(); left > 0; left = p.left() {
		timer := time.NewTimer(left)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return context.Cause(ctx)
		}
	}
	return context.Cause(ctx)
}
