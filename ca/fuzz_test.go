package ca

import (
	"bytes"
	"strings"
	"testing"
)

// FuzzKeyFile: what is taken for an authority comes back from encode.
func FuzzKeyFile(f *testing.F) {
	a := open(f, f.TempDir(), at(epoch))
	text := contents(f, a.KeyFile())
	f.Add(text)
	f.Add(text[:len(text)/2])
	f.Add(append(a.PEM(), text...))
	f.Add([]byte("-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := parsePair(text)
		if err != nil {
			return
		}
		encoded, err := p.encode()
		if err != nil {
			t.Fatal(err)
		}
		again, err := parsePair(encoded)
		if err != nil || !again.key.Equal(p.key) || !again.signer.Equal(p.signer) || !again.root.Equal(p.root) {
			t.Errorf("%v", err)
		}
	})
}

// FuzzBundle: whatever the roots, a bundle is certificates alone, each once,
// with ours last; and a bundle of a bundle is the same.
func FuzzBundle(f *testing.F) {
	a := open(f, f.TempDir(), at(epoch))
	one := string(encodeCertificate(roots(f, 1)[0]))
	f.Add([]byte(one + string(a.PEM()) + one))
	f.Add([]byte(strings.ReplaceAll(one, "\n", "\r\n")))
	f.Add(contents(f, a.KeyFile()))
	f.Add([]byte(one[:len(one)-3] + one))
	f.Add([]byte("-----BEGIN CERTIFICATE-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END CERTIFICATE-----"))
	f.Fuzz(func(t *testing.T, text []byte) {
		bundle := a.Bundle(text)
		found := certificates(bundle)
		if n := strings.Count(string(bundle), "-----BEGIN "); n != len(found) || strings.Count(string(bundle), "-----BEGIN CERTIFICATE-----\n") != n {
			t.Errorf("%d blocks, %d certificates", n, len(found))
		}
		if !bytes.Equal(found[len(found)-1], a.root.Raw) || !bytes.HasSuffix(bundle, a.PEM()) {
			t.Error("ours is not the last")
		}
		if !bytes.Equal(a.Bundle(bundle), bundle) {
			t.Error("a bundle of a bundle differs")
		}
	})
}
