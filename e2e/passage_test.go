package e2e

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// A way is how a client comes to the LLM APIs.
type way struct {
	name string
	// proxy: to the vendors' own hosts, through a proxy; else by base URL.
	proxy bool
	http2 bool
}

// directly is the way without hotmess: through the corporate's own proxy.
var directly = way{name: "directly", proxy: true, http2: true}

// ways are those that lead through hotmess.
func ways() []way {
	return []way{{name: "base URL"}, {name: "proxy, HTTP/1.1", proxy: true}, {name: "proxy, HTTP/2", proxy: true, http2: true}}
}

// A passage is a way to the LLM APIs of a corporate.
type passage struct {
	*corporate
	// sidecar is the one that stands between; nil: none.
	sidecar *sidecar
	way     way
}

// client makes an HTTP client that comes this way.
func (p passage) client(t *testing.T) *http.Client {
	t.Helper()
	transport := &http.Transport{}
	if p.way.proxy {
		via, roots := p.proxy, p.pool
		if p.sidecar != nil {
			via, roots = p.sidecar.proxy(t, "test"), p.sidecar.roots(t)
		}
		transport.Proxy, transport.ForceAttemptHTTP2 = http.ProxyURL(via), p.way.http2
		transport.TLSClientConfig = &tls.Config{RootCAs: roots}
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: patience}
}

// base is the base URL of an API; empty: the vendor's own. path is what it has
// behind that of the sidecar.
func (p passage) base(path string) string {
	if p.way.proxy {
		return ""
	}
	return p.sidecar.base + path
}

// mode is that of the sidecar as replies tell it; empty: there is none.
func (p passage) mode() string {
	if p.sidecar == nil {
		return ""
	}
	return p.sidecar.mode
}

// proxy is the URL of the traffic port as a proxy, for a client of a name.
func (s *sidecar) proxy(t *testing.T, name string) *url.URL {
	t.Helper()
	u, err := url.Parse(s.base)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(name, "hotmess")
	return u
}

// roots are what trusts the sidecar's own authority, and no other.
func (s *sidecar) roots(t *testing.T) *x509.CertPool {
	t.Helper()
	pem, err := os.ReadFile(filepath.Join(s.dir, "ca", "ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		t.Fatal("ca.pem holds no certificate")
	}
	return pool
}

// heads remembers the heads of all replies that a client got.
type heads struct {
	http.RoundTripper
	mu  sync.Mutex
	all []http.Response
	// pieces, if set, is told of each piece of a body that arrives.
	pieces chan struct{}
}

// RoundTrip implements http.RoundTripper.
func (h *heads) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := h.RoundTripper.RoundTrip(r)
	if err == nil {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.all = append(h.all, http.Response{StatusCode: res.StatusCode, ProtoMajor: res.ProtoMajor, Header: res.Header.Clone()})
		res.Body = &piecewise{res.Body, h.pieces}
	}
	return res, err
}

// piecewise tells of each piece of a body that was read.
type piecewise struct {
	io.ReadCloser
	pieces chan struct{}
}

// Read implements io.Reader.
func (p *piecewise) Read(b []byte) (int, error) {
	n, err := p.ReadCloser.Read(b)
	if n > 0 && p.pieces != nil {
		p.pieces <- struct{}{}
	}
	return n, err
}

// since gives the heads from the n-th on.
func (h *heads) since(n int) []http.Response {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.all[min(n, len(h.all)):]
}

// A visit is one client of one SDK on one passage, in one test.
type visit struct {
	passage
	sdk    sdk
	client *http.Client
	heads  *heads
	// test is what its requests are known by at the front.
	test string
}

// visit makes a client of an SDK.
func (p passage) visit(t *testing.T, s sdk) *visit {
	t.Helper()
	v := &visit{passage: p, sdk: s, client: p.client(t), test: t.Name()}
	v.heads = &heads{RoundTripper: v.client.Transport}
	v.client.Transport = v.heads
	return v
}

// marks are the headers by which the front knows the requests of the visit, and
// by their Idempotency-Key the client's own from extras.
func (v *visit) marks() http.Header {
	return http.Header{testHeader: {v.test}, "Idempotency-Key": {"k"}}
}

// open begins a conversation.
func (v *visit) open(t *testing.T, m manner) conversation {
	t.Helper()
	header := v.marks()
	maps.Copy(header, m.header)
	m.header = header
	c, err := v.sdk.open(v.client, v.base(v.sdk.path), m)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// arrived fails unless the replies from the n-th on came as they should: by the
// protocol of the way, marked with the mode.
func (v *visit) arrived(t *testing.T, n int) {
	t.Helper()
	wantProto := 1
	if v.way.http2 {
		wantProto = 2
	}
	for _, head := range v.heads.since(n) {
		if head.ProtoMajor != wantProto || head.Header.Get("X-Hotmess-Mode") != v.mode() {
			t.Errorf("HTTP/%d, header %v", head.ProtoMajor, head.Header)
		}
	}
}

// measured fails unless every request of the visit comes to have a measured
// pair, in a sidecar that measures.
func (v *visit) measured(t *testing.T) {
	t.Helper()
	if mode := v.mode(); mode == "" || mode == "off" {
		return
	}
	for _, head := range v.heads.since(0) {
		o := v.sidecar.observation(t, head.Header.Get("X-Hotmess-Id"))
		if o.Reason != "" || o.Differ == nil || len(o.Samples) != samples {
			t.Errorf("not measured: %+v", o)
		}
		if voted := o.Vote != nil && o.Vote.Votes > 1; voted != (o.Mode == "ensemble") {
			t.Errorf("mode %s, vote %+v", o.Mode, o.Vote)
		}
	}
}

// own are the client's own calls upstream, others those beside them.
func (v *visit) calls() (own, others []seen) { return v.front.own(v.test) }

// hosts are the names of the APIs' hosts that were called for the visit.
func hosts(calls []seen) string {
	var all []string
	for _, c := range calls {
		all = append(all, c.Host)
	}
	return strings.Join(all, " ")
}
