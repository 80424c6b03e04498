package ca

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"
)

const (
	// lifetime of a leaf. Short, as nobody can revoke one; far below the 825
	// days that Apple's clients accept.
	lifetime = 7 * 24 * time.Hour
	// reserve is what a leaf has left when it is signed anew, for clients whose
	// clock is ahead of ours.
	reserve = 24 * time.Hour
	// keyIDBytes is the length of a key id by RFC 7093, method 1.
	keyIDBytes = 20
)

// A leaf is the latest certificate for one host, nil before the first.
type leaf struct {
	host string // canonical
	mu   sync.Mutex
	cert *tls.Certificate
}

// Leaf returns a certificate for host, one of Hosts, with its key and with the
// signer that leads to the root. It is shared: the caller must not change it.
// It is cheap to ask each time, under 1 µs, and the answer changes before it
// expires.
func (a *Authority) Leaf(host string) (*tls.Certificate, error) {
	l, ok := a.leafOf(host)
	if !ok {
		return nil, fmt.Errorf("%s may not sign for %.*q: hotmess ca renew makes a certificate authority for all configured hosts", a.CertFile(), maxHost, host)
	}
	now := a.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cert != nil && a.fresh(l.cert.Leaf, now) {
		return l.cert, nil
	}
	if err := a.check(now); err != nil {
		return nil, renewable(a.CertFile(), err)
	}
	cert, err := a.sign(l.host, now)
	if err != nil {
		return nil, err
	}
	l.cert = cert
	return cert, nil
}

func (a *Authority) leafOf(host string) (*leaf, bool) {
	name, err := canonical(host)
	if err != nil {
		return nil, false
	}
	l, ok := a.leaves[name]
	return l, ok
}

// fresh reports whether c can be shown to a client: it is valid, and for long
// enough, or as long as the authority itself.
func (a *Authority) fresh(c *x509.Certificate, now time.Time) bool {
	last := now.Add(reserve).After(c.NotAfter)
	return !now.Before(c.NotBefore) && !now.After(c.NotAfter) && (!last || c.NotAfter.Equal(a.expires()))
}

// sign makes a leaf with a key of its own.
func (a *Authority) sign(host string, now time.Time) (*tls.Certificate, error) {
	key, err := newKey()
	if err != nil {
		return nil, fmt.Errorf("sign for %s: %w", host, err)
	}
	template, err := a.leafTemplate(host, &key.PublicKey, now)
	if err != nil {
		return nil, fmt.Errorf("sign for %s: %w", host, err)
	}
	c, err := certify(template, a.signer, key.Public(), a.key)
	if err != nil {
		return nil, fmt.Errorf("sign for %s: %w", host, err)
	}
	return &tls.Certificate{Certificate: [][]byte{c.Raw, a.signer.Raw}, PrivateKey: key, Leaf: c}, nil
}

// leafTemplate has no common name: clients that still look at it would hold an
// address in it against the constraints on names.
func (a *Authority) leafTemplate(host string, public *ecdsa.PublicKey, now time.Time) (*x509.Certificate, error) {
	id, err := keyID(public)
	if err != nil {
		return nil, err
	}
	c := &x509.Certificate{
		Subject:               pkix.Name{Organization: []string{organization}},
		NotBefore:             later(now.Add(-skew), a.signer.NotBefore),
		NotAfter:              earlier(now.Add(lifetime), a.expires()),
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		SubjectKeyId:          id,
	}
	if addr, err := netip.ParseAddr(host); err == nil {
		c.IPAddresses = []net.IP{addr.AsSlice()}
	} else {
		c.DNSNames = []string{host}
	}
	return c, nil
}

// keyID names a key; x509 makes one for authorities only.
func keyID(public *ecdsa.PublicKey) ([]byte, error) {
	point, err := public.Bytes()
	if err != nil {
		return nil, fmt.Errorf("make key id: %w", err)
	}
	sum := sha256.Sum256(point)
	return sum[:keyIDBytes], nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
