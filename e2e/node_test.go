package e2e

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// nodeVariable has TestNodeClients run; make clients sets it.
const nodeVariable = "HOTMESS_NODE_CLIENTS"

// A nodeWay is what hotmess does with a client's calls.
type nodeWay struct {
	name, mode, samples string
	// config is a configuration file, knobs are those of the simulated model.
	config string
	knobs  []string
	// kept means that streams begin with signs of life, after which an error
	// is an event: directly it is a status, so errors are left out.
	kept bool
}

// nodeWays are all modes, and a vote that takes longer than a client should
// wait without a sign of life.
func nodeWays() []nodeWay {
	const stored = "sampling: {allow: [stored]}\n"
	return []nodeWay{
		{name: "off", mode: "off", samples: "2", config: stored},
		{name: "observe", mode: "observe", samples: "2", config: stored},
		{name: "ensemble", mode: "ensemble", samples: "3", config: stored},
		{
			name: "ensemble kept alive", mode: "ensemble", samples: "3", kept: true,
			config: stored + "ensemble: {keepalive: 5ms}\n", knobs: []string{"--first", "40ms"},
		},
	}
}

// TestNodeClients runs every script of node/clients directly and through
// hotmess, by base URL and by proxy, and compares what the client saw.
func TestNodeClients(t *testing.T) {
	if os.Getenv(nodeVariable) == "" {
		t.Skipf("it needs the packages of node/package.json: run make clients, which sets %s", nodeVariable)
	}
	scripts, err := filepath.Glob("node/clients/*.mjs")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no clients: %v", err)
	}
	node := nodeProgram(t)
	for _, script := range scripts {
		t.Run(strings.TrimSuffix(filepath.Base(script), ".mjs"), func(t *testing.T) {
			t.Parallel()
			c := nodeClient{node: node, script: script}
			want := c.directly(t)
			for _, w := range nodeWays() {
				t.Run(w.name+" by base URL", func(t *testing.T) { c.byBase(t, w, want) })
				t.Run(w.name+" by proxy", func(t *testing.T) { c.byProxy(t, w, want) })
			}
			t.Run("held", func(t *testing.T) { c.refused(t) })
		})
	}
}

// nodeProgram is the Node.js that npm has installed for this machine.
func nodeProgram(t *testing.T) string {
	t.Helper()
	found, err := filepath.Glob("node/node_modules/node-*/bin/node")
	if err != nil || len(found) != 1 {
		t.Fatalf("no Node.js in node/node_modules (%q, %v): run make clients", found, err)
	}
	node, err := filepath.Abs(found[0])
	if err != nil {
		t.Fatal(err)
	}
	return node
}

// A nodeClient is one script.
type nodeClient struct{ node, script string }

// directly runs the client without hotmess.
func (c nodeClient) directly(t *testing.T) nodeVisit {
	t.Helper()
	api := nodeAPI(t)
	p := nodePlace{api: api, network: newNetwork(t, api, nil), env: nodeBases(api.URL), command: []string{c.node, c.script}}
	v := nodeVisit{answers: p.run(t), errors: p.run(t, "errors")}
	p.nothingElse(t)
	for _, s := range []nodeStage{v.answers, v.errors} {
		if len(s.own) != len(s.all) || len(s.own) == 0 {
			t.Errorf("of %d calls %d have the header %s, which all are to have", len(s.all), len(s.own), nodeMark)
		}
	}
	return v
}

// byBase runs the client with base URLs that lead to a sidecar.
func (c nodeClient) byBase(t *testing.T, w nodeWay, want nodeVisit) {
	api := nodeAPI(t, w.knobs...)
	s := nodeServe(t, w, nil, "--upstream", api.URL)
	p := nodePlace{api: api, network: newNetwork(t, api, nil), sidecar: s, env: nodeBases(s.base), command: []string{c.node, c.script}}
	p.visit(t, w, want)
}

// byProxy runs the client as a wrapped command that calls the hosts that its
// SDK knows. It gets there only if it obeys the proxy and trusts the sidecar's
// authority.
func (c nodeClient) byProxy(t *testing.T, w nodeWay, want nodeVisit) {
	api := nodeAPI(t, w.knobs...)
	network := newNetwork(t, api, nil)
	s := nodeServe(t, w, nodeEnv(network))
	p := nodePlace{api: api, network: network, sidecar: s, env: pairsOnly()}
	p.command = []string{binary, "run", "--data-dir", s.dir, "--way", "proxy", "--", c.node, c.script}
	p.visit(t, w, want)
}

