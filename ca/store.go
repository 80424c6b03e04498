package ca

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"

	"hotmess/keyfile"
)

const (
	// CertFile is the name, inside the directory, of the certificate that
	// clients are to trust.
	CertFile = "ca.pem"
	// KeyFile is the name of the secret: the signer's key, with the
	// certificates that belong to it.
	KeyFile = "ca.key"

	lockFile = "ca.lock"
	// aside is what the files of an earlier authority are kept with.
	aside = ".old"
	// maxFile bounds either file: with maxHosts long names some 150 kB.
	maxFile = 256 << 10
	// lockPatience is how long another process may take to make an authority;
	// it needs milliseconds.
	lockPatience = 5 * time.Second
	lockPoll     = 10 * time.Millisecond
)

var (
	// errAbsent: there is no authority in the directory.
	errAbsent = errors.New("there is no certificate authority")
	// errUnfinished: the secret is there, the certificate is not yet.
	errUnfinished = errors.New("the certificate is not written yet")
)

// A store is the directory of an authority.
type store string

func (s store) cert() string { return filepath.Join(string(s), CertFile) }
func (s store) key() string  { return filepath.Join(string(s), KeyFile) }

// renewable adds the way out to an error about one of the files.
func renewable(path string, err error) error {
	return fmt.Errorf("%s: %w; hotmess ca renew makes a new certificate authority", path, err)
}

// read returns what is there, if it is whole and can be used at now.
func (s store) read(now time.Time) (pair, error) {
	p, err := s.readKey()
	if err != nil {
		return pair{}, err
	}
	if err := p.check(now); err != nil {
		return pair{}, renewable(s.cert(), err)
	}
	text, err := keyfile.ReadPublic(s.cert(), maxFile)
	if errors.Is(err, fs.ErrNotExist) {
		return p, fmt.Errorf("%s: %w", s.cert(), errUnfinished)
	}
	if err != nil {
		return pair{}, fmt.Errorf("read certificate authority: %w", err)
	}
	if found := certificates(text); len(found) != 1 || !bytes.Equal(found[0], p.root.Raw) {
		return pair{}, renewable(s.cert(), fmt.Errorf("it is not the certificate that %s belongs to", s.key()))
	}
	return p, nil
}

// readKey reads the secret, which holds all there is to know.
func (s store) readKey() (pair, error) {
	text, err := keyfile.Read(s.key(), maxFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return pair{}, s.keyless()
	case errors.Is(err, keyfile.ErrOpen):
		return pair{}, fmt.Errorf("read certificate authority: %w, or hotmess ca renew if somebody may have read it", err)
	case err != nil:
		return pair{}, fmt.Errorf("read certificate authority: %w", err)
	}
	p, err := parsePair(text)
	if err != nil {
		return pair{}, renewable(s.key(), err)
	}
	return p, nil
}

// keyless tells a lost key from an authority that was never there: clients
// trust the first, so it is not replaced unasked.
func (s store) keyless() error {
	switch _, err := os.Lstat(s.cert()); {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s: %w", s.key(), errAbsent)
	case err != nil:
		return fmt.Errorf("read certificate authority: %w", err)
	}
	return renewable(s.key(), fmt.Errorf("it is gone, while its certificate %s is there", s.cert()))
}

// settle is read for a directory that another process may be writing, or that
// is to be filled: under the lock.
func (s store) settle(ctx context.Context, hosts []string, now time.Time) (pair, error) {
	unlock, err := s.lock(ctx)
	if err != nil {
		return pair{}, err
	}
	defer unlock()
	p, err := s.read(now)
	switch {
	case errors.Is(err, errUnfinished):
		return p, s.writeCert(p)
	case errors.Is(err, errAbsent):
		return s.make(hosts, now)
	}
	return p, err
}

// make makes an authority and writes it. The caller holds the lock.
func (s store) make(hosts []string, now time.Time) (pair, error) {
	hosts, err := canonicalHosts(hosts)
	if err != nil {
		return pair{}, fmt.Errorf("make certificate authority: %w", err)
	}
	p, err := makePair(hosts, now)
	if err != nil {
		return pair{}, fmt.Errorf("make certificate authority: %w", err)
	}
	text, err := p.encode()
	if err != nil {
		return pair{}, fmt.Errorf("make certificate authority: %w", err)
	}
	// The secret first: what is still missing then can be had from it.
	if err := keyfile.Write(s.key(), text); err != nil {
		return pair{}, fmt.Errorf("make certificate authority: %w", err)
	}
	return p, s.writeCert(p)
}

func (s store) writeCert(p pair) error {
	if err := keyfile.WritePublic(s.cert(), encodeCertificate(p.root.Raw)); err != nil {
		return fmt.Errorf("make certificate authority: %w", err)
	}
	return nil
}

// setAside renames the files that are there, whatever they hold. If it is cut
// short, what remains is the old authority or none.
func (s store) setAside() error {
	for _, path := range []string{s.cert(), s.key()} {
		err := os.Rename(path, path+aside)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("keep the old certificate authority: %w", err)
		}
	}
	// A secret that others could read is likely the reason for all this.
	if err := os.Chmod(s.key()+aside, 0o600); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("keep the old certificate authority: %w", err)
	}
	return nil
}

// lock keeps other processes from writing, and makes the directory.
func (s store) lock(ctx context.Context) (unlock func(), err error) {
	if err := os.MkdirAll(string(s), 0o700); err != nil {
		return nil, fmt.Errorf("make certificate authority: %w", err)
	}
	lock := flock.New(filepath.Join(string(s), lockFile))
	ctx, cancel := context.WithTimeout(ctx, lockPatience)
	defer cancel()
	if _, err := lock.TryLockContext(ctx, lockPoll); err != nil {
		return nil, fmt.Errorf("lock %s, which another process may hold: %w", lock.Path(), err)
	}
	return func() { _ = lock.Close() }, nil
}
