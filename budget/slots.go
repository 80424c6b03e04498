package budget

import (
	"context"
	"slices"
	"sync"
	"time"

	"hotmess/wire"
)

// maxWaiting bounds the extras that wait for a slot. Each holds its request in
// memory, and all are looked at when one is freed.
const maxWaiting = 256

// slots hands out the right to run an extra: at most max at one time, and for
// each upstream as many as its throttle admits. Who waits is served in order of
// arrival, but nobody waits behind another upstream's limit.
type slots struct {
	now func() time.Time

	mu        sync.Mutex
	max       int
	inFlight  int
	upstreams map[string]*throttle
	waiting   []*waiter
}

// A waiter waits for a slot. ready is closed by who settles its fate: granted,
// or refused for the reason.
type waiter struct {
	throttle *throttle
	ready    chan struct{}
	refused  Refusal
}

func newSlots(most int, now func() time.Time) *slots {
	return &slots{max: most, now: now, upstreams: map[string]*throttle{}}
}

// setMax sets the most extras at one time, and lets in who fits now.
func (s *slots) setMax(most int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.max = most
	s.serve()
}

// acquire waits for a slot. It refuses at once with RefusedYield where extras
// have to stay away, and with RefusedQueue where none may ever run, where too many
// wait already, or when ctx ends first.
func (s *slots) acquire(ctx context.Context, upstream string) (*throttle, Refusal) {
	w, refused := s.enqueue(upstream)
	if refused != "" {
		return nil, refused
	}
	select {
	case <-w.ready:
	case <-ctx.Done():
		s.leave(w)
	}
	return w.throttle, w.refused
}

func (s *slots) enqueue(upstream string) (*waiter, Refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.throttle(upstream)
	if refused := s.refuses(t, s.now()); refused != "" {
		return nil, refused
	}
	if len(s.waiting) >= maxWaiting {
		return nil, RefusedQueue
	}
	w := &waiter{throttle: t, ready: make(chan struct{})}
	s.waiting = append(s.waiting, w)
	s.serve()
	return w, ""
}

// leave gives up a place in the queue. If the slot came at the same moment,
// the waiter keeps it: its caller sees the end of ctx soon enough.
func (s *slots) leave(w *waiter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.Index(s.waiting, w); i >= 0 {
		s.waiting = slices.Delete(s.waiting, i, i+1)
		w.refused = RefusedQueue
	}
}

// serve grants or refuses all waiters that it can. The lock is held.
func (s *slots) serve() {
	now := s.now()
	s.waiting = slices.DeleteFunc(s.waiting, func(w *waiter) bool {
		switch w.refused = s.refuses(w.throttle, now); {
		case w.refused != "":
		case s.inFlight < s.max && w.throttle.admits(now):
			s.inFlight++
			w.throttle.inFlight++
		default:
			return false
		}
		close(w.ready)
		return true
	})
}

// refuses is why an extra would not be let in now, however long it waited. The lock
// is held.
func (s *slots) refuses(t *throttle, now time.Time) Refusal {
	switch {
	case t.yields(now):
		return RefusedYield
	case s.max <= 0:
		return RefusedQueue
	}
	return ""
}

// release returns a slot.
func (s *slots) release(t *throttle) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inFlight--
	t.inFlight--
	s.serve()
}

// hear takes in the head of a reply of an upstream.
func (s *slots) hear(upstream string, status int, q wire.Quota) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.throttle(upstream).hear(status, q, s.now(), s.max)
	s.serve()
}

// throttle finds or adds the state of an upstream; those beyond maxUpstreams
// share one.
func (s *slots) throttle(upstream string) *throttle {
	if t, ok := s.upstreams[upstream]; ok {
		return t
	}
	if len(s.upstreams) >= maxUpstreams {
		upstream = ""
	}
	if s.upstreams[upstream] == nil {
		s.upstreams[upstream] = newThrottle(s.now())
	}
	return s.upstreams[upstream]
}

// bars is why an extra of an upstream would not be let in now, however long it
// waited; empty: it may.
func (s *slots) bars(upstream string) Refusal {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.refuses(s.throttle(upstream), s.now())
}

// running is how many extras are in flight.
func (s *slots) running() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.inFlight
}
