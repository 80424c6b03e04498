package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"os/exec"
	"strings"
	"testing"
)

// A program is one that agents start. It is skipped where it is not installed.
type program struct {
	name string
	// script is what a shell runs; $1 is what its requests are known by at the
	// front.
	script string
	// want is in what it prints.
	want string
	// calls is how many requests of it are measured, by the dialect they are in.
	calls   int
	dialect string
	// host is what is tunnelled blindly for it, if anything is.
	host string
}

// programs are those that are tested. Python's strict checks are those that it
// makes by default from version 3.13 on.
func programs() []program {
	return []program{
		{
			name: "curl", calls: 1, dialect: "openai-chat", want: `"object":"chat.completion"`,
			script: `curl --silent --show-error --fail-with-body -H "X-Test: $1" -H "Authorization: Bearer k" https://api.openai.com/v1/chat/completions \
				-d '{"model":"m","messages":[{"role":"user","content":"Hm?"}]}'`,
		},
		{
			name: "python3", calls: 1, dialect: "anthropic-messages", want: `"type": "message"`,
			script: `python3 - "$1" <<'PYTHON'
import json, ssl, sys, urllib.request
context = ssl.create_default_context()
context.verify_flags |= ssl.VERIFY_X509_STRICT
body = {"model": "m", "max_tokens": 100, "messages": [{"role": "user", "content": "Hm?"}]}
request = urllib.request.Request("https://api.anthropic.com/v1/messages", json.dumps(body).encode(), {
	"X-Test": sys.argv[1], "X-Api-Key": "k", "Anthropic-Version": "2023-06-01", "Content-Type": "application/json"})
print(json.dumps(json.load(urllib.request.urlopen(request, context=context))))
PYTHON`,
		},
		{
			name: "openssl", want: "Verify return code: 0 (ok)",
			script: `proxy=${HTTPS_PROXY##*@}
				openssl s_client -proxy "$proxy" -connect api.openai.com:443 -servername api.openai.com -verify_hostname api.openai.com \
				-x509_strict -verify_return_error -CAfile "$SSL_CERT_FILE" </dev/null`,
		},
		{name: "git", want: headRefs, host: "git.example:443", script: `git ls-remote https://git.example/repo.git`},
		{name: "curl", want: "world: other.example", host: "other.example:443", script: `curl --silent --show-error --fail https://other.example/`},
		{name: "curl", want: "world: plain.example", script: `curl --silent --show-error --fail http://plain.example/`},
	}
}

// needed skips a test where a program is missing.
func needed(t *testing.T, name string) {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Skipf("%s is not installed", name)
	}
}

// TestProgramsUnderRunComeByProxy wraps a shell that starts programs, in a network
// whose own proxy asks for a password.
func TestProgramsUnderRunComeByProxy(t *testing.T) {
	t.Parallel()
	c := newCorporate(t, url.UserPassword("employee", "s3cret:word"))
	c.front.model(t, "", "--quota")
	s := c.serve(t, "--mode", "observe", "--rate", "1")
	for _, p := range programs() {
		t.Run(p.name+" "+p.host, func(t *testing.T) {
			t.Parallel()
			needed(t, p.name)
			run := start(t, c.environment(), "run", "--data-dir", s.dir, "--way", "proxy", "--", "sh", "-ec", p.script, "sh", t.Name())
			if code := run.wait(t); code != 0 || !strings.Contains(run.stdout.String(), p.want) {
				t.Fatalf("exit code %d, stdout %s, stderr %s", code, run.stdout, run.stderr)
			}
			if said := run.stderr.String(); !strings.Contains(said, "hotmess: joined the sidecar on ") || !strings.Contains(said, "hotmess: calls come by proxy") {
				t.Errorf("stderr %s", said)
			}
			p.arrived(t, c, s, t.Name(), "sh")
		})
	}
}

// TestProgramsUnderEnvComeBothWays has a shell take over the environment that env
// prints.
func TestProgramsUnderEnvComeBothWays(t *testing.T) {
	t.Parallel()
	c := newCorporate(t, nil)
	c.front.model(t, "", "--quota")
	s := c.serve(t, "--mode", "observe", "--rate", "1")
	byBase := programs()[0]
	byBase.script = strings.ReplaceAll(byBase.script, "https://api.openai.com/v1", "$OPENAI_BASE_URL")
	for _, p := range append(programs(), byBase) {
		t.Run(p.name+" "+p.host, func(t *testing.T) {
			t.Parallel()
			needed(t, p.name)
			env := fmt.Sprintf(`eval "$('%s' env --data-dir '%s' --shell sh --client mine)"`, binary, s.dir)
			shell := exec.CommandContext(t.Context(), "sh", "-ec", env+"\n"+p.script, "sh", t.Name())
			shell.Env = append(cleanEnv(), c.environment()...)
			printed, err := shell.CombinedOutput()
			if err != nil || !strings.Contains(string(printed), p.want) {
				t.Fatalf("%v: %s", err, printed)
			}
			p.arrived(t, c, s, t.Name(), "mine")
		})
	}
}

