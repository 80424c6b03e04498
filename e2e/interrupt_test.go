package e2e

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"
)

// worker is the process that serves; its supervisor is the one that was started.
func (s *sidecar) worker(t *testing.T) int {
	t.Helper()
	r, ok := readRunning(s.dir)
	if !ok || r.PID == s.cmd.Process.Pid {
		t.Fatalf("no worker in serve.json: %+v", r)
	}
	return r.PID
}

// TestKilledWorkerComesBackUnderTheSameProxy kills it in the middle of a call, of
// which the client hears, and has the client go on.
func TestKilledWorkerComesBackUnderTheSameProxy(t *testing.T) {
	t.Parallel()
	c := newCorporate(t, nil)
	c.front.model(t, "", "--quota")
	s := c.serve(t, "--mode", "observe", "--rate", "1", "--samples", fmt.Sprint(samples))
	for _, w := range ways() {
		t.Run(w.name, func(t *testing.T) {
			v := passage{c, s, w}.visit(t, sdks()[0])
			held := v.open(t, manner{stream: true, header: http.Header{faultHeader: {faultHold}}})
			held.say(letterPrompt)
			ended := make(chan error, 1)
			go func() {
				_, err := held.step(t.Context()) // the SDK's own retry finds the worker again
				ended <- err
			}()
			eventually(t, "the upstream is asked", func() bool { return len(c.front.of(v.test)) == 1 })
			before := s.worker(t)
			if err := syscall.Kill(before, syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			eventually(t, "another worker serves on the same ports", func() bool {
				r, _ := readRunning(s.dir)
				return r.PID != before && "http://"+r.Listen == s.base && "http://"+r.Admin == s.admin
			})
			eventually(t, "the client asks again", func() bool { return len(c.front.of(v.test)) == 2 })
			close(c.front.hold(v.test))
			if err := <-ended; err != nil {
				t.Errorf("the held call: %v", err)
			}
			t.Run("next", func(t *testing.T) { answers(t, passage{c, s, w}.visit(t, sdks()[0]), false) })
		})
	}
	if said := s.stderr.String(); strings.Count(said, "hotmess: the sidecar crashed") != len(ways()) {
		t.Errorf("the log says: %s", lastLines(said, 20))
	}
}

// TestAWorkerKilledWhileItHoldsLetsNothingThrough: no part of the held call reaches
// the client, who asks again and gets it once a quorum agrees.
func TestAWorkerKilledWhileItHoldsLetsNothingThrough(t *testing.T) {
	t.Parallel()
	c := newCorporate(t, nil)
	c.front.model(t, "model", "--quota", "--steps", "4", "--accuracy", "1")
	c.front.answer("", ownOrExtra(c.front.named("model"), func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-c.front.hold(r.Header.Get(testHeader)):
			c.front.named("model")(w, r)
		case <-r.Context().Done():
		}
	}))
	s := c.serve(t, "--config", holding(t, "*", ", on_failure: refuse"))
	bothForms(t, "held", func(t *testing.T, stream bool) {
		v := passage{c, s, ways()[0]}.visit(t, sdks()[0])
		ask := func() (said, error) {
			talk := v.open(t, manner{stream: stream, tools: true, once: true})
			talk.say("Please do task 7.")
			return talk.step(t.Context())
		}
		type outcome struct {
			said
			err error
		}
		ended := make(chan outcome, 1)
		go func() {
			got, err := ask()
			ended <- outcome{got, err}
		}()
		eventually(t, "samples are asked for", func() bool { _, others := v.calls(); return len(others) >= 3 })
		before := s.worker(t)
		if err := syscall.Kill(before, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		if got := <-ended; got.err == nil || len(got.Calls) > 0 {
			t.Errorf("a reply of a killed worker: %+v, %v", got.said, got.err)
		}
		eventually(t, "another worker serves on the same port", func() bool {
			r, _ := readRunning(s.dir)
			return r.PID != before && "http://"+r.Listen == s.base
		})
		close(c.front.hold(v.test))
		got, err := ask()
		if err != nil || len(got.Calls) != 1 {
			t.Errorf("the next call: %+v, %v", got, err)
		}
		if held := v.lastHeld(t); held != "agreed, released" {
			t.Errorf("it was %s", held)
		}
	})
}

