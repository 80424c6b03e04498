package ca

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"

	"hotmess/keyfile"
)

const (
	// maxBundle bounds a file of roots, in bytes of text. A usual one has
	// 220 kB.
	maxBundle = 8 << 20
	// BundleFile is the name of the bundle made of the system's roots.
	BundleFile = "bundle.pem"
	// bundleName is that of one made of another file, by a hash of its path.
	bundleName = "bundle-%x.pem"
	hashBytes  = 4
)

// Bundle is roots, a PEM text, with the authority added: what to set where a
// client's setting replaces its roots. The authority comes last, after a
// comment that says whose it is; nothing is in it twice, and of roots the
// certificates alone are kept.
func (a *Authority) Bundle(roots []byte) []byte {
	var b bytes.Buffer
	for _, der := range certificates(roots) {
		if !bytes.Equal(der, a.root.Raw) {
			b.Write(encodeCertificate(der))
		}
	}
	fmt.Fprintf(&b, "# %s: made by hotmess on its own machine, signs for its LLM hosts only\n", a.Name())
	b.Write(a.PEM())
	return b.Bytes()
}

// WriteBundle writes the bundle for roots, those of the system, into the
// authority's directory, and returns its path.
func (a *Authority) WriteBundle(roots []byte) (string, error) {
	path := filepath.Join(string(a.store), BundleFile)
	return path, replace(path, a.Bundle(roots))
}

// WriteBundleFor is WriteBundle for roots that somebody has chosen: base is the
// file or directory that the variable of that name holds. Where base has the
// authority already, it is base that is returned. Equal bases share a bundle.
func (a *Authority) WriteBundleFor(variable, base string) (string, error) {
	base, err := filepath.Abs(base)
	if err != nil {
		return "", fmt.Errorf("%s: %w", variable, err)
	}
	var found collection
	if err := found.addPath(base); err != nil {
		return "", fmt.Errorf("%s: %w", variable, err)
	}
	if len(found.certs) == 0 {
		return "", fmt.Errorf("%s: %s holds no certificate in PEM", variable, base)
	}
	if found.seen[sha256.Sum256(a.root.Raw)] {
		return base, nil
	}
	sum := sha256.Sum256([]byte(base))
	path := filepath.Join(string(a.store), fmt.Sprintf(bundleName, sum[:hashBytes]))
	return path, replace(path, a.Bundle(encodeCertificates(found.certs)))
}

// addPath adds the certificates of a file, or of all files of a directory.
func (c *collection) addPath(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.IsDir() {
		_, err = c.addDir(path)
		return err
	}
	text, err := keyfile.ReadPublic(path, maxBundle)
	if err != nil {
		return err
	}
	c.add(text)
	return nil
}

// replace writes a file that is no secret, unless it is there as it should be:
// clients may be reading it.
func replace(path string, b []byte) error {
	old, err := keyfile.ReadPublic(path, int64(len(b)))
	if err == nil && bytes.Equal(old, b) {
		return nil
	}
	return keyfile.WritePublic(path, b)
}
