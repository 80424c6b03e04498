package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
)

// evalQuestions writes a data set. Its references are hardly ever right, which
// does not matter here.
func evalQuestions(t *testing.T, dir string, n int) string {
	t.Helper()
	var set bytes.Buffer
	for i := range n {
		fmt.Fprintf(&set, `{"dataset":"d","question_id":"q%d","question":"Which is number %d? A) one B) two C) three","reference":"A"}`+"\n", i, i)
	}
	name := filepath.Join(dir, "set.jsonl")
	if err := os.WriteFile(name, set.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func linesOf(name string) int {
	text, _ := os.ReadFile(name) // none of a file that is not there yet
	return bytes.Count(text, []byte("\n"))
}

// A tollgate lets a call through for each token, and counts those that come.
type tollgate struct {
	http.Handler
	tokens chan struct{}
	came   atomic.Int64
}

// ServeHTTP implements http.Handler.
func (g *tollgate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.came.Add(1)
	body, err := io.ReadAll(r.Body) // only then is it seen that the client leaves
	if err != nil {
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	select {
	case <-g.tokens:
		g.Handler.ServeHTTP(w, r)
	case <-r.Context().Done():
	}
}

// TestAKilledEvalGoesOn kills an eval in the middle, once as a crash does and once
// as Ctrl-C does, and has the same command finish.
func TestAKilledEvalGoesOn(t *testing.T) {
	t.Parallel()
	const questions, samples, atOnce = 12, 5, 4
	dir := t.TempDir()
	f := newFront(t)
	f.model(t, "")
	gate := &tollgate{Handler: f, tokens: make(chan struct{}, questions*samples)}
	server := httptest.NewServer(gate)
	t.Cleanup(server.Close)
	out := filepath.Join(dir, "out.jsonl")
	args := []string{
		"eval", evalQuestions(t, dir, questions), "--upstream", server.URL + "/v1", "--model", "m", "--out", out,
		"--samples", fmt.Sprint(samples), "--concurrency", fmt.Sprint(atOnce),
	}
	for _, end := range []struct {
		signal       syscall.Signal
		calls, lines int
	}{{syscall.SIGKILL, 12, 10}, {syscall.SIGINT, 20, 25}} {
		for range end.calls { // the others wait, so that it cannot finish before it is ended
			gate.tokens <- struct{}{}
		}
		p := start(t, nil, args...)
		eventually(t, "some samples are written", func() bool { return linesOf(out+".journal") >= end.lines })
		if err := p.cmd.Process.Signal(end.signal); err != nil {
			t.Fatal(err)
		}
		if code := p.wait(t); code == 0 {
			t.Fatalf("%s: it was too late to end it", end.signal)
		}
		if said := p.stderr.String(); end.signal == syscall.SIGINT && !strings.Contains(said, "the same command goes on from there") {
			t.Errorf("it does not say how to go on: %s", said)
		}
		if _, err := os.Stat(out); err == nil {
			t.Errorf("%s: there is a result already", end.signal)
		}
	}
	// What a crash of the machine leaves of the line that was being written.
	tear(t, out+".journal")
	before := linesOf(out+".journal") - 1
	close(gate.tokens)
	p := start(t, nil, args...)
	if code := p.wait(t); code != 0 {
		t.Fatalf("exit code %d: %s", code, p.stderr)
	}
	for _, want := range []string{"half written", fmt.Sprintf("%d samples are in", before), "60/60 samples"} {
		if !strings.Contains(p.stderr.String(), want) {
			t.Errorf("it does not say %q: %s", want, p.stderr)
		}
	}
	checkEvalResult(t, out, questions, samples)
	// Each end cost at most the calls that were in flight, and the tear one line.
	if asked, most := gate.came.Load(), int64(questions*samples+2*atOnce+1); asked < questions*samples || asked > most {
		t.Errorf("the model was asked %d times for %d samples, want at most %d", asked, questions*samples, most)
	}
}

// tear takes the second half of a file's last line away.
func tear(t *testing.T, name string) {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	last := bytes.LastIndexByte(text[:len(text)-1], '\n') + 1
	if err := os.Truncate(name, int64(last+(len(text)-last)/2)); err != nil {
		t.Fatal(err)
	}
}

func checkEvalResult(t *testing.T, name string, questions, samples int) {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for raw := range strings.Lines(string(text)) {
		var line recording
		if err := json.Unmarshal([]byte(raw), &line); err != nil || line.ID != fmt.Sprintf("q%d", n) || len(line.Samples) != samples {
			t.Errorf("line %d has %d samples of %s: %v", n+1, len(line.Samples), line.ID, err)
		}
		n++
	}
	if n != questions {
		t.Errorf("%d questions, want %d", n, questions)
	}
}
