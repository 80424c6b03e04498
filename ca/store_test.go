package ca

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hotmess/keyfile"
)

// renewHint is what an error says that the user can only mend by a new
// authority.
const renewHint = "hotmess ca renew"

func TestDamageIsSaidAndNothingIsReplaced(t *testing.T) {
	other := open(t, t.TempDir(), at(epoch))
	otherKey, otherCert := contents(t, other.KeyFile()), contents(t, other.CertFile())
	for name, c := range map[string]struct {
		damage func(t *testing.T, dir string)
		file   string // that the error names
		want   string
	}{
		"key gone":         {func(t *testing.T, dir string) { remove(t, dir, KeyFile) }, KeyFile, "it is gone"},
		"key empty":        {func(t *testing.T, dir string) { write(t, dir, KeyFile, nil) }, KeyFile, "key and certificate"},
		"key of another":   {func(t *testing.T, dir string) { write(t, dir, KeyFile, otherKey) }, CertFile, "is not the certificate"},
		"cert of another":  {func(t *testing.T, dir string) { write(t, dir, CertFile, otherCert) }, CertFile, "is not the certificate"},
		"cert unreadable":  {func(t *testing.T, dir string) { write(t, dir, CertFile, []byte("-----BEGIN")) }, CertFile, "is not the certificate"},
		"cert twice":       {func(t *testing.T, dir string) { grow(t, dir, CertFile, otherCert) }, CertFile, "is not the certificate"},
		"halves exchanged": {func(t *testing.T, dir string) { exchangeKey(t, dir, otherKey) }, KeyFile, "does not match"},
		"a folder as key": {func(t *testing.T, dir string) {
			remove(t, dir, KeyFile)
			if err := os.Mkdir(filepath.Join(dir, KeyFile), 0o700); err != nil {
				t.Fatal(err)
			}
		}, KeyFile, "is not a file"},
		"endless": {func(t *testing.T, dir string) { write(t, dir, KeyFile, make([]byte, maxFile+1)) }, KeyFile, "longer than"},
		"readable by others": {func(t *testing.T, dir string) {
			if err := os.Chmod(filepath.Join(dir, KeyFile), 0o640); err != nil {
				t.Fatal(err)
			}
		}, KeyFile, "chmod 600"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			open(t, dir, at(epoch))
			c.damage(t, dir)
			before := snapshot(t, dir)
			_, err := Open(t.Context(), dir, []string{llm}, at(epoch))
			if err == nil || !strings.Contains(err.Error(), filepath.Join(dir, c.file)) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q of %s", err, c.want, c.file)
			}
			if after := snapshot(t, dir); after != before {
				t.Errorf("the files changed:\n%s\n%s", before, after)
			}
			if _, err := Renew(t.Context(), dir, []string{llm}, at(epoch)); err != nil {
				t.Errorf("renew does not mend it: %v", err)
			}
			open(t, dir, at(epoch))
		})
	}
}

func TestDamageNamesTheWayOut(t *testing.T) {
	dir := t.TempDir()
	open(t, dir, at(epoch))
	remove(t, dir, KeyFile)
	if _, err := Open(t.Context(), dir, []string{llm}, at(epoch)); err == nil || !strings.Contains(err.Error(), renewHint) {
		t.Errorf("got %v", err)
	}
}

func remove(t *testing.T, dir, name string) {
	t.Helper()
	if err := os.Remove(filepath.Join(dir, name)); err != nil {
		t.Fatal(err)
	}
}

// grow appends to a file.
func grow(t *testing.T, dir, name string, more []byte) {
	t.Helper()
	write(t, dir, name, append(contents(t, filepath.Join(dir, name)), more...))
}

// exchangeKey puts the key of another authority before the certificates.
func exchangeKey(t *testing.T, dir string, other []byte) {
	t.Helper()
	const end = "-----END PRIVATE KEY-----\n"
	key, _, _ := strings.Cut(string(other), end)
	_, certs, _ := strings.Cut(string(contents(t, filepath.Join(dir, KeyFile))), end)
	write(t, dir, KeyFile, []byte(key+end+certs))
}

// snapshot is the two files' contents, as far as they are files.
func snapshot(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	for _, name := range []string{KeyFile, CertFile} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		b.Write(text)
		if err != nil {
			b.WriteString(err.Error())
		}
	}
	return b.String()
}

