package ca

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"slices"
	"strings"
	"testing"
)

func TestKeyFileComesBack(t *testing.T) {
	hosts := []string{"192.0.2.1", "2001:db8::1", "api.example"}
	p, err := makePair(hosts, epoch)
	if err != nil {
		t.Fatal(err)
	}
	text, err := p.encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := parsePair(text)
	if err != nil || !got.key.Equal(p.key) || !got.signer.Equal(p.signer) || !got.root.Equal(p.root) || !slices.Equal(got.hosts, hosts) {
		t.Errorf("%v, %v", got.hosts, err)
	}
}

func TestKeyFilesOfAnotherKindAreRefused(t *testing.T) {
	a, other := open(t, t.TempDir(), at(epoch)), open(t, t.TempDir(), at(epoch))
	leaf := leafFor(t, a, llm)
	rsaKey, rsaCert := selfSignedRSA(t)
	unbound, unboundKey := unconstrained(t)
	for name, c := range map[string]struct {
		key   any
		certs [][]byte
		want  string
	}{
		"another root":   {a.key, [][]byte{a.signer.Raw, other.root.Raw}, "does not fit its root"},
		"no root":        {a.key, [][]byte{a.signer.Raw}, "does not hold"},
		"one too many":   {a.key, [][]byte{a.signer.Raw, a.root.Raw, other.root.Raw}, "does not hold"},
		"a server's":     {leaf.PrivateKey, leaf.Certificate, "does not hold"},
		"RSA":            {rsaKey, [][]byte{rsaCert, rsaCert}, "does not hold"},
		"another key":    {other.key, [][]byte{a.signer.Raw, a.root.Raw}, "does not match"},
		"no certificate": {a.key, nil, "key and certificate"},
		"unconstrained":  {unboundKey, [][]byte{unbound, unbound}, errUnconstrained.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			der, err := x509.MarshalPKCS8PrivateKey(c.key)
			if err != nil {
				t.Fatal(err)
			}
			key := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
			_, err = parsePair(bytes.Join([][]byte{key, encodeCertificates(c.certs)}, nil))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

// unconstrained is an authority for everything, as others make them.
func unconstrained(t *testing.T) ([]byte, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := newKey()
	if err != nil {
		t.Fatal(err)
	}
	template := authority("usual", []string{llm}, epoch)
	template.PermittedDNSDomains, template.ExcludedIPRanges = nil, nil
	c, err := certify(template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return c.Raw, key
}

func selfSignedRSA(t *testing.T) (*rsa.PrivateKey, []byte) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := authority("rsa", []string{llm}, epoch)
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return key, der
}
