package ca

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

func TestSystemHasRoots(t *testing.T) {
	text, from, err := SystemRoots(t.Context(), "", "")
	if err != nil {
		if runtime.GOOS == "linux" && strings.Contains(err.Error(), "install ca-certificates") {
			t.Skip("this machine has no root certificates")
		}
		t.Fatal(err)
	}
	if n := len(certificates(text)); n < 10 || from == "" {
		t.Errorf("%d roots from %q", n, from)
	}
}

func TestRootsOfTheEnvironmentReplaceTheSystems(t *testing.T) {
	certs := roots(t, 3)
	dir := t.TempDir()
	file := write(t, t.TempDir(), "roots.pem", encodeCertificate(certs[0]))
	write(t, dir, "a.pem", encodeCertificate(certs[1]))
	write(t, dir, "b.pem", encodeCertificates(certs[:1])) // nothing new
	other := t.TempDir()
	write(t, other, "c.crt", encodeCertificate(certs[2]))
	missing := filepath.Join(dir, "missing")
	text, from, err := SystemRoots(t.Context(), file, strings.Join([]string{dir, missing, file + "x", other}, string(os.PathListSeparator)))
	if err != nil {
		t.Fatal(err)
	}
	if got := certificates(text); !slices.EqualFunc(got, certs, bytes.Equal) {
		t.Errorf("%d roots", len(got))
	}
	if want := strings.Join([]string{file, dir, other}, ", "); from != want {
		t.Errorf("from %s, want %s", from, want)
	}
}

func TestUnusableEnvironmentIsNamed(t *testing.T) {
	dir := t.TempDir()
	file := write(t, dir, "roots.pem", encodeCertificate(roots(t, 1)[0]))
	for _, c := range []struct{ file, dirs, want string }{
		{filepath.Join(dir, "missing"), "", "SSL_CERT_FILE: "},
		{file, file, "SSL_CERT_DIR: "}, // not a directory
		{write(t, dir, "empty.pem", nil), t.TempDir(), "SSL_CERT_FILE"},
	} {
		if _, _, err := SystemRoots(t.Context(), c.file, c.dirs); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %q", err, c.want)
		}
	}
}

func TestFirstFileThatCanBeReadCounts(t *testing.T) {
	certs := roots(t, 2)
	dir := t.TempDir()
	one := write(t, dir, "one.pem", encodeCertificate(certs[0]))
	two := write(t, dir, "two.pem", encodeCertificate(certs[1]))
	var c collection
	places, err := c.addFirst([]string{filepath.Join(dir, "missing"), one, two})
	if err != nil || !slices.Equal(places, []string{one}) || len(c.certs) != 1 {
		t.Errorf("%v, %v, %d roots", places, err, len(c.certs))
	}
	places, err = c.addFirst([]string{dir, two})
	if err == nil || !strings.Contains(err.Error(), "not a file") || !slices.Equal(places, []string{two}) {
		t.Errorf("%v, %v", places, err)
	}
}

func TestDirectoryIsReadWithoutItsAliases(t *testing.T) {
	certs := roots(t, 2)
	dir, outside := t.TempDir(), t.TempDir()
	write(t, dir, "one.pem", encodeCertificate(certs[0]))
	write(t, dir, "README", []byte("no certificate"))
	real := write(t, outside, "two.crt", encodeCertificate(certs[1]))
	for name, target := range map[string]string{"two.pem": real, "0a1b2c3d.0": "one.pem", "dangling.pem": filepath.Join(outside, "gone")} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "java"), 0o700); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if got := isAlias(dir, e); got != (e.Name() == "0a1b2c3d.0") {
			t.Errorf("%s is an alias: %t", e.Name(), got)
		}
	}
	var c collection
	if added, err := c.addDir(dir); added != 2 || err != nil {
		t.Errorf("%d, %v", added, err)
	}
}

func TestDirectoriesOfRootsAreBounded(t *testing.T) {
	dir := t.TempDir()
	for i := range maxEntries + 1 {
		f, err := os.Create(filepath.Join(dir, fmt.Sprintf("%d.pem", i)))
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	var c collection
	if _, err := c.addDir(dir); !errors.Is(err, errTooLarge) {
		t.Errorf("got %v", err)
	}
	c.bytes = maxBundle
	few := t.TempDir()
	write(t, few, "one.pem", encodeCertificate(roots(t, 1)[0]))
	if _, err := c.addDir(few); !errors.Is(err, errTooLarge) {
		t.Errorf("got %v", err)
	}
}
