package ca

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"path/filepath"

	"github.com/pavlo-v-chernykh/keystore-go/v4"
)

const (
	// JavaFile is the name of the trust store for Java.
	JavaFile = "truststore.jks"
	// JavaPassword is what Java takes for the password of a trust store by
	// custom. It proves that the file is whole and protects nothing.
	JavaPassword = "changeit"
	// javaAlias names the authority in a trust store.
	javaAlias = organization
)

// JKS is Bundle as a trust store for Java, in the form that all of its versions
// read. skipped is how many of roots are left out because they cannot be
// parsed: Java refuses a store for one of them. Equal roots give equal bytes.
func (a *Authority) JKS(roots []byte, password string) (store []byte, skipped int, err error) {
	ks := keystore.New(keystore.WithOrderedAliases())
	for _, der := range certificates(roots) {
		if bytes.Equal(der, a.root.Raw) {
			continue
		}
		c, err := x509.ParseCertificate(der)
		if err != nil {
			skipped++
			continue
		}
		sum := sha256.Sum256(der)
		if err := trust(ks, hex.EncodeToString(sum[:]), c); err != nil {
			return nil, 0, err
		}
	}
	if err := trust(ks, javaAlias, a.root); err != nil {
		return nil, 0, err
	}
	var b bytes.Buffer
	if err := ks.Store(&b, []byte(password)); err != nil {
		return nil, 0, fmt.Errorf("make Java trust store: %w", err)
	}
	return b.Bytes(), skipped, nil
}

func trust(ks keystore.KeyStore, alias string, c *x509.Certificate) error {
	err := ks.SetTrustedCertificateEntry(alias, keystore.TrustedCertificateEntry{
		CreationTime: c.NotBefore,
		Certificate:  keystore.Certificate{Type: "X509", Content: c.Raw},
	})
	if err != nil {
		return fmt.Errorf("make Java trust store: %w", err)
	}
	return nil
}

// WriteJKS writes the trust store for roots, with JavaPassword, into the
// authority's directory, and returns its path.
func (a *Authority) WriteJKS(roots []byte) (path string, skipped int, err error) {
	store, skipped, err := a.JKS(roots, JavaPassword)
	if err != nil {
		return "", 0, err
	}
	path = filepath.Join(string(a.store), JavaFile)
	return path, skipped, replace(path, store)
}
