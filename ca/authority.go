package ca

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// An Authority signs for the hosts that it was made for and for no others. It
// is safe for concurrent use.
type Authority struct {
	pair
	store  store
	now    func() time.Time
	leaves map[string]*leaf // one a host; the map itself never changes
}

// Open returns the authority in dir. Where there is none it makes one for
// hosts, which are names or addresses without ports, and dir if need be. An
// authority that is there is kept as it is, since clients trust it already:
// whether it covers the hosts is for the caller to ask. now is the clock that
// certificates are dated by.
func Open(ctx context.Context, dir string, hosts []string, now func() time.Time) (*Authority, error) {
	s := store(dir)
	p, err := s.read(now())
	if err == nil {
		return newAuthority(s, p, now), nil
	}
	// Another process may be at it; under the lock there is none.
	p, settled := s.settle(ctx, hosts, now())
	switch {
	case settled == nil:
		return newAuthority(s, p, now), nil
	case errors.Is(err, errAbsent) || errors.Is(err, errUnfinished):
		return nil, settled
	}
	return nil, err
}

// Renew makes a new authority for hosts in dir. What is there, whole or not, is
// kept aside as ca.pem.old and ca.key.old, in place of what was kept before.
// Clients that trust only the old one refuse the leaves of the new one.
func Renew(ctx context.Context, dir string, hosts []string, now func() time.Time) (*Authority, error) {
	if _, err := canonicalHosts(hosts); err != nil {
		return nil, fmt.Errorf("make certificate authority: %w", err)
	}
	s := store(dir)
	unlock, err := s.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if err := s.setAside(); err != nil {
		return nil, err
	}
	p, err := s.make(hosts, now())
	if err != nil {
		return nil, err
	}
	return newAuthority(s, p, now), nil
}

func newAuthority(s store, p pair, now func() time.Time) *Authority {
	a := &Authority{pair: p, store: s, now: now, leaves: make(map[string]*leaf, len(p.hosts))}
	for _, h := range p.hosts {
		a.leaves[h] = &leaf{host: h}
	}
	return a
}

// Hosts are the names and addresses that the authority may sign for, sorted.
func (a *Authority) Hosts() []string { return slices.Clone(a.hosts) }

// Covers reports whether host, without a port, is one of Hosts. What is under a
// host's name is not covered, even though clients would accept it.
func (a *Authority) Covers(host string) bool {
	_, ok := a.leafOf(host)
	return ok
}

// Name is what the authority is called in a trust store.
func (a *Authority) Name() string { return a.root.Subject.CommonName }

// Expires is when clients stop trusting the authority.
func (a *Authority) Expires() time.Time { return a.expires() }

// Fingerprint is the SHA-256 of the certificate, as AA:BB:…, the form in which
// openssl and trust stores show it.
func (a *Authority) Fingerprint() string {
	sum := sha256.Sum256(a.root.Raw)
	return strings.ReplaceAll(fmt.Sprintf("% X", sum[:]), " ", ":")
}

// CertFile is the path of the certificate that clients are to trust, in PEM and
// nothing else in the file.
func (a *Authority) CertFile() string { return a.store.cert() }

// KeyFile is the path of the secret.
func (a *Authority) KeyFile() string { return a.store.key() }

// PEM is the certificate that clients are to trust.
func (a *Authority) PEM() []byte { return encodeCertificate(a.root.Raw) }
