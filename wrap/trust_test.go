package wrap

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hotmess/ca"
)

// trusting is a Trust that names its files after what is in them.
func trusting() *Trust {
	return &Trust{CA: "/d/ca.pem", System: "/d/bundle.pem", Beside: func(variable, base string) (string, error) {
		if base == "/missing" {
			return "", errors.New(variable + ": no such file")
		}
		return "/d/bundle-of" + base, nil
	}}
}

func proxyEndpoints(way Way) Endpoints {
	return Endpoints{Listen: "127.0.0.1:4141", Client: "Aider", Way: way, Trust: trusting()}
}

func TestEachWaySetsItsVariables(t *testing.T) {
	const base, proxy = "http://127.0.0.1:4141/~aider/v1", "http://aider:hotmess@127.0.0.1:4141"
	for way, want := range map[Way]map[string]string{
		WayBoth:  {"OPENAI_BASE_URL": base, "HTTPS_PROXY": proxy, "http_proxy": proxy, "NODE_USE_ENV_PROXY": "1", "SSL_CERT_FILE": "/d/bundle.pem"},
		WayProxy: {"OPENAI_BASE_URL": "", "HTTPS_PROXY": proxy, "https_proxy": proxy, "HTTP_PROXY": proxy, "NODE_EXTRA_CA_CERTS": "/d/ca.pem"},
		WayBase:  {"OPENAI_BASE_URL": base, "HTTPS_PROXY": "", "https_proxy": "", "NODE_USE_ENV_PROXY": "", "SSL_CERT_FILE": "", "NODE_EXTRA_CA_CERTS": ""},
	} {
		out, _ := Environ(nil, proxyEndpoints(way))
		for name, value := range want {
			if got := lookup(out, name); got != value {
				t.Errorf("%s: %s = %q, want %q", way, name, got, value)
			}
		}
		if got := lookup(out, "NO_PROXY"); got != "127.0.0.1,localhost,::1" {
			t.Errorf("%s: NO_PROXY = %q", way, got)
		}
	}
}

