package e2e

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// distrusting is a client of the proxy that was not told of hotmess's authority.
func distrusting(t *testing.T, p passage) *http.Client {
	t.Helper()
	transport := &http.Transport{
		Proxy: http.ProxyURL(p.sidecar.proxy(t, "stranger")), TLSClientConfig: &tls.Config{RootCAs: p.pool}, ForceAttemptHTTP2: p.way.http2,
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: patience}
}

// TestClientThatDoesNotTrustUsIsLeftAlone refuses hotmess's certificate, and gets
// through to the vendor's own when it dials again.
func TestClientThatDoesNotTrustUsIsLeftAlone(t *testing.T) {
	t.Parallel()
	c := newCorporate(t, nil)
	c.front.model(t, "", "--quota")
	for _, w := range ways()[1:] {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			s := c.serve(t, "--mode", "ensemble", "--samples", fmt.Sprint(samples))
			p := passage{c, s, w}
			t.Run("by hand", func(t *testing.T) { p.distrustedByHand(t) })
			t.Run("by an SDK", func(t *testing.T) { p.distrustedBySDK(t) })
			if said := s.stderr.String(); !strings.Contains(said, "client does not trust hotmess's certificates") || !strings.Contains(said, "client=stranger") {
				t.Errorf("the log says: %s", lastLines(said, 20))
			}
			if sum := s.summary(t); sum.Requests != 0 || sum.Tunnels["api.openai.com:443"] != 1 || sum.Tunnels["api.anthropic.com:443"] != 1 {
				t.Errorf("counted %+v", sum)
			}
			t.Run("others", func(t *testing.T) { answers(t, p.visit(t, sdks()[0]), true) })
		})
	}
}

// distrustedByHand dials until it gets through. The second try does, unless it
// comes before hotmess has heard of the first's end.
func (p passage) distrustedByHand(t *testing.T) {
	client := distrusting(t, p)
	get := func() (*http.Response, error) { return client.Get("https://api.openai.com/v1/models") }
	_, err := get()
	if _, unknown := errors.AsType[x509.UnknownAuthorityError](err); !unknown {
		t.Fatalf("the first try: %v", err)
	}
	eventually(t, "the client gets through", func() bool {
		res, err := get()
		if err != nil {
			return false
		}
		defer res.Body.Close()
		if res.StatusCode != http.StatusOK || res.Header.Get("X-Simulated") == "" || res.Header.Get("X-Hotmess-Mode") != "" {
			t.Errorf("got %d, %v", res.StatusCode, res.Header)
		}
		return true
	})
}

// distrustedBySDK does not even notice: its library dials again.
func (p passage) distrustedBySDK(t *testing.T) {
	v := p.visit(t, sdks()[2])
	v.client.Transport = distrusting(t, p).Transport
	talk := v.open(t, manner{})
	talk.say(letterPrompt)
	if answer, err := talk.step(t.Context()); err != nil || !strings.Contains(answer.Text, "Answer: ") {
		t.Errorf("got %+v, %v", answer, err)
	}
	if own, others := v.calls(); len(own) != 1 || len(others) != 0 {
		t.Errorf("%d calls and %d beside them", len(own), len(others))
	}
}

// TestTunnelsCanBeClosed allows the hosts of upstreams alone.
func TestTunnelsCanBeClosed(t *testing.T) {
	t.Parallel()
	c := newCorporate(t, nil)
	c.front.model(t, "", "--quota")
	s := c.serve(t, "--mode", "observe", "--rate", "1", "--samples", "3", "--config", writeConfig(t, "forward: {tunnels: none}\n"))
	p := passage{c, s, ways()[1]}
	if _, err := p.client(t).Get("https://other.example/"); err == nil || !strings.Contains(err.Error(), "Forbidden") {
		t.Errorf("the error is %v", err)
	}
	if got := call(t, p.client(t), request(t, "GET", "http://plain.example/", "")); got.Status != http.StatusForbidden {
		t.Errorf("got %+v", got)
	}
	if notes := strings.Join(c.notes(), " "); strings.Contains(notes, ".example") {
		t.Errorf("the corporate's proxy was asked %s", notes)
	}
	answers(t, p.visit(t, sdks()[0]), false)
}

// hotmess runs a command to its end.
func hotmess(t *testing.T, env []string, args ...string) *process {
	t.Helper()
	p := start(t, env, args...)
	p.wait(t)
	return p
}

