package ca

import (
	"crypto/tls"
	"crypto/x509"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestLeafIsGoodForItsHostAlone(t *testing.T) {
	a := openFor(t, t.TempDir(), at(epoch), llm, "other.example", llmAddr, "2001:db8::1")
	for _, host := range a.Hosts() {
		cert := leafFor(t, a, host)
		for _, other := range a.Hosts() {
			if err := verify(a, cert, other, epoch); (err == nil) != (other == host) {
				t.Errorf("the leaf for %s shown as %s: %v", host, other, err)
			}
		}
		c := cert.Leaf
		if len(c.SubjectKeyId) == 0 || !slices.Equal(c.AuthorityKeyId, a.signer.SubjectKeyId) || c.IsCA || c.KeyUsage != x509.KeyUsageDigitalSignature ||
			!slices.Equal(c.ExtKeyUsage, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}) {
			t.Errorf("%s: %+v", host, c)
		}
		if len(cert.Certificate) != 2 || !slices.Equal(cert.Certificate[1], a.signer.Raw) {
			t.Errorf("%s: a chain of %d", host, len(cert.Certificate))
		}
	}
}

func TestSpellingsShareALeaf(t *testing.T) {
	a := open(t, t.TempDir(), at(epoch))
	if leafFor(t, a, llm) != leafFor(t, a, strings.ToUpper(llm)+".") {
		t.Error("two leaves for one host")
	}
}

func TestForeignHostsGetNoLeaf(t *testing.T) {
	a := open(t, t.TempDir(), at(epoch))
	for _, host := range []string{"bank.example", "eu." + llm, "192.0.2.8", "", "a b"} {
		if _, err := a.Leaf(host); err == nil || !strings.Contains(err.Error(), a.CertFile()) || !strings.Contains(err.Error(), renewHint) {
			t.Errorf("%q: %v", host, err)
		}
	}
}

func TestLeavesAreSignedAnewInTime(t *testing.T) {
	now := epoch
	a := open(t, t.TempDir(), func() time.Time { return now })
	first := leafFor(t, a, llm)
	if !first.Leaf.NotAfter.Equal(epoch.Add(lifetime).Truncate(time.Second)) {
		t.Errorf("valid until %v", first.Leaf.NotAfter)
	}
	now = first.Leaf.NotAfter.Add(-reserve)
	if leafFor(t, a, llm) != first {
		t.Error("signed anew with a day left")
	}
	now = now.Add(time.Second)
	second := leafFor(t, a, llm)
	if second == first || !second.Leaf.NotBefore.Equal(now.Add(-skew)) || verify(a, second, llm, now) != nil {
		t.Errorf("valid from %v to %v at %v", second.Leaf.NotBefore, second.Leaf.NotAfter, now)
	}
}

func TestLeafIsNoOlderThanTheAuthority(t *testing.T) {
	dir := t.TempDir()
	open(t, dir, at(epoch))
	a := open(t, dir, at(epoch.Add(-skew/2)))
	if c := leafFor(t, a, llm).Leaf; !c.NotBefore.Equal(a.signer.NotBefore) {
		t.Errorf("valid from %v, the authority from %v", c.NotBefore, a.signer.NotBefore)
	}
}

func TestClockSetBackGetsAValidLeaf(t *testing.T) {
	now := epoch.AddDate(0, 1, 0)
	a := open(t, t.TempDir(), func() time.Time { return now })
	now = now.AddDate(0, 1, 0)
	leafFor(t, a, llm)
	now = now.AddDate(0, -1, 0)
	if err := verify(a, leafFor(t, a, llm), llm, now); err != nil {
		t.Error(err)
	}
}

func TestLastLeafEndsWithTheAuthority(t *testing.T) {
	now := epoch
	a := open(t, t.TempDir(), func() time.Time { return now })
	now = a.Expires().Add(-lifetime / 2)
	last := leafFor(t, a, llm)
	if !last.Leaf.NotAfter.Equal(a.Expires()) {
		t.Errorf("valid until %v, the authority until %v", last.Leaf.NotAfter, a.Expires())
	}
	now = a.Expires()
	if leafFor(t, a, llm) != last {
		t.Error("signed anew though it cannot last longer")
	}
	now = now.Add(time.Second)
	if _, err := a.Leaf(llm); err == nil || !strings.Contains(err.Error(), "expired") || !strings.Contains(err.Error(), renewHint) {
		t.Errorf("got %v", err)
	}
}

func TestConcurrentCallersShareALeaf(t *testing.T) {
	a := open(t, t.TempDir(), at(epoch))
	found := make([]*tls.Certificate, 16)
	var all sync.WaitGroup
	for i := range found {
		all.Go(func() {
			cert, err := a.Leaf(llm)
			if err != nil {
				t.Error(err)
			}
			found[i] = cert
		})
	}
	all.Wait()
	if len(slices.Compact(found)) != 1 {
		t.Error("signed more than once")
	}
}

func TestStolenKeyIsGoodForNothingElseInGo(t *testing.T) {
	a := open(t, t.TempDir(), at(epoch))
	for host, names := range map[string]*x509.Certificate{
		"bank.example": named("bank.example"), "192.0.2.8": addressed("192.0.2.8"), "2001:db8::1": addressed("2001:db8::1"),
		"llm.example": named("*.example"),
	} {
		if err := verify(a, forge(t, a, names), host, epoch); err == nil || !strings.Contains(err.Error(), "not permitted by any constraint") {
			t.Errorf("%s: %v", host, err)
		}
	}
	// The forger does no worse than Leaf where it may sign.
	if err := verify(a, forge(t, a, named(llm)), llm, epoch); err != nil {
		t.Error(err)
	}
}

// BenchmarkLeaf is what a new connection waits for.
func BenchmarkLeaf(b *testing.B) {
	a := open(b, b.TempDir(), at(epoch))
	b.Run("cached", func(b *testing.B) {
		for b.Loop() {
			leafFor(b, a, llm)
		}
	})
	b.Run("signing", func(b *testing.B) {
		for b.Loop() {
			if _, err := a.sign(llm, epoch); err != nil {
				b.Fatal(err)
			}
		}
	})
}
