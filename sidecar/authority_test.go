package sidecar

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hotmess/ca"
	"hotmess/config"
)

// byProxy is a client that goes through the sidecar and trusts its authority.
func (l *line) byProxy(dataDir string) *http.Client {
	l.t.Helper()
	proxy := &url.URL{Scheme: "http", Host: l.Running().Listen}
	pem, err := os.ReadFile(filepath.Join(AuthorityDir(dataDir), ca.CertFile))
	if err != nil {
		l.t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	transport := &http.Transport{Proxy: http.ProxyURL(proxy), TLSClientConfig: &tls.Config{RootCAs: pool}}
	l.t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: patience}
}

func TestHostsOfUpstreamsAreOpened(t *testing.T) {
	proxied(t, "HTTPS_PROXY", "http://127.0.0.1:9", "") // nobody is there, so that nothing is called
	c := settings(t)
	l := start(t, options(c))
	defer l.close()
	if got := l.Running().CA; got != AuthorityDir(c.DataDir) {
		t.Errorf("serve.json says %q", got)
	}
	res, err := l.byProxy(c.DataDir).Post("https://api.anthropic.com/v1/messages", "application/json", strings.NewReader(`{"messages":[]}`))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	// Only the sidecar can have answered, in the dialect of the call.
	if body, _ := io.ReadAll(res.Body); res.StatusCode != http.StatusBadGateway || !bytes.Contains(body, []byte(`{"type":"error","error":{"type":"hotmess_upstream_unreachable"`)) {
		t.Errorf("%s: %s", res.Status, body)
	}
}

func TestWithoutHostsThatSpeakTLSThereIsNoAuthority(t *testing.T) {
	c := settings(t)
	c.Upstream = model(t)
	l := start(t, options(c))
	defer l.close()
	if _, err := os.Stat(AuthorityDir(c.DataDir)); !os.IsNotExist(err) || l.Running().CA != "" {
		t.Errorf("authority: %v, serve.json says %q", err, l.Running().CA)
	}
}

func TestDamagedAuthorityLeavesTheBaseURLWorking(t *testing.T) {
	c := settings(t)
	c.Upstreams = []config.Upstream{{Name: "openai", URL: model(t)}}
	if err := os.MkdirAll(AuthorityDir(c.DataDir), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(AuthorityDir(c.DataDir), ca.KeyFile), []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	o := options(c)
	o.Log = slog.New(slog.NewTextHandler(&log, nil))
	l := start(t, o)
	if res := l.ask(); res.StatusCode != http.StatusOK {
		t.Errorf("status %d", res.StatusCode)
	}
	if l.Running().CA != "" {
		t.Errorf("serve.json says %q", l.Running().CA)
	}
	l.close()
	if !strings.Contains(log.String(), "no TLS is opened") || !strings.Contains(log.String(), "hotmess ca renew") {
		t.Errorf("log: %s", log.String())
	}
}

func TestHostsThatAreAddedNeedARestart(t *testing.T) {
	c := settings(t)
	l := start(t, options(c))
	defer l.close()
	c.Upstreams = []config.Upstream{{Name: "plain", URL: "http://127.0.0.1:9"}}
	if err := l.Reload(c); err != nil {
		t.Errorf("an upstream without TLS: %v", err)
	}
	c.Upstreams = append(c.Upstreams, config.Upstream{Name: "new", URL: "https://llm.example/v1"})
	c.Sampling.Mode = config.Off
	if err := l.Reload(c); err == nil || !strings.Contains(err.Error(), "llm.example") || !strings.Contains(err.Error(), "hotmess ca renew") {
		t.Errorf("error %v", err)
	}
}

func TestAuthorityThatLacksAHostIsKeptAndSaid(t *testing.T) {
	c := settings(t)
	start(t, options(c)).close()
	c.Upstreams = []config.Upstream{{Name: "new", URL: "https://llm.example/v1"}}
	var log bytes.Buffer
	o := options(c)
	o.Log = slog.New(slog.NewTextHandler(&log, nil))
	l := start(t, o)
	l.close()
	if !strings.Contains(log.String(), "llm.example") || !strings.Contains(log.String(), "hotmess ca renew") {
		t.Errorf("log: %s", log.String())
	}
}
