package ca

import (
	"crypto/x509"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestAuthorityIsMadeOnce(t *testing.T) {
	dir := t.TempDir() + "/a/b"
	first := open(t, dir, at(epoch))
	second := openFor(t, dir, at(epoch.Add(time.Hour)), "other.example")
	if first.Fingerprint() != second.Fingerprint() {
		t.Error("the second call made another authority")
	}
	if d := cmp.Diff([]string{llmAddr, llm}, second.Hosts()); d != "" {
		t.Errorf("what is there is kept as it is:\n%s", d)
	}
	if second.Covers("other.example") {
		t.Error("covers what it was not made for")
	}
}

func TestOnlyTheSignersKeyIsKept(t *testing.T) {
	a := open(t, t.TempDir(), at(epoch))
	key, cert := contents(t, a.KeyFile()), contents(t, a.CertFile())
	if n := strings.Count(string(key), "PRIVATE KEY-----\n"); n != 2 { // begin and end
		t.Errorf("%d lines of keys in the key file", n)
	}
	if strings.Contains(string(cert), "PRIVATE") || len(certificates(cert)) != 1 {
		t.Error("the certificate's file holds more than the certificate")
	}
	if a.key.PublicKey.Equal(a.root.PublicKey) {
		t.Error("the root's key is kept")
	}
	for path, want := range map[string]os.FileMode{a.KeyFile(): 0o600, a.CertFile(): 0o644} {
		if info, err := os.Stat(path); err != nil || info.Mode() != want {
			t.Errorf("%s: mode %v, %v", path, info.Mode(), err)
		}
	}
}

func TestAuthorityIsMadeToItsPurpose(t *testing.T) {
	a := open(t, t.TempDir(), at(epoch))
	for _, c := range []*x509.Certificate{a.root, a.signer} {
		if !c.IsCA || !c.BasicConstraintsValid || c.KeyUsage != x509.KeyUsageCertSign|x509.KeyUsageCRLSign ||
			!slices.Equal(c.ExtKeyUsage, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}) || len(c.SubjectKeyId) == 0 {
			t.Errorf("%s: %+v", c.Subject, c)
		}
		if !c.NotBefore.Equal(epoch.Add(-skew).Truncate(time.Second)) || !c.NotAfter.Equal(epoch.AddDate(years, 0, 0).Truncate(time.Second)) {
			t.Errorf("%s: valid from %v to %v", c.Subject, c.NotBefore, c.NotAfter)
		}
	}
	if a.root.MaxPathLen != 1 || a.signer.MaxPathLen != 0 || !a.signer.MaxPathLenZero {
		t.Errorf("path lengths %d and %d", a.root.MaxPathLen, a.signer.MaxPathLen)
	}
	if !a.Expires().Equal(a.root.NotAfter) {
		t.Errorf("expires %v", a.Expires())
	}
}

func TestAuthoritiesCanBeToldApart(t *testing.T) {
	a, b := open(t, t.TempDir(), at(epoch)), open(t, t.TempDir(), at(epoch))
	if a.Name() == b.Name() || !strings.HasPrefix(a.Name(), "hotmess ") || len(a.signer.Subject.CommonName) > 64 {
		t.Errorf("%q and %q", a.Name(), b.Name())
	}
	if a.root.SerialNumber.Cmp(b.root.SerialNumber) == 0 {
		t.Error("equal serial numbers")
	}
}

func TestCoversHostsInAnySpellingAndNothingUnderThem(t *testing.T) {
	a := openFor(t, t.TempDir(), at(epoch), llm, "2001:db8::1", llmAddr)
	for host, want := range map[string]bool{
		llm: true, strings.ToUpper(llm): true, llm + ".": true, llmAddr: true,
		"[2001:DB8::1]": true, "::ffff:" + llmAddr: true,
		"eu." + llm: false, "llm.example": false, "192.0.2.8": false, llm + ":443": false, "": false,
	} {
		if got := a.Covers(host); got != want {
			t.Errorf("Covers(%q) = %t", host, got)
		}
	}
}

func TestConcurrentOpensAgree(t *testing.T) {
	dir := t.TempDir()
	found := make([]string, 8)
	var all sync.WaitGroup
	for i := range found {
		all.Go(func() {
			a, err := Open(t.Context(), dir, []string{llm}, at(epoch))
			if err != nil {
				t.Error(err)
				return
			}
			found[i] = a.Fingerprint()
			if cert, err := a.Leaf(llm); err != nil || verify(a, cert, llm, epoch) != nil {
				t.Errorf("its leaf: %v", err)
			}
		})
	}
	all.Wait()
	if n := len(slices.Compact(found)); n != 1 {
		t.Errorf("%d authorities: %q", n, found)
	}
}

func TestOpenWhileOthersRenew(t *testing.T) {
	dir := t.TempDir()
	open(t, dir, at(epoch))
	var all sync.WaitGroup
	all.Go(func() {
		for range 20 {
			if _, err := Renew(t.Context(), dir, []string{llm}, at(epoch)); err != nil {
				t.Error(err)
			}
		}
	})
	for range 3 {
		all.Go(func() {
			for range 50 {
				if _, err := Open(t.Context(), dir, []string{llm}, at(epoch)); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
}
