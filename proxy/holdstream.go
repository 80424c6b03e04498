package proxy

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"hotmess/config"
	"hotmess/monitor"
	"hotmess/wire"
)

// A heldStream passes a stream on up to its first tool call, and holds the rest
// until it is whole and judged. Its goroutine writes into a pipe from which the
// client is served.
type heldStream struct {
	h       *hold
	source  io.ReadCloser
	raw     io.Closer
	spotter *wire.CallSpotter
	out     *io.PipeWriter
	// writing keeps keep-alives and events apart.
	writing sync.Mutex
	// left is whether any of what was held has left.
	left bool
	// end is how the source ended, to be told behind what leaves of it; nil at its
	// closing mark, behind which it goes on.
	end error
	// shut is whether the client's end was closed.
	shut atomic.Bool
	// quiet ends the keep-alives that were begun.
	quiet func()
}

// stream holds what has to be held of a stream. Where the upstream compresses
// it, the client gets it decoded: keep-alives have to go between.
func (h *hold) stream(res *http.Response, spotter *wire.CallSpotter) {
	source, err := wire.Decode(res.Body, wire.Encoding(res.Header), unlimited)
	if err != nil || spotter == nil {
		h.unjudged(res, monitor.ReasonEncoding)
		return
	}
	res.Header.Del("Content-Encoding")
	res.Header.Del("Content-Length")
	res.ContentLength = -1
	in, out := io.Pipe()
	s := &heldStream{h: h, source: source, raw: res.Body, spotter: spotter, out: out, quiet: func() {}}
	ended := make(chan struct{})
	h.x.h.beside.Go(func() {
		defer close(ended)
		defer s.recovered()
		s.run()
	})
	res.Body = &heldReader{PipeReader: in, s: s, ended: ended}
}

// A heldReader is the client's end.
type heldReader struct {
	*io.PipeReader
	s     *heldStream
	ended <-chan struct{}
}

// Close implements io.Closer. It waits for the goroutine.
func (r *heldReader) Close() error {
	r.s.shut.Store(true)
	_ = r.CloseWithError(io.ErrClosedPipe)
	err := r.s.raw.Close()
	<-r.ended
	_ = r.s.source.Close()
	r.s.h.x.h.ledger.give(r.s.h.kept)
	r.s.h.kept = 0
	return err
}

// recovered has a stream whose holding hotmess itself failed meet its rule; one of
// which it is not known what has left is cut.
func (s *heldStream) recovered() {
	p := recover()
	if p == nil {
		return
	}
	s.h.x.h.logPanic(s.h.x.id, p)
	defer func() {
		if p := recover(); p != nil { // it is the upstream's body that fails
			s.h.x.h.logPanic(s.h.x.id, p)
		}
		_ = s.out.CloseWithError(errPanic)
	}()
	s.quiet()
	if !s.left {
		s.unjudged(monitor.ReasonPanic)
	}
}

// run passes events on until the first call begins.
func (s *heldStream) run() {
	buffer := make([]byte, copyBuffer)
	for {
		n, err := s.source.Read(buffer)
		if !s.write(s.spotter.Pass(buffer[:n])) {
			return
		}
		switch {
		case err != nil && s.spotter.End():
			s.keepAlive()
			s.ended(err)
			return
		case err != nil:
			s.leave(s.spotter.Held(), err)
			return
		case s.spotter.Found():
			s.hold(buffer)
			return
		}
		if why := s.h.account(int64(cap(s.spotter.Held()))); why != "" { // an event without an end
			s.unjudged(why)
			return
		}
	}
}

