package e2e

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

const (
	// nodeMark is in every call that a client of e2e/node makes itself, and,
	// being the name of one call, in no extra.
	nodeMark = "X-Client-Request-Id"
	// nodeWish asks for what the simulated model does only by chance:
	// "refusal", "limited" or "failing".
	nodeWish = "X-Simulate"
)

// A nodeCall is one call that reached the API, and its reply.
type nodeCall struct {
	Method, URI string
	Header      http.Header
	Body        string
	Status      int
	Reply       string
}

// own reports whether the client made the call, not hotmess.
func (c nodeCall) own() bool { return c.Header.Get(nodeMark) != "" }

// A nodeFront is the API of all dialects that the clients are given: simulated
// models, errors on demand, and a memory of what was asked.
type nodeFront struct {
	*httptest.Server
	answering, refusing *httputil.ReverseProxy
	// open counts the calls that have not ended.
	open  atomic.Int64
	mu    sync.Mutex
	calls []*nodeCall
}

// nodeAPI starts simulated models behind a front. They are equal to those of
// every other call but for the given knobs.
func nodeAPI(t *testing.T, knobs ...string) *nodeFront {
	t.Helper()
	knobs = append([]string{"--seed", "7", "--quota", "--accuracy", "0.6", "--steps", "5", "--parallel", "2", "--reasoning", "40", "--show"}, knobs...)
	f := &nodeFront{
		answering: nodePass(t, simulate(t, knobs...)),
		refusing:  nodePass(t, simulate(t, append(knobs, "--refusals", "1")...)),
	}
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	return f
}

// nodePass leads to a simulated model.
func nodePass(t *testing.T, base string) *httputil.ReverseProxy {
	t.Helper()
	to, err := url.Parse(strings.TrimSuffix(base, "/v1"))
	if err != nil {
		t.Fatal(err)
	}
	return &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(to) },
		FlushInterval: -1,
		ErrorHandler:  func(http.ResponseWriter, *http.Request, error) {}, // the client is gone: a vote was decided without it
	}
}

// ServeHTTP implements http.Handler.
func (f *nodeFront) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client broke off: nothing to answer
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	call := f.arrives(r, string(body))
	told := &nodeTold{ResponseWriter: w, zip: nodeZip(w, r)}
	defer func() { f.left(call, told) }()
	switch r.Header.Get(nodeWish) {
	case "refusal":
		f.refusing.ServeHTTP(told, r)
	case "limited":
		refusals["429"].answer(told, r)
	case "failing":
		refusals["500"].answer(told, r)
	default:
		f.answering.ServeHTTP(told, r)
	}
}

func (f *nodeFront) arrives(r *http.Request, body string) *nodeCall {
	call := &nodeCall{Method: r.Method, URI: r.URL.RequestURI(), Header: r.Header.Clone(), Body: body}
	f.open.Add(1)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, call)
	return call
}

func (f *nodeFront) left(call *nodeCall, told *nodeTold) {
	defer f.open.Add(-1)
	told.end()
	f.mu.Lock()
	defer f.mu.Unlock()
	call.Status, call.Reply = told.status, told.body.String()
}

// seen is all calls so far, in the order in which they came, once they have
// ended: a client may be done with a reply before the API is.
func (f *nodeFront) seen(t *testing.T) []nodeCall {
	t.Helper()
	eventually(t, "the API ends its calls", func() bool { return f.open.Load() == 0 })
	f.mu.Lock()
	defer f.mu.Unlock()
	var list []nodeCall
	for _, c := range f.calls {
		list = append(list, *c)
	}
	return list
}

// own is the calls among those seen that the client made itself.
func (f *nodeFront) own(t *testing.T) []nodeCall {
	t.Helper()
	return slices.DeleteFunc(f.seen(t), func(c nodeCall) bool { return !c.own() })
}

// A nodeTold remembers what a client is told, and sends it compressed to one
// that takes it so, as the APIs do.
type nodeTold struct {
	http.ResponseWriter
	zip    *gzip.Writer
	status int
	body   bytes.Buffer
}

// nodeZip compresses a reply; nil if the client does not take it.
func nodeZip(w http.ResponseWriter, r *http.Request) *gzip.Writer {
	if !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		return nil
	}
	return gzip.NewWriter(w)
}

// WriteHeader implements http.ResponseWriter.
func (w *nodeTold) WriteHeader(status int) {
	w.status = status
	if w.zip != nil {
		w.Header().Set("Content-Encoding", "gzip")
		w.Header().Del("Content-Length")
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *nodeTold) Write(p []byte) (int, error) {
	w.body.Write(p)
	if w.zip != nil {
		return w.zip.Write(p)
	}
	return w.ResponseWriter.Write(p)
}

// FlushError is for http.ResponseController.
func (w *nodeTold) FlushError() error {
	if w.zip != nil {
		if err := w.zip.Flush(); err != nil {
			return err
		}
	}
	return http.NewResponseController(w.ResponseWriter).Flush()
}

// end sends what is left; a client that is gone does not get it.
func (w *nodeTold) end() {
	if w.zip != nil && w.status != 0 {
		_ = w.zip.Close()
	}
}
