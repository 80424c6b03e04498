package keyfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

const (
	private fs.FileMode = 0o600
	public  fs.FileMode = 0o644
)

// Write puts a secret in the file at path, mode 0600, in place of what is
// there; a link is replaced, not followed. The directory must exist.
func Write(path string, b []byte) error { return write(path, b, private) }

// WritePublic is Write for a file that everyone may read, mode 0644.
func WritePublic(path string, b []byte) error { return write(path, b, public) }

func write(path string, b []byte, mode fs.FileMode) error {
	dir := filepath.Dir(path)
	tmp, err := os.CreateTemp(dir, filepath.Base(path)+".*.tmp") // mode 0600
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer os.Remove(tmp.Name()) // nothing is there if all went well
	_, err = tmp.Write(b)
	if err = errors.Join(err, tmp.Chmod(mode), tmp.Sync(), tmp.Close()); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := os.Rename(tmp.Name(), path); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	syncDir(dir)
	return nil
}

// syncDir makes a rename in dir last. Not every file system can; there a power
// loss may bring the old file back, whole as well.
func syncDir(dir string) {
	d, err := os.Open(dir)
	if err != nil {
		return
	}
	defer d.Close()
	_ = d.Sync()
}
