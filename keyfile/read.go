package keyfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// ErrOpen is wrapped by errors about secrets that other users may open.
var ErrOpen = errors.New("is open to other users")

// others are the permissions that a secret must not give.
const others fs.FileMode = 0o077

// Read returns the secret in the file at path. It refuses a file that group or
// others may open (ErrOpen), anything but a regular file or a link to one, and
// more than limit bytes. If there is none, the error is fs.ErrNotExist.
func Read(path string, limit int64) ([]byte, error) {
	return read(path, limit, func(mode fs.FileMode) error {
		if mode.Perm()&others != 0 {
			return fmt.Errorf("%s %w (mode %04o): run chmod 600 %s", path, ErrOpen, mode.Perm(), path)
		}
		return nil
	})
}

// ReadPublic is Read for a file that is no secret.
func ReadPublic(path string, limit int64) ([]byte, error) {
	return read(path, limit, func(fs.FileMode) error { return nil })
}

// read reads a regular file whose mode passes.
func read(path string, limit int64, passes func(fs.FileMode) error) ([]byte, error) {
	// Without O_NONBLOCK, opening a pipe waits for its other end.
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a file", path)
	}
	if err := passes(info.Mode()); err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(b)) > limit {
		return nil, fmt.Errorf("%s is longer than %d bytes", path, limit)
	}
	return b, nil
}
