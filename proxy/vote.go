package proxy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"hotmess/budget"
	"hotmess/ensemble"
	"hotmess/monitor"
	"hotmess/wire"
)

var (
	// errNoWinner is the transport error when not even the primary got a
	// reply.
	errNoWinner = errors.New("no sample got a reply")
	errPanic    = errors.New("panic while voting")
)

// A vote is the transport of one request in ensemble mode: it makes all the
// calls and returns the winner's recorded reply as if it had been the only one.
type vote struct {
	x  *exchange
	in inspection
	// called is whether RoundTrip was: only then is there anything to wait
	// for. It belongs to the client's goroutine.
	called bool
	// decided is closed once outcome and finish are set.
	decided chan struct{}
	outcome ensemble.Outcome
	finish  func() []ensemble.Sample
	// told is whether the client has all of the winner, up to its closing mark.
	told atomic.Bool
	// embedded is what embedding the texts cost.
	embedded budget.Settlement
}

// newVote makes the vote on a request.
func newVote(x *exchange, in inspection) *vote {
	return &vote{x: x, in: in, decided: make(chan struct{})}
}

// RoundTrip implements http.RoundTripper. Towards a streaming client it
// returns at the latest after ensemble.keepalive, with a body of keep-alives
// that ends in the winner's events.
func (v *vote) RoundTrip(out *http.Request) (*http.Response, error) {
	if out.Body != nil {
		defer out.Body.Close()
	}
	v.called = true
	v.x.h.beside.Go(func() { v.run(out) })
	if !v.in.view.Streams() {
		<-v.decided
		return v.response(out)
	}
	timer := time.NewTimer(time.Duration(v.in.route.voting.KeepAlive))
	defer timer.Stop()
	select {
	case <-v.decided:
		return v.response(out)
	case <-timer.C:
		return v.waiting(out), nil
	}
}

// run makes the calls and decides.
func (v *vote) run(out *http.Request) {
	defer close(v.decided)
	defer v.recovered(out)
	call := v.x.call(out, out.Header, v.in.raw, v.in)
	v.outcome, v.finish = v.x.h.runner.Load().Vote(plain(out.Context()), call, v.policy())
	// Before the client has it, and can go on from it.
	v.x.follow(v.in, v.outcome.Reply)
}

// recovered has the primary alone stand in for a vote that panicked before it began.
// One that is decided stands. While it runs, the ensemble falls back to the primary
// by itself.
func (v *vote) recovered(out *http.Request) {
	p := recover()
	if p == nil {
		return
	}
	v.x.h.logPanic(v.x.id, p)
	if v.finish == nil {
		v.outcome = v.alone(out)
		v.finish = func() []ensemble.Sample { return []ensemble.Sample{{Missing: monitor.ReasonPanic}} }
	}
}

// alone makes the client's call and no other, and has its reply pass as it comes. A
// panic in that ends this call: it is the last resort, which keeps all others alive.
func (v *vote) alone(out *http.Request) (o ensemble.Outcome) {
	defer func() {
		if p := recover(); p != nil {
			v.x.h.logPanic(v.x.id, p)
			o = ensemble.Outcome{Err: errPanic, Reason: monitor.ReasonPanic}
		}
	}()
	own := out.WithContext(plain(out.Context()))
	own.Body, own.ContentLength, own.GetBody, own.Trailer = io.NopCloser(bytes.NewReader(v.in.raw)), int64(len(v.in.raw)), nil, nil
	res, err := v.x.h.transport.RoundTrip(own) //nolint:bodyclose // closed as the rest of the recording
	if err != nil {
		return ensemble.Outcome{Err: fmt.Errorf("call upstream: %w", err), Reason: monitor.ReasonPanic}
	}
	return ensemble.Outcome{
		Winner: &ensemble.Recording{Status: res.StatusCode, Header: res.Header, Trailer: res.Trailer, Rest: res.Body},
		Reason: monitor.ReasonPanic,
	}
}

// plain is a context that ends with ctx and holds none of its values: by one
// of them the interim replies (1xx) of all samples would reach the client.
func plain(ctx context.Context) context.Context {
	own, cancel := context.WithCancelCause(context.Background())
	context.AfterFunc(ctx, func() { cancel(context.Cause(ctx)) })
	return own
}

// response is the winner's reply.
func (v *vote) response(out *http.Request) (*http.Response, error) {
	rec := v.outcome.Winner
	if rec == nil {
		return nil, errors.Join(errNoWinner, v.outcome.Err)
	}
	header := rec.Header.Clone()
	v.mark(header)
	return &http.Response{
		Status: http.StatusText(rec.Status), StatusCode: rec.Status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header, Trailer: rec.Trailer,
		Body: v.replay(rec), ContentLength: length(rec),
		Request: out,
	}, nil
}

// replay is a recorded body: its bytes, what could not be recorded, and the
// error that it ended in.
func (v *vote) replay(rec *ensemble.Recording) io.ReadCloser {
	recorded := io.Reader(bytes.NewReader(rec.Body))
	switch {
	case rec.Rest != nil && rec.Marked:
		return joined{io.MultiReader(recorded, &behind{rec.Rest, &v.told}), rec.Rest}
	case rec.Rest != nil:
		return joined{io.MultiReader(recorded, rec.Rest), rec.Rest}
	case rec.Err != nil:
		return io.NopCloser(io.MultiReader(recorded, failing{rec.Err}))
	}
	return io.NopCloser(recorded)
}

// behind is what follows a closing mark. Who comes to read it has sent what stands before.
type behind struct {
	io.Reader
	come *atomic.Bool
}

