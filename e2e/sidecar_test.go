package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A sidecar is a running hotmess serve.
type sidecar struct {
	*process
	dir string
	// base is the traffic port, admin the admin port, as http://host:port;
	// nats is the URL of its bus.
	base, admin, nats string
	// mode is that of --mode, if it was started with it.
	mode string
}

// running is what the tests read of serve.json.
type running struct {
	PID      int       `json:"pid"`
	Instance string    `json:"instance"`
	Listen   string    `json:"listen"`
	Admin    string    `json:"admin"`
	NATS     string    `json:"nats"`
	Started  time.Time `json:"started"`
}

// serve starts a sidecar in front of an upstream, with free ports and a data
// directory of its own, and waits until it answers.
func serve(t *testing.T, upstream string, args ...string) *sidecar {
	t.Helper()
	return serveOn(t, t.TempDir(), upstream, args...)
}

// serveOn is serve on a data directory that may have been used before.
func serveOn(t *testing.T, dir, upstream string, args ...string) *sidecar {
	t.Helper()
	return serveIn(t, dir, nil, append([]string{"--upstream", upstream}, args...)...)
}

// pairsOnly is the environment of a sidecar with a free NATS port that takes just
// the samples that are asked for, so that calls can be counted.
func pairsOnly() []string {
	return []string{"HOTMESS_NATS=127.0.0.1:0", "HOTMESS_DEEP_SHARE=0", "HOTMESS_REASONING_OVER_MEDIAN=0"}
}

// serveIn is serveOn with more variables and without an upstream of its own.
func serveIn(t *testing.T, dir string, env []string, args ...string) *sidecar {
	t.Helper()
	began := time.Now()
	// A worker that is killed comes back on its ports, if nobody has got them by then.
	all := append([]string{"serve", "--data-dir", dir, "--listen", freeAddress(t), "--admin", freeAddress(t)}, args...)
	s := &sidecar{process: start(t, append(pairsOnly(), env...), all...), dir: dir}
	if i := slices.Index(args, "--mode"); i >= 0 {
		s.mode = args[i+1]
	}
	eventually(t, "the sidecar answers", func() bool {
		select {
		case <-s.done:
			t.Fatalf("the sidecar ended: %s", s.stderr)
		default:
		}
		r, ok := readRunning(dir)
		if !ok || r.Started.Before(began.Add(-time.Second)) {
			return false
		}
		s.base, s.admin, s.nats = "http://"+r.Listen, "http://"+r.Admin, r.NATS
		res, err := http.Get(s.admin + "/readyz")
		if err != nil {
			return false
		}
		defer res.Body.Close()
		return res.StatusCode == http.StatusOK
	})
	return s
}

func readRunning(dir string) (r running, ok bool) {
	b, err := os.ReadFile(filepath.Join(dir, "serve.json"))
	return r, err == nil && json.Unmarshal(b, &r) == nil
}

// writeConfig writes a configuration file.
func writeConfig(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "hotmess.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// simBanner is what sim prints when it serves.
var simBanner = regexp.MustCompile(`simulated model on (http://\S+)`)

// simulate starts a simulated model and returns its base URL, /v1 included.
func simulate(t *testing.T, args ...string) string {
	t.Helper()
	p := start(t, nil, append([]string{"sim", "--listen", "127.0.0.1:0"}, args...)...)
	var base string
	eventually(t, "the simulated model serves", func() bool {
		m := simBanner.FindStringSubmatch(p.stderr.String())
		if m != nil {
			base = m[1]
		}
		return m != nil
	})
	return base
}

// ask gets a page of the admin port.
func (s *sidecar) ask(t *testing.T, path string) []byte {
	t.Helper()
	res, err := http.Get(s.admin + path)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: %s: %s", path, res.Status, body)
	}
	return body
}

// metric is the sum of all series of a metric whose labels hold every one of
// the given pairs, like reason="off".
func (s *sidecar) metric(t *testing.T, name string, labels ...string) float64 {
	t.Helper()
	sum := 0.
	for line := range strings.Lines(string(s.ask(t, "/metrics"))) {
		series, value, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok || (series != name && !strings.HasPrefix(series, name+"{")) {
			continue
		}
		fits := true
		for _, label := range labels {
			fits = fits && strings.Contains(series, label)
		}
		if !fits {
			continue
		}
		v, err := strconv.ParseFloat(value, 64)
		if err != nil {
			t.Fatalf("metric %s: %v", line, err)
		}
		sum += v
	}
	return sum
}

// unmeasured waits until the requests that were not measured for a reason are
// n, and fails if they never are.
func (s *sidecar) unmeasured(t *testing.T, reason string, n int) {
	t.Helper()
	last := 0.
	defer func() {
		if t.Failed() {
			t.Logf("hotmess_unmeasured_total{reason=%q} is %v", reason, last)
		}
	}()
	eventually(t, reason+" is counted", func() bool {
		last = s.metric(t, "hotmess_unmeasured_total", `reason="`+reason+`"`)
		return last == float64(n)
	})
}

// settled waits until n requests have been counted whole, extras included.
func (s *sidecar) settled(t *testing.T, n int) {
	t.Helper()
	eventually(t, strconv.Itoa(n)+" requests are counted", func() bool {
		return s.metric(t, "hotmess_requests_total") == float64(n) && s.metric(t, "hotmess_extras_in_flight") == 0
	})
}
