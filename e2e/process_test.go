package e2e

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

const (
	// patience is the deadline of every poll. It is reached only by a test
	// that fails, however busy the machine is.
	patience = time.Minute
	// pollEvery is the pause between two looks.
	pollEvery = 10 * time.Millisecond
)

// eventually polls until ok, or fails the test with what describe says.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	look := time.NewTicker(pollEvery)
	defer look.Stop()
	for !ok() {
		select {
		case <-look.C:
		case <-deadline.C:
			t.Fatalf("not within %s: %s", patience, what)
		}
	}
}

// deadline is a channel that gives when patience is over.
func deadline(t *testing.T) <-chan time.Time {
	t.Helper()
	timer := time.NewTimer(patience)
	t.Cleanup(func() { timer.Stop() })
	return timer.C
}

// output collects what a process prints. It is safe for concurrent use.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write implements io.Writer.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

// String is all that was printed so far.
func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// A process is a running hotmess.
type process struct {
	cmd            *exec.Cmd
	stdout, stderr *output
	done           chan struct{}
}

// start runs hotmess with args and the variables of env. It is stopped when
// the test ends, and its log shown if the test failed.
func start(t *testing.T, env []string, args ...string) *process {
	t.Helper()
	return startIn(t, nil, env, args...)
}

// startIn is start with attributes of the process.
func startIn(t *testing.T, attributes *syscall.SysProcAttr, env []string, args ...string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(binary, args...), stdout: &output{}, stderr: &output{}, done: make(chan struct{})}
	p.cmd.Env, p.cmd.SysProcAttr = append(cleanEnv(), env...), attributes
	p.cmd.Stdout, p.cmd.Stderr = p.stdout, p.stderr
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.done)
		_ = p.cmd.Wait() // the state is read from ProcessState
	}()
	t.Cleanup(func() {
		p.stop(t)
		if said := p.stderr.String(); strings.Contains(said, "panic: ") || strings.Contains(said, "DATA RACE") {
			t.Error("hotmess itself failed")
		}
		if t.Failed() {
			t.Logf("hotmess %s:\n%s", args[0], lastLines(p.stderr.String(), 40))
		}
	})
	return p
}

// stop ends the process the way a user does, and waits for it.
func (p *process) stop(t *testing.T) {
	t.Helper()
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	select {
	case <-p.done:
	case <-time.After(patience):
		_ = p.cmd.Process.Kill()
		<-p.done
		t.Errorf("hotmess did not end within %s of SIGTERM", patience)
	}
}

// wait waits for the process to end by itself and returns its exit code.
func (p *process) wait(t *testing.T) int {
	t.Helper()
	eventually(t, "the process ends", func() bool {
		select {
		case <-p.done:
			return true
		default:
			return false
		}
	})
	return p.cmd.ProcessState.ExitCode()
}

// cleanEnv is the environment without what would lead hotmess elsewhere, or have
// programs trust anything but what a test says.
func cleanEnv() []string {
	var env []string
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		if !leads(strings.ToUpper(name)) {
			env = append(env, entry)
		}
	}
	return env
}

// leads reports whether a variable, in upper case, says where calls go or whom
// programs trust.
func leads(name string) bool {
	for _, end := range []string{"_PROXY", "_BASE_URL", "_API_BASE", "_CA_BUNDLE", "_CA_CERTS", "_CERT", "_CAINFO", "_CA_CERTIFICATE", "_ROOTS_FILE_PATH"} {
		if strings.HasSuffix(name, end) {
			return true
		}
	}
	return strings.HasPrefix(name, "HOTMESS_") || name == "SSL_CERT_FILE" || name == "SSL_CERT_DIR"
}

// lastLines is the end of a text.
func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// handedOut counts the addresses that freeAddress has given.
var handedOut atomic.Int64

// freeAddress is a loopback address on which nobody listens, nor will by chance:
// its port is below those that systems give to whoever asks for any (32768 and up
// on Linux, 49152 elsewhere), and it is given once.
func freeAddress(t *testing.T) string {
	t.Helper()
	const lowest, ports = 20_000, 12_000
	for range ports {
		port := lowest + (int64(os.Getpid())*97+handedOut.Add(1))%ports
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			continue // somebody has it
		}
		defer l.Close()
		return l.Addr().String()
	}
	t.Fatal("no port is free")
	return ""
}
