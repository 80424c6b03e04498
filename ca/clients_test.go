package ca

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// A client shakes hands with the server on port of this machine as if it were
// host, trusting what trust says; err holds all that it had to say.
type client struct {
	program string // empty: none is needed
	shake   func(t *testing.T, trust trusted, host, port string) error
}

// trusted are the files by which clients are made to trust an authority.
type trusted struct{ cert, bundle, jks string }

func clients() map[string]client {
	return map[string]client{
		"Go":      {"", shakeGo},
		"openssl": {"openssl", shakeOpenSSL},
		"curl":    {"curl", shakeCurl},
		"Python":  {"python3", shakePython},
		"Node":    {"node", shakeNode},
	}
}

// constraintRefused is how clients say that it is the constraints by which they
// refuse, and nothing else.
var constraintRefused = regexp.MustCompile(`(?i)subtree violation|name constraint|not permitted by any constraint`)

func TestClientsAcceptLeavesAndRefuseForgeries(t *testing.T) {
	a, to := trustedAuthority(t)
	for name, c := range clients() {
		t.Run(name, func(t *testing.T) {
			need(t, c.program)
			shakeAll(t, a, func(host, port string) error { return c.shake(t, to, host, port) })
		})
	}
}

// trustedAuthority is an authority of now, and what makes clients trust it.
func trustedAuthority(t *testing.T) (*Authority, trusted) {
	t.Helper()
	a := open(t, t.TempDir(), time.Now)
	others := encodeCertificates(roots(t, 3))
	bundle, err := a.WriteBundle(others)
	if err != nil {
		t.Fatal(err)
	}
	jks, skipped, err := a.WriteJKS(others)
	if err != nil || skipped != 0 {
		t.Fatalf("%d skipped, %v", skipped, err)
	}
	return a, trusted{cert: a.CertFile(), bundle: bundle, jks: jks}
}

// need skips the test where a program is not installed.
func need(t *testing.T, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if p == "" {
			continue
		}
		if _, err := exec.LookPath(p); err != nil {
			t.Skipf("%s is not installed: whether it accepts our certificates is not tested", p)
		}
	}
}

// shakeAll holds a client to what it must accept and refuse.
func shakeAll(t *testing.T, a *Authority, shake func(host, port string) error) {
	t.Helper()
	for _, host := range a.Hosts() {
		if err := shake(host, serve(t, leafFor(t, a, host))); err != nil {
			t.Errorf("%s is refused: %v", host, err)
		}
	}
	for name, c := range map[string]struct {
		host  string
		names *x509.Certificate
	}{
		"name":        {"bank.example", named("bank.example")},
		"address":     {"192.0.2.8", addressed("192.0.2.8")},
		"wildcard":    {"bank.llm.example", named("*.llm.example")},
		"common name": {"bank.example", commonlyNamed("bank.example")},
	} {
		err := shake(c.host, serve(t, forge(t, a, c.names)))
		switch {
		case err == nil:
			t.Errorf("a forged %s is accepted", name)
		case name == "common name": // for many clients no name at all
		case !constraintRefused.MatchString(err.Error()):
			t.Errorf("a forged %s is refused for another reason: %v", name, err)
		}
	}
}

