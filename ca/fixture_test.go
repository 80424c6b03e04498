package ca

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

const (
	llm     = "api.llm.example"
	llmAddr = "192.0.2.7"
)

var epoch = time.Date(2026, 3, 4, 5, 6, 7, 8, time.UTC)

// at is a clock that stands still.
func at(t time.Time) func() time.Time { return func() time.Time { return t } }

// open opens the authority of dir, made for llm and llmAddr, at now.
func open(t testing.TB, dir string, now func() time.Time) *Authority {
	t.Helper()
	return openFor(t, dir, now, llm, llmAddr)
}

func openFor(t testing.TB, dir string, now func() time.Time, hosts ...string) *Authority {
	t.Helper()
	a, err := Open(t.Context(), dir, hosts, now)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func leafFor(t testing.TB, a *Authority, host string) *tls.Certificate {
	t.Helper()
	cert, err := a.Leaf(host)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// forge signs what Leaf would refuse, as one can who has stolen the key file.
func forge(t testing.TB, a *Authority, names *x509.Certificate) *tls.Certificate {
	t.Helper()
	key, err := newKey()
	if err != nil {
		t.Fatal(err)
	}
	template, err := a.leafTemplate("", &key.PublicKey, a.now())
	if err != nil {
		t.Fatal(err)
	}
	template.DNSNames, template.IPAddresses, template.Subject = names.DNSNames, names.IPAddresses, names.Subject
	c, err := certify(template, a.signer, key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Certificate{Certificate: [][]byte{c.Raw, a.signer.Raw}, PrivateKey: key, Leaf: c}
}

// named and addressed are what forge is to put into a certificate.
func named(host string) *x509.Certificate { return &x509.Certificate{DNSNames: []string{host}} }

func addressed(ip string) *x509.Certificate {
	return &x509.Certificate{IPAddresses: []net.IP{net.ParseIP(ip)}}
}

// commonlyNamed has the name where only old clients look.
func commonlyNamed(host string) *x509.Certificate {
	return &x509.Certificate{Subject: pkix.Name{CommonName: host}}
}

// verify is what a client in Go does that trusts a alone.
func verify(a *Authority, cert *tls.Certificate, host string, now time.Time) error {
	roots, between := x509.NewCertPool(), x509.NewCertPool()
	roots.AppendCertsFromPEM(a.PEM())
	for _, der := range cert.Certificate[1:] {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return err
		}
		between.AddCert(c)
	}
	_, err := cert.Leaf.Verify(x509.VerifyOptions{DNSName: host, Roots: roots, Intermediates: between, CurrentTime: now})
	return err
}

// write puts a file into dir and returns its path.
func write(t testing.TB, dir, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func contents(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
