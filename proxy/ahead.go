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
func (h *Handler) decide(x *exchange, r *http.Request) {
	body, why := x.readAhead(r)
	if why != "" {
		x.skipped, x.mode = why, config.Off
		return
	}
	in := x.inspect(body, r.Header)
	if x.mode = modeOf(in); x.mode == config.Off {
		x.skipped = in.reason
		return
	}
	x.observer = h.newObserver(x, &in)
	if x.mode == config.Ensemble && in.extras() > 0 {
		x.vote = newVote(x, in)
		x.transport = x.vote
	}
}

// readAhead reads the body of a request up to limits.body and puts it back in
// front of whatever is left. A body of unknown size counts against limits.held
// only once it is read.
func (x *exchange) readAhead(r *http.Request) ([]byte, monitor.Reason) {
	limit := int64(x.policy.limits.Body)
	switch {
	case r.Body == nil || r.Body == http.NoBody:
		return nil, monitor.ReasonMalformed
	case r.ContentLength > limit:
		return nil, monitor.ReasonTooBig
	case r.ContentLength > 0 && !x.hold(r.ContentLength):
		return nil, monitor.ReasonMemory
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, limit+1))
	unread := io.Reader(r.Body)
	if err != nil {
		unread = failing{err}
	}
	r.Body = joined{io.MultiReader(bytes.NewReader(body), unread), r.Body}
	switch {
	case err != nil:
		return nil, monitor.ReasonMalformed
	case int64(len(body)) > limit:
		return nil, monitor.ReasonTooBig
	case r.ContentLength < 0 && !x.hold(int64(len(body))):
		return nil, monitor.ReasonMemory
	}
	return body, ""
}

// hold accounts for n bytes until the exchange is over.
func (x *exchange) hold(n int64) bool {
	release, ok := x.h.ledger.Hold(n)
	if ok {
		x.release = release
	}
	return ok
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
