package ensemble

import (
	"net/http"
	"sync"
)

// maxUnwilling bounds the upstreams that are remembered.
const maxUnwilling = 100

// Unwilling are the upstreams that refuse a stream for being asked for its usage, as
// old and odd servers do: their extras are asked no more, and cost an estimate. They
// are known by one lost extra, and remembered as long as the process lives. It is
// ready for use, guards itself, and may be nil: then nothing is remembered.
type Unwilling struct {
	mu        sync.Mutex
	upstreams map[string]bool
}

// holds reports whether an upstream is among them.
func (u *Unwilling) holds(upstream string) bool {
	if u == nil {
		return false
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.upstreams[upstream]
}

// hear takes in how an extra was answered that asked for usage and whose primary
// did not. The primary was let in with all else that is in it, but for the wish not
// to be stored, which every server of the dialect knows.
func (u *Unwilling) hear(upstream string, status int) {
	if u == nil || status != http.StatusBadRequest && status != http.StatusUnprocessableEntity {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.upstreams == nil {
		u.upstreams = map[string]bool{}
	}
	if len(u.upstreams) < maxUnwilling {
		u.upstreams[upstream] = true
	}
}
