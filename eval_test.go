package main_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hotmess/estimate"
	"hotmess/eval"
	"hotmess/sim"
	"hotmess/wire"
)

// evalInstruction is what the data sets of tests end in: the simulated answer
// depends on every letter of a prompt.
const evalInstruction = "Answer with the letter only."

// evalSet writes a data set of n questions with the simulator's right answers.
func evalSet(t *testing.T, model *sim.Server, n int) string {
	t.Helper()
	var set bytes.Buffer
	for i := range n {
		question := fmt.Sprintf("Which of these is number %d? A) one B) two C) three D) four E) five", i)
		err := json.NewEncoder(&set).Encode(map[string]string{
			"dataset": "simulated", "question_id": fmt.Sprint(i), "question": question,
			"reference": model.RightAnswer(question + "\n\n" + evalInstruction),
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	name := filepath.Join(t.TempDir(), "set.jsonl")
	if err := os.WriteFile(name, set.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestEvalRecoversTheSimulatorsTruth asks in every dialect, of a model that fails
// as APIs do, and holds the figures' own intervals against the closed form. The
// answers of a prompt are the same set in whatever order they are asked for.
func TestEvalRecoversTheSimulatorsTruth(t *testing.T) {
	// Of 4 wrong answers the i-th has the share 1/i of all, Zipf: .3 × 12/25 × 1/i.
	const right = .7
	truth := estimate.Scores{Error: 2 * (1 - right), Variance: 1 - right*right}
	for i := 1; i <= 4; i++ {
		p := (1 - right) * 12 / 25 / float64(i)
		truth.Variance -= p * p
	}
	truth.Bias2 = truth.Error - truth.Variance
	for _, d := range wire.Dialects() {
		t.Run(string(d), func(t *testing.T) {
			t.Parallel()
			model := &sim.Server{Seed: 2, Accuracy: right, Faults: sim.Faults{ServerError: .01, Cut: .01}}
			server := httptest.NewServer(model)
			defer server.Close()
			instruction := evalInstruction
			o := eval.Options{
				Dataset: evalSet(t, model, 150), Out: filepath.Join(t.TempDir(), "out.jsonl"),
				Upstream: server.URL, Dialect: d, Model: "simulated", Samples: 4, Concurrency: 8,
				Instruction: &instruction, Extract: "letter", Timeout: time.Minute, Log: &bytes.Buffer{},
			}
			sum, err := eval.Run(t.Context(), o)
			if err != nil || sum.Samples != 600 || sum.Empty != 0 {
				t.Fatalf("%+v, %v\n%s", sum, err, o.Log)
			}
			scores, errors := scored(t, o.Out)
			values := map[string][]float64{}
			for _, s := range scores {
				values["error"] = append(values["error"], s.Error)
				values["bias²"] = append(values["bias²"], s.Bias2)
				values["variance"] = append(values["variance"], s.Variance)
			}
			for what, c := range map[string]struct {
				figure estimate.Figure
				truth  float64
			}{
				"error":       {estimate.MeanOf(values["error"]), truth.Error},
				"bias²":       {estimate.MeanOf(values["bias²"]), truth.Bias2},
				"variance":    {estimate.MeanOf(values["variance"]), truth.Variance},
				"incoherence": {estimate.Incoherence(scores, errors), truth.Variance / truth.Error},
			} {
				// With 16 intervals of 95 %, about one misses. All 16 hold with 95 %
				// if each holds with 1 − .05/16: 2.96 standard errors for 1.96.
				if off := away(t, what, c.figure, c.truth); off > 2.96/1.96 {
					t.Errorf("%s is off by %.2f of its interval", what, off)
				}
			}
		})
	}
}

// scored reads a result and scores its questions.
func scored(t *testing.T, name string) (scores []estimate.Scores, errors int) {
	t.Helper()
	for raw := range strings.Lines(read(t, name)) {
		var line struct {
			Samples []struct {
				Answer  *string
				Correct bool
			}
		}
		if err := json.Unmarshal([]byte(raw), &line); err != nil {
			t.Fatal(err)
		}
		counts, classes := []int{0}, map[string]int{}
		for _, s := range line.Samples {
			switch {
			case s.Correct:
				counts[0]++
				continue
			case s.Answer == nil:
				t.Errorf("no answer in %s", raw)
				continue
			}
			errors++
			if _, known := classes[*s.Answer]; !known {
				classes[*s.Answer] = len(counts)
				counts = append(counts, 0)
			}
			counts[classes[*s.Answer]]++
		}
		s, ok := estimate.OneHot(counts, 0)
		if !ok {
			t.Fatalf("no scores of %s", raw)
		}
		scores = append(scores, s)
	}
	return scores, errors
}
