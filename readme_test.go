package main_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"hotmess/config"
)

// maxWait bounds everything that the README's commands are waited for. Two of them
// build hotmess, which takes minutes where nothing of it has been built before.
const maxWait = 10 * time.Minute

// TestEveryCommandOfTheReadmeRuns takes each line of the README's sh blocks and
// runs it, in order, in an environment whose ports are free ones. A line that
// the test has no way to run fails it.
func TestEveryCommandOfTheReadmeRuns(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and starts the binary several times")
	}
	r := newReader(t)
	for _, line := range shLines(t) {
		run := r.runner(line)
		if run == nil {
			t.Errorf("README.md: no test runs %q", line)
			continue
		}
		if err := run(line); err != nil {
			t.Fatalf("README.md: %s: %v", line, err)
		}
	}
}

// shLines are the lines of all sh blocks.
func shLines(t *testing.T) []string {
	t.Helper()
	b, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllSubmatch(b, -1) {
		lines = append(lines, strings.Split(strings.TrimSpace(string(block[1])), "\n")...)
	}
	if len(lines) == 0 {
		t.Fatal("README.md has no sh block")
	}
	return lines
}

// A reader does what the README says.
type reader struct {
	t      *testing.T
	dir    string
	binary string
	env    []string
}

// newReader makes a reader with a home of its own.
func newReader(t *testing.T) *reader {
	t.Helper()
	dir, bin := t.TempDir(), t.TempDir()
	agent := filepath.Join(bin, "your-agent")
	if err := os.WriteFile(agent, []byte("#!/bin/sh\ntest \"$1\" = --its-flags && test -n \"$OPENAI_BASE_URL\"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	env := append(os.Environ(), "XDG_STATE_HOME="+dir, "PATH="+bin+":"+os.Getenv("PATH"),
		"HOTMESS_LISTEN=127.0.0.1:0", "HOTMESS_ADMIN=127.0.0.1:0", "HOTMESS_NATS=127.0.0.1:0")
	return &reader{t: t, dir: dir, binary: filepath.Join(bin, "hotmess"), env: env}
}

// runner is how a line is run, or nil.
func (r *reader) runner(line string) func(string) error {
	for prefix, run := range map[string]func(string) error{
		"go run . demo":      r.until("coherent"),
		"go test ":           func(string) error { return nil }, // it is running
		"go build -o ":       r.build,
		"./hotmess run ":     r.toItsEnd,
		"./hotmess check ":   r.toItsEnd,
		"./hotmess ca":       r.toItsEnd,
		"./hotmess serve":    r.serve,
		"./hotmess watch":    r.until(""),
		"./hotmess report":   r.onNothing,
		"./hotmess backtest": r.onNothing,
		"./hotmess sim ":     r.until("simulated model on"),
		"export ":            func(string) error { return nil }, // for a client
		"curl -s http://127": r.ask,
	} {
		if strings.HasPrefix(line, prefix) {
			return run
		}
	}
	return nil
}

// command makes the command of a line.
func (r *reader) command(ctx context.Context, line string) *exec.Cmd {
	words := strings.Fields(line)
	if words[0] == "./hotmess" {
		words[0] = r.binary
	}
	cmd := exec.CommandContext(ctx, words[0], words[1:]...)
	cmd.Env = r.env
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGINT) }
	cmd.WaitDelay = maxWait
	return cmd
}

// build builds the binary where the other lines expect it.
func (r *reader) build(line string) error {
	return r.toItsEnd(strings.Replace(line, "-o hotmess", "-o "+r.binary, 1))
}

// toItsEnd runs a line that ends by itself.
func (r *reader) toItsEnd(line string) error {
	ctx, cancel := context.WithTimeout(r.t.Context(), maxWait)
	defer cancel()
	out, err := r.command(ctx, line).CombinedOutput()
	if err != nil {
		return errors.Join(err, errors.New(string(out)))
	}
	return nil
}

// onNothing runs a line that reads what the sidecar has recorded, which here is
// nothing: it must say so and end.
func (r *reader) onNothing(line string) error {
	err := r.toItsEnd(line)
	if err == nil || strings.Contains(err.Error(), "no observation") {
		return nil
	}
	return err
}

// until runs a line until it prints sign (or at once, if that is empty), and
// interrupts it.
func (r *reader) until(sign string) func(string) error {
	return func(line string) error {
		stop, err := r.start(line, sign)
		if err != nil {
			return err
		}
		return stop()
	}
}

// start starts a line and waits for it to print sign; stop interrupts it and
// returns how it ended. Free ports are taken where the line has fixed ones.
func (r *reader) start(line, sign string) (stop func() error, err error) {
	if strings.Contains(line, "hotmess sim") {
		line += " --listen 127.0.0.1:0"
	}
	ctx, cancel := context.WithCancel(r.t.Context())
	cmd := r.command(ctx, line)
	out, w := io.Pipe()
	cmd.Stdout, cmd.Stderr = w, w
	if err := cmd.Start(); err != nil {
		cancel()
		return nil, err
	}
	seen := make(chan struct{})
	go scan(out, sign, seen)
	waited := make(chan error, 1)
	go func() {
		waited <- cmd.Wait()
		_ = w.Close()
	}()
	select {
	case <-seen:
	case ended := <-waited:
		cancel()
		return nil, fmt.Errorf("ended (%w) before it printed %q", ended, sign)
	case <-time.After(maxWait):
		err = fmt.Errorf("did not print %q", sign)
	}
	return func() error {
		cancel()
		ended := <-waited
		var exit *exec.ExitError
		if errors.As(ended, &exit) && !interrupted(exit) {
			return errors.Join(err, ended)
		}
		return err
	}, err
}

// interrupted reports whether a process ended by our signal: on its own
// account, or as go run, which passes it on and ends with 1.
func interrupted(exit *exec.ExitError) bool {
	status, ok := exit.Sys().(syscall.WaitStatus)
	return ok && (status.Signaled() || status.ExitStatus() == 1 || status.ExitStatus() == 130)
}

// scan reads output and says when sign was seen.
func scan(out io.Reader, sign string, seen chan<- struct{}) {
	if sign == "" {
		close(seen)
		seen = nil
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if seen != nil && strings.Contains(lines.Text(), sign) {
			close(seen)
			seen = nil
		}
	}
	_, _ = io.Copy(io.Discard, out)
}

// serve starts the sidecar for the lines after it.
func (r *reader) serve(line string) error {
	stop, err := r.start(line, "serving")
	if err != nil {
		return err
	}
	r.t.Cleanup(func() {
		if err := stop(); err != nil {
			r.t.Errorf("README.md: %s: %v", line, err)
		}
	})
	return nil
}

// ask makes the request of a curl line at the port that is really used.
func (r *reader) ask(line string) error {
	running, err := config.ReadRunning(filepath.Join(r.dir, "hotmess"))
	if err != nil {
		return err
	}
	words := strings.Fields(line)
	url := strings.Replace(words[len(words)-1], "127.0.0.1:4142", running.Admin, 1)
	res, err := http.Get(url)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return errors.New(url + ": " + res.Status)
	}
	return nil
}
