package e2e

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// runAgent wraps the agent that this test binary can be.
func runAgent(t *testing.T, dir string, code int, env []string, flags ...string) *process {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	env = append(append(env, pairsOnly()...), fmt.Sprint(agentVariable, "=", code))
	args := append([]string{"run", "--data-dir", dir, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"}, flags...)
	return start(t, env, append(args, "--", self)...)
}

func TestRunWrapsAnAgentAndPassesItsExitCode(t *testing.T) {
	t.Parallel()
	model := simulate(t, "--steps", "5")
	for _, code := range []int{0, 3} {
		dir := t.TempDir()
		p := runAgent(t, dir, code, nil, "--upstream", model, "--rate", "1")
		if got := p.wait(t); got != code {
			t.Errorf("exit code %d, want %d", got, code)
		}
		if got := p.stdout.String(); !strings.HasPrefix(got, "agent: 5 turns by http://127.0.0.1:") {
			t.Errorf("stdout %q", got)
		}
		for _, want := range []string{"hotmess: started the sidecar on 127.0.0.1:", "hotmess: requests: ", "hotmess: log: "} {
			if !strings.Contains(p.stderr.String(), want) {
				t.Errorf("stderr does not say %q: %s", want, p.stderr)
			}
		}
		ends(t, dir)
	}
}

func TestRunTakesOverABaseURLThatIsSet(t *testing.T) {
	t.Parallel()
	model := simulate(t, "--steps", "5")
	dir := t.TempDir()
	p := runAgent(t, dir, 0, []string{"OPENAI_BASE_URL=" + model}, "--rate", "1")
	if got := p.wait(t); got != 0 {
		t.Fatalf("exit code %d: %s", got, p.stderr)
	}
	if got := p.stdout.String(); strings.Contains(got, model) || !strings.Contains(got, "/env-") {
		t.Errorf("stdout %q", got)
	}
	for _, want := range []string{"OPENAI_BASE_URL was " + model, "hotmess: requests: "} {
		if !strings.Contains(p.stderr.String(), want) {
			t.Errorf("stderr does not say %q: %s", want, p.stderr)
		}
	}
	ends(t, dir)
}

func TestRunQuietLeavesTheTerminalToTheCommand(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := runAgent(t, dir, 0, nil, "--quiet", "--upstream", simulate(t, "--steps", "5"))
	if got := p.wait(t); got != 0 || p.stderr.String() != "" {
		t.Errorf("exit code %d, stderr %q", got, p.stderr)
	}
	ends(t, dir)
}

func TestRunJoinsASidecarAndLeavesItRunning(t *testing.T) {
	t.Parallel()
	s := serve(t, simulate(t, "--steps", "5"), "--rate", "1")
	p := runAgent(t, s.dir, 0, nil)
	if got := p.wait(t); got != 0 || !strings.Contains(p.stderr.String(), "hotmess: joined the sidecar on "+strings.TrimPrefix(s.base, "http://")) {
		t.Errorf("exit code %d, stderr %q", got, p.stderr)
	}
	s.settled(t, 6)
}

func TestRunOfNoCommandSaysSo(t *testing.T) {
	t.Parallel()
	p := start(t, []string{"HOTMESS_NATS=127.0.0.1:0"}, "run", "--data-dir", t.TempDir(), "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--", "no-such-command-here")
	if got := p.wait(t); got != 127 || !strings.Contains(p.stderr.String(), "no-such-command-here") {
		t.Errorf("exit code %d, stderr %q", got, p.stderr)
	}
}

// ends waits until the sidecar that was started for a command is gone. Its store
// is the last that it lets go, some time after its ports.
func ends(t *testing.T, dir string) {
	t.Helper()
	r, ok := readRunning(dir)
	if !ok {
		t.Fatal("no sidecar has run")
	}
	eventually(t, "the sidecar ends after its last command", func() bool {
		res, err := http.Get("http://" + r.Admin + "/livez")
		if err == nil {
			_ = res.Body.Close()
		}
		return err != nil
	})
	lock, err := os.Open(filepath.Join(dir, "jetstream.lock"))
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	eventually(t, "the sidecar closes its store", func() bool {
		return syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil
	})
}
