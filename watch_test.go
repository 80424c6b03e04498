package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"hotmess/config"
)

// TestHealthIsAskedPastAnyProxy: a port on all addresses is not loopback to the
// environment's proxy, and a container's probe has that environment.
func TestHealthIsAskedPastAnyProxy(t *testing.T) {
	through := http.DefaultTransport.(*http.Transport)
	proxy := through.Proxy
	through.Proxy = func(*http.Request) (*url.URL, error) { return nil, errors.New("asked by proxy") }
	defer func() { through.Proxy = proxy }()
	for instance, want := range map[string]int{"own": exitOK, "other": exitError} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, `{"status":"ok","instance":%q}`, instance)
		}))
		dir := t.TempDir()
		if err := config.WriteRunning(dir, config.Running{Instance: "own", Admin: strings.TrimPrefix(server.URL, "http://")}); err != nil {
			t.Fatal(err)
		}
		_, stderr, code := output(t, nil, "healthcheck", "--data-dir", dir)
		if code != want || (code != exitOK && !strings.Contains(stderr, `answers as "other", not as "own"`)) {
			t.Errorf("%s: exit code %d, %s", instance, code, stderr)
		}
		server.Close()
	}
}
