package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"
)

// nodeHosts are where the SDKs call unless they are told otherwise.
var nodeHosts = []string{"api.openai.com", "api.anthropic.com", "generativelanguage.googleapis.com"}

// A nodeOuter is a network in which the APIs' hosts are a front, and nothing
// else is there: a proxy that knows CONNECT.
type nodeOuter struct {
	*httptest.Server
	// roots names a file with the authority that the hosts' certificate is of.
	roots string
	// secure is the address of the front's TLS port.
	secure string
	mu     sync.Mutex
	strays []string
}

// nodeNetwork starts a network around a front.
func nodeNetwork(t *testing.T, f *nodeFront) *nodeOuter {
	t.Helper()
	o := &nodeOuter{roots: filepath.Join(t.TempDir(), "roots.pem")}
	secure := httptest.NewUnstartedServer(f)
	secure.EnableHTTP2 = true
	secure.TLS = &tls.Config{Certificates: []tls.Certificate{nodeCertificate(t, o.roots)}}
	secure.StartTLS()
	t.Cleanup(secure.Close)
	o.secure = secure.Listener.Addr().String()
	o.Server = httptest.NewServer(o)
	t.Cleanup(o.Close)
	return o
}

// ServeHTTP implements http.Handler.
func (o *nodeOuter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	host, port, _ := net.SplitHostPort(r.Host)
	if r.Method != http.MethodConnect || port != "443" || !slices.Contains(nodeHosts, host) {
		o.stray(r.Method + " " + r.RequestURI)
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	far, err := net.Dial("tcp", o.secure)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	// The client says nothing before it is answered, so nothing is buffered.
	near, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		_ = far.Close()
		return
	}
	_, _ = io.WriteString(near, "HTTP/1.1 200 OK\r\n\r\n") // a client that is gone ends the copies
	go nodePipe(far, near)
	go nodePipe(near, far)
}

// nodePipe copies until one end closes, which closes the other.
func nodePipe(to, from net.Conn) {
	_, _ = io.Copy(to, from) // how it ended does not matter
	_ = to.Close()
}

// env leads all calls but those to loopback into the network, where its
// authority alone is trusted.
func (o *nodeOuter) env() []string {
	return []string{
		"HTTPS_PROXY=" + o.URL, "HTTP_PROXY=" + o.URL, "NO_PROXY=127.0.0.1", "NODE_USE_ENV_PROXY=1",
		"SSL_CERT_FILE=" + o.roots, "SSL_CERT_DIR=" + filepath.Dir(o.roots), "NODE_EXTRA_CA_CERTS=" + o.roots,
	}
}

func (o *nodeOuter) stray(what string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.strays = append(o.strays, what)
}

// nothingElse fails if anything but the APIs was called.
func (o *nodeOuter) nothingElse(t *testing.T) {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.strays) > 0 {
		t.Errorf("calls that lead out of the test: %q", o.strays)
	}
}

// nodeCertificate makes an authority, which it writes to a file, and the
// certificate of the APIs' hosts.
func nodeCertificate(t *testing.T, roots string) tls.Certificate {
	t.Helper()
	authority := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "e2e authority"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: nodeHosts[0]}, DNSNames: nodeHosts,
		NotBefore: authority.NotBefore, NotAfter: authority.NotAfter,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	authorityKey, key := nodeKey(t), nodeKey(t)
	signed := nodeSign(t, authority, authority, &authorityKey.PublicKey, authorityKey)
	if err := os.WriteFile(roots, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed}), 0o600); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{nodeSign(t, leaf, authority, &key.PublicKey, authorityKey)}, PrivateKey: key}
}

func nodeKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func nodeSign(t *testing.T, made, by *x509.Certificate, whose *ecdsa.PublicKey, with *ecdsa.PrivateKey) []byte {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, made, by, whose, with)
	if err != nil {
		t.Fatal(err)
	}
	return der
}