func TestOpenSecretCanBeTold(t *testing.T) {
	dir := t.TempDir()
	a := open(t, dir, at(epoch))
	if err := os.Chmod(a.KeyFile(), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), dir, nil, at(epoch)); !errors.Is(err, keyfile.ErrOpen) || !strings.Contains(err.Error(), renewHint) {
		t.Errorf("got %v", err)
	}
}

func TestCertificateCutShortIsWrittenFromTheSecret(t *testing.T) {
	dir := t.TempDir()
	a := open(t, dir, at(epoch))
	remove(t, dir, CertFile)
	if b := open(t, dir, at(epoch)); b.Fingerprint() != a.Fingerprint() || !bytes.Equal(contents(t, b.CertFile()), a.PEM()) {
		t.Error("another certificate")
	}
}

func TestAuthorityIsRefusedOutsideItsTime(t *testing.T) {
	dir := t.TempDir()
	a := open(t, dir, at(epoch))
	for now, want := range map[time.Time]string{
		a.Expires().Add(time.Second): "ca.pem: it expired on 2031-03-04",
		epoch.Add(-2 * skew):         "by this machine's clock it is 2026-03-02",
	} {
		_, err := Open(t.Context(), dir, []string{llm}, at(now))
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), renewHint) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	open(t, dir, at(a.Expires()))
	open(t, dir, at(epoch.Add(-skew/2))) // a clock that was set back a little
}

func TestRenewKeepsTheOldAside(t *testing.T) {
	dir := t.TempDir()
	old := open(t, dir, at(epoch))
	key := contents(t, old.KeyFile())
	if err := os.Chmod(old.KeyFile(), 0o644); err != nil {
		t.Fatal(err)
	}
	renewed, err := Renew(t.Context(), dir, []string{"new.example"}, at(epoch))
	if err != nil {
		t.Fatal(err)
	}
	if renewed.Fingerprint() == old.Fingerprint() || renewed.Covers(llm) || !renewed.Covers("new.example") {
		t.Errorf("covers %v", renewed.Hosts())
	}
	if !bytes.Equal(contents(t, old.KeyFile()+aside), key) || !bytes.Equal(contents(t, old.CertFile()+aside), old.PEM()) {
		t.Error("the old files are not kept")
	}
	if info, err := os.Stat(old.KeyFile() + aside); err != nil || info.Mode() != 0o600 {
		t.Errorf("the old key: %v, %v", info.Mode(), err)
	}
	if again := open(t, dir, at(epoch)); again.Fingerprint() != renewed.Fingerprint() {
		t.Error("the new one is not there")
	}
}

func TestRenewForNothingLeavesTheOldInPlace(t *testing.T) {
	dir := t.TempDir()
	old := open(t, dir, at(epoch))
	if _, err := Renew(t.Context(), dir, []string{"b ad"}, at(epoch)); err == nil || !strings.Contains(err.Error(), "b ad") {
		t.Errorf("got %v", err)
	}
	if a := open(t, dir, at(epoch)); a.Fingerprint() != old.Fingerprint() {
		t.Error("another authority")
	}
}

func TestRenewThatStopsHalfwayLeavesTheOld(t *testing.T) {
	for _, stop := range []string{CertFile, KeyFile} {
		t.Run(stop, func(t *testing.T) {
			dir := t.TempDir()
			old := open(t, dir, at(epoch))
			if err := os.MkdirAll(filepath.Join(dir, stop+aside, "in the way"), 0o700); err != nil {
				t.Fatal(err)
			}
			if _, err := Renew(t.Context(), dir, []string{llm}, at(epoch)); err == nil || !strings.Contains(err.Error(), stop+aside) {
				t.Errorf("got %v", err)
			}
			if a := open(t, dir, at(epoch)); a.Fingerprint() != old.Fingerprint() {
				t.Error("another authority")
			}
		})
	}
}

func TestWholeAuthorityNeedsNoLock(t *testing.T) {
	dir := t.TempDir()
	open(t, dir, at(epoch))
	remove(t, dir, lockFile)
	open(t, dir, at(epoch))
	if _, err := os.Stat(filepath.Join(dir, lockFile)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v: it cannot be read from a directory that is read-only", err)
	}
}
