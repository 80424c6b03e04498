package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// replaceFile puts what write gives in the place of the file at path, all or
// nothing: whatever fails, what was there stays. A link is followed, and a file
// that was there keeps its mode. What is no file, such as a pipe or /dev/stdout,
// is written to as it is.
func replaceFile(path string, write func(io.Writer) error) error {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		info = nil
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return writeThrough(path, write)
	}
	beside, err := createBeside(path)
	if err != nil {
		return fmt.Errorf("write beside %s, to put in its place: %w", path, err)
	}
	defer os.Remove(beside.Name()) // nothing is there if all went well
	err = write(beside)
	if err == nil && info != nil {
		err = beside.Chmod(info.Mode().Perm())
	}
	if err == nil {
		err = beside.Sync()
	}
	if err := errors.Join(err, beside.Close()); err != nil {
		return err
	}
	return os.Rename(beside.Name(), path)
}

// createBeside makes a new file in the directory of path, readable for those whom
// umask lets read; os.CreateTemp would ask for no more than the user.
func createBeside(path string) (*os.File, error) {
	name := fmt.Sprintf(".hotmess-%016x.tmp", rand.Uint64())
	return os.OpenFile(filepath.Join(filepath.Dir(path), name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
}

// writeThrough writes to what is there and is no file.
func writeThrough(path string, write func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}
