package wrap

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"hotmess/config"
)

// patience bounds every wait for another process; a test that works needs a
// small part of it.
const patience = time.Minute

// A part is a process of the test binary in a process group of its own, like a
// job of a shell.
type part struct {
	t      *testing.T
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	lines  chan string
	stderr *bytes.Buffer
	ended  chan struct{}
}

// start starts the test binary with args; env is added to the environment.
func start(t *testing.T, env []string, args ...string) *part {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &part{t: t, cmd: exec.Command(self, args...), lines: make(chan string, 64), stderr: new(bytes.Buffer), ended: make(chan struct{})}
	p.cmd.Env = append(append(os.Environ(), "GORACE=atexit_sleep_ms=0"), env...) // else each process ends a second late
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	p.cmd.Stderr = p.stderr
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go p.follow(stdout)
	t.Cleanup(p.stop)
	return p
}

func (p *part) follow(stdout io.Reader) {
	defer close(p.ended)
	defer close(p.lines)
	for s := bufio.NewScanner(stdout); s.Scan(); {
		p.lines <- s.Text()
	}
	_ = p.cmd.Wait() // how it ended is in ProcessState
}

func (p *part) stop() {
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	<-p.ended
}

// next returns the next line of output.
func (p *part) next() string {
	p.t.Helper()
	select {
	case line, ok := <-p.lines:
		if !ok {
			<-p.ended
			p.t.Fatalf("ended: %v; stderr: %s", p.cmd.ProcessState, p.stderr)
		}
		return line
	case <-time.After(patience):
		p.t.Fatal("no output")
	}
	return ""
}

// want fails unless the next lines of output are these.
func (p *part) want(lines ...string) {
	p.t.Helper()
	for _, want := range lines {
		if got := p.next(); got != want {
			p.t.Fatalf("got line %q, want %q", got, want)
		}
	}
}

// exit waits for the end and returns the exit code.
func (p *part) exit() int {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(patience):
		p.t.Fatal("did not end")
	}
	return p.cmd.ProcessState.ExitCode()
}

// run starts run with the test binary's part as its command.
func run(t *testing.T, dir string, env []string, command ...string) *part {
	t.Helper()
	return runOn(t, nil, dir, env, command...)
}

// runOn is run with flags.
func runOn(t *testing.T, flags []string, dir string, env []string, command ...string) *part {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	args := append([]string{"run", "--dir", dir}, flags...)
	return start(t, env, append(append(args, "--", self), command...)...)
}

// unused is a loopback address on which nobody listens, nor will by chance: its port
// is below those that systems give to whoever asks for any (32768 and up on Linux,
// 49152 elsewhere).
func unused() string {
	for {
		addr := fmt.Sprintf("127.0.0.1:%d", 20_000+rand.IntN(12_000))
		if bindable(addr) {
			return addr
		}
	}
}

// lasting are flags for ports that a worker can come back on.
func lasting() []string { return []string{"--listen", unused(), "--admin", unused()} }

