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
)

// keyBytes is the size of the HMAC key.
const keyBytes = 32

// errReadable is wrapped by errors about keys that others can read.
var errReadable = errors.New("must not be readable by others")

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
	info, err := os.Stat(file)
	if errors.Is(err, fs.ErrNotExist) {
		return makeKey(file)
	}
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a file", file)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%s %w: chmod 600 it", file, errReadable)
	}
	k, err := os.ReadFile(file)
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
	if err := writeWhole(file, k); err != nil {
		return nil, err
	}
	return k, nil
}

// writeWhole writes a private file that is there either whole or not at all,
// whenever the machine stops.
func writeWhole(file string, b []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".*.tmp") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) // nothing is there if all went well
	_, err = tmp.Write(b)
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), file)
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
	return name, writeWhole(file, []byte(name))
}
