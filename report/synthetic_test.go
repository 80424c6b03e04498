package report_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"hotmess/monitor"
	"hotmess/report"
)

// A lines is JSON lines in the making.
type lines struct{ bytes.Buffer }

func (l *lines) put(t *testing.T, v any) {
	t.Helper()
	if err := json.NewEncoder(&l.Buffer).Encode(v); err != nil {
		t.Fatal(err)
	}
}

type object = map[string]any

// toySets are questions of three sizes of a model, and of one of them under two
// budgets: harder questions are longer, larger models are right more often.
func toySets(t *testing.T) []byte {
	t.Helper()
	var out lines
	random := rand.New(rand.NewPCG(7, 0))
	ask := func(dataset, model, condition string, skill, longer float64) {
		for q := range 60 {
			hard := float64(q) / 60
			right := 1 / (1 + math.Exp(3*hard-skill))
			samples := make([]object, 5)
			for i := range samples {
				answer := "B"
				switch {
				case random.Float64() < right:
					answer = "A"
				case random.IntN(3) == 0:
					answer = "C"
				}
				samples[i] = object{"answer": answer, "correct": answer == "A", "output_tokens": math.Round(longer * (200 + 600*hard) * (0.7 + 0.6*random.Float64()))}
				if q%20 == 7 && i == 4 {
					samples[i]["answer"], samples[i]["correct"] = nil, false
				}
			}
			line := object{"dataset": dataset, "model": model, "task": "toys", "question_id": fmt.Sprintf("q%02d", q), "question": "?", "reference": "A", "length_field": "output_tokens", "samples": samples}
			if condition != "" {
				line["condition"] = condition
			}
			out.put(t, line)
		}
	}
	ask("toy", "toy-1B", "", 0.5, 1)
	ask("toy", "toy-4B", "", 1.5, 1)
	ask("toy", "toy-16B", "", 2.5, 1)
	ask("toy-budget", "toy-4B", "high", 2.2, 3)
	ask("toy-budget", "toy-4B", "low", 1.2, 1)
	return out.Bytes()
}

// toyRuns are runs of an agent with a number of actions; half have a reward.
func toyRuns(t *testing.T) []byte {
	t.Helper()
	var out lines
	random := rand.New(rand.NewPCG(8, 0))
	for task := range 60 {
		for run := range 4 {
			line := object{
				"dataset": "toy-runs", "model": "agent", "task_id": fmt.Sprintf("t%02d", task), "run": fmt.Sprint(run),
				"actions": 3 + task/4 + random.IntN(6),
			}
			passed := random.Float64() < 0.9-float64(task)/80
			if task%2 == 0 {
				line["passed"] = passed
			} else {
				line["reward"] = map[bool]float64{true: 1, false: 0.25}[passed]
			}
			out.put(t, line)
		}
	}
	return out.Bytes()
}

// toyObservations are requests of forty conversations, and labels of half of
// the drawn ones; one label is of a request that is not there.
func toyObservations(t *testing.T) (observations, labels []byte) {
	t.Helper()
	var obs, lab lines
	random := rand.New(rand.NewPCG(9, 0))
	begin := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for c := range 40 {
		for turn := range 6 {
			o := toyObservation(random, begin.Add(time.Duration(c*6+turn)*time.Minute), c, turn)
			obs.put(t, o)
			if !o.Drawn || random.IntN(2) == 0 {
				continue
			}
			outcome := monitor.Pass
			if random.Float64() < 0.4 {
				outcome = monitor.Fail
			}
			lab.put(t, monitor.Label{V: monitor.LabelVersion, Request: o.ID, Outcome: outcome, Time: o.Time})
		}
	}
	lab.put(t, monitor.Label{V: monitor.LabelVersion, Request: toyID(random, begin), Outcome: monitor.Pass})
	return obs.Bytes(), lab.Bytes()
}

// toyID is a UUIDv7 of a time.
func toyID(random *rand.Rand, at time.Time) string {
	var id uuid.UUID
	ms := at.UnixMilli()
	for i := range 6 {
		id[i] = byte(ms >> (8 * (5 - i)))
	}
	for i := 6; i < 16; i++ {
		id[i] = byte(random.Uint32())
	}
	id[6], id[8] = 0x70|id[6]&0x0f, 0x80|id[8]&0x3f
	return id.String()
}

// toyObservation disagrees more often the longer it reasoned.
func toyObservation(random *rand.Rand, at time.Time, conversation, turn int) monitor.Observation {
	reasoning := 50 << random.IntN(6)
	actions := turn
	o := monitor.Observation{
		V: monitor.SchemaVersion, ID: toyID(random, at), Time: at, Route: "cli.toy", Conversation: fmt.Sprintf("c%02d", conversation),
		Kind: "action", Headline: "target", Inclusion: 0.5, Drawn: random.IntN(4) > 0, Actions: &actions,
	}
	if !o.Drawn {
		o.Reason = monitor.ReasonNotDrawn
		return o
	}
	if random.IntN(10) == 0 {
		o.Reason = monitor.ReasonBudget
		return o
	}
	differ := random.Float64() < 0.1*math.Log2(float64(reasoning))-0.4
	o.Differ = map[string]bool{"tool": differ && random.IntN(2) == 0, "target": differ, "exact": true}
	for n := range 2 {
		o.Samples = append(o.Samples, monitor.SampleRecord{
			Number: n, Keys: map[string]string{"target": fmt.Sprint(differ && n == 1)},
			Reasoning: monitor.Length{Tokens: reasoning, Source: monitor.SourceUsage},
			Output:    monitor.Length{Tokens: 2 * reasoning, Source: monitor.SourceUsage},
			Context:   monitor.Length{Tokens: 500 * (turn + 1), Source: monitor.SourceUsage},
		})
	}
	return o
}

// file writes text to a file of that name.
func file(t *testing.T, name string, text []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// read reads texts as files.
func read(t *testing.T, texts ...[]byte) *report.Data {
	t.Helper()
	var files []string
	for i, text := range texts {
		files = append(files, file(t, fmt.Sprintf("data%d.jsonl", i), text))
	}
	d, err := report.Read(files, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// toyReport is made once: it is only read.
var (
	toyOnce   sync.Once
	toyReport *report.Report
)

// toys is the report over all toy data.
func toys(t *testing.T) *report.Report {
	t.Helper()
	toyOnce.Do(func() { toyReport = toysAnew(t) })
	return toyReport
}

func toysAnew(t *testing.T) *report.Report {
	t.Helper()
	observations, labels := toyObservations(t)
	d := read(t, toySets(t), toyRuns(t), observations, labels)
	d.Files = []string{"toys.jsonl", "runs.jsonl", "observations.jsonl", "labels.jsonl"}
	r, err := report.New(d, report.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// reportOf reports on texts.
func reportOf(t *testing.T, texts ...[]byte) *report.Report {
	t.Helper()
	r, err := report.New(read(t, texts...), report.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}
