package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// An authority signs for the servers of a test.
type authority struct {
	// file holds its certificate, for SSL_CERT_FILE; pool is the same.
	file string
	pool *x509.CertPool

	root *x509.Certificate
	key  *ecdsa.PrivateKey
	mu   sync.Mutex
	// leaves are kept by name, serials counted.
	leaves map[string]*tls.Certificate
	serial int64
}

// newAuthority makes one that nobody else has.
func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := certificate(1, "test authority")
	template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	root, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	a := &authority{
		file: filepath.Join(t.TempDir(), "roots.pem"), pool: x509.NewCertPool(),
		root: root, key: key, leaves: map[string]*tls.Certificate{}, serial: 1,
	}
	a.pool.AddCert(root)
	if err := os.WriteFile(a.file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return a
}

func certificate(serial int64, name string) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
}

// leaf is the certificate of the name that a client asks for; it is made at
// the first time. It has the form of tls.Config.GetCertificate.
func (a *authority) leaf(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if known := a.leaves[hello.ServerName]; known != nil {
		return known, nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	a.serial++
	template := certificate(a.serial, hello.ServerName)
	template.DNSNames, template.ExtKeyUsage = []string{hello.ServerName}, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	der, err := x509.CreateCertificate(rand.Reader, template, a.root, &key.PublicKey, a.key)
	if err != nil {
		return nil, err
	}
	a.leaves[hello.ServerName] = &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	return a.leaves[hello.ServerName], nil
}
