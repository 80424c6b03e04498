package ca

import "testing"

func TestOnlyAuthoritiesThatStandForThemselvesAreRoots(t *testing.T) {
	a := open(t, t.TempDir(), at(epoch))
	for name, c := range map[string]struct {
		der  []byte
		want bool
	}{
		"root":   {a.root.Raw, true},
		"signer": {a.signer.Raw, false},
		"leaf":   {leafFor(t, a, llm).Certificate[0], false},
		"broken": {[]byte("no certificate"), false},
	} {
		if got := isRoot(c.der); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}
