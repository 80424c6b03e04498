package main_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"hotmess/alerts"
	"hotmess/config"
	"hotmess/monitor"
	"hotmess/sim"
)

// A trialOfGuards is a rule at one level of risk, before an agent whose
// deletions are wrong at one rate.
type trialOfGuards struct {
	risk  string
	wrong float64
	// vary has each wrong sample delete another tree.
	vary bool
	// proposals is how many deletions are proposed, atOnce how many at a time.
	proposals, atOnce int
	perToken          time.Duration
}

// A guarded is what became of one proposal.
type guarded struct {
	// right is whether the reply proposed the right deletion, as the
	// simulation tells.
	right bool
	// passed is whether the client was given the call.
	passed bool
	// call is how long the reply took by itself, tokens what it used.
	call   time.Duration
	tokens int64
	record monitor.GuardRecord
}

const deletionRequest = `{"model":"simulated","messages":[{"role":"user","content":"Please do task %d."}],"tools":[{"type":"function","function":{"name":"bash",` +
	`"parameters":{"type":"object","properties":{"command":{"type":"string"},"why":{"type":"string"}},"required":["command","why"]}}}]}`

// run sends the proposals through a whole sidecar and gives what became of each.
func (c trialOfGuards) run(t testing.TB) []guarded {
	var truth truthLog
	l := newLine(t, &sim.Server{
		Seed: 11, Deletions: sim.Deletions{Every: 1, Wrong: c.wrong, Vary: c.vary}, TruthLog: &truth,
		Latency: sim.Latency{PerToken: c.perToken},
	}, func(cfg *config.Config) {
		cfg.Sampling.Rate, cfg.Budget.MaxExtraInFlight = config.Rate{}, 1024
		cfg.Guard = []config.Guard{{
			Name: "trees", Command: &config.GuardCommand{Program: "rm", Recursive: true}, Action: config.GuardHold, Risk: c.risk,
		}}
	})
	observations := l.watch(t, c.proposals)
	all, ids := make([]guarded, c.proposals), make([]string, c.proposals)
	var working sync.WaitGroup
	for worker := range c.atOnce {
		working.Go(func() {
			for i := worker; i < c.proposals; i += c.atOnce {
				passed, id, err := l.propose(t.Context(), i)
				if err != nil {
					t.Error(err)
				}
				all[i].passed, ids[i] = passed, id
			}
		})
	}
	working.Wait()
	seen := observations()
	for _, said := range truth.primaries(t) {
		if i, err := strconv.Atoi(said.ID); err == nil {
			all[i].right = said.Right
		}
	}
	for i, id := range ids {
		o, ok := seen[id]
		if !ok || o.Guard == nil {
			t.Fatalf("no decision on proposal %d: %+v", i, o)
		}
		all[i].record = *o.Guard
		all[i].call = time.Duration((o.Seconds - o.Guard.HeldSeconds) * float64(time.Second))
		all[i].tokens = int64(o.Samples[0].Context.Tokens + o.Samples[0].Output.Tokens)
	}
	return all
}

// propose has the model propose a deletion; passed is whether it came.
func (l *line) propose(ctx context.Context, task int) (passed bool, id string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, l.base+"/chat/completions", strings.NewReader(fmt.Sprintf(deletionRequest, task)))
	if err != nil {
		return false, "", err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := agents.Do(req)
	if err != nil {
		return false, "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	refused := bytes.Contains(body, []byte("[hotmess]"))
	if passed = bytes.Contains(body, []byte("rm -")); passed == refused {
		return false, "", fmt.Errorf("neither a call nor a message: %s", body)
	}
	return passed, res.Header.Get("X-Hotmess-Id"), err
}

// watch receives observations over NATS; wait gives them, by id, once there are
// so many.
func (l *line) watch(t testing.TB, n int) (wait func() map[string]monitor.Observation) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	r, w := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := alerts.Watch(ctx, alerts.WatchSettings{URL: l.nats, Creds: filepath.Join(l.dir, "nats.creds"), JSON: true, Observations: true, Out: w})
		_ = w.CloseWithError(io.EOF)
		ended <- err
	}()
	return func() map[string]monitor.Observation {
		defer func() { cancel(); _ = r.Close(); <-ended }()
		seen := map[string]monitor.Observation{}
		lines := bufio.NewScanner(r)
		lines.Buffer(nil, 1<<20)
		for len(seen) < n && lines.Scan() {
			var e alerts.Event
			var o monitor.Observation
			if json.Unmarshal(lines.Bytes(), &e) != nil || json.Unmarshal(e.Data, &o) != nil {
				t.Fatalf("no observation: %s", lines.Text())
			}
			seen[o.ID] = o
		}
		if len(seen) < n {
			t.Fatalf("%d of %d observations", len(seen), n)
		}
		return seen
	}
}

// A tallyOfGuards sums up a trial.
type tallyOfGuards struct {
	wrong, wrongStopped, right, rightStopped int
	// p50 and p99 are how long replies were held, tokens what the samples of
	// their quorum cost: both by those of one call.
	p50, p99, tokens float64
}

