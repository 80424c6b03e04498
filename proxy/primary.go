package proxy

import (
	"errors"
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
	encoding := wire.Encoding(head.header)
	body, err := wire.Decode(o.replied, encoding, int64(o.x.policy.limits.Body))
	if err != nil {
		s.Missing = monitor.ReasonEncoding
		return s
	}
	defer body.Close()
	events := wire.IsEventStream(head.header.Get("Content-Type"))
	if !in.readable || !events && !in.view.Streams() {
		begun = nil
	}
	s.Reply, err = wire.Fold(o.x.dialect(in), events, body, begun)
	if s.Missing = o.flaw(s.Reply, err); s.Missing == "" && in.readable {
		s.Keys = in.compare.Keys(s.Reply)
	}
	return s
}

// flaw says why a reply is no answer; err is Fold's.
func (o *observer) flaw(r wire.Reply, err error) monitor.Reason {
	switch dropped := o.replied.dropped(); {
	case dropped != "":
		return dropped
	case errors.Is(err, wire.ErrTooBig):
		return monitor.ReasonTooBig
	case err != nil:
		return monitor.ReasonUnreadable
	case r.Failure != nil:
		return monitor.ReasonFailed
	case r.Truncated:
		return monitor.ReasonTruncated
	case r.Choices == 0:
		return monitor.ReasonUnreadable
	}
	return ""
}
