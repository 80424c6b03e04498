package ca

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// roots are n certificates that stand for those of a system.
func roots(t testing.TB, n int) [][]byte {
	t.Helper()
	var out [][]byte
	for range n {
		p, err := makePair([]string{"root.example"}, epoch)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, p.root.Raw)
	}
	return out
}

func TestBundleIsWellFormedWhateverTheRootsLookLike(t *testing.T) {
	a := open(t, t.TempDir(), at(epoch))
	certs := roots(t, 2)
	key, err := a.encode()
	if err != nil {
		t.Fatal(err)
	}
	one, two := string(encodeCertificate(certs[0])), string(encodeCertificate(certs[1]))
	broken := string(pem.EncodeToMemory(&pem.Block{Type: blockType, Bytes: []byte("no certificate")}))
	for name, text := range map[string]string{
		"plain":          one + two,
		"no end of line": one + strings.TrimSuffix(two, "\n"),
		"CRLF":           strings.ReplaceAll(one+two, "\n", "\r\n"),
		"comments":       "# Some CA\n=====\n" + one + "\nother text\n" + two + "\n\n",
		"twice":          one + two + one,
		"ours among":     one + string(a.PEM()) + two,
		"a broken block": one + broken + two,
		"cut at the end": one + two + one[:len(one)/2],
	} {
		t.Run(name, func(t *testing.T) {
			got := a.Bundle([]byte(text))
			want := [][]byte{certs[0], certs[1], a.root.Raw}
			if found := certificates(got); !slices.EqualFunc(found, want, bytes.Equal) {
				t.Errorf("%d certificates, not the three in order", len(found))
			}
			if !bytes.HasSuffix(got, a.PEM()) || strings.Count(string(got), "-----BEGIN") != 3 || !strings.Contains(string(got), "\n# "+a.Name()) {
				t.Errorf("got %s", got)
			}
		})
	}
	if got := a.Bundle(append(key, one...)); strings.Contains(string(got), "PRIVATE") {
		t.Error("a key got into a bundle")
	}
}

func TestBundlesAreWrittenOnlyWhenTheyChange(t *testing.T) {
	a := open(t, t.TempDir(), at(epoch))
	certs := roots(t, 2)
	path, err := a.WriteBundle(encodeCertificate(certs[0]))
	if err != nil || path != filepath.Join(string(a.store), BundleFile) {
		t.Fatalf("%s, %v", path, err)
	}
	first, err := os.Stat(path)
	if err != nil || first.Mode() != 0o644 {
		t.Fatalf("%v, %v", first.Mode(), err)
	}
	if err := os.Chtimes(path, epoch, epoch); err != nil {
		t.Fatal(err)
	}
	write := func(text []byte) time.Time {
		t.Helper()
		if _, err := a.WriteBundle(text); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		return info.ModTime()
	}
	if !write(encodeCertificate(certs[0])).Equal(epoch) {
		t.Error("written though nothing changed")
	}
	if write(encodeCertificates(certs)).Equal(epoch) || len(certificates(contents(t, path))) != 3 {
		t.Error("not written though the roots changed")
	}
}

func TestChosenRootsAreKept(t *testing.T) {
	a := open(t, t.TempDir(), at(epoch))
	theirs := t.TempDir()
	certs := roots(t, 2)
	file := write(t, theirs, "corp.pem", encodeCertificate(certs[0]))
	write(t, theirs, "other.crt", encodeCertificate(certs[1]))
	for base, want := range map[string]int{file: 2, theirs: 3} {
		path, err := a.WriteBundleFor("REQUESTS_CA_BUNDLE", base)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256([]byte(base))
		if filepath.Base(path) != "bundle-"+hex.EncodeToString(sum[:4])+".pem" {
			t.Errorf("%s for %s", path, base)
		}
		if got := certificates(contents(t, path)); len(got) != want || !bytes.Equal(got[want-1], a.root.Raw) {
			t.Errorf("%s: %d certificates, want %d", base, len(got), want)
		}
	}
}

func TestBaseOfTheCommandsDirectoryIsFound(t *testing.T) {
	a := open(t, t.TempDir(), at(epoch))
	theirs := t.TempDir()
	file := write(t, theirs, "corp.pem", encodeCertificate(roots(t, 1)[0]))
	t.Chdir(theirs)
	relative, err := a.WriteBundleFor("SSL_CERT_FILE", "corp.pem")
	if err != nil {
		t.Fatal(err)
	}
	if absolute, err := a.WriteBundleFor("SSL_CERT_FILE", file); err != nil || absolute != relative {
		t.Errorf("%s and %s, %v", relative, absolute, err)
	}
}

func TestBaseThatHasTheAuthorityStays(t *testing.T) {
	a := open(t, t.TempDir(), at(epoch))
	bundle, err := a.WriteBundle(encodeCertificate(roots(t, 1)[0]))
	if err != nil {
		t.Fatal(err)
	}
	for _, base := range []string{bundle, a.CertFile()} {
		if got, err := a.WriteBundleFor("NODE_EXTRA_CA_CERTS", base); err != nil || got != base {
			t.Errorf("%s becomes %s, %v", base, got, err)
		}
	}
}

func TestUnusableBasesNameTheirVariable(t *testing.T) {
	a := open(t, t.TempDir(), at(epoch))
	dir := t.TempDir()
	for name, base := range map[string]string{
		"missing":         filepath.Join(dir, "missing.pem"),
		"empty":           write(t, dir, "empty.pem", nil),
		"no certificates": write(t, dir, "key.pem", contents(t, a.KeyFile())[:100]),
		"too long":        write(t, dir, "long.pem", make([]byte, maxBundle+1)),
		"a device":        os.DevNull,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := a.WriteBundleFor("CURL_CA_BUNDLE", base)
			if err == nil || !strings.HasPrefix(err.Error(), "CURL_CA_BUNDLE: ") || !strings.Contains(err.Error(), base) {
				t.Errorf("got %v", err)
			}
		})
	}
}
