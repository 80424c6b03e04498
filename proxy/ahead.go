package proxy

import (
	"bytes"
	"io"
	"net/http"

	"hotmess/config"
	"hotmess/monitor"
)

// decide reads a request before it leaves, and makes its transport a vote if
// its route is in ensemble mode. A request that cannot be read is relayed.
func (h *Handler) decide(x *exchange) {
	x.mode = config.Off // until something is to be done
	body, why := x.readAhead(x.in)
	if why != "" {
		x.skipped = why
		return
	}
	in := x.inspect(body, x.in.Header)
	if x.mode = modeOf(in); x.mode == config.Off {
		x.skipped = in.reason
		x.leftAlone(in)
		return
	}
	x.observer = h.newObserver(x, &in)
	x.mayHold(in)
	if x.mode == config.Ensemble && in.extras() > 0 {
		x.vote = newVote(x, in)
		x.transport = x.vote
	}
}

// firstRead is the first buffer for a body of unknown size, in bytes.
const firstRead = 32 << 10

// readAhead reads the body of a request, as far as the limits go, and puts it
// back in front of whatever is left.
func (x *exchange) readAhead(r *http.Request) ([]byte, monitor.Reason) {
	limit := int64(x.policy.limits.Body)
	switch {
	case r.Body == nil || r.Body == http.NoBody:
		return nil, monitor.ReasonMalformed
	case r.ContentLength > limit:
		return nil, monitor.ReasonTooBig
	}
	size := int64(firstRead)
	if r.ContentLength >= 0 {
		size = min(r.ContentLength+1, firstGrowth)
	}
	body, why, err := x.h.ledger.fill(r.Body, &x.held, size, limit)
	unread := io.Reader(r.Body)
	if err != nil {
		unread = failing{err}
	}
	r.Body = joined{io.MultiReader(bytes.NewReader(body), unread), r.Body}
	if err != nil {
		why = monitor.ReasonMalformed
	}
	if why != "" {
		return nil, why
	}
	return body, ""
}

// free gives back what a body that was read first holds. It may be called more
// than once, by one goroutine at a time.
func (x *exchange) free() {
	x.h.ledger.give(x.held)
	x.held = 0
}

// joined reads from one place and closes another.
type joined struct {
	io.Reader
	io.Closer
}

// failing is a reader that has failed.
type failing struct{ err error }

// Read implements io.Reader.
func (f failing) Read([]byte) (int, error) { return 0, f.err }