// serve shows cert on a port of this machine.
func serve(t *testing.T, cert *tls.Certificate) (port string) {
	t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	s.TLS = &tls.Config{Certificates: []tls.Certificate{*cert}}
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	_, port, err := net.SplitHostPort(s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// run runs a client with nothing of this environment but where programs are.
func run(t *testing.T, env []string, name string, args ...string) error {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	for _, v := range []string{"PATH", "HOME"} {
		env = append(env, v+"="+os.Getenv(v))
	}
	cmd.Env = env
	out, err := cmd.CombinedOutput()
	if err != nil {
		return errors.New(err.Error() + "\n" + string(out))
	}
	return nil
}

func shakeGo(t *testing.T, to trusted, host, port string) error {
	t.Helper()
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(contents(t, to.bundle))
	d := tls.Dialer{Config: &tls.Config{RootCAs: pool, ServerName: host}}
	conn, err := d.DialContext(t.Context(), "tcp", "127.0.0.1:"+port)
	if err != nil {
		return err
	}
	return conn.Close()
}

func shakeOpenSSL(t *testing.T, to trusted, host, port string) error {
	t.Helper()
	args := []string{
		"s_client", "-connect", "127.0.0.1:" + port, "-CAfile", to.bundle, "-x509_strict", "-verify_return_error",
		"-purpose", "sslserver",
	}
	if isAddress(host) {
		return run(t, nil, "openssl", append(args, "-verify_ip", host)...)
	}
	return run(t, nil, "openssl", append(args, "-verify_hostname", host, "-servername", host)...)
}

func isAddress(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil
}

func shakeCurl(t *testing.T, to trusted, host, port string) error {
	t.Helper()
	return run(t, []string{"CURL_CA_BUNDLE=" + to.bundle}, "curl", "-sS", "--noproxy", "*", "--max-time", "10",
		"--connect-to", host+":443:127.0.0.1:"+port, "https://"+host+"/")
}

func shakePython(t *testing.T, to trusted, host, port string) error {
	t.Helper()
	return run(t, []string{"SSL_CERT_FILE=" + to.bundle}, "python3", "testdata/handshake.py", host, port)
}

func shakeNode(t *testing.T, to trusted, host, port string) error {
	t.Helper()
	return run(t, []string{"NODE_EXTRA_CA_CERTS=" + to.cert}, "node", "testdata/handshake.js", host, port)
}

func TestOpenSSLVerifiesStrictly(t *testing.T) {
	need(t, "openssl")
	for name, hosts := range map[string][]string{"names": {llm}, "addresses": {llmAddr, "2001:db8::1"}, "both": {llm, llmAddr}} {
		t.Run(name, func(t *testing.T) {
			a := openFor(t, t.TempDir(), time.Now, hosts...)
			for _, host := range hosts {
				if err := opensslVerify(t, a, leafFor(t, a, host), host); err != nil {
					t.Errorf("%s: %v", host, err)
				}
			}
			for host, names := range map[string]*x509.Certificate{
				"bank.example": named("bank.example"), "192.0.2.8": addressed("192.0.2.8"), "2001:db8::2": addressed("2001:db8::2"),
			} {
				if err := opensslVerify(t, a, forge(t, a, names), host); err == nil || !constraintRefused.MatchString(err.Error()) {
					t.Errorf("a leaf for %s by a stolen key: %v", host, err)
				}
			}
		})
	}
}

// opensslVerify holds a chain to RFC 5280 to the letter.
func opensslVerify(t *testing.T, a *Authority, cert *tls.Certificate, host string) error {
	t.Helper()
	dir := t.TempDir()
	signer := write(t, dir, "signer.pem", encodeCertificate(cert.Certificate[1]))
	leaf := write(t, dir, "leaf.pem", encodeCertificate(cert.Certificate[0]))
	kind := "-verify_hostname"
	if isAddress(host) {
		kind = "-verify_ip"
	}
	return run(t, nil, "openssl", "verify", "-x509_strict", "-purpose", "sslserver", kind, host,
		"-CAfile", a.CertFile(), "-untrusted", signer, leaf)
}

func TestFingerprintIsAsOpenSSLShowsIt(t *testing.T) {
	need(t, "openssl")
	a := open(t, t.TempDir(), at(epoch))
	out, err := exec.CommandContext(t.Context(), "openssl", "x509", "-in", a.CertFile(), "-noout", "-fingerprint", "-sha256").Output()
	if err != nil || !strings.HasSuffix(strings.TrimSpace(string(out)), "="+a.Fingerprint()) {
		t.Errorf("%s, not %s: %v", out, a.Fingerprint(), err)
	}
}

func TestJavaAcceptsLeavesAndRefusesForgeries(t *testing.T) {
	need(t, "javac", "java")
	a, to := trustedAuthority(t)
	classes := t.TempDir()
	if err := run(t, nil, "javac", "-d", classes, filepath.Join("testdata", "Handshake.java")); err != nil {
		t.Fatal(err)
	}
	shakeAll(t, a, func(host, port string) error {
		return run(t, nil, "java", "-Djavax.net.ssl.trustStore="+to.jks, "-cp", classes, "Handshake", host, port)
	})
}
