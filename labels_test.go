package main_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"math"
	"sync"
	"testing"

	"hotmess/config"
	"hotmess/monitor"
	"hotmess/sim"
)

// label says whether the reply to a request was right.
func (l *line) label(t *testing.T, id string, right bool) {
	t.Helper()
	label := monitor.Label{V: monitor.LabelVersion, Request: id, Outcome: monitor.Fail}
	if right {
		label.Outcome = monitor.Pass
	}
	if r := l.monitor.Label(t.Context(), []monitor.Label{label})[0]; r.Status != monitor.LabelCounted {
		t.Fatalf("label of %s: %+v", id, r)
	}
}

// A truthLog is what the simulator says of its replies.
type truthLog struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *truthLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// primaries are the truths of clients' own calls, in their order: extras repeat a
// prompt that was there before.
func (l *truthLog) primaries(t testing.TB) (all []sim.Truth) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for lines := bufio.NewScanner(&l.b); lines.Scan(); {
		var truth sim.Truth
		if err := json.Unmarshal(lines.Bytes(), &truth); err != nil {
			t.Fatal(err)
		}
		if truth.Occurrence == 0 {
			all = append(all, truth)
		}
	}
	return all
}

// TestLabelledIncoherenceIsTheTrueOne drives conversations in which the model
// gets worse with every turn, tells afterwards whether each reply was right, and
// compares with what the simulator drew from.
func TestLabelledIncoherenceIsTheTrueOne(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	const conversations, turns = 60, 8
	var log truthLog
	l := newLine(t, &sim.Server{Seed: 11, Accuracy: .8, Compound: .1, TruthLog: &log, Reasoning: sim.Reasoning{Median: 8}}, func(*config.Config) {})
	var ids []string
	l.answered = func(id string) { ids = append(ids, id) }
	for i := range conversations { // one at a time: the log has their order
		if err := l.conversation(t.Context(), i, turns, false); err != nil {
			t.Fatal(err)
		}
	}
	l.measured(t, conversations*turns)
	truths := log.primaries(t)
	if len(truths) != len(ids) || len(ids) != conversations*turns {
		t.Fatalf("%d truths of %d requests", len(truths), len(ids))
	}
	var variance, wrong float64
	for i, truth := range truths {
		l.label(t, ids[i], truth.Right)
		if truth.D == nil {
			t.Fatal("the truth has no disagreement")
		}
		variance += *truth.D
		wrong += 2 * (1 - truth.PRight)
	}
	truth := variance / wrong
	f := l.labelled(t).Incoherence
	if f.Low == nil || f.Clusters != conversations || f.N != conversations*turns {
		t.Fatalf("%+v", f)
	}
	// The interval has 1.96 standard errors to each side, on the logit scale;
	// four are allowed.
	logit := func(p float64) float64 { return math.Log(p / (1 - p)) }
	se := (logit(*f.High) - logit(*f.Low)) / (2 * 1.96)
	off := math.Abs(logit(*f.Value)-logit(truth)) / se
	t.Logf("true %.3f, measured %.3f [%.3f, %.3f]: %.1f standard errors", truth, *f.Value, *f.Low, *f.High, off)
	if off > 4 {
		t.Errorf("measured %.3f, true %.3f: %.1f standard errors apart", *f.Value, truth, off)
	}
}

// labelled is what labels say of the one route there is, over 30 days.
func (l *line) labelled(t *testing.T) monitor.LabelledReport {
	t.Helper()
	for _, r := range l.monitor.Routes() {
		for _, rep := range r.Labelled {
			if rep.Window == "30d" {
				return rep
			}
		}
	}
	t.Fatal("nothing is labelled")
	return monitor.LabelledReport{}
}
