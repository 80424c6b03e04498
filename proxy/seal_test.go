package proxy

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"hotmess/wire"
)

func TestSealsAreEqualOnlyOfEqualParts(t *testing.T) {
	s := NewSealer([]byte("key"))
	rapid.Check(t, func(t *rapid.T) {
		part := rapid.SliceOf(rapid.StringMatching(`[0-9:a]{0,3}`))
		a, b := part.Draw(t, "a"), part.Draw(t, "b")
		if (s.seal(a...) == s.seal(b...)) != slices.Equal(a, b) {
			t.Fatalf("%q and %q", a, b)
		}
	})
}

func TestSealDependsOnTheKey(t *testing.T) {
	a, b := NewSealer([]byte("a")).seal("x"), NewSealer([]byte("b")).seal("x")
	if a == b || len(a) != 32 {
		t.Errorf("%s and %s", a, b)
	}
}

func TestNothingToSealIsEmpty(t *testing.T) {
	s := NewSealer([]byte("key"))
	if s.system(wire.View{}) != "" || s.tools(wire.View{}) != "" {
		t.Error("sealed nothing")
	}
	two := wire.View{Tools: []wire.Tool{{Name: "a"}, {Name: "b"}}}
	if s.tools(two) == s.tools(wire.View{Tools: []wire.Tool{{Name: "ab"}}}) {
		t.Error("names run into each other")
	}
}