// arrived fails unless the program's requests were measured under the name of a
// client, and what is none of ours was tunnelled.
func (p program) arrived(t *testing.T, c *corporate, s *sidecar, test, client string) {
	t.Helper()
	if calls := c.front.of(test); p.calls > 0 {
		eventually(t, "the program is measured", func() bool {
			calls = c.front.of(test)
			return len(calls) == 2*p.calls && s.metric(t, "hotmess_requests_total", `dialect="`+p.dialect+`"`, `route="`+client+`.m"`, `outcome="ok"`) > 0
		})
		if strings.Contains(fmt.Sprint(calls), "Proxy-Authorization") {
			t.Error("what is said to the proxy reached the upstream")
		}
	}
	if p.host == "" {
		return
	}
	if got := decode[struct{ Tunnels map[string]int }](t, s.ask(t, "/api/v1/summary")).Tunnels[p.host]; got == 0 {
		t.Errorf("no tunnel to %s", p.host)
	}
	if !strings.Contains(strings.Join(c.notes(), " "), "CONNECT "+p.host) {
		t.Errorf("the corporate's proxy was not asked for %s: %q", p.host, c.notes())
	}
}

// TestAgentsUnderRunNeedNoChange wraps an agent that uses every SDK with nothing
// but its defaults. The first run starts the sidecar, the others join it.
func TestAgentsUnderRunNeedNoChange(t *testing.T) {
	t.Parallel()
	c := newCorporate(t, url.UserPassword("employee", "secret"))
	c.front.model(t, "", "--quota", "--steps", "2", "--show", "--reasoning", "40")
	var names []string
	for _, s := range sdks() {
		names = append(names, s.name)
	}
	const requests = 3 // two steps and the answer
	total, dir := requests*len(names), t.TempDir()
	letGo := func() {}
	for n, way := range []string{"", "both", "proxy", "base"} {
		t.Run("way "+way, func(t *testing.T) {
			env := append(c.environment(), agentSDKs+"="+strings.Join(names, ","), testVariable+"="+t.Name())
			flags := []string{"--rate", "1", "--samples", "2"}
			if way != "" {
				flags = append(flags, "--way", way)
			}
			p := runAgent(t, dir, 0, env, flags...)
			if n == 0 {
				letGo = lease(t, dir)
			}
			if got := p.wait(t); got != 0 {
				t.Fatalf("exit code %d: %s", got, p.stderr)
			}
			base := map[bool]string{true: "by http://127.0.0.1:", false: "by \n"}[way != "proxy"]
			if got := p.stdout.String(); strings.Count(got, "agent: 2 turns "+base) != len(names) {
				t.Errorf("stdout %q", got)
			}
			outer := map[bool]string{true: "HTTPS_PROXY: the sidecar's own calls go through http://" + c.proxy.Host, false: "HTTPS_PROXY was set: the sidecar was running already"}[n == 0]
			for _, want := range []string{fmt.Sprintf("hotmess: requests: %d, measured: %d", total, total), "hotmess: " + outer} {
				if !strings.Contains(p.stderr.String(), want) {
					t.Errorf("stderr does not say %q: %s", want, p.stderr)
				}
			}
			if strings.Contains(p.stderr.String(), "secret") {
				t.Error("the password of the corporate's proxy is told")
			}
			if calls := c.front.of(t.Name()); len(calls) != 2*total {
				t.Errorf("%d calls upstream, want %d", len(calls), 2*total)
			}
		})
	}
	letGo()
	ends(t, dir)
}

// lease keeps the sidecar that a run has started from ending after it, however long
// the next run takes to come.
func lease(t *testing.T, dir string) (letGo func()) {
	t.Helper()
	var held *http.Response
	eventually(t, "the sidecar gives a lease", func() bool {
		r, ok := readRunning(dir)
		if !ok {
			return false
		}
		res, err := http.Get("http://" + r.Admin + "/api/v1/lease")
		held = res
		return err == nil && res.StatusCode == http.StatusOK
	})
	return func() { _ = held.Body.Close() }
}

// TestPlainProxyOfAnUpstreamIsMeasured sends absolute URIs, as clients do through a
// proxy to servers without TLS.
func TestPlainProxyOfAnUpstreamIsMeasured(t *testing.T) {
	t.Parallel()
	u := scripted(t, streamReply(letterStream("chatcmpl-1", "A"), 33).ServeHTTP)
	s := serve(t, u.URL, "--mode", "observe", "--rate", "1", "--samples", "2")
	transport := &http.Transport{Proxy: func(*http.Request) (*url.URL, error) { return s.proxy(t, "plain"), nil }, DisableCompression: true}
	t.Cleanup(transport.CloseIdleConnections)
	got := call(t, &http.Client{Transport: transport}, request(t, "POST", u.URL+chatPath, question(t, letterPrompt, true)))
	if got.Body != letterStream("chatcmpl-1", "A") {
		t.Errorf("got %+v", got)
	}
	s.unmeasured(t, "not_independent", 1) // it was repeated: both replies have one id
	for _, r := range u.requests() {
		if r.Header.Get("Proxy-Authorization") != "" {
			t.Error("what is said to the proxy reached the upstream")
		}
	}
}