// TestAuthorityIsMadeShownAndExported goes through what ca does, in the order in
// which a user would.
func TestAuthorityIsMadeShownAndExported(t *testing.T) {
	t.Parallel()
	c := newCorporate(t, nil)
	c.front.model(t, "", "--quota")
	dir, env := filepath.Join(t.TempDir(), "data"), c.environment()
	shown := hotmess(t, env, "ca", "--data-dir", dir)
	for _, want := range []string{filepath.Join(dir, "ca", "ca.pem"), "SHA-256", "api.anthropic.com api.openai.com generativelanguage.googleapis.com"} {
		if !strings.Contains(shown.stdout.String(), want) {
			t.Errorf("ca does not say %q: %s%s", want, shown.stdout, shown.stderr)
		}
	}
	s := serveIn(t, dir, env, "--mode", "observe", "--rate", "1", "--samples", "3") // takes what is there
	if again := hotmess(t, env, "ca", "--data-dir", dir); again.stdout.String() != shown.stdout.String() {
		t.Errorf("another one: %s", again.stdout)
	}
	bundle := filepath.Join(t.TempDir(), "roots.pem")
	hotmess(t, env, "ca", "--data-dir", dir, "--bundle", bundle)
	trusted := pool(t, bundle)
	if printed := hotmess(t, env, "ca", "--data-dir", dir, "--bundle", "-").stdout.String(); printed != text(t, bundle) {
		t.Errorf("standard output has another bundle: %s", printed)
	}
	// The bundle is for hosts that are opened and for those that are not.
	p := passage{c, s, ways()[2]}
	client := p.client(t)
	client.Transport.(*http.Transport).TLSClientConfig.RootCAs = trusted
	for host, want := range map[string]string{"api.openai.com": "off", "other.example": ""} {
		if got := call(t, client, request(t, "GET", "https://"+host+"/v1/models", "")); got.Status != http.StatusOK {
			t.Errorf("%s: %+v, want mode %q", host, got, want)
		}
	}
	exportsForJava(t, env, dir)
}

// exportsForJava has Java's own tool read the trust store.
func exportsForJava(t *testing.T, env []string, dir string) {
	t.Helper()
	store := filepath.Join(t.TempDir(), "roots.jks")
	said := hotmess(t, env, "ca", "--data-dir", dir, "--jks", store).stderr.String()
	if !strings.Contains(said, "-Djavax.net.ssl.trustStore="+store) {
		t.Errorf("--jks says: %s", said)
	}
	if _, err := exec.LookPath("keytool"); err != nil {
		t.Log("keytool is not installed: the trust store was not read")
		return
	}
	listed, err := exec.CommandContext(t.Context(), "keytool", "-list", "-keystore", store, "-storepass", "changeit").CombinedOutput()
	if err != nil || !strings.Contains(string(listed), "hotmess") {
		t.Errorf("keytool: %v: %s", err, listed)
	}
}

// TestRenewedAuthorityServesNewHosts adds a host, which is a tunnel until renewal.
func TestRenewedAuthorityServesNewHosts(t *testing.T) {
	t.Parallel()
	c := newCorporate(t, nil)
	c.front.model(t, "", "--quota")
	dir, env := t.TempDir(), c.environment()
	before := hotmess(t, env, "ca", "--data-dir", dir).stdout.String()
	config := writeConfig(t, cloudConfig)
	const host, unopened = "us-east5-aiplatform.googleapis.com", "hosts of upstreams that the certificate authority does not cover get blind tunnels"
	s := serveIn(t, dir, env, "--config", config)
	if said := s.stderr.String(); !strings.Contains(said, unopened) || !strings.Contains(said, host) {
		t.Errorf("the log says: %s", said)
	}
	if said := hotmess(t, env, "ca", "--data-dir", dir, "--config", config).stderr.String(); !strings.Contains(said, host) || !strings.Contains(said, "hotmess ca renew") {
		t.Errorf("ca says: %s", said)
	}
	s.stop(t)
	renewed := hotmess(t, env, "ca", "renew", "--data-dir", dir, "--config", config)
	if said := renewed.stdout.String(); said == before || !strings.Contains(said, host) {
		t.Errorf("renew says: %s%s", said, renewed.stderr)
	}
	for _, kept := range []string{"ca.pem.old", "ca.key.old"} {
		if _, err := os.Stat(filepath.Join(dir, "ca", kept)); err != nil {
			t.Error(err)
		}
	}
	s = serveIn(t, dir, env, "--config", config)
	if said := s.stderr.String(); strings.Contains(said, unopened) {
		t.Errorf("the log says: %s", said)
	}
	got := call(t, passage{c, s, ways()[1]}.client(t), request(t, "GET", "https://"+host+"/v1/models", ""))
	if got.Status != http.StatusOK {
		t.Errorf("got %+v", got)
	}
	s.settled(t, 1) // a tunnel is no request
}