// Read implements io.Reader.
func (b *behind) Read(p []byte) (int, error) {
	b.come.Store(true)
	return b.Reader.Read(p)
}

// length is the Content-Length to announce: the recorded one, or -1.
func length(rec *ensemble.Recording) int64 {
	if n, err := strconv.ParseInt(rec.Header.Get("Content-Length"), 10, 64); err == nil {
		return n
	}
	return -1
}

// waiting is the reply to a streaming client for whom the vote takes long: a
// head that promises a stream, then keep-alives, then the winner.
func (v *vote) waiting(out *http.Request) *http.Response {
	header := http.Header{
		"Content-Type":      {wire.StreamType(v.in.view.Framing)},
		"Cache-Control":     {"no-cache"},
		"X-Accel-Buffering": {"no"},
	}
	return &http.Response{
		Status: http.StatusText(http.StatusOK), StatusCode: http.StatusOK,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header, ContentLength: -1, Request: out,
		Body: &pinging{v: v, pending: wire.Opening(v.in.view.Dialect, v.in.view.Framing)},
	}
}

// pinging is the body of a stream that waits for the vote. It may be closed while it
// is read: by a client that leaves while it is held.
type pinging struct {
	v       *vote
	pending []byte

	mu     sync.Mutex
	winner io.ReadCloser
	closed bool
}

// Read implements io.Reader.
func (p *pinging) Read(b []byte) (int, error) {
	winner := p.of()
	for len(p.pending) == 0 && winner == nil {
		winner = p.await()
	}
	if len(p.pending) > 0 {
		n := copy(b, p.pending)
		p.pending = p.pending[n:]
		return n, nil
	}
	return winner.Read(b)
}

// of is the winner's body; nil while there is none.
func (p *pinging) of() io.ReadCloser {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.winner
}

// await waits for the vote or the next keep-alive.
func (p *pinging) await() io.ReadCloser {
	timer := time.NewTimer(time.Duration(p.v.in.route.voting.KeepAlive))
	defer timer.Stop()
	select {
	case <-p.v.decided:
		winner, status := p.v.stream()
		if p.v.in.view.Framing == wire.Array {
			other := p.v.streamError(http.StatusBadGateway, "hotmess_upstream_error", "the upstream answered with something else than an array")
			winner = joined{wire.Opened(winner, other), winner}
		}
		p.v.x.status = status
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.closed {
			_ = winner.Close()
		}
		p.winner = winner
		return winner
	case <-timer.C:
		p.pending = wire.KeepAlive(p.v.in.view.Dialect, p.v.in.view.Framing)
		return nil
	}
}

// Close implements io.Closer.
func (p *pinging) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	if p.winner != nil {
		return p.winner.Close()
	}
	return nil
}

// stream is the winner's body for a client that was promised a plain event
// stream: decoded, or an error event if the winner is no stream.
func (v *vote) stream() (body io.ReadCloser, status int) {
	rec := v.outcome.Winner
	if v.outcome.Reason == monitor.ReasonGone {
		return io.NopCloser(failing{v.outcome.Err}), http.StatusOK
	}
	if rec == nil {
		return event(v.streamError(http.StatusBadGateway, "hotmess_upstream_unreachable", "hotmess got no reply from the upstream")), http.StatusBadGateway
	}
	raw := v.replay(rec)
	if rec.Status != http.StatusOK || wire.IsEventStream(rec.Header.Get("Content-Type")) != (v.in.view.Framing == wire.Events) {
		defer raw.Close()
		return event(wire.UpstreamError(v.in.view.Dialect, v.in.view.Framing, rec.Status, "hotmess_upstream_error", plainly(raw, rec.Header))), rec.Status
	}
	events, err := wire.Decode(raw, wire.Encoding(rec.Header), unlimited)
	if err != nil {
		_ = raw.Close()
		v.x.h.log.Warn("winner cannot be decoded", slog.String("id", v.x.id), slog.Any("error", err))
		return event(v.streamError(http.StatusBadGateway, "hotmess_encoding", "hotmess cannot decode the upstream's stream")), http.StatusBadGateway
	}
	return &decoded{events: events, raw: raw}, rec.Status
}

// maxToldError is the most of an upstream's error that is told as an event, in bytes.
const maxToldError = 64 << 10

// plainly is a body, decoded; nothing if it cannot be, or is too long for an error.
func plainly(raw io.Reader, header http.Header) []byte {
	body, err := wire.Decode(raw, wire.Encoding(header), maxToldError)
	if err != nil {
		return nil
	}
	defer body.Close()
	plain, err := io.ReadAll(body)
	if err != nil {
		return nil
	}
	return plain
}

// streamError is how an error is told once keep-alives went out.
func (v *vote) streamError(status int, kind, message string) []byte {
	return wire.StreamError(v.in.view.Dialect, v.in.view.Framing, status, kind, message)
}

// unlimited is the most of a stream that is decoded on its way to the client,
// where nothing of it is held.
const unlimited = 1 << 60

// decoded is a decoder that closes what it decodes. It may be closed while it is
// read.
type decoded struct {
	mu     sync.Mutex
	events io.ReadCloser
	raw    io.Closer
}

// Read implements io.Reader.
func (d *decoded) Read(p []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.events.Read(p)
}

// Close implements io.Closer. What is decoded is closed first: it ends a Read.
func (d *decoded) Close() error {
	err := d.raw.Close()
	d.mu.Lock()
	defer d.mu.Unlock()
	return errors.Join(err, d.events.Close())
}

// event is a stream of one event.
func event(b []byte) io.ReadCloser { return io.NopCloser(bytes.NewReader(b)) }
