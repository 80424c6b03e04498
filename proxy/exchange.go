package proxy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/google/uuid"

	"hotmess/config"
	"hotmess/monitor"
	"hotmess/wire"
)

// An exchange is one request of a client and its reply. It belongs to the
// goroutine of the client's call, but for what the observer is given.
type exchange struct {
	h       *Handler
	policy  *policy
	dest    destination
	asked   asked
	reading reading
	id      string
	mode    config.Mode
	client  string
	// named is what the client itself calls the conversation.
	named string
	began time.Time
	// u decides whether the request is drawn: uniform in [0, 1), and older
	// than anything that was read.
	u float64
	// deeper decides likewise whether a drawn request gets more than two
	// samples; it is a number of its own, so that any u below the rate may.
	deeper float64

	out writer
	// in is the client's request, upload its body.
	in     *http.Request
	upload upload
	// transport makes the call: the handler's, or a vote.
	transport http.RoundTripper
	vote      *vote
	observer  *observer
	// hold is set where the reply may have to wait for a quorum.
	hold *hold
	// held is what the body of a request that was read first holds of
	// limits.held, in bytes; see free.
	held int64
	// skipped says why a request that was to be read was not.
	skipped monitor.Reason

	sent      time.Time
	firstByte time.Time
	status    int   // 0: no reply
	failure   error // of the transport
	broke     error // how the reply's body ended, if not whole
}

// begin finds out when a request is read.
func (h *Handler) begin(r *http.Request, dest destination) *exchange {
	x := &exchange{
		h: h, policy: h.policy.Load(), dest: dest, id: uuid.Must(uuid.NewV7()).String(), client: dest.client,
		mode: config.Off, began: h.now(), u: rand.Float64(), deeper: rand.Float64(), transport: h.transport,
	}
	x.asked = x.policy.askedBy(r.Header)
	if x.asked.label != "" {
		x.aside(x.labelNamed)
	}
	if r.Method == http.MethodPost && !upgrades(r.Header) {
		x.reading = x.policy.reading(dest, x.asked)
	}
	if x.mitigable() {
		x.reading = readFirst
	}
	if x.reading != readNever {
		x.mode, x.named = config.Observe, session(r.Header, x.asked)
	}
	if x.client == "" && (x.reading != readNever || x.h.log.Enabled(context.Background(), slog.LevelDebug)) {
		x.client = clientName(r.Header)
	}
	x.in = x.upload.of(r)
	return x
}

// reply notes the head of the reply and has its body watched.
func (x *exchange) reply(res *http.Response) error {
	x.firstByte, x.status = x.h.now(), res.StatusCode
	x.head(res.Header)
	// What is not read gets no extras, so its quota matters only once it is
	// used up; a vote's calls were heard one by one.
	if x.vote == nil && (x.observer != nil || wire.TurnsAway(res.StatusCode)) {
		x.aside(func() { x.h.heard(x.dest.upstream.name, res.StatusCode, res.Header) })
	}
	if res.StatusCode == http.StatusSwitchingProtocols {
		return nil
	}
	x.upload.overtaken(&x.out, x.in)
	if x.observer != nil {
		x.observer.reply(res)
	}
	if x.hold != nil {
		x.aside(func() { x.hold.reply(res) })
	}
	// Last, so that it sees what the client gets, in the client's goroutine.
	res.Body = &watched{ReadCloser: res.Body, x: x}
	return nil
}

// watched notes how a reply's body ended.
type watched struct {
	io.ReadCloser
	x     *exchange
	ended error
}

// Read implements io.Reader. Before the body breaks off, all that came of it is
// on its way to the client: the ReverseProxy drops what is in its buffers.
func (b *watched) Read(p []byte) (n int, err error) {
	if b.ended == nil {
		n, err = b.ReadCloser.Read(p)
		b.ended = err
	}
	if b.ended == nil || errors.Is(b.ended, io.EOF) {
		return n, b.ended
	}
	if n > 0 {
		return n, nil
	}
	b.x.broke = b.ended
	_ = b.x.out.FlushError() // the client may be gone
	return 0, b.ended
}

// Close implements io.Closer. A body that is closed before its end means that
// the client would take no more.
func (b *watched) Close() error {
	if b.ended == nil {
		b.x.broke = context.Canceled
	}
	return b.ReadCloser.Close()
}

