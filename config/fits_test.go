package config

import (
	"path"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestFits(t *testing.T) {
	for _, c := range []struct {
		pattern, s string
		want       bool
	}{
		{"", "anything", true},
		{"*", "", true},
		{"billing", "billing", true},
		{"billing", "billing2", false},
		{"codex.*", "codex.openai/gpt-5", true},
		{"codex.*", "claude.x", false},
		{"*.gpt-5", "codex.gpt-5", true},
		{"*gpt*mini", "a.gpt-5-mini", true},
		{"*gpt*mini", "a.mini-gpt", false},
		{"a*a", "a", false},
		{"*ab", "aab", true},
		{"a?c", "abc", false},
		{"a/*", "a", false},
		{"A", "a", false},
	} {
		if got := Fits(c.pattern, c.s); got != c.want {
			t.Errorf("Fits(%q, %q) = %t, want %t", c.pattern, c.s, got, c.want)
		}
	}
}

// TestFitsIsPathMatchWithoutItsExtras holds Fits to the standard library's, on
// strings that have nothing special but stars.
func TestFitsIsPathMatchWithoutItsExtras(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pattern := rapid.StringMatching(`[ab*]{1,8}`).Draw(t, "pattern")
		s := rapid.StringMatching(`[ab]{0,8}`).Draw(t, "s")
		want, err := path.Match(strings.ReplaceAll(pattern, "**", "*"), s)
		if err != nil {
			t.Fatal(err)
		}
		if got := Fits(pattern, s); got != want {
			t.Fatalf("Fits(%q, %q) = %t, want %t", pattern, s, got, want)
		}
	})
}
