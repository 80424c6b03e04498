package sidecar

import (
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestTakenOverUpstreamsAreRemembered writes two, one of them twice, around a
// line that is damaged.
func TestTakenOverUpstreamsAreRemembered(t *testing.T) {
	dir := t.TempDir()
	base := func(s string) *url.URL {
		u, err := url.Parse(s)
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	a, b := base("http://127.0.0.1:1/v1"), base("https://example.com/custom/v1")
	for _, u := range []*url.URL{a, a} {
		if err := remember(dir, u); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(dir, takenOverFile)
	f, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString("\x00not a url\n"); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if err := remember(dir, b); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, u := range remembered(dir) {
		got = append(got, u.String())
	}
	if d := cmp.Diff([]string{a.String(), b.String()}, got); d != "" {
		t.Error(d)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode of %s: %v, %v; want 0600", file, info.Mode(), err)
	}
}

func TestUpstreamWithASecretIsNotStored(t *testing.T) {
	dir := t.TempDir()
	for _, s := range []string{"https://me:secret@h/v1", "https://secret@h/v1", "https://h/v1?key=secret"} {
		u, err := url.Parse(s)
		if err != nil {
			t.Fatal(err)
		}
		if err := remember(dir, u); !errors.Is(err, errSecret) {
			t.Errorf("%s: %v", s, err)
		}
	}
	if got := remembered(dir); len(got) != 0 {
		t.Errorf("stored %v", got)
	}
}