// running reads serve.json once it has been written.
func running(t *testing.T, dir string) config.Running {
	t.Helper()
	r, err := config.ReadRunning(dir)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// eventually waits for what another process does.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); !ok(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}

// gone reports whether nothing listens any more where worker did.
func gone(t *testing.T, worker config.Running) func() bool {
	t.Helper()
	return func() bool { return bindable(worker.Admin) && bindable(worker.Listen) }
}

// get asks the sidecar's traffic port and returns the path it saw.
func get(url string) (string, error) {
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	resp, err := client.Get(url)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return strings.TrimSpace(string(b)), err
}

func TestCommandGetsCtrlCOnce(t *testing.T) {
	p := run(t, t.TempDir(), nil, "count-signals")
	p.want("ready")
	if err := syscall.Kill(-p.cmd.Process.Pid, syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	p.want("got interrupt")
	if err := syscall.Kill(p.cmd.Process.Pid, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	p.want("got terminated", "interrupts 1")
	if code := p.exit(); code != 0 {
		t.Errorf("exit code %d; %s", code, p.stderr)
	}
}

func TestHangupAndTermReachTheCommand(t *testing.T) {
	// What nohup ignores, processes that are started here would ignore as well.
	unignored := make(chan os.Signal, 1)
	signal.Notify(unignored, syscall.SIGHUP)
	defer signal.Stop(unignored)
	p := run(t, t.TempDir(), nil, "count-signals")
	p.want("ready")
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGHUP, syscall.SIGTERM} { // sent to run alone
		if err := syscall.Kill(p.cmd.Process.Pid, sig); err != nil {
			t.Fatal(err)
		}
		if sig == syscall.SIGHUP {
			p.want("got hangup")
		}
	}
	p.want("got terminated", "interrupts 0")
}

func TestExitCodeIsTheCommands(t *testing.T) {
	dir := t.TempDir()
	plain := filepath.Join(dir, "plain")
	if err := os.WriteFile(plain, []byte("no program"), 0o600); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		command []string
		want    int
	}{
		"zero": {[]string{self, "exit", "0"}, 0}, "own": {[]string{self, "exit", "42"}, 42},
		"killed": {[]string{self, "die", "9"}, 137}, "terminated": {[]string{self, "die", "15"}, 143},
		"not executable": {[]string{plain}, 126}, "not found": {[]string{"no-such-command"}, 127},
	} {
		t.Run(name, func(t *testing.T) {
			p := start(t, nil, append([]string{"run", "--dir", dir, "--"}, tc.command...)...)
			if code := p.exit(); code != tc.want {
				t.Errorf("exit code %d, want %d; %s", code, tc.want, p.stderr)
			}
		})
	}
}

func TestSidecarThatCannotStartIsSaidWithItsOwnWords(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := start(t, nil, "run", "--dir", t.TempDir(), "--worker-args", "--refuse", "--", self, "exit", "0")
	if code := p.exit(); code != exitOurs || !strings.Contains(p.stderr.String(), "sampling.rate is wrong") {
		t.Errorf("exit code %d, stderr %s", code, p.stderr)
	}
}

func TestTwoRunsShareOneWorkerThatOutlivesTheFirst(t *testing.T) {
	dir := t.TempDir()
	first, second := run(t, dir, nil, "print", "HOTMESS_URL"), run(t, dir, nil, "print", "HOTMESS_URL")
	url := first.next()
	if other := second.next(); other != url {
		t.Fatalf("two sidecars: %s and %s", url, other)
	}
	worker := running(t, dir)
	first.stdin.Close()
	if code := first.exit(); code != 0 {
		t.Fatalf("exit code %d; %s", code, first.stderr)
	}
	if _, err := get(strings.TrimPrefix(url, "HOTMESS_URL=")); err != nil {
		t.Errorf("sidecar ended with the first run: %v", err)
	}
	second.stdin.Close()
	second.exit()
	eventually(t, "the worker ends with the last run", gone(t, worker))
}

func TestRunsOnTwoDataDirectoriesTakeDifferentPorts(t *testing.T) {
	wanted := unused()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var parts [2]*part
	for i := range parts {
		parts[i] = start(t, nil, "run", "--dir", t.TempDir(), "--listen", wanted, "--", self, "print", "HOTMESS_URL")
	}
	if one, two := parts[0].next(), parts[1].next(); one == two {
		t.Errorf("both on %s", one)
	}
	for _, p := range parts {
		p.stdin.Close()
		p.exit()
	}
	said := parts[0].stderr.String() + parts[1].stderr.String()
	if strings.Count(said, wanted+" is taken") != 1 || strings.Count(said, "sidecar on "+wanted) != 1 {
		t.Errorf("stderr: %s", said)
	}
}

func TestKilledWorkerComesBackOnTheSamePort(t *testing.T) {
	dir, ports := t.TempDir(), lasting()
	parts := []*part{runOn(t, ports, dir, nil, "print", "HOTMESS_URL"), runOn(t, ports, dir, nil, "print", "HOTMESS_URL")}
	url := strings.TrimPrefix(parts[0].next(), "HOTMESS_URL=")
	parts[1].next()
	before := running(t, dir)
	killed := time.Now()
	if err := syscall.Kill(before.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the port answers again", func() bool {
		_, err := get(url)
		return err == nil && running(t, dir).PID != before.PID
	})
	t.Logf("back after %v", time.Since(killed))
	after := running(t, dir)
	if after.Listen != before.Listen || after.Admin != before.Admin {
		t.Errorf("came back on %s and %s, was on %s and %s", after.Listen, after.Admin, before.Listen, before.Admin)
	}
	for _, p := range parts {
		p.stdin.Close()
		p.exit()
	}
	if said := parts[0].stderr.String() + parts[1].stderr.String(); !strings.Contains(said, "restarts of the sidecar: 1") {
		t.Errorf("the restart is not in the summary: %s", said)
	}
}