// pool reads a bundle.
func pool(t *testing.T, file string) *x509.CertPool {
	t.Helper()
	p := x509.NewCertPool()
	if !p.AppendCertsFromPEM([]byte(text(t, file))) {
		t.Fatalf("%s holds no certificate", file)
	}
	return p
}

// text reads a file.
func text(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestAuthorityErrorsSayWhatToDo is what a user meets.
func TestAuthorityErrorsSayWhatToDo(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	open := t.TempDir()
	hotmess(t, nil, "ca", "--data-dir", open)
	key := filepath.Join(open, "ca", "ca.key")
	if err := os.Chmod(key, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		args []string
		want []string
	}{
		{"data directory is a file", []string{"--data-dir", file}, []string{file}},
		{"key that others can read", []string{"--data-dir", open}, []string{"run chmod 600 " + key}},
		{"unknown scheme", []string{"--data-dir", t.TempDir(), "--upstream", "ftp://api.example"}, []string{"upstream", "http://"}},
		{"unknown scheme of one", []string{"--data-dir", t.TempDir(), "--config", writeConfig(t, "upstreams:\n  - {name: x, url: \"ws://api.example\"}\n")}, []string{"2:", "upstreams[0].url", "http://"}},
		{"nothing to open", []string{"--data-dir", t.TempDir(), "--upstream", "http://127.0.0.1:1"}, []string{"no upstream speaks TLS"}},
		{"bundle into nowhere", []string{"--data-dir", t.TempDir(), "--bundle", filepath.Join(file, "roots.pem")}, []string{"--bundle", file}},
		{"trust store into nowhere", []string{"--data-dir", t.TempDir(), "--jks", filepath.Join(file, "roots.jks")}, []string{"--jks", file}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			refused(t, start(t, nil, append([]string{"ca"}, c.args...)...), c.want...)
		})
	}
}

// TestUnusableAuthorityLeavesTheBaseURL serves on with a key that others can read,
// and a run that insists on the proxy says why there is none.
func TestUnusableAuthorityLeavesTheBaseURL(t *testing.T) {
	t.Parallel()
	c := newCorporate(t, nil)
	c.front.model(t, "", "--quota")
	dir, env := t.TempDir(), c.environment()
	hotmess(t, env, "ca", "--data-dir", dir)
	if err := os.Chmod(filepath.Join(dir, "ca", "ca.key"), 0o644); err != nil {
		t.Fatal(err)
	}
	s := serveIn(t, dir, env, "--mode", "observe", "--rate", "1", "--samples", "3")
	if said := s.stderr.String(); !strings.Contains(said, "no TLS is opened in the forward way") || !strings.Contains(said, "chmod 600") {
		t.Errorf("the log says: %s", said)
	}
	answers(t, passage{c, s, ways()[0]}.visit(t, sdks()[0]), false)
	run := start(t, env, "run", "--data-dir", dir, "--way", "proxy", "--", "true")
	if code := run.wait(t); code != 125 || !strings.Contains(run.stderr.String(), "--way proxy: the sidecar opens no TLS") {
		t.Errorf("exit code %d: %s", code, run.stderr)
	}
	if run := start(t, env, "run", "--data-dir", dir, "--", "true"); run.wait(t) != 0 || !strings.Contains(run.stderr.String(), "calls come by base URL") {
		t.Errorf("%s", run.stderr)
	}
	if env := hotmess(t, env, "env", "--data-dir", dir, "--shell", "sh"); strings.Contains(env.stdout.String(), "HTTPS_PROXY") || !strings.Contains(env.stdout.String(), "OPENAI_BASE_URL") {
		t.Errorf("env prints %s", env.stdout)
	}
}