// fail answers a request that got no reply.
func (x *exchange) fail(w http.ResponseWriter, r *http.Request, err error) {
	x.failure = err
	if r.Context().Err() != nil {
		panic(http.ErrAbortHandler) // the client is gone
	}
	x.head(w.Header())
	d := x.dest.target.Dialect
	if x.upload.broke.Load() {
		x.status = http.StatusBadRequest
		w.Header().Set("Connection", "close") // where the next request begins is not known
		writeError(w, d, x.status, "hotmess_request_body", "the body of the request broke off or is malformed")
		return
	}
	x.h.log.Warn("upstream cannot be reached", slog.String("id", x.id), slog.String("upstream", x.dest.upstream.name), slog.Any("error", err))
	x.status = http.StatusBadGateway
	writeError(w, d, x.status, "hotmess_upstream_unreachable",
		fmt.Sprintf("hotmess got no reply from upstream %s: %s", x.dest.upstream.name, cause(err)))
}

// cause is what a client is told of a transport error: without addresses of
// the network that the sidecar is in, which the log has.
func cause(err error) string {
	var timeout interface{ Timeout() bool }
	switch {
	case errors.As(err, &timeout) && timeout.Timeout():
		return "timed out"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the connection was closed"
	}
	return "connection failed"
}

// end closes the books on the exchange. A handler that ends in a panic (the
// way to cut a reply) passes here too.
func (x *exchange) end() {
	defer x.recovered()
	total := x.h.now().Sub(x.began)
	outcome := x.outcome()
	if x.observer != nil {
		x.observer.finish(outcome, x.status, total)
		return
	}
	x.free()
	x.passed(outcome, total, x.unread())
	if x.h.log.Enabled(context.Background(), slog.LevelDebug) {
		x.h.log.Debug("request", x.attrs(outcome, total)...)
	}
}

// unread says why the request was not read.
func (x *exchange) unread() monitor.Reason {
	switch {
	case x.skipped != "":
		return x.skipped
	case x.dest.target.Dialect.Readable():
		return monitor.ReasonOff
	}
	return monitor.ReasonDialect
}

// passed counts a request of which there is no observation.
func (x *exchange) passed(outcome monitor.Outcome, total time.Duration, why monitor.Reason) {
	x.h.monitor.Passed(monitor.Unobserved{
		Dialect: dialectName(x.dest.target.Dialect), Mode: string(x.mode),
		Outcome: outcome, Overhead: x.overhead(), Total: total, Reason: why,
	})
}

// aside does what the client's call does not need. A panic in it is counted
// and ends here.
func (x *exchange) aside(f func()) {
	defer x.recovered()
	f()
}

// recovered, deferred, ends a panic of our own in the client's goroutine. The
// request is counted at its end; no measuring follows.
func (x *exchange) recovered() {
	if p := recover(); p != nil {
		x.skipped = monitor.ReasonPanic
		x.h.logPanic(x.id, p)
	}
}

// outcome says how the client's call ended.
func (x *exchange) outcome() monitor.Outcome {
	left := errors.Is(x.broke, context.Canceled)
	upstreams := x.status >= http.StatusBadRequest && (x.hold == nil || !x.hold.failed)
	switch {
	case errors.Is(x.failure, context.Canceled), x.failure != nil && x.upload.broke.Load():
		return monitor.OutcomeGone
	case x.failure != nil || x.status == 0:
		return monitor.OutcomeUnreachable
	case left && upstreams: // SDKs that ask again do not read to its end what failed
		return monitor.OutcomeError
	case left:
		return monitor.OutcomeGone
	case x.broke != nil:
		return monitor.OutcomeCut
	case upstreams:
		return monitor.OutcomeError
	}
	return monitor.OutcomeOK
}

// overhead is what hotmess added before the upstream was called.
func (x *exchange) overhead() time.Duration {
	if x.sent.IsZero() {
		return 0
	}
	return x.sent.Sub(x.began)
}

// attrs are the log attributes of the exchange.
func (x *exchange) attrs(outcome monitor.Outcome, total time.Duration) []any {
	return []any{
		slog.String("id", x.id),
		slog.String("client", x.client),
		slog.String("upstream", x.dest.upstream.name),
		slog.String("dialect", dialectName(x.dest.target.Dialect)),
		slog.String("mode", string(x.mode)),
		slog.String("outcome", string(outcome)),
		slog.Int("status", x.status),
		slog.Duration("took", total),
	}
}

// dialect is that of the request, of which the body has the last word.
func (x *exchange) dialect(in inspection) wire.Dialect {
	if in.readable {
		return in.view.Dialect
	}
	return x.dest.target.Dialect
}

// dialectName is the label of a dialect.
func dialectName(d wire.Dialect) string {
	if d == wire.Unknown {
		return "other"
	}
	return string(d)
}
