package e2e

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestBadConfigurationIsToldAndLeavesNothing is what a stranger meets: one
// message that says where and what, exit code 1, nothing left running.
func TestBadConfigurationIsToldAndLeavesNothing(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, config string
		args         []string
		// want are what the message must hold.
		want []string
	}{
		{"unknown key", "sampling:\n  mode: observe\n  samples: 3\n  colour: red\n", nil, []string{"4:", "sampling.colour"}},
		{"misspelt key", "sampling:\n  sampless: 3\n", nil, []string{"2:", "sampless", "samples"}},
		{"wrong type", "sampling:\n  samples: many\n", nil, []string{"2:", "sampling.samples", "many"}},
		{"samples 0", "sampling:\n  samples: 0\n", nil, []string{"2:", "sampling.samples", "1"}},
		{"samples 0 by flag", "", []string{"--samples", "0"}, []string{"--samples", "1"}},
		{"samples 100 by flag", "", []string{"--samples", "100"}, []string{"--samples", "32"}},
		{"samples 100 of a vote", "ensemble:\n  samples: 3..100\n", nil, []string{"2:", "ensemble.samples", "32"}},
		{"guard pattern", "guard:\n  - name: paths\n    argument: {path: \"regexp:(\"}\n", nil, []string{"3:", "guard[0].argument.path", "compile"}},
		{"rate 2", "sampling:\n  rate: 2\n", nil, []string{"2:", "sampling.rate", "0", "1"}},
		{"rate 2 by flag", "", []string{"--rate", "2"}, []string{"--rate", "0", "1"}},
		{"not YAML", "sampling: [\n", nil, []string{"hotmess.yaml"}},
		{"rule without threshold", "alerts:\n  rules:\n    - rule: disagreement_high\n", nil, []string{"alerts.rules[0]", "threshold"}},
		{"bad extract", "routes:\n  - name: r\n    extract: \"regexp:(\"\n", nil, []string{"routes[0].extract"}},
		{"no such file", "", []string{"--config", "/nonexistent/hotmess.yaml"}, []string{"/nonexistent/hotmess.yaml"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir, listen := filepath.Join(t.TempDir(), "data"), freeAddress(t)
			args := []string{"serve", "--data-dir", dir, "--listen", listen, "--admin", "127.0.0.1:0"}
			if c.config != "" {
				args = append(args, "--config", writeConfig(t, c.config))
			}
			p := start(t, []string{"HOTMESS_NATS=127.0.0.1:0"}, append(args, c.args...)...)
			refused(t, p, c.want...)
			leavesNothing(t, dir, listen)
		})
	}
}

func TestAllProblemsAreToldAtOnce(t *testing.T) {
	t.Parallel()
	file := writeConfig(t, "sampling:\n  samples: 0\n  rate: 2\nlog:\n  level: loud\n")
	p := start(t, nil, "check", file)
	refused(t, p, "sampling.samples", "sampling.rate", "log.level")
	if n := strings.Count(p.stderr.String(), "hotmess: error: "); n != 3 {
		t.Errorf("%d messages for 3 problems: %s", n, p.stderr)
	}
}

func TestTakenPortIsTold(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	taken := l.Addr().String()
	for key, args := range map[string][]string{
		"listen":       {"--listen", taken, "--admin", "127.0.0.1:0"},
		"admin.listen": {"--listen", "127.0.0.1:0", "--admin", taken},
	} {
		t.Run(key, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			p := start(t, []string{"HOTMESS_NATS=127.0.0.1:0"}, append([]string{"serve", "--data-dir", dir}, args...)...)
			refused(t, p, key, taken)
			leavesNothing(t, dir, "")
		})
	}
}

func TestUnwritableDataDirIsTold(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	listen := freeAddress(t)
	dir := filepath.Join(file, "data") // not even root can write below a file
	p := start(t, []string{"HOTMESS_NATS=127.0.0.1:0"}, "serve", "--data-dir", dir, "--listen", listen, "--admin", "127.0.0.1:0")
	refused(t, p, "data_dir", file)
	leavesNothing(t, dir, listen)
}

// refused fails unless the process ended with exit code 1 and one message that
// holds all that is wanted.
func refused(t *testing.T, p *process, want ...string) {
	t.Helper()
	if code := p.wait(t); code != 1 {
		t.Errorf("exit code %d", code)
	}
	said := p.stderr.String()
	for _, part := range want {
		if !strings.Contains(said, part) {
			t.Errorf("the message does not hold %q:\n%s", part, said)
		}
	}
	if strings.Contains(said, "goroutine ") || !strings.HasPrefix(said, "hotmess: ") {
		t.Errorf("not a message for people:\n%s", said)
	}
	if p.stdout.String() != "" {
		t.Errorf("on standard output: %s", p.stdout)
	}
}

// leavesNothing fails if a sidecar is said to run, or holds a port.
func leavesNothing(t *testing.T, dir, listen string) {
	t.Helper()
	if _, ok := readRunning(dir); ok {
		t.Error("serve.json names a sidecar that does not run")
	}
	if listen == "" {
		return
	}
	l, err := net.Listen("tcp", listen)
	if err != nil {
		t.Fatalf("the port is still held: %v", err)
	}
	_ = l.Close()
}
