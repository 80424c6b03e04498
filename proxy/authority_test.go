package proxy

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"net"
	"slices"
	"testing"
	"time"
)

// An authority signs for some hosts, unless it has expired.
type authority struct {
	hosts   []string
	expired bool
	cert    *x509.Certificate
	key     *ecdsa.PrivateKey
}

// newAuthority makes one that is good for an hour.
func newAuthority(t *testing.T, hosts ...string) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	a := &authority{hosts: hosts, key: key}
	raw, err := a.sign(&x509.Certificate{
		Subject: pkix.Name{CommonName: "a test"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	})
	if err != nil {
		t.Fatal(err)
	}
	if a.cert, err = x509.ParseCertificate(raw); err != nil {
		t.Fatal(err)
	}
	return a
}

// sign makes a certificate of the authority's key; the first is its own.
func (a *authority) sign(cert *x509.Certificate) ([]byte, error) {
	cert.SerialNumber = big.NewInt(time.Now().UnixNano())
	cert.NotBefore, cert.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	parent := a.cert
	if parent == nil {
		parent = cert
	}
	return x509.CreateCertificate(rand.Reader, cert, parent, a.key.Public(), a.key)
}

func (a *authority) Covers(host string) bool { return slices.Contains(a.hosts, host) }

func (a *authority) Leaf(host string) (*tls.Certificate, error) {
	if a.expired || !a.Covers(host) {
		return nil, errors.New("expired, or not covered")
	}
	cert := &x509.Certificate{Subject: pkix.Name{CommonName: host}}
	if ip := net.ParseIP(host); ip != nil {
		cert.IPAddresses = []net.IP{ip}
	} else {
		cert.DNSNames = []string{host}
	}
	raw, err := a.sign(cert)
	return &tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: a.key}, err
}
