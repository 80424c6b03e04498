package bench

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/elazarl/goproxy"

	"hotmess/config"
)

// TestMain has the sidecars trust the upstreams: they trust what the system
// does, and crypto/x509 asks once (not on macOS and Windows, where the
// benchmarks of this file fail).
func TestMain(m *testing.M) {
	os.Exit(func() int {
		server := httptest.NewTLSServer(nil)
		defer server.Close()
		dir, err := os.MkdirTemp("", "bench")
		if err != nil {
			log.Print(err)
			return 1
		}
		defer os.RemoveAll(dir)
		roots := filepath.Join(dir, "roots.pem")
		text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
		if err := os.WriteFile(roots, text, 0o600); err != nil {
			log.Print(err)
			return 1
		}
		_ = os.Setenv("SSL_CERT_FILE", roots) // fails for odd names only
		return m.Run()
	}())
}

// A version is that of HTTP, on both sides of a proxy.
type version struct {
	name  string
	http2 bool
}

// eachVersion runs a benchmark with HTTP/1.1 and with HTTP/2.
func eachVersion(b *testing.B, run func(b *testing.B, v version)) {
	b.Helper()
	for _, v := range []version{{"HTTP1", false}, {"HTTP2", true}} {
		b.Run(v.name, func(b *testing.B) { run(b, v) })
	}
}

// secure is upstream over TLS.
func (v version) upstream(b *testing.B) *httptest.Server {
	b.Helper()
	s := httptest.NewUnstartedServer(answers())
	s.EnableHTTP2 = v.http2
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // clients drop connections that they do not need
	s.StartTLS()
	b.Cleanup(s.Close)
	return s
}

// transport trusts one certificate and, unless it is empty, goes through a proxy.
func (v version) transport(trusted *x509.Certificate, proxy string) *http.Transport {
	t := transport()
	roots := x509.NewCertPool()
	roots.AddCert(trusted)
	t.TLSClientConfig, t.ForceAttemptHTTP2 = &tls.Config{RootCAs: roots}, v.http2
	if proxy != "" {
		t.Proxy = func(*http.Request) (*url.URL, error) { return url.Parse(proxy) }
	}
	return t
}

// through is transport for a target.
func (v version) through(trusted *x509.Certificate, proxy string) func() *http.Client {
	return func() *http.Client { return &http.Client{Transport: v.transport(trusted, proxy)} }
}

// direct is the way without a proxy.
func (v version) direct(up *httptest.Server) target {
	return target{name: "direct", url: up.URL, through: v.through(up.Certificate(), "")}
}

// tunnel is a bare goproxy that leaves TLS alone.
func (v version) tunnel(b *testing.B, up *httptest.Server) target {
	b.Helper()
	p := quietGoproxy()
	s := httptest.NewServer(p)
	b.Cleanup(s.Close)
	return target{name: "goproxy tunnel", url: up.URL, through: v.through(up.Certificate(), s.URL)}
}

// mitm is a goproxy that opens TLS by itself, as it does best: certificates are
// kept, and HTTP/2 is allowed where it is asked for.
func (v version) mitm(b *testing.B, up *httptest.Server) target {
	b.Helper()
	p := quietGoproxy()
	p.CertStore, p.AllowHTTP2, p.KeepAcceptEncoding = &kept{}, v.http2, true
	p.Tr = v.transport(up.Certificate(), "")
	p.OnRequest().HandleConnect(goproxy.AlwaysMitm)
	s := httptest.NewServer(p)
	b.Cleanup(s.Close)
	return target{name: "goproxy ConnectMitm", url: up.URL, through: v.through(goproxysOwn(b), s.URL)}
}

func quietGoproxy() *goproxy.ProxyHttpServer {
	p := goproxy.NewProxyHttpServer()
	p.ConnectDial, p.Logger = nil, log.New(io.Discard, "", 0)
	return p
}

// goproxysOwn is the certificate of the authority that goproxy brings along.
func goproxysOwn(b *testing.B) *x509.Certificate {
	b.Helper()
	cert, err := x509.ParseCertificate(goproxy.GoproxyCa.Certificate[0])
	if err != nil {
		b.Fatal(err)
	}
	return cert
}

// kept implements goproxy.CertStorage.
type kept struct {
	mu    sync.Mutex
	certs map[string]*tls.Certificate
}

// Fetch implements goproxy.CertStorage.
func (k *kept) Fetch(host string, generate func() (*tls.Certificate, error)) (*tls.Certificate, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if cert := k.certs[host]; cert != nil {
		return cert, nil
	}
	cert, err := generate()
	if k.certs == nil {
		k.certs = map[string]*tls.Certificate{}
	}
	k.certs[host] = cert
	return cert, err
}

// opened is a sidecar that opens TLS.
func (v version) opened(b *testing.B, name string, up *httptest.Server, change func(*config.Config)) target {
	b.Helper()
	r := running(b, up.URL, change)
	return target{name: name, url: up.URL, through: v.through(authorityOf(b, r), "http://"+r.Listen)}
}

// authorityOf is the certificate that clients of a sidecar are to trust.
func authorityOf(b *testing.B, r config.Running) *x509.Certificate {
	b.Helper()
	text, err := os.ReadFile(filepath.Join(r.CA, "ca.pem"))
	if err != nil {
		b.Fatal(err)
	}
	block, _ := pem.Decode(text)
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		b.Fatal(err)
	}
	return cert
}

// forwarding are the ways of a forward proxy that only pass calls on: direct
// first, goproxy's own way of opening TLS second.
func (v version) forwarding(b *testing.B) []target {
	b.Helper()
	up := v.upstream(b)
	return []target{v.direct(up), v.mitm(b, up), v.tunnel(b, up), v.opened(b, "hotmess off", up, unsampled)}
}

// forwardObserving are the ways that open TLS and measure: direct first,
// sampling off second, as in observing.
func (v version) forwardObserving(b *testing.B) []target {
	b.Helper()
	up := v.upstream(b)
	return []target{
		v.direct(up), v.opened(b, "hotmess off", up, unsampled),
		v.opened(b, "hotmess observe, auto", up, func(*config.Config) {}),
		v.opened(b, "hotmess observe, N=5", up, fiveSamples),
	}
}

// BenchmarkForwardAdded is BenchmarkAdded through opened TLS; ratios are to
// goproxy's ConnectMitm.
func BenchmarkForwardAdded(b *testing.B) {
	eachVersion(b, func(b *testing.B, v version) { added(b, v.forwarding(b)) })
}

// BenchmarkForwardAddedObserving is BenchmarkAddedObserving through opened TLS.
func BenchmarkForwardAddedObserving(b *testing.B) {
	eachVersion(b, func(b *testing.B, v version) { added(b, v.forwardObserving(b)) })
}

// BenchmarkForwardThroughput is BenchmarkThroughput through opened TLS; ratios
// are to goproxy's ConnectMitm. In HTTP/2 the 64 callers share one connection.
func BenchmarkForwardThroughput(b *testing.B) {
	eachVersion(b, func(b *testing.B, v version) { printThroughput(b, v.forwarding(b)) })
}

// BenchmarkForwardPacedStream is BenchmarkPacedStream through opened TLS, for all
// ways: between events there is time for what is done behind them.
func BenchmarkForwardPacedStream(b *testing.B) {
	eachVersion(b, func(b *testing.B, v version) { printPaced(b, append(v.forwarding(b), v.forwardObserving(b)[2:]...)) })
}