// refused runs the client with a sidecar that holds every call and refuses it.
func (c nodeClient) refused(t *testing.T) {
	api := nodeAPI(t)
	s := serve(t, api.URL, "--config", writeConfig(t, strings.ReplaceAll(heldConfig, "FAILURE", "refuse")))
	p := nodePlace{api: api, network: newNetwork(t, api, nil), sidecar: s, env: nodeBases(s.base), command: []string{c.node, c.script}}
	stage := p.run(t, "held")
	for _, own := range stage.own {
		if strings.Contains(own.Body, `"store":true`) {
			t.Errorf("a reply that lives upstream is not held: %s", own.Body)
		}
	}
	if held := s.metric(t, "hotmess_guard_decisions_total", `outcome="refused"`); int(held) != len(stage.own) || held == 0 {
		t.Errorf("%v of %d replies are refused", held, len(stage.own))
	}
	p.nothingElse(t)
}

// nodeServe starts a sidecar that measures all that it may.
func nodeServe(t *testing.T, w nodeWay, env []string, args ...string) *sidecar {
	t.Helper()
	args = append([]string{"--mode", w.mode, "--rate", "1", "--samples", w.samples, "--config", writeConfig(t, w.config)}, args...)
	return serveIn(t, t.TempDir(), env, args...)
}

// nodeBases leads the SDKs to a base URL.
func nodeBases(base string) []string {
	return []string{"OPENAI_BASE_URL=" + base + "/v1", "ANTHROPIC_BASE_URL=" + base, "GOOGLE_GEMINI_BASE_URL=" + base}
}

// nodeEnv leads all calls but those to loopback into a network, where its
// authority alone is trusted.
func nodeEnv(c *corporate) []string {
	return append(c.environment(), "NO_PROXY=127.0.0.1", "NODE_USE_ENV_PROXY=1", "NODE_EXTRA_CA_CERTS="+c.file)
}

// nothingElse fails if anything but the LLM APIs was called.
func (p nodePlace) nothingElse(t *testing.T) {
	t.Helper()
	for _, asked := range p.network.notes() {
		if host, ok := strings.CutPrefix(asked, "CONNECT "); !ok || !slices.Contains(llmHosts, host) {
			t.Errorf("a call that leads out of the test: %s", asked)
		}
	}
}

// A nodePlace is where a client runs.
type nodePlace struct {
	api     *nodeFront
	network *corporate
	sidecar *sidecar // nil: none
	// env is what the command needs besides keys and the way into the network.
	env, command []string
}

// visit runs the client, errors last, and holds it against what it is to be.
func (p nodePlace) visit(t *testing.T, w nodeWay, want nodeVisit) {
	t.Helper()
	v := nodeVisit{answers: p.run(t)}
	v.answers.check(t, w, want.answers)
	if w.kept {
		want.errors = nodeStage{}
	} else {
		v.errors = p.run(t, "errors")
		v.errors.check(t, w, want.errors)
	}
	v.isReported(t, p.sidecar, w, want)
	p.nothingElse(t)
}

// run runs the command and waits until all that it did is counted.
func (p nodePlace) run(t *testing.T, args ...string) nodeStage {
	t.Helper()
	own, all := len(p.api.own(t)), len(p.api.seen(t))
	args = append(p.command[1:len(p.command):len(p.command)], args...)
	cmd := exec.CommandContext(t.Context(), p.command[0], args...)
	// The SDKs want keys before they call anyone.
	keys := []string{"OPENAI_API_KEY=sk-test", "ANTHROPIC_API_KEY=sk-ant-api03-test", "GEMINI_API_KEY=test"}
	cmd.Env = slices.Concat(cleanEnv(), nodeEnv(p.network), keys, p.env)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%q: %v\n%s", p.command, err, lastLines(stderr.String(), 40))
	}
	if p.sidecar != nil {
		p.sidecar.counted(t, len(p.api.own(t)))
	}
	return nodeStage{printed: decode[map[string]any](t, stdout.Bytes()), own: p.api.own(t)[own:], all: p.api.seen(t)[all:]}
}
