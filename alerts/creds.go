package alerts

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"
)

// CredsFile is the name, inside the data directory, of the file with the NKEY
// seed that the embedded server asks of its clients. The nats command reads it
// too: nats --server URL --nkey FILE.
const CredsFile = "nats.creds"

// ensureKey reads the seed of a data directory, or makes one.
func ensureKey(path string) (nkeys.KeyPair, error) {
	key, err := readKey(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	key, err = nkeys.CreateUser()
	if err != nil {
		return nil, fmt.Errorf("create NATS key: %w", err)
	}
	seed, err := key.Seed()
	if err != nil {
		return nil, fmt.Errorf("create NATS key: %w", err)
	}
	return key, writeKey(path, seed)
}

// writeKey puts the whole file in place at once: a crash leaves none, not half.
func writeKey(path string, seed []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), CredsFile+".*") // mode 0600
	if err != nil {
		return fmt.Errorf("write NATS credentials: %w", err)
	}
	_, err = f.Write(append(seed, '\n'))
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write NATS credentials: %w", err), os.Remove(f.Name()))
	}
	return nil
}

// readKey refuses a file that other users can read.
func readKey(path string) (nkeys.KeyPair, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read NATS credentials: %w", err)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, fmt.Errorf("NATS credentials %s are open to other users (mode %04o): run chmod 600 %s, or remove the file to have a new key made", path, mode, path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read NATS credentials: %w", err)
	}
	key, err := nkeys.ParseDecoratedNKey(text)
	if err != nil {
		return nil, fmt.Errorf("parse NATS credentials %s: %w", path, err)
	}
	return key, nil
}

// login is the client option that proves possession of the key.
func login(key nkeys.KeyPair) (nats.Option, error) {
	public, err := key.PublicKey()
	if err != nil {
		return nil, fmt.Errorf("read NATS key: %w", err)
	}
	return nats.Nkey(public, key.Sign), nil
}
