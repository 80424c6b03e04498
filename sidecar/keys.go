package sidecar

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"hotmess/keyfile"
)

const (
	// keyBytes is the size of the HMAC key.
	keyBytes = 32
	// maxKeyFile is what is read of a key file, so that a message can tell how
	// much too long it is.
	maxKeyFile = 4 << 10
)

// keys are what a data directory is known by and seals with.
type keys struct {
	hmac     []byte
	instance string
}

// openKeys reads the keys of a data directory, or makes them.
func openKeys(dir string) (keys, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return keys{}, fmt.Errorf("data_dir: create the data directory: %w", err)
	}
	k, err := readKey(filepath.Join(dir, "hmac.key"))
	if err != nil {
		return keys{}, fmt.Errorf("data_dir: %w", err)
	}
	instance, err := readInstance(filepath.Join(dir, "instance"))
	if err != nil {
		return keys{}, fmt.Errorf("data_dir: %w", err)
	}
	return keys{hmac: k, instance: instance}, nil
}

// readKey reads the HMAC key, or makes it. A new key makes all earlier HMACs
// incomparable, so a damaged one is an error.
func readKey(file string) ([]byte, error) {
	k, err := keyfile.Read(file, maxKeyFile)
	if errors.Is(err, fs.ErrNotExist) {
		return makeKey(file)
	}
	if err != nil {
		return nil, err
	}
	if len(k) != keyBytes {
		return nil, fmt.Errorf("%s holds %d bytes, not %d: restore it, or remove it to start anew", file, len(k), keyBytes)
	}
	return k, nil
}

// makeKey writes a new key.
func makeKey(file string) ([]byte, error) {
	k := make([]byte, keyBytes)
	_, _ = rand.Read(k) // never fails
	if err := keyfile.Write(file, k); err != nil {
		return nil, err
	}
	return k, nil
}

// readInstance reads the name of this sidecar, or makes it from the host's
// name and a random part.
func readInstance(file string) (string, error) {
	b, err := os.ReadFile(file)
	if name := strings.TrimSpace(string(b)); name != "" {
		return name, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	host, err := os.Hostname()
	if err != nil {
		host = "sidecar"
	}
	tail := make([]byte, 3)
	_, _ = rand.Read(tail) // never fails
	name := host + "-" + hex.EncodeToString(tail)
	return name, keyfile.Write(file, []byte(name))
}