func TestPresetBaseURLIsTakenOver(t *testing.T) {
	env := []string{"OPENAI_BASE_URL=http://gw.example/v1", "NO_PROXY=git.example,llm.corp.example"}
	p := run(t, t.TempDir(), env, "print", "OPENAI_BASE_URL", "NO_PROXY")
	base := strings.TrimPrefix(p.next(), "OPENAI_BASE_URL=")
	p.want("NO_PROXY=git.example,127.0.0.1,localhost,::1")
	path, err := get(base + "/chat/completions")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(path, "/env-") || !strings.HasSuffix(path, "/chat/completions") {
		t.Errorf("sidecar saw %s", path)
	}
	p.stdin.Close()
	p.exit()
	if said := p.stderr.String(); !strings.Contains(said, "OPENAI_BASE_URL was http://gw.example/v1") || !strings.Contains(said, "requests: 1,") {
		t.Errorf("stderr: %s", said)
	}
}

func TestNothingIsWrittenWhileTheCommandLives(t *testing.T) {
	dir := t.TempDir()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, append(append([]string{"run", "--dir", dir}, lasting()...), "--", "sh", "-c", "echo COMMAND STARTS >&2; read x; echo COMMAND ENDS >&2")...)
	cmd.Stderr = write
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	write.Close()
	lines := bufio.NewScanner(read)
	for lines.Scan() && lines.Text() != "COMMAND STARTS" {
	}
	worker := running(t, dir).PID
	if err := syscall.Kill(worker, syscall.SIGKILL); err != nil { // hotmess would have something to say
		t.Fatal(err)
	}
	eventually(t, "the worker is back", func() bool { return running(t, dir).PID != worker })
	stdin.Close()
	if lines.Scan(); lines.Text() != "COMMAND ENDS" {
		t.Errorf("written to the terminal: %q", lines.Text())
	}
	for lines.Scan() {
	}
	_ = cmd.Wait()
	if b, err := os.ReadFile(LogFile(dir)); err != nil || !strings.Contains(string(b), "sidecar gone") {
		t.Errorf("log: %s, %v", b, err)
	}
}

func TestCommandReachesTheSidecarByCurlAndUsesGit(t *testing.T) {
	for _, tool := range []string{"git", "curl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("no %s", tool)
		}
	}
	env := []string{"HTTP_PROXY=http://127.0.0.1:9", "http_proxy=http://127.0.0.1:9"} // nobody listens: NO_PROXY must hold
	p := start(t, env, "run", "--dir", t.TempDir(), "--", "sh", "-c", `git --version && curl -sS "$OPENAI_BASE_URL/models"`)
	if line := p.next(); !strings.HasPrefix(line, "git version") {
		t.Errorf("git said %q", line)
	}
	p.want("/~sh/v1/models")
	if code := p.exit(); code != 0 {
		t.Errorf("exit code %d; %s", code, p.stderr)
	}
}

// TestOwnProxyIsLeftWhenTheSidecarRuns: a run within a run joins its sidecar.
func TestOwnProxyIsLeftWhenTheSidecarRuns(t *testing.T) {
	dir := t.TempDir()
	holder := run(t, dir, nil, "print")
	eventually(t, "serve.json", func() bool { _, err := config.ReadRunning(dir); return err == nil })
	own := "http://" + running(t, dir).Listen
	p := run(t, dir, []string{"HTTPS_PROXY=" + own}, "print", "HTTPS_PROXY")
	p.want("HTTPS_PROXY=" + own)
	p.stdin.Close()
	if code := p.exit(); code != 0 || !strings.Contains(p.stderr.String(), "joined the sidecar") {
		t.Errorf("exit code %d; %s", code, p.stderr)
	}
	holder.stdin.Close()
	holder.exit()
}