// TestRunBringsAKilledWorkerBack has the wrapped command itself kill it.
func TestRunBringsAKilledWorkerBack(t *testing.T) {
	t.Parallel()
	needed(t, "curl")
	c := newCorporate(t, nil)
	c.front.model(t, "", "--quota")
	dir := t.TempDir()
	const script = `ask() { curl --silent --show-error --fail "$@" https://api.openai.com/v1/models; }
		ask >/dev/null
		kill -9 "$(sed -n 's/.*"pid": \([0-9]*\).*/\1/p' "$1/serve.json")"
		ask --retry 20 --retry-delay 1 --retry-all-errors`
	p := start(t, append(c.environment(), pairsOnly()...), "run", "--data-dir", dir, "--listen", freeAddress(t), "--admin", freeAddress(t),
		"--way", "proxy", "--", "sh", "-ec", script, "sh", dir)
	if code := p.wait(t); code != 0 || !strings.Contains(p.stdout.String(), `"object":"list"`) {
		t.Errorf("exit code %d, stdout %s, stderr %s", code, p.stdout, p.stderr)
	}
	if !strings.Contains(p.stderr.String(), "restarts of the sidecar: 1") {
		t.Errorf("stderr %s", p.stderr)
	}
	ends(t, dir)
}

// TestCtrlCEndsRunAndItsCalls sends what a terminal sends: SIGINT to all of the
// foreground's processes.
func TestCtrlCEndsRunAndItsCalls(t *testing.T) {
	t.Parallel()
	needed(t, "curl")
	c := newCorporate(t, nil)
	c.front.model(t, "", "--quota")
	dir := t.TempDir()
	// What a job in the background ignores, processes that are started here would
	// ignore as well.
	unignored := make(chan os.Signal, 1)
	signal.Notify(unignored, syscall.SIGINT)
	defer signal.Stop(unignored)
	p := startIn(t, &syscall.SysProcAttr{Setpgid: true}, append(c.environment(), pairsOnly()...),
		"run", "--data-dir", dir, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--way", "proxy", "--",
		"curl", "--silent", "-H", testHeader+": "+t.Name(), "-H", faultHeader+": "+faultStall, "https://api.openai.com/v1/chat/completions", "-d", question(t, letterPrompt, true))
	eventually(t, "the upstream is asked", func() bool { return len(c.front.of(t.Name())) == 1 })
	if err := syscall.Kill(-p.cmd.Process.Pid, syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if code := p.wait(t); code != 128+int(syscall.SIGINT) {
		t.Errorf("exit code %d", code)
	}
	eventually(t, "the call upstream is left", func() bool { return c.front.leftBy(t.Name()) == 1 })
	ends(t, dir)
}

// TestInterruptedServeFinishesWhatItHasBegun stops a sidecar during a stream: it
// goes on to its end, and no other call is taken.
func TestInterruptedServeFinishesWhatItHasBegun(t *testing.T) {
	t.Parallel()
	for _, w := range ways() {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			c := newCorporate(t, nil)
			c.front.model(t, "", "--quota")
			s := c.serve(t, "--mode", "observe", "--rate", "1")
			p := passage{c, s, w}
			v := p.visit(t, sdks()[2])
			talk := v.open(t, manner{stream: true, header: http.Header{faultHeader: {faultHold}}})
			talk.say(letterPrompt)
			type result struct {
				said
				err error
			}
			ended := make(chan result, 1)
			go func() {
				got, err := talk.step(context.Background())
				ended <- result{got, err}
			}()
			eventually(t, "the upstream is asked", func() bool { return len(c.front.of(v.test)) == 1 })
			if err := s.cmd.Process.Signal(syscall.SIGINT); err != nil {
				t.Fatal(err)
			}
			eventually(t, "no other call is taken", func() bool {
				res, err := p.client(t).Get(fmt.Sprintf("%s/v1/models", s.base))
				if err == nil {
					_ = res.Body.Close()
				}
				return err != nil
			})
			close(c.front.hold(v.test))
			if got := <-ended; got.err != nil || !strings.Contains(got.Text, "Answer: ") {
				t.Errorf("got %+v, %v", got.said, got.err)
			}
			if code := s.wait(t); code != 0 {
				t.Errorf("exit code %d", code)
			}
		})
	}
}
