package proxy

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"hotmess/config"
)

func TestRequestsMustNameAHost(t *testing.T) {
	r := newBareRig(t)
	r.forward.Dial = func(context.Context, string, string) (net.Conn, error) {
		t.Error("something was dialled")
		return nil, errors.New("nobody is there")
	}
	r.start(config.Default())
	for _, line := range []string{
		"CONNECT :443", "CONNECT ", "CONNECT /path", "CONNECT " + strings.Repeat("a", maxHost+1) + ":443",
		"GET http:///path", "GET http://:80/", "GET http:path", "GET http://" + strings.Repeat("a", 100_000) + "/",
	} {
		if got := r.raw(line + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"); !strings.HasPrefix(got, "HTTP/1.1 400 ") {
			t.Errorf("%.40q: %.100q", line, got)
		}
	}
	if got := r.server.Tunnels(); len(got) != 0 {
		t.Errorf("counted: %d", len(got))
	}
}

func TestWithoutAPortTLSIsMeant(t *testing.T) {
	dialled := make(chan string, 1)
	r := newBareRig(t)
	r.forward.Dial = func(_ context.Context, _, address string) (net.Conn, error) {
		dialled <- address
		return nil, errors.New("nobody is there")
	}
	r.start(config.Default())
	for host, want := range map[string]string{"git.example": "git.example:443", "git.example:": "git.example:443", "[::1]": "[::1]:443", "git.example:22": "git.example:22"} {
		_ = r.raw("CONNECT " + host + " HTTP/1.1\r\nHost: x\r\n\r\n")
		if got := receive(t, dialled, "the dialling"); got != want {
			t.Errorf("%s: dialled %s", host, got)
		}
	}
}

// TestOthersAreTalkedToAsTheyAre: headers meant for hotmess stay here, and it
// adds none of its own.
func TestOthersAreTalkedToAsTheyAre(t *testing.T) {
	seen := make(chan http.Header, 1)
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen <- r.Header
		w.Header()["Date"], w.Header()["Content-Type"] = nil, nil
		_, _ = w.Write([]byte("<html>"))
	}))
	t.Cleanup(other.Close)
	r := newRig(t, http.NotFoundHandler(), nil)
	res := post(t, r.through("agent", false), other.URL, "x", "X-Hotmess-Route", "secret", "User-Agent", "it/1")
	if read(t, res) != "<html>" || len(res.Header) != 1 || res.Header.Get("Content-Length") == "" {
		t.Errorf("header %v", res.Header)
	}
	if h := receive(t, seen, "the request"); len(h) != 3 || h.Get("User-Agent") != "it/1" || h.Get("Content-Type") == "" || h.Get("Content-Length") == "" {
		t.Errorf("they saw %v", h)
	}
}
