package monitor

import (
	"bufio"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"
)

// recordedData names the directory of recorded data sets; tests of them are
// skipped without it.
const recordedData = "HOTMESS_DATA"

// TestOutcomesOfThePrimaryAgreeWithFullLabelsOnRecordedAnswers takes recorded
// answers two by two as requests, labels the first of each pair alone, and
// compares with incoherence from all labels of all samples.
//
// The 1,000 pairs of a model are those of 100 questions; the two figures rest on
// the same samples, so they differ by less than the half-width of either (.03 to
// .1): .03 is allowed.
func TestOutcomesOfThePrimaryAgreeWithFullLabelsOnRecordedAnswers(t *testing.T) {
	dir := os.Getenv(recordedData)
	if dir == "" {
		t.Skipf("%s is not set", recordedData)
	}
	for model, want := range map[string]float64{
		"Qwen2.5-0.5B-Instruct": .530, "Qwen2.5-7B-Instruct": .449, "Qwen2.5-72B-Instruct-AWQ": .392,
	} {
		t.Run(model, func(t *testing.T) {
			m, _ := newTest(t)
			n := 0
			for _, q := range recordedQuestions(t, filepath.Join(dir, "cotsweep_aqua.jsonl"), model) {
				for i := 0; i+1 < len(q.Samples); i += 2 {
					n++
					a, b := q.Samples[i], q.Samples[i+1]
					o := answered(q.ID, base, n, a.class(), b.class())
					m.take(o)
					outcome := Fail
					if a.Correct {
						outcome = Pass
					}
					mustCount(t, m, Label{Request: o.ID, Outcome: outcome})
				}
			}
			f := month(t, m).Incoherence
			if f.Value == nil || f.Low == nil {
				t.Fatalf("%+v", f)
			}
			t.Logf("by outcomes %.3f [%.3f, %.3f], by full labels %.3f", *f.Value, *f.Low, *f.High, want)
			if math.Abs(*f.Value-want) > .03 {
				t.Errorf("%.3f, want %.3f", *f.Value, want)
			}
		})
	}
}

type recordedQuestion struct {
	Model   string           `json:"model"`
	ID      string           `json:"question_id"`
	Samples []recordedSample `json:"samples"`
}

type recordedSample struct {
	Answer  *string `json:"answer"`
	Correct bool    `json:"correct"`
}

// class is the answer's class: all right answers are one.
func (s recordedSample) class() string {
	switch {
	case s.Correct:
		return "right"
	case s.Answer == nil:
		return "none"
	}
	return "answer " + *s.Answer
}

func recordedQuestions(t *testing.T, file, model string) (all []recordedQuestion) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var q recordedQuestion
		if err := json.Unmarshal(lines.Bytes(), &q); err != nil {
			t.Fatal(err)
		}
		if q.Model == model {
			all = append(all, q)
		}
	}
	if len(all) == 0 || lines.Err() != nil {
		t.Fatalf("no questions of %s: %v", model, lines.Err())
	}
	return all
}
