package sidecar

import (
	"bytes"
	"errors"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hotmess/keyfile"
)

func TestKeysAreMadeOnceAndPrivate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	first, err := openKeys(dir)
	if err != nil {
		t.Fatal(err)
	}
	second, err := openKeys(dir)
	if err != nil || !bytes.Equal(first.hmac, second.hmac) || first.instance != second.instance {
		t.Errorf("%+v and %+v, %v", first, second, err)
	}
	if len(first.hmac) != keyBytes || first.instance == "" {
		t.Errorf("%+v", first)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || info.Mode().Perm() != 0o600 || strings.HasSuffix(e.Name(), ".tmp") {
			t.Errorf("%s: %v, %v", e.Name(), info.Mode(), err)
		}
	}
}

func TestDamagedKeysAreRefused(t *testing.T) {
	whole := bytes.Repeat([]byte("k"), keyBytes)
	for name, c := range map[string]struct {
		make func(file string) error
		want string // empty: taken
	}{
		"half":     {func(f string) error { return os.WriteFile(f, whole[:7], 0o600) }, "holds 7 bytes, not 32"},
		"empty":    {func(f string) error { return os.WriteFile(f, nil, 0o600) }, "holds 0 bytes"},
		"readable": {func(f string) error { return os.WriteFile(f, whole, 0o640) }, "chmod 600"},
		"a folder": {func(f string) error { return os.Mkdir(f, 0o700) }, "is not a file"},
		"a link to a key": {func(f string) error {
			if err := os.WriteFile(f+".real", whole, 0o600); err != nil {
				return err
			}
			return os.Symlink(f+".real", f)
		}, ""},
		"a link to a readable key": {func(f string) error {
			if err := os.WriteFile(f+".real", whole, 0o644); err != nil {
				return err
			}
			return os.Symlink(f+".real", f)
		}, "chmod 600"},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "hmac.key")
			if err := c.make(file); err != nil {
				t.Fatal(err)
			}
			k, err := readKey(file)
			if c.want == "" {
				if err != nil || !bytes.Equal(k, whole) {
					t.Errorf("%d bytes, %v", len(k), err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "hmac.key") {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestReadableKeyCanBeTold(t *testing.T) {
	file := filepath.Join(t.TempDir(), "hmac.key")
	if err := os.WriteFile(file, make([]byte, keyBytes), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := readKey(file); !errors.Is(err, keyfile.ErrOpen) {
		t.Errorf("got %v", err)
	}
}

func TestInstanceIsReadWithoutItsLineEnd(t *testing.T) {
	file := filepath.Join(t.TempDir(), "instance")
	if err := os.WriteFile(file, []byte(" box-1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := readInstance(file); got != "box-1" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if err := os.WriteFile(file, []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := readInstance(file); got == "" || err != nil {
		t.Errorf("an empty file gives %q, %v", got, err)
	}
}

func TestLoops(t *testing.T) {
	for _, c := range []struct {
		url, own string
		want     bool
	}{
		{"http://127.0.0.1:4141/v1", "127.0.0.1:4141", true},
		{"http://localhost:4141", "127.0.0.1:4141", true},
		{"http://api.localhost.:4141", "[::1]:4141", true},
		{"http://0.0.0.0:4141", "127.0.0.1:4141", true},
		{"http://[::ffff:127.0.0.1]:4141", "127.0.0.1:4141", true},
		{"http://127.0.0.1:4141", "[::]:4141", true},
		{"http://localhost:4141", "0.0.0.0:4141", true},
		{"http://localhost", "127.0.0.1:80", true},
		{"https://localhost", "127.0.0.1:443", true},
		{"http://127.0.0.1:4142", "127.0.0.1:4141", false},
		{"http://127.0.0.2:4141", "127.0.0.1:4141", false},
		{"http://localhost:4141", "192.0.2.1:4141", false},
		{"http://api.example:4141", "127.0.0.1:4141", false},
		{"http://192.0.2.1:4141", "0.0.0.0:4141", false},
	} {
		u, err := url.Parse(c.url)
		if err != nil {
			t.Fatal(err)
		}
		own, err := net.ResolveTCPAddr("tcp", c.own)
		if err != nil {
			t.Fatal(err)
		}
		if got := loops(u, own); got != c.want {
			t.Errorf("%s on %s: %t", c.url, c.own, got)
		}
	}
	if loops(nil, &net.TCPAddr{}) {
		t.Error("nothing loops")
	}
}