func sumUp(all []guarded) (s tallyOfGuards) {
	var held []float64
	var call, tokens, extra float64
	for _, g := range all {
		stopped := 0
		if !g.passed {
			stopped = 1
		}
		if g.right {
			s.right++
			s.rightStopped += stopped
		} else {
			s.wrong++
			s.wrongStopped += stopped
		}
		held = append(held, g.record.HeldSeconds)
		call += g.call.Seconds() / float64(len(all))
		tokens += float64(g.tokens)
		extra += float64(g.record.Tokens)
	}
	slices.Sort(held)
	at := func(q float64) float64 { return held[int(q*float64(len(held)-1))] / call }
	s.p50, s.p99, s.tokens = at(.5), at(.99), extra/tokens
	return s
}

// exactGuards are the figures of docs/guard.md that follow from the rules alone,
// which a test of the room guard holds to the code: the shares of wrong and
// right proposals that are stopped.
func exactGuards(t testing.TB, risk string, wrong float64) (wrongStopped, rightStopped float64) {
	page, err := os.ReadFile("docs/guard.md")
	if err != nil {
		t.Fatal(err)
	}
	row := regexp.MustCompile(fmt.Sprintf("(?m)^\\| `%s` \\| %.0f %% \\| ([0-9.]+) %% \\| ([0-9.]+) %% \\| [0-9.]+ \\| [0-9.]+ \\|$", risk, 100*wrong)).FindSubmatch(page)
	if row == nil {
		t.Fatalf("docs/guard.md has no row %s at %g", risk, wrong)
	}
	share := func(b []byte) float64 {
		v, err := strconv.ParseFloat(string(b), 64)
		if err != nil {
			t.Fatal(err)
		}
		return v / 100
	}
	return share(row[1]), share(row[2])
}

// TestGuardsStopTheShareThatFollowsFromTheirRules holds a whole sidecar to the
// exact figures. The number stopped of n is binomial: the tolerance is four
// standard errors, 4·√(p·(1−p)/n), and what the page rounds away, .0005.
func TestGuardsStopTheShareThatFollowsFromTheirRules(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	const wrong, proposals = .3, 300
	for _, risk := range []string{config.RiskHigh, config.RiskMedium, config.RiskLow} {
		for _, vary := range []bool{false, true} {
			if vary && risk != config.RiskLow { // which lets the most through
				continue
			}
			t.Run(fmt.Sprintf("%s, vary %v", risk, vary), func(t *testing.T) {
				all := trialOfGuards{risk: risk, wrong: wrong, vary: vary, proposals: proposals, atOnce: 8}.run(t)
				s := sumUp(all)
				wrongStopped, rightStopped := exactGuards(t, risk, wrong)
				if vary { // no two samples propose the same
					wrongStopped = 1
				}
				for _, c := range []struct {
					name       string
					stopped, n int
					exact      float64
				}{{"wrong", s.wrongStopped, s.wrong, wrongStopped}, {"right", s.rightStopped, s.right, rightStopped}} {
					got, tolerance := float64(c.stopped)/float64(c.n), 4*math.Sqrt(c.exact*(1-c.exact)/float64(c.n))+.0005
					t.Logf("%s: %.3f of %d stopped, exact %.3f", c.name, got, c.n, c.exact)
					if math.Abs(got-c.exact) > tolerance {
						t.Errorf("%s: %.3f of %d stopped, want %.3f within %.3f", c.name, got, c.n, c.exact, tolerance)
					}
				}
				for _, g := range all {
					if g.record.Decision == monitor.GuardBlind || g.record.HeldSeconds == 0 || g.passed != (g.record.Outcome == monitor.GuardReleased) {
						t.Fatalf("passed %v: %+v", g.passed, g.record)
					}
				}
			})
		}
	}
}

// BenchmarkGuard prints the second table of docs/guard.md: what a rule with
// action hold stops and costs, through a whole sidecar.
func BenchmarkGuard(b *testing.B) {
	for b.Loop() {
		for _, risk := range []string{config.RiskHigh, config.RiskMedium, config.RiskLow} {
			for _, wrong := range []float64{.02, .1, .3} {
				// Calls take a second, so that what this machine adds is little.
				c := trialOfGuards{risk: risk, wrong: wrong, proposals: 600, atOnce: 100, perToken: 4 * time.Millisecond}
				same := sumUp(c.run(b))
				c.vary, c.atOnce, c.perToken = true, 8, 0
				varied := sumUp(c.run(b))
				wrongStopped, rightStopped := exactGuards(b, risk, wrong)
				fmt.Printf("| `%s` | %.0f %% | %d of %d (%.1f %%) | %d of %d | %d of %d: %.1f %% (%.1f %%) | %.1f | %.1f | %.1f |\n", risk, 100*wrong,
					same.wrongStopped, same.wrong, 100*wrongStopped, varied.wrongStopped, varied.wrong,
					same.rightStopped, same.right, 100*float64(same.rightStopped)/float64(same.right), 100*rightStopped, same.p50, same.p99, same.tokens)
			}
		}
	}
}