// write sends bytes to the client; it is false once the client is gone.
func (s *heldStream) write(p []byte) bool {
	if len(p) == 0 {
		return true
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	_, err := s.out.Write(p)
	return err == nil
}

// leave ends the stream for the client: with bytes, then as err says. Without an
// error what follows in the source is passed on; behind a closing mark, up to a call,
// on which nobody has judged.
func (s *heldStream) leave(p []byte, err error) {
	s.quiet()
	s.left = true
	if !s.write(p) {
		return
	}
	switch {
	case err != nil:
	case s.spotter.Marked():
		err = s.follow()
	default:
		_, err = io.Copy(s.out, s.source)
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	_ = s.out.CloseWithError(err)
}

// follow passes on what comes behind the closing mark: as a rule the end of the
// connection, whenever that is.
func (s *heldStream) follow() error {
	spotter := wire.NewCallSpotter(s.h.in.view.Dialect)
	buffer := make([]byte, copyBuffer)
	for {
		n, err := s.source.Read(buffer)
		switch {
		case !s.write(spotter.Pass(buffer[:n])):
			return io.ErrClosedPipe
		case spotter.Found(), err != nil && spotter.End(), len(spotter.Held()) > int(s.h.x.policy.limits.Body):
			return io.EOF
		case err != nil:
			s.write(spotter.Held())
			return err
		}
	}
}

// hold reads the rest, to the closing mark if there is one, while the client gets
// keep-alives, and judges it.
func (s *heldStream) hold(buffer []byte) {
	s.keepAlive()
	var why monitor.Reason
	var err error
	for err == nil && why == "" && !s.spotter.Marked() {
		var n int
		n, err = s.source.Read(buffer)
		s.spotter.Pass(buffer[:n])
		why = s.h.account(int64(cap(s.spotter.Held())))
	}
	if why != "" {
		s.unjudged(why)
		return
	}
	s.ended(err)
}

// ended judges a stream that has come to its closing mark, with no error, or to its
// end. One that broke off is judged too if it is whole by its own words: clients act
// on those and do not look how the connection ends. Else it breaks off for the client,
// behind what had come, unless that proposes what a rule refuses without a quorum: it
// may be carried out call by call.
func (s *heldStream) ended(err error) {
	if err == nil || errors.Is(err, io.EOF) {
		s.end = err
		s.judged()
		return
	}
	reply, unread := s.spotter.Reply()
	switch {
	case s.shut.Load() || s.h.x.in.Context().Err() != nil: // it is the client who left
		s.leave(nil, err)
	case unread == nil && !reply.Truncated:
		s.end = err
		s.judged()
	case s.h.withheld(reply, monitor.ReasonTruncated):
		s.leave(nil, err)
	default:
		s.leave(s.spotter.Held(), err)
	}
}

// account holds so many bytes in all, or says why it cannot.
func (h *hold) account(n int64) monitor.Reason {
	if n > int64(h.x.policy.limits.Body) {
		return monitor.ReasonTooBig
	}
	if n > h.kept {
		if !h.x.h.ledger.take(n - h.kept) {
			return monitor.ReasonMemory
		}
		h.kept = n
	}
	return ""
}

// keepAlive shows the client that the connection lives, until s.quiet is called.
func (s *heldStream) keepAlive() {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	ping := s.spotter.KeepAlive()
	running.Go(func() {
		timer := time.NewTicker(time.Duration(s.h.in.route.voting.KeepAlive))
		defer timer.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-timer.C:
				if !s.write(ping) {
					return
				}
			}
		}
	})
	s.quiet = func() {
		cancel()
		running.Wait()
		s.quiet = func() {}
	}
}

// judged asks for a quorum on the whole of what is held, and sends what was
// decided.
func (s *heldStream) judged() {
	reply, err := s.spotter.Reply()
	switch {
	case err != nil:
		s.unjudged(unfolded(err))
		return
	case reply.Failure != nil && s.h.withheld(reply, monitor.ReasonFailed):
		s.leave(s.spotter.Fail("hotmess_guard", s.h.message(s.h.quorum.proposal.Rule)), s.end)
		return
	case reply.Failure != nil:
		s.leave(s.spotter.Held(), s.end)
		return
	}
	began := s.h.x.h.now()
	rule, ok := s.h.judge(reply)
	waited := s.h.x.h.now().Sub(began)
	s.quiet()
	if !ok {
		s.leave(s.spotter.Held(), s.end)
		return
	}
	s.carryOut(rule)
	s.h.quorum.decided.HeldSeconds = waited.Seconds()
}

// carryOut sends what was decided. On a stream another sample cannot stand in:
// its begin has left.
func (s *heldStream) carryOut(rule config.Guard) {
	q := s.h.quorum
	switch {
	case s.h.x.in.Context().Err() != nil:
		q.decide(monitor.GuardGone)
		_ = s.out.CloseWithError(context.Canceled)
	case s.h.fate(rule) == config.HeldRelease:
		q.decide(monitor.GuardReleased)
		s.leave(s.spotter.Held(), s.end)
	default:
		q.decide(monitor.GuardRefused)
		s.leave(s.refusal(rule), io.EOF)
	}
}

// refusal is how the stream ends in place of what is held.
func (s *heldStream) refusal(rule config.Guard) []byte {
	const typ = "hotmess_guard"
	if s.h.in.native() { // no message says which of its choices it is for
		return s.spotter.Fail(typ, s.h.message(rule))
	}
	return s.spotter.Refuse(typ, s.h.message(rule))
}

// unjudged is for a reply with a call that cannot be held to its end, or not be
// read: what it proposes is not known, so the strictest rule that holds says what
// becomes of it.
func (s *heldStream) unjudged(why monitor.Reason) {
	rule, refuses := s.h.x.policy.guard.Strictest(s.h.in.view)
	s.h.blind(rule, why)
	if !refuses {
		s.h.quorum.decide(monitor.GuardReleased)
		s.leave(s.spotter.Held(), nil)
		return
	}
	s.h.quorum.decide(monitor.GuardRefused)
	s.leave(s.refusal(rule), io.EOF)
}
