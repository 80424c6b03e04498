package ensemble

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"hotmess/wire"
)

func similarity(t *testing.T, a, b string) float64 {
	t.Helper()
	c := comparer(t, wire.View{}, "")
	one, ok := c.Shingles(wire.Reply{Choice: wire.Choice{Text: a}})
	other, okToo := c.Shingles(wire.Reply{Choice: wire.Choice{Text: b}})
	if !ok || !okToo {
		t.Fatalf("no shingles in %q or %q", a, b)
	}
	return one.Similarity(other)
}

func TestSimilarityIsTheShareOfCommonShingles(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want float64
	}{
		{"one two three four", "one two three four", 1},
		{"One, two: THREE (four)!", "one two three four", 1},
		{"x² ﬁne ok", "x2 fine ok", 1}, // compatibility forms
		{"one two three four", "one two three five", 1. / 3},
		{"a b c d e f", "c d e f g h", 2. / 6},
		{"one two three", "four five six", 0},
		{"yes", "Yes.", 1},
		{"yes", "no", 0},
		{"yes sir", "yes", 0},
		{"a b c a b c a b c", "a b c a b c", 1}, // each shingle once
	} {
		got, back := similarity(t, c.a, c.b), similarity(t, c.b, c.a)
		if math.Abs(got-c.want) > 1e-12 || got != back {
			t.Errorf("%q and %q: %v and %v, want %v", c.a, c.b, got, back, c.want)
		}
	}
}

func TestOnlyProseHasShingles(t *testing.T) {
	text := wire.Reply{Choice: wire.Choice{Text: "one two three"}}
	if _, ok := comparer(t, wire.View{Structured: true}, "").Shingles(text); ok {
		t.Error("a structured reply has")
	}
	prose := comparer(t, wire.View{}, "")
	for name, r := range map[string]wire.Reply{
		"a refusal": {Choice: wire.Choice{Text: "one two three", Refusal: "no"}},
		"no text":   {}, "no word": {Choice: wire.Choice{Text: " … !? "}},
	} {
		if _, ok := prose.Shingles(r); ok {
			t.Errorf("%s has", name)
		}
	}
}

func TestSimilarityOfLongTextsSeesBothEndsAlone(t *testing.T) {
	words := func(prefix string, n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "%s%d ", prefix, i)
		}
		return b.String()
	}
	head, tail := words("head", 2000), words("tail", 2000)
	a, b := head+words("ä", 5000)+tail, head+words("ö", 9000)+tail
	if got := similarity(t, a, b); got != 1 {
		t.Errorf("%v with the same ends", got)
	}
	if got := similarity(t, a, words("other", 2000)+tail); got < 0.3 || got > 0.4 {
		// One of two ends: x common of 3x, but for the odd shingle at the cut.
		t.Errorf("%v with the same last end", got)
	}
	var each strings.Builder
	for i := range maxCompared {
		fmt.Fprintf(&each, "ﷺ%d", i) // four words in compatibility form
	}
	if n := cap(shingle(each.String())); n > maxWords {
		t.Errorf("%d shingles", n)
	}
}

func FuzzShingles(f *testing.F) {
	f.Add("one two three", "one two")
	f.Add("ﬁ\xff\xfe ß İ", strings.Repeat("ä", 5000))
	f.Fuzz(func(t *testing.T, a, b string) {
		one, other := shingle(a), shingle(b)
		if len(one) == 0 || len(other) == 0 {
			return
		}
		s := one.Similarity(other)
		if !(s >= 0 && s <= 1) || s != other.Similarity(one) || one.Similarity(one) != 1 {
			t.Errorf("%v", s)
		}
	})
}

func BenchmarkSimilarity(b *testing.B) {
	text := strings.Repeat("the quick brown fox jumps over the lazy dog ", 200)
	for b.Loop() {
		shingle(text).Similarity(shingle(text[4:]))
	}
}
