package alerts

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"

	"hotmess/keyfile"
)

// CredsFile is the name, inside the data directory, of the file with the NKEY
// seed that the embedded server asks of its clients. The nats command reads it
// too: nats --server URL --nkey FILE.
const CredsFile = "nats.creds"

// maxCreds bounds the credentials: a seed has 58 bytes, with a JWT before it
// some kB.
const maxCreds = 64 << 10

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

func writeKey(path string, seed []byte) error {
	if err := keyfile.Write(path, append(seed, '\n')); err != nil {
		return fmt.Errorf("write NATS credentials: %w", err)
	}
	return nil
}

func readKey(path string) (nkeys.KeyPair, error) {
	text, err := keyfile.Read(path, maxCreds)
	if errors.Is(err, keyfile.ErrOpen) {
		return nil, fmt.Errorf("read NATS credentials: %w, or remove the file to have a new key made", err)
	}
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
