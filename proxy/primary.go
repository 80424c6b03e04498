package proxy

import (
	"cmp"
	"net/http"

	"hotmess/ensemble"
	"hotmess/monitor"
	"hotmess/wire"
)

// A replyHead is what the observer keeps of a reply's head.
type replyHead struct {
	status int
	header http.Header
}

// primary folds the copy of the reply. begun is called at its first token.
func (o *observer) primary(in inspection, head replyHead, begun func()) (s ensemble.Sample) {
	s.Status = head.status
	o.cached = wire.CacheHit(head.header)
	began := o.x.began
	defer func() { s.Took = o.x.h.now().Sub(began) }()
	if head.status < 200 || head.status > 299 {
		_, _ = o.replied.wait()
		s.Missing = monitor.ReasonFailed
		return s
	}
	events := wire.IsEventStream(head.header.Get("Content-Type"))
	if !in.readable || !events && !in.view.Streams() {
		begun = nil
	}
	var flaw monitor.Reason
	s.Reply, flaw = ensemble.Read(o.x.dialect(in), head.header, o.replied, int64(o.x.policy.limits.Body), begun)
	// A copy that was given up breaks off where the reply did not.
	if s.Missing = cmp.Or(o.replied.dropped(), flaw); s.Missing == "" && in.readable {
		s.Keys = in.compare.Keys(s.Reply)
	}
	return s
}