func TestEveryWorldFindsTheRootsThatItTrusts(t *testing.T) {
	out, notes := Environ([]string{"REQUESTS_CA_BUNDLE=/corp.pem", "NODE_EXTRA_CA_CERTS=/node.pem", "AWS_CA_BUNDLE=/missing", "DENO_CERT=/d/ca.pem"}, proxyEndpoints(WayProxy))
	for name, want := range map[string]string{
		"SSL_CERT_FILE": "/d/bundle.pem", "REQUESTS_CA_BUNDLE": "/d/bundle-of/corp.pem", "CURL_CA_BUNDLE": "/d/bundle.pem",
		"AWS_CA_BUNDLE": "/missing", "GIT_SSL_CAINFO": "/d/bundle.pem", "NODE_EXTRA_CA_CERTS": "/d/bundle-of/node.pem", "DENO_CERT": "/d/ca.pem",
		"CODEX_CA_CERTIFICATE": "/d/bundle.pem", "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": "/d/bundle.pem",
	} {
		if got := lookup(out, name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	if !slices.ContainsFunc(notes, func(n string) bool { return strings.HasPrefix(n, "AWS_CA_BUNDLE is left") }) {
		t.Errorf("notes: %q", notes)
	}
}

func TestNestedRunKeepsItsProxy(t *testing.T) {
	const outer = "http://outer:hotmess@localhost:4141"
	out, notes := Environ([]string{"HTTPS_PROXY=" + outer}, proxyEndpoints(WayBoth))
	if got := lookup(out, "HTTPS_PROXY"); got != outer || !strings.Contains(strings.Join(notes, "\n"), "HTTPS_PROXY leads to this sidecar already") {
		t.Errorf("HTTPS_PROXY = %q, notes %q", got, notes)
	}
}

func TestOuterProxyIsSaidOnceWithoutSecrets(t *testing.T) {
	s := &sidecar{}
	s.running.Listen = "127.0.0.1:4141"
	env := []string{"HTTPS_PROXY=http://me:hunter2@proxy.example:3128", "https_proxy=http://me:hunter2@proxy.example:3128"}
	if notes := outerNote(env, s); len(notes) != 1 || !strings.Contains(notes[0], "proxy.example:3128") || strings.Contains(notes[0], "hunter2") {
		t.Errorf("notes %q", notes)
	}
	s.joined = true
	if notes := outerNote(env, s); len(notes) != 1 || !strings.Contains(notes[0], "running already") {
		t.Errorf("joined: notes %q", notes)
	}
	if notes := outerNote([]string{"HTTPS_PROXY=http://127.0.0.1:4141"}, s); notes != nil {
		t.Errorf("own proxy: notes %q", notes)
	}
}

func TestSidecarIsNotItsOwnProxy(t *testing.T) {
	env := []string{
		"HTTPS_PROXY=http://sh:hotmess@127.0.0.1:4141", "http_proxy=localhost:4141", "ALL_PROXY=http://127.0.0.1:4242",
		"https_proxy=http://proxy.example:4141", "OPENAI_BASE_URL=http://127.0.0.1:4141/v1", "odd", "HTTP_PROXY=",
	}
	want := append([]string{}, env[2:]...)
	if diff := cmp.Diff(want, withoutProxy(env, "127.0.0.1:4141")); diff != "" {
		t.Errorf("environment (-want +got):\n%s", diff)
	}
}

func TestAuthorityThatDoesNotSignIsNotTrusted(t *testing.T) {
	dir := t.TempDir()
	authority, err := ca.Open(t.Context(), dir, []string{"llm.example"}, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	s := &sidecar{}
	s.running.CA, s.running.CASHA256 = dir, authority.Fingerprint()
	if in, err := s.passage(t.Context(), WayBoth, false); in.way != WayBoth || err != nil {
		t.Errorf("%+v, %v", in, err)
	}
	if _, err := ca.Renew(t.Context(), dir, []string{"llm.example"}, time.Now); err != nil {
		t.Fatal(err)
	}
	if _, err := s.passage(t.Context(), WayProxy, true); !errors.Is(err, errRenewed) {
		t.Errorf("error %v", err)
	}
	if in, err := s.passage(t.Context(), WayBoth, false); in.way != WayBase || len(in.notes) != 1 || err != nil {
		t.Errorf("%+v, %v", in, err)
	}
}

func TestBaseURLsThatAreLeftAreSaid(t *testing.T) {
	e := proxyEndpoints(WayProxy)
	e.Hosts = []string{"api.anthropic.com"}
	out, notes := Environ([]string{"OPENAI_BASE_URL=https://gw.example/v1", "ANTHROPIC_BASE_URL=https://api.anthropic.com"}, e)
	if lookup(out, "OPENAI_BASE_URL") != "https://gw.example/v1" || len(notes) == 0 || !strings.Contains(notes[0], "OPENAI_BASE_URL is left: calls to https://gw.example/v1 are not seen") {
		t.Errorf("notes %q", notes)
	}
	if strings.Contains(strings.Join(notes, "\n"), "ANTHROPIC") {
		t.Errorf("a base URL that is opened is warned of: %q", notes)
	}
}

func TestWaySuitsTheCommand(t *testing.T) {
	for command, want := range map[string]Way{
		"claude": WayProxy, "/usr/local/bin/claude --print x": WayProxy, "npx -y @anthropic-ai/claude-code@2.1": WayProxy,
		"env A=b gemini": WayProxy, "aider --model claude": WayBoth, "python agent.py": WayBoth, "bash -c claude": WayBoth, "npx": WayBoth,
		"nice -n 10 claude": WayProxy, "timeout -k 5 60s gemini": WayProxy, "timeout 60 aider --model claude": WayBoth,
	} {
		if got := wayOf(strings.Fields(command)); got != want {
			t.Errorf("%s: %q, want %q", command, got, want)
		}
	}
}

func TestPassageNeedsAnAuthority(t *testing.T) {
	s := &sidecar{}
	for _, test := range []struct {
		wanted, want Way
		asked        bool
		err          error
	}{
		{wanted: WayBase, want: WayBase, asked: true},
		{wanted: WayBoth, want: WayBase, asked: true},
		{wanted: WayProxy, want: WayBase},
		{wanted: WayProxy, asked: true, err: errNothingOpened},
	} {
		insists := test.asked && test.wanted == WayProxy
		got, err := s.passage(t.Context(), test.wanted, insists)
		if !errors.Is(err, test.err) || got.way != test.want {
			t.Errorf("%+v: %+v, %v", test, got, err)
		}
	}
}
