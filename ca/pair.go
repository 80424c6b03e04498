package ca

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

const (
	organization = "hotmess"
	// years is how long an authority lasts. Every renewal has to reach whatever
	// trusts it, images and trust stores included, so it should not come often;
	// yet a key that was copied unnoticed must not be good for ever.
	years = 5
	// skew is how much a client's clock may be behind ours: certificates are
	// valid from so long before they are made.
	skew = 24 * time.Hour
	// maxHome bounds the host's name within ours, in bytes: a common name has
	// 64 at most (RFC 5280, A.1).
	maxHome = 40
)

// A pair is an authority as it is on disk: a root that clients trust, whose key
// nobody has any more, and the signer that it has certified, with its key.
type pair struct {
	root   *x509.Certificate
	signer *x509.Certificate
	key    *ecdsa.PrivateKey // the signer's
	hosts  []string          // canonical
}

// makePair makes an authority for canonical hosts. The root's key is forgotten
// with the return.
func makePair(hosts []string, now time.Time) (pair, error) {
	name := newName()
	rootKey, err := newKey()
	if err != nil {
		return pair{}, err
	}
	template := authority(name, hosts, now)
	template.MaxPathLen = 1
	root, err := certify(template, template, rootKey.Public(), rootKey)
	if err != nil {
		return pair{}, err
	}
	key, err := newKey()
	if err != nil {
		return pair{}, err
	}
	template = authority(name+" signer", hosts, now)
	template.MaxPathLenZero = true
	signer, err := certify(template, root, key.Public(), rootKey)
	if err != nil {
		return pair{}, err
	}
	return pair{root: root, signer: signer, key: key, hosts: hosts}, nil
}

// authority is what root and signer have in common.
func authority(name string, hosts []string, now time.Time) *x509.Certificate {
	c := &x509.Certificate{
		Subject:               pkix.Name{Organization: []string{organization}, CommonName: name},
		NotBefore:             now.Add(-skew),
		NotAfter:              now.AddDate(years, 0, 0),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	constrain(c, hosts)
	return c
}

// newName tells authorities apart in a trust store, by machine and chance.
func newName() string {
	home, err := os.Hostname()
	if err != nil {
		home = "somewhere"
	}
	home = strings.Map(func(r rune) rune {
		if r > ' ' && r <= '~' {
			return r
		}
		return -1
	}, home)
	tail := make([]byte, 3)
	_, _ = rand.Read(tail) // never fails
	return fmt.Sprintf("%s %.*s %s", organization, maxHome, home, hex.EncodeToString(tail))
}

// newKey makes a key on P-256: a leaf takes 0.2 ms then, with RSA 40.
func newKey() (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make key: %w", err)
	}
	return key, nil
}

// certify signs template with the key of parent. Serial number and, for
// authorities, key id are made by x509.
func certify(template, parent *x509.Certificate, public any, key *ecdsa.PrivateKey) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, key)
	if err != nil {
		return nil, fmt.Errorf("sign certificate: %w", err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("sign certificate: %w", err)
	}
	return c, nil
}

// encode is the text of the key file: the signer's key, the signer, the root.
// Being in one file, they cannot get apart.
func (p pair) encode() ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(p.key)
	if err != nil {
		return nil, fmt.Errorf("encode key: %w", err)
	}
	key := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	return bytes.Join([][]byte{key, encodeCertificate(p.signer.Raw), encodeCertificate(p.root.Raw)}, nil), nil
}

// parsePair reads what encode wrote, and refuses what fits neither itself nor
// its purpose.
func parsePair(text []byte) (pair, error) {
	both, err := tls.X509KeyPair(text, text)
	if err != nil {
		return pair{}, fmt.Errorf("key and certificate: %w", err)
	}
	key, ok := both.PrivateKey.(*ecdsa.PrivateKey)
	if !ok || len(both.Certificate) != 2 || !both.Leaf.IsCA {
		return pair{}, errors.New("it does not hold an ECDSA key, the certificate to sign with and its root")
	}
	root, err := x509.ParseCertificate(both.Certificate[1])
	if err != nil {
		return pair{}, fmt.Errorf("root: %w", err)
	}
	p := pair{root: root, signer: both.Leaf, key: key}
	if err := p.signer.CheckSignatureFrom(root); err != nil {
		return pair{}, fmt.Errorf("certificate does not fit its root: %w", err)
	}
	if p.hosts, err = constrainedTo(p.signer); err != nil {
		return pair{}, err
	}
	return p, nil
}

// check reports why p cannot be used at now.
func (p pair) check(now time.Time) error {
	const day = time.DateOnly
	switch {
	case now.After(p.signer.NotAfter) || now.After(p.root.NotAfter):
		return fmt.Errorf("it expired on %s", p.expires().Format(day))
	case now.Before(p.signer.NotBefore):
		return fmt.Errorf("it is valid from %s only, and by this machine's clock it is %s", p.signer.NotBefore.Format(day), now.UTC().Format(day))
	}
	return nil
}

// expires is the earlier end of the two.
func (p pair) expires() time.Time {
	if p.root.NotAfter.Before(p.signer.NotAfter) {
		return p.root.NotAfter
	}
	return p.signer.NotAfter
}
