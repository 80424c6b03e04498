package proxy

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hotmess/config"
	"hotmess/monitor"
	"hotmess/wire"
)

// patience is how long a test waits for what has to come.
const patience = time.Minute

// A rig is a handler between a client and an upstream, with a real monitor.
type rig struct {
	t        *testing.T
	handler  *Handler
	monitor  *monitor.Monitor
	url      string
	client   *http.Client
	log      *safeBuffer
	observed chan monitor.Observation
	// panics makes the monitor's clock panic: a stand-in for any mistake of
	// ours while measuring.
	panics atomic.Bool
	// skew is by how much the monitor's clock is ahead, as a time.Duration.
	skew atomic.Int64
	// publish, if set, is called with each observation.
	publish func(monitor.Observation)
	// dir is the data directory of the monitor.
	dir string
	// transport makes the calls upstream.
	transport *http.Transport
	// server is the port, forward how it serves as a forward proxy.
	server  *Server
	forward Forward
	// served is closed when the port is served no more.
	served <-chan struct{}
}

// newRig builds the line from its end: every request is drawn unless edit says
// otherwise. When the test is over nothing may be held or left running.
func newRig(t *testing.T, upstream http.Handler, edit func(*config.Config)) *rig {
	t.Helper()
	server := httptest.NewServer(upstream)
	t.Cleanup(server.Close)
	return newRigAt(t, server.URL, edit)
}

// newRigAt is newRig with an upstream that runs already.
func newRigAt(t *testing.T, upstream string, edit func(*config.Config)) *rig {
	t.Helper()
	c := config.Default()
	c.Upstream = upstream
	c.Sampling = c.Sampling.PairsOnly()
	c.Sampling.Rate = config.Rate{Share: 1}
	if edit != nil {
		edit(&c)
	}
	r := newBareRig(t)
	r.start(c)
	return r
}

// newBareRig is a rig that does not run yet.
func newBareRig(t *testing.T) *rig {
	return &rig{
		t: t, log: &safeBuffer{}, observed: make(chan monitor.Observation, 1000), dir: t.TempDir(),
		transport: &http.Transport{DisableCompression: true}, forward: Forward{Dial: new(net.Dialer).DialContext, Any: true},
	}
}

// start builds and serves.
func (r *rig) start(c config.Config) {
	r.t.Helper()
	var err error
	r.monitor, err = monitor.New(monitor.Settings{Budget: c.Budget, Prices: c.Prices, Routes: c.Routes, Now: r.now, Dir: r.dir})
	if err != nil {
		r.t.Fatal(err)
	}
	table := c.Resolve()
	only := table[""]
	delete(table, "")
	r.handler = NewHandler(Settings{
		Config: c, Upstreams: NewUpstreams(table, only), Transport: r.transport, Monitor: r.monitor,
		Publish: r.published, Sealer: NewSealer([]byte("key of a test, 32 bytes or more..")), Instance: "test",
		Log: slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug})), Now: time.Now,
	})
	// As if the upstream had said that there is plenty: extras may start.
	r.monitor.Gate().Hear("upstream", http.StatusOK, wire.Quota{Known: true, Remaining: 1})
	r.run()
}

// run serves until the end of the test.
func (r *rig) run() {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = r.monitor.Run(ctx) })
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		r.t.Fatal(err)
	}
	r.server = NewServer(r.handler, r.forward)
	served := make(chan struct{})
	r.served = served
	running.Go(func() { defer close(served); _ = r.server.Serve(l) })
	r.url = "http://" + l.Addr().String()
	own := &http.Transport{DisableCompression: true}
	r.client = &http.Client{Transport: own, Timeout: 2 * patience}
	r.t.Cleanup(func() {
		own.CloseIdleConnections()
		_ = r.server.Close()
		r.handler.Close()
		r.panics.Store(false)
		cancel()
		running.Wait()
		r.transport.CloseIdleConnections()
		if held := r.handler.ledger.held.Load(); held != 0 {
			r.t.Errorf("%d bytes of limits.held are never given back", held)
		}
	})
}

func (r *rig) now() time.Time {
	if r.panics.Load() {
		panic("planted")
	}
	return time.Now().Add(time.Duration(r.skew.Load()))
}

func (r *rig) published(o monitor.Observation) {
	if r.publish != nil {
		r.publish(o)
	}
	r.observed <- o
}

// observation waits for the next observation.
func (r *rig) observation() monitor.Observation {
	r.t.Helper()
	return receive(r.t, r.observed, "an observation")
}

// do sends a request to a path with pairs of header names and values.
func (r *rig) do(method, path, body string, header ...string) *http.Response {
	r.t.Helper()
	res, err := r.try(context.Background(), method, path, body, header...)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = res.Body.Close() })
	return res
}

func (r *rig) try(ctx context.Context, method, path, body string, header ...string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, r.url+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	return r.client.Do(req)
}

// ask sends a chat completion.
func (r *rig) ask(body string, header ...string) *http.Response {
	r.t.Helper()
	return r.do(http.MethodPost, chatPath, body, header...)
}

// metrics is the page of the monitor.
func (r *rig) metrics() string {
	var b bytes.Buffer
	r.monitor.WriteMetrics(&b)
	return b.String()
}

// unmeasured waits until as many requests are counted under a reason.
func (r *rig) unmeasured(reason monitor.Reason, n int64) {
	r.t.Helper()
	r.quiet()
	if got := r.monitor.Unmeasured(); got[reason] != n {
		r.t.Errorf("unmeasured by reason: %v; want %s %d", got, reason, n)
	}
}

// quiet waits until no call and no observer is left.
func (r *rig) quiet() {
	r.t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); r.handler.beside.Wait() }()
	receive(r.t, done, "the end of all observers")
}

// settled waits until the monitor has taken in all that was observed.
func (r *rig) settled() {
	r.t.Helper()
	r.quiet()
	if err := r.monitor.Sync(context.Background()); err != nil {
		r.t.Fatal(err)
	}
}

// receive takes one value, or fails the test after a while.
func receive[T any](t *testing.T, from <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(patience):
		t.Fatalf("waited in vain for %s", what)
		panic("unreachable")
	}
}

// read reads a body to its end.
func read(t *testing.T, res *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("read reply: %v", err)
	}
	_ = res.Body.Close()
	return string(b)
}

// A safeBuffer is a buffer that several goroutines may write.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// request is a request with a body of an announced size; -1: unknown.
func request(t *testing.T, body []byte, announced int64) *http.Request {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, chatPath, bytes.NewReader(body))
	r.ContentLength = announced
	return r
}

func sizeOf(n int64) config.Size { return config.Size(n) }
