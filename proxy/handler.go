package proxy

import (
	"context"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"hotmess/config"
	"hotmess/ensemble"
	"hotmess/monitor"
	"hotmess/wire"
)

// copyBuffer is the size of the buffers that bodies are relayed through.
const copyBuffer = 32 << 10

// Settings are what a Handler works with. All fields are required but Publish
// and Label.
type Settings struct {
	Config    config.Config
	Upstreams *Upstreams
	// Transport makes every call to an upstream, of primaries and extras.
	Transport http.RoundTripper
	Monitor   *monitor.Monitor
	// Publish is given every observation, after the monitor; it must not
	// block.
	Publish func(monitor.Observation)
	// Label is given the labels that come in headers; it must not block.
	Label    func(monitor.Label)
	Sealer   Sealer
	Instance string
	Log      *slog.Logger
	Now      func() time.Time
}

// A Handler serves the traffic port. It is safe for concurrent use.
type Handler struct {
	upstreams *Upstreams
	transport http.RoundTripper
	monitor   *monitor.Monitor
	publish   func(monitor.Observation)
	label     func(monitor.Label)
	seal      Sealer
	instance  string
	log       *slog.Logger
	now       func() time.Time

	policy  atomic.Pointer[policy]
	ledger  ledger
	buffers bufferPool
	chains  chains
	turns   turns
	runner  atomic.Pointer[ensemble.Runner]
	// unwilling outlasts reloads.
	unwilling ensemble.Unwilling
	// quiet is a logger of the standard library that says nothing: what it
	// would say is in our own log already.
	quiet *log.Logger
	// beside counts the calls, and the observers that outlive them.
	beside sync.WaitGroup
	// observing counts the observers.
	observing atomic.Int64
	// running ends when the handler is closed, and the extras with it.
	running context.Context
	stop    context.CancelFunc

	// What signals and texts are compared with.
	replies   recall[lastReply]
	histories recall[lastHistory]
	strangers strangers
}

// NewHandler makes a handler.
func NewHandler(s Settings) *Handler {
	h := &Handler{
		upstreams: s.Upstreams,
		transport: s.Transport,
		monitor:   s.Monitor,
		publish:   s.Publish,
		label:     s.Label,
		seal:      s.Sealer,
		instance:  s.Instance,
		log:       s.Log,
		now:       s.Now,
		quiet:     log.New(io.Discard, "", 0),
	}
	h.replies.limit, h.histories.limit, h.strangers.routes.limit = maxRecalled, maxRecalled, maxStrangerRoutes
	h.running, h.stop = context.WithCancel(context.Background())
	if h.publish == nil {
		h.publish = func(monitor.Observation) {}
	}
	if h.label == nil {
		h.label = func(monitor.Label) {}
	}
	h.ledger.limit = int64(s.Config.Limits.Held)
	h.buffers.New = func() any { b := make([]byte, copyBuffer); return &b }
	h.Reload(s.Config)
	return h
}

// Reload replaces the policy. Requests in flight keep the one they began
// with; limits.held stays as it was at the start.
func (h *Handler) Reload(c config.Config) {
	h.policy.Store(newPolicy(c))
	h.runner.Store(&ensemble.Runner{
		Transport: h.transport,
		Gate:      h.monitor.Gate(),
		Timeout:   time.Duration(c.Sampling.Timeout),
		MaxBody:   int64(c.Limits.Body),
		Hold:      h.ledger.Hold,
		Likely:    h.monitor.Likely,
		Unwilling: &h.unwilling,
		Heard:     h.heardAside,
	})
}

// heardAside is heard for the calls of the ensemble: a reply that has begun goes on
// whatever becomes of that.
func (h *Handler) heardAside(upstream string, status int, header http.Header) {
	defer func() {
		if p := recover(); p != nil {
			h.logPanic("", p)
		}
	}()
	h.heard(upstream, status, header)
}

// heard tells the monitor what a reply says about the user's quota.
func (h *Handler) heard(upstream string, status int, header http.Header) {
	h.monitor.Gate().Hear(upstream, status, wire.ReadQuota(header))
}

// Close stops the extras and upgraded connections, and waits for all calls and
// observers. Call it after the server has stopped.
func (h *Handler) Close() {
	h.stop()
	h.beside.Wait()
}

// Observing is how many requests are in flight or still being measured, of
// those that are read.
func (h *Handler) Observing() int64 { return h.observing.Load() }

// ServeHTTP takes a request by base URL in and relays its reply.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	dest, err := h.upstreams.find(r.Method, rawPath(r), r.URL.RawQuery, r.Header)
	if err != nil {
		h.refuse(w, r, err)
		return
	}
	h.serve(w, r, dest)
}

// serve relays a request to its destination, in any of the three modes. See the
// package comment.
func (h *Handler) serve(w http.ResponseWriter, r *http.Request, dest destination) {
	h.beside.Add(1)
	defer h.beside.Done()
	x := h.begin(r, dest)
	defer x.end()
	switch x.reading {
	case readFirst:
		x.aside(func() { h.decide(x) })
		x.aside(func() { h.decideUnread(x) })
	case readBeside:
		h.observe(x)
	}
	x.relay(w)
}

// refuse answers a request that has nowhere to go.
func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, err error) {
	target := wire.Detect(r.Method, rawPath(r), r.URL.RawQuery, r.Header)
	h.monitor.Passed(monitor.Unobserved{
		Dialect: dialectName(target.Dialect), Mode: string(config.Off),
		Outcome: monitor.OutcomeUnreachable, Reason: monitor.ReasonFailed,
	})
	writeError(w, target.Dialect, http.StatusBadGateway, "hotmess_no_upstream", err.Error())
}

// writeError answers in the caller's dialect.
func writeError(w http.ResponseWriter, d wire.Dialect, status int, kind, message string) {
	contentType, body := wire.ErrorBody(d, status, kind, message)
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client may be gone
}

// bufferPool implements httputil.BufferPool.
type bufferPool struct{ sync.Pool }

// Get implements httputil.BufferPool.
func (p *bufferPool) Get() []byte { return *p.Pool.Get().(*[]byte) }

// Put implements httputil.BufferPool.
func (p *bufferPool) Put(b []byte) { p.Pool.Put(&b) }

// logPanic logs a panic of our own, without its value: that may quote what was
// being read.
func (h *Handler) logPanic(id string, p any) {
	h.log.Error("panic while measuring", slog.String("id", id), slog.String("type", fmt.Sprintf("%T", p)), slog.String("stack", string(debug.Stack())))
}
