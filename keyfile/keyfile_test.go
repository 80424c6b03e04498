package keyfile_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"hotmess/keyfile"
)

const limit = 1 << 20

// file is a path in a new directory.
func file(t *testing.T) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "some.key")
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	path, secret := file(t), []byte("s3cret")
	if err := keyfile.Write(path, secret); err != nil {
		t.Fatal(err)
	}
	if got, err := keyfile.Read(path, limit); err != nil || !bytes.Equal(got, secret) {
		t.Errorf("%q, %v", got, err)
	}
}

func TestModesAreAsPromisedWhateverWasThere(t *testing.T) {
	for name, c := range map[string]struct {
		write func(string, []byte) error
		old   fs.FileMode
		want  fs.FileMode
	}{
		"private": {keyfile.Write, 0o644, 0o600},
		"public":  {keyfile.WritePublic, 0o600, 0o644},
	} {
		t.Run(name, func(t *testing.T) {
			path := file(t)
			if err := os.WriteFile(path, nil, c.old); err != nil {
				t.Fatal(err)
			}
			if err := c.write(path, []byte("x")); err != nil {
				t.Fatal(err)
			}
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			if info.Mode().Perm() != c.want {
				t.Errorf("mode %v, want %v", info.Mode(), c.want)
			}
		})
	}
}

func TestSecretsThatOthersMayOpenAreRefused(t *testing.T) {
	for _, mode := range []fs.FileMode{0o640, 0o604, 0o620, 0o601, 0o644, 0o666} {
		path := file(t)
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil { // past the umask
			t.Fatal(err)
		}
		_, err := keyfile.Read(path, limit)
		if !errors.Is(err, keyfile.ErrOpen) || !strings.Contains(err.Error(), "run chmod 600 "+path) {
			t.Errorf("mode %04o: %v", mode, err)
		}
		if _, err := keyfile.ReadPublic(path, limit); err != nil {
			t.Errorf("mode %04o, public: %v", mode, err)
		}
	}
}

func TestOnlyRegularFilesAreRead(t *testing.T) {
	for name, c := range map[string]struct {
		make func(path string) error
		want string // of the error; empty: it is read
	}{
		"a folder": {func(p string) error { return os.Mkdir(p, 0o700) }, "is not a file"},
		"a pipe":   {func(p string) error { return syscall.Mkfifo(p, 0o600) }, "is not a file"},
		"a link to a secret": {func(p string) error {
			return errors.Join(os.WriteFile(p+".real", []byte("x"), 0o600), os.Symlink(p+".real", p))
		}, ""},
		"a link to an open secret": {func(p string) error {
			return errors.Join(os.WriteFile(p+".real", []byte("x"), 0o644), os.Symlink(p+".real", p))
		}, "chmod 600"},
	} {
		t.Run(name, func(t *testing.T) {
			path := file(t)
			if err := c.make(path); err != nil {
				t.Fatal(err)
			}
			got, err := keyfile.Read(path, limit)
			if c.want == "" {
				if err != nil || string(got) != "x" {
					t.Errorf("%q, %v", got, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestMissingFileCanBeTold(t *testing.T) {
	path := file(t)
	if _, err := keyfile.Read(path, limit); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v", err)
	}
}

func TestSizeIsBounded(t *testing.T) {
	path := file(t)
	if err := keyfile.Write(path, make([]byte, 100)); err != nil {
		t.Fatal(err)
	}
	if b, err := keyfile.Read(path, 100); err != nil || len(b) != 100 {
		t.Errorf("at the limit: %d bytes, %v", len(b), err)
	}
	if _, err := keyfile.Read(path, 99); err == nil || !strings.Contains(err.Error(), "some.key is longer than 99 bytes") {
		t.Errorf("beyond the limit: %v", err)
	}
}

func TestReaderSeesOldOrNewButNeverHalf(t *testing.T) {
	path := file(t)
	contents := [][]byte{bytes.Repeat([]byte("a"), 200_000), bytes.Repeat([]byte("b"), 100_000)}
	if err := keyfile.Write(path, contents[0]); err != nil {
		t.Fatal(err)
	}
	var writer sync.WaitGroup
	writer.Go(func() {
		for i := range 50 {
			if err := keyfile.Write(path, contents[i%2]); err != nil {
				t.Error(err)
			}
		}
	})
	for range 200 {
		got, err := keyfile.Read(path, limit)
		if err != nil || !bytes.Equal(got, contents[0]) && !bytes.Equal(got, contents[1]) {
			t.Fatalf("%d bytes, %v", len(got), err)
		}
	}
	writer.Wait()
}

func TestFailedWriteLeavesNothingBehind(t *testing.T) {
	path := file(t)
	if err := os.MkdirAll(filepath.Join(path, "in the way"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := keyfile.Write(path, []byte("x")); err == nil || !strings.Contains(err.Error(), "write "+path) {
		t.Errorf("got %v", err)
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("%v, %v", entries, err)
	}
}
