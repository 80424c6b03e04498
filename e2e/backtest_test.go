package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestBacktestOfWhatASidecarRecorded tries rules on observations of a running
// sidecar: out of its store, and out of a file that watch made of them.
func TestBacktestOfWhatASidecarRecorded(t *testing.T) {
	t.Parallel()
	const steps, requests = 6, 8 * 7 // of each task also that of its answer
	model := simulate(t, "--steps", fmt.Sprint(steps), "--accuracy", "0.3", "--reasoning", "16")
	s := serve(t, model, "--config", writeConfig(t, "sampling: {samples: 2, rate: 1}\n"))
	for n := range 8 {
		workOn(t, s, fmt.Sprint("task ", n))
	}
	w := start(t, nil, "watch", "-o", "observations", "--json", "--data-dir", s.dir)
	eventually(t, "all are recorded", func() bool { return strings.Count(w.stdout.String(), "\n") == requests })
	recorded := w.stdout.String()
	file := filepath.Join(t.TempDir(), "observed.jsonl")
	if err := os.WriteFile(file, []byte(recorded+"broken\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	rules := writeConfig(t, "alerts: {rules: [{rule: disagreement_high, threshold: 0.2}]}\n")
	backtest := func(args ...string) backtested {
		p := start(t, nil, append([]string{"backtest", "--json", "--placebo", "3", "--config", rules, "--data-dir", s.dir}, args...)...)
		if code := p.wait(t); code != 0 {
			t.Fatalf("backtest %v: code %d: %s", args, code, p.stderr.String())
		}
		return decode[backtested](t, []byte(p.stdout.String()))
	}
	stored, read := backtest(), backtest(file)
	if read.Left.Broken != 1 || !strings.HasPrefix(strings.Join(read.Left.Named, ""), file+":") {
		t.Errorf("left out of the file: %+v", read.Left)
	}
	if stored.Observations != requests || read.Observations != requests {
		t.Errorf("%d observations in the store and %d in the file, want %d", stored.Observations, read.Observations, requests)
	}
	if stored.Conversations != 8 || len(stored.Thresholds) == 0 || len(stored.Placebo.Rules) == 0 {
		t.Errorf("found %+v", stored)
	}
}

// backtested is what the test reads of a result.
type backtested struct {
	Observations  int `json:"observations"`
	Conversations int `json:"conversations"`
	Left          struct {
		Broken int      `json:"broken"`
		Named  []string `json:"named"`
	} `json:"left_out"`
	Placebo struct {
		Rules []struct {
			Rule string `json:"rule"`
		} `json:"rules"`
	} `json:"placebo"`
	Thresholds []struct {
		Absent string `json:"absent"`
	} `json:"thresholds"`
}

func TestBaselineOfARouteIsAccepted(t *testing.T) {
	t.Parallel()
	const token = "a-token-that-is-long-enough"
	s := serveIn(t, t.TempDir(), []string{"HOTMESS_UPSTREAM=" + simulate(t), "HOTMESS_ADMIN_TOKEN=" + token})
	for _, c := range []struct {
		token, route string
		code         int
		want         string
	}{
		{token, "no-such-route", 1, "there is no route of that name"},
		{"another-token-of-some-length", "no-such-route", 1, "it asks for admin.token"},
	} {
		p := start(t, []string{"HOTMESS_ADMIN_TOKEN=" + c.token}, "baseline", "accept", "--data-dir", s.dir, c.route)
		if code := p.wait(t); code != c.code || !strings.Contains(p.stderr.String(), c.want) {
			t.Errorf("accept %s: code %d: %s", c.route, code, p.stderr.String())
		}
	}
}
