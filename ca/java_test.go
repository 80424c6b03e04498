package ca

import (
	"bytes"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/hex"
	"os/exec"
	"strings"
	"testing"

	"github.com/pavlo-v-chernykh/keystore-go/v4"
)

func TestTrustStoreHoldsEachRootAndTheAuthority(t *testing.T) {
	a := open(t, t.TempDir(), at(epoch))
	certs := roots(t, 2)
	text := append(encodeCertificates(certs), encodeCertificates(certs[:1])...)
	store, skipped, err := a.JKS(append(text, a.PEM()...), JavaPassword)
	if err != nil || skipped != 0 {
		t.Fatalf("%d skipped, %v", skipped, err)
	}
	ks := keystore.New()
	if err := ks.Load(bytes.NewReader(store), []byte(JavaPassword)); err != nil {
		t.Fatal(err)
	}
	want := map[string][]byte{javaAlias: a.root.Raw}
	for _, der := range certs {
		sum := sha256.Sum256(der)
		want[hex.EncodeToString(sum[:])] = der
	}
	if n := len(ks.Aliases()); n != len(want) {
		t.Errorf("%d entries, want %d", n, len(want))
	}
	for alias, der := range want {
		if e, err := ks.GetTrustedCertificateEntry(alias); err != nil || !bytes.Equal(e.Certificate.Content, der) {
			t.Errorf("%s: %v", alias, err)
		}
	}
}

func TestTrustStoreIsTheSameForTheSameRoots(t *testing.T) {
	a := open(t, t.TempDir(), at(epoch))
	text := encodeCertificates(roots(t, 5))
	first, _, err := a.JKS(text, JavaPassword)
	if err != nil {
		t.Fatal(err)
	}
	if second, _, err := a.JKS(text, JavaPassword); err != nil || !bytes.Equal(first, second) {
		t.Errorf("differs, %v", err)
	}
}

func TestRootsThatJavaWouldChokeOnAreCounted(t *testing.T) {
	a := open(t, t.TempDir(), at(epoch))
	// Of the outer form of a certificate, which a bundle may keep.
	odd, err := asn1.Marshal(struct {
		Body      int
		Algorithm struct{ ID asn1.ObjectIdentifier }
		Signature asn1.BitString
	}{1, struct{ ID asn1.ObjectIdentifier }{asn1.ObjectIdentifier{1, 2, 3}}, asn1.BitString{Bytes: []byte{1}, BitLength: 8}})
	if err != nil {
		t.Fatal(err)
	}
	text := encodeCertificates(append(roots(t, 1), odd))
	if n := len(certificates(text)); n != 2 {
		t.Fatalf("%d certificates", n)
	}
	if _, skipped, err := a.JKS(text, JavaPassword); skipped != 1 || err != nil {
		t.Errorf("%d skipped, %v", skipped, err)
	}
}

func TestKeytoolReadsTheTrustStore(t *testing.T) {
	need(t, "keytool")
	a := open(t, t.TempDir(), at(epoch))
	path, _, err := a.WriteJKS(encodeCertificates(roots(t, 2)))
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "keytool", "-list", "-keystore", path, "-storepass", JavaPassword).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if !strings.Contains(string(out), a.Fingerprint()) || strings.Count(string(out), "trustedCertEntry") != 3 {
		t.Errorf("keytool lists:\n%s", out)
	}
}
