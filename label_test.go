package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hotmess/config"
)

// adminPort has the commands of a test find an admin port, and gives the flag that
// leads them to it.
func adminPort(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	dir := t.TempDir()
	if err := config.WriteRunning(dir, config.Running{Admin: strings.TrimPrefix(server.URL, "http://")}); err != nil {
		t.Fatal(err)
	}
	return "--data-dir=" + dir
}

func TestLabelSaysThatNoLabelWasInTheFile(t *testing.T) {
	at := adminPort(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, `{"accepted":1,"results":[{"item":1,"status":"counted"}]}`)
	})
	for text, want := range map[string]string{
		"":                                 "no label is in it",
		" \n\n":                            "no label is in it",
		`{"request":"r","outcome":"pass"}`: "",
	} {
		file := filepath.Join(t.TempDir(), "labels.jsonl")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		stdout, stderr, code := output(t, nil, "label", at, file)
		switch {
		case want == "" && (code != exitOK || stdout != "1 labels accepted\n"):
			t.Errorf("%q: exit code %d, %s%s", text, code, stdout, stderr)
		case want != "" && (code != exitError || stdout != "" || !strings.Contains(stderr, file+": "+want)):
			t.Errorf("%q: exit code %d, %s%s", text, code, stdout, stderr)
		}
	}
}
