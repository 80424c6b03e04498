package proxy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
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

	// transport makes the call: the handler's, or a vote.
	transport http.RoundTripper
	vote      *vote
	observer  *observer
	// release gives back what the body of a request that was read first holds
	// of limits.held. The observer calls it if there is one.
	release func()
	// skipped says why a request that was to be read was not.
	skipped monitor.Reason

	sent      time.Time
	firstByte time.Time
	status    int
	failure   error // of the transport
	broke     error // how the reply's body ended, if not whole
}

// begin finds out where a request goes and when it is read.
func (h *Handler) begin(w http.ResponseWriter, r *http.Request) (*exchange, error) {
	x := &exchange{h: h, policy: h.policy.Load(), began: h.now(), transport: h.transport, mode: config.Off, release: func() {}}
	dest, err := h.upstreams.find(r.Method, rawPath(r), r.Header)
	if err != nil {
		return nil, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return nil, fmt.Errorf("make request id: %w", err)
	}
	x.dest, x.id = dest, id.String()
	x.asked = x.policy.askedBy(r.Header)
	x.named = session(r.Header, x.asked)
	x.client = x.dest.client
	if x.client == "" {
		x.client = clientName(r.Header)
	}
	x.reading = x.policy.reading(dest, x.asked.mode)
	if r.Method != http.MethodPost || r.Header.Get("Upgrade") != "" {
		x.reading = readNever
	}
	if x.reading != readNever {
		x.mode = config.Observe
	}
	// net/http cuts a stream whose reply starts before the request was read,
	// unless told otherwise; HTTP/1.0 has no such mode.
	_ = http.NewResponseController(w).EnableFullDuplex()
	return x, nil
}

// relay passes the request on and its reply back.
func (x *exchange) relay(w http.ResponseWriter, r *http.Request) {
	// What the upstream does not send must not be made up on the way.
	w.Header()["Content-Type"], w.Header()["Date"] = nil, nil
	w.Header().Set(headerID, x.id)
	w.Header().Set(headerMode, string(x.mode))
	rp := httputil.ReverseProxy{
		Rewrite:        x.rewrite,
		Transport:      x.transport,
		ModifyResponse: x.reply,
		ErrorHandler:   x.fail,
		ErrorLog:       discardLog(),
		BufferPool:     &x.h.buffers,
	}
	rp.ServeHTTP(w, r)
}

// rewrite makes the outgoing request: the incoming one, raw path and query
// included, at the upstream's address.
func (x *exchange) rewrite(pr *httputil.ProxyRequest) {
	base := x.dest.upstream.base
	pr.Out.URL.Scheme, pr.Out.URL.Host, pr.Out.Host = base.Scheme, base.Host, base.Host
	pr.Out.URL.RawQuery = pr.In.URL.RawQuery
	if base.User != nil {
		pr.Out.URL.User = base.User
	}
	if base.RawQuery != "" {
		pr.Out.URL.RawQuery = strings.TrimSuffix(base.RawQuery+"&"+pr.In.URL.RawQuery, "&")
	}
	setRawPath(pr.Out, x.dest.path)
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"} {
		if v, ok := pr.In.Header[name]; ok {
			pr.Out.Header[name] = v
		}
	}
	stripOwn(pr.Out.Header)
	if x.observer != nil {
		x.observer.request(pr.Out)
	}
	x.sent = x.h.now()
}

// setRawPath sends path as it is. Where net/url would encode it another way,
// only URL.Opaque keeps it; that form cannot begin with two slashes, and a
// plain-HTTP outer proxy would not understand it, so it is the exception.
func setRawPath(out *http.Request, path string) {
	plain, err := url.PathUnescape(path)
	if err != nil {
		plain = path
	}
	out.URL.Path, out.URL.RawPath = plain, path
	if out.URL.EscapedPath() != path && !strings.HasPrefix(path, "//") {
		out.URL.Opaque = path
	}
}

// rawPath is the path of a request as the client wrote it.
func rawPath(r *http.Request) string {
	if path, _, _ := strings.Cut(r.RequestURI, "?"); strings.HasPrefix(path, "/") {
		return path
	}
	return r.URL.EscapedPath()
}

// reply notes the head of the reply and has its body watched.
func (x *exchange) reply(res *http.Response) error {
	x.firstByte, x.status = x.h.now(), res.StatusCode
	if x.vote == nil { // a vote's calls were heard one by one
		x.h.heard(x.dest.upstream.name, res.StatusCode, res.Header)
	}
	if res.StatusCode == http.StatusSwitchingProtocols {
		return nil
	}
	res.Body = &watched{ReadCloser: res.Body, x: x}
	if x.observer != nil {
		x.observer.reply(res)
	}
	return nil
}

// watched notes how a reply's body ended.
type watched struct {
	io.ReadCloser
	x     *exchange
	ended bool
}

// Read implements io.Reader.
func (b *watched) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		b.ended = true
	}
	if err != nil && err != io.EOF {
		b.x.broke = err
	}
	return n, err
}

// Close implements io.Closer. A body that is closed before its end means that
// the client would take no more.
func (b *watched) Close() error {
	if !b.ended {
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
	x.h.log.Warn("upstream cannot be reached", slog.String("id", x.id), slog.String("upstream", x.dest.upstream.name), slog.Any("error", err))
	x.status = http.StatusBadGateway
	writeError(w, x.dest.target.Dialect, http.StatusBadGateway, "hotmess_upstream_unreachable",
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
	total := x.h.now().Sub(x.began)
	outcome := x.outcome()
	if x.observer != nil {
		x.observer.finish(outcome, x.status, total)
		return
	}
	x.release()
	why := x.skipped
	switch {
	case why != "":
	case x.dest.target.Dialect.Readable():
		why = monitor.ReasonOff
	default:
		why = monitor.ReasonDialect
	}
	x.h.monitor.Passed("", string(x.dest.target.Dialect), string(x.mode), outcome, x.overhead(), total, why)
	x.h.log.Debug("request", x.attrs(outcome, total)...)
}

// outcome says how the client's call ended.
func (x *exchange) outcome() monitor.Outcome {
	switch {
	case errors.Is(x.failure, context.Canceled), errors.Is(x.broke, context.Canceled):
		return monitor.OutcomeGone
	case x.failure != nil:
		return monitor.OutcomeUnreachable
	case x.broke != nil:
		return monitor.OutcomeCut
	case x.status >= http.StatusBadRequest:
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

// dialectName is the label of a dialect.
func dialectName(d wire.Dialect) string {
	if d == wire.Unknown {
		return "other"
	}
	return string(d)
}
