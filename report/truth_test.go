package report_test

import (
	"bufio"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hotmess/report"
)

// recorded names the recorded samples that HOTMESS_DATA leads to.
func recorded(t *testing.T) []string {
	t.Helper()
	dir := os.Getenv("HOTMESS_DATA")
	if dir == "" {
		t.Skip("HOTMESS_DATA is not set: no recorded samples to check against")
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.jsonl"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no *.jsonl in %s (%v)", dir, err)
	}
	return files
}

// reported keeps reports of files, which take seconds each.
var reported = map[string]*report.Report{}

func reportOn(t *testing.T, file string) *report.Report {
	t.Helper()
	if r := reported[file]; r != nil {
		return r
	}
	d, err := report.Read([]string{file}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if d.BrokenLines > 0 {
		t.Fatalf("broken lines: %v", d.Broken)
	}
	r, err := report.New(d, report.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	reported[file] = r
	return r
}

// A plainQuestion is a question as this test itself reads it.
type plainQuestion struct {
	Model   string `json:"model"`
	Task    string `json:"task"`
	ID      string `json:"question_id"`
	Length  string `json:"length_field"`
	Samples []map[string]any
}

func plainQuestions(t *testing.T, file string) []plainQuestion {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var all []plainQuestion
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<26)
	for lines.Scan() {
		var q plainQuestion
		if err := json.Unmarshal(lines.Bytes(), &q); err != nil {
			t.Fatal(err)
		}
		all = append(all, q)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// class is the answer that a sample stands for.
func class(s map[string]any) string {
	if s["correct"] == true {
		return "right"
	}
	if a, ok := s["answer"].(string); ok {
		return "wrong " + a
	}
	return "none"
}

// byPairs takes error and variance of samples by enumerating pairs: half the
// mean squared distance of two one-hot answers is 1 where they differ.
func byPairs(samples []map[string]any) (right, variance float64) {
	n := float64(len(samples))
	for i, a := range samples {
		if class(a) == "right" {
			right += 1 / n
		}
		for j, b := range samples {
			if i != j && class(a) != class(b) {
				variance += 1 / (n * (n - 1))
			}
		}
	}
	return right, variance
}

func TestEveryGroupAgreesWithPairsCountedOneByOne(t *testing.T) {
	for _, file := range recorded(t) {
		questions := plainQuestions(t, file)
		for _, g := range reportOn(t, file).Groups {
			var right, variance, n float64
			for _, q := range questions {
				if q.Model != g.Model || (q.Task != g.Task && g.Tasks == 0) {
					continue
				}
				r, v := byPairs(q.Samples)
				right, variance, n = right+r, variance+v, n+1
			}
			failed := 2 * (n - right)
			for name, pair := range map[string][2]float64{
				"questions": {float64(g.Questions), n}, "accuracy": {*g.Accuracy, right / n}, "error": {*g.Error, failed / n},
				"variance": {*g.Variance, variance / n}, "bias2": {*g.Bias2, (failed - variance) / n}, "disagreement": {*g.Disagreement, variance / n},
			} {
				if math.Abs(pair[0]-pair[1]) > 1e-9 {
					t.Errorf("%s %s %s: %s is %g, counted %g", filepath.Base(file), g.Model, g.Task, name, pair[0], pair[1])
				}
			}
			if g.Incoherence != nil && math.Abs(*g.Incoherence-variance/failed) > 1e-9 {
				t.Errorf("%s %s: incoherence is %g, counted %g", g.Model, g.Task, *g.Incoherence, variance/failed)
			}
		}
	}
}

// Figures that were computed independently, to rounding. Intervals there are of
// a bootstrap, and ours of the linearised form: ends may differ by some .01.
func TestRecordedSamplesGiveTheKnownFigures(t *testing.T) {
	all := map[string]*report.Group{}
	for _, file := range recorded(t) {
		if !strings.Contains(file, "aqua") && !strings.Contains(file, "mcq") {
			continue
		}
		for _, g := range reportOn(t, file).Groups {
			if g.Task == "aqua" || g.Tasks > 1 {
				all[g.Model] = g
			}
		}
	}
	const half, ends = 0.00051, 0.012
	for _, tc := range []struct {
		model                           string
		accuracy, bias2, variance, i    float64
		low, high                       float64
		samples, questions, perQuestion int
	}{
		{"Qwen2.5-0.5B-Instruct", .359, .603, .679, .530, .505, .556, 2000, 100, 20},
		{"Qwen2.5-3B-Instruct", .725, .249, .301, .548, .483, .612, 2000, 100, 20},
		{"Qwen2.5-7B-Instruct", .817, .202, .165, .449, .364, .552, 2000, 100, 20},
		{"Qwen2.5-72B-Instruct-AWQ", .804, .239, .153, .392, .300, .505, 2000, 100, 20},
		{"deepseek-v3", .643, .409, .305, .427, 0, 0, 1990, 398, 5},
		{"gpt-4o-mini", .493, .612, .402, .396, 0, 0, 1990, 398, 5},
		{"haiku-4.5", .705, .373, .218, .369, 0, 0, 1990, 398, 5},
	} {
		g := all[tc.model]
		if g == nil {
			t.Errorf("no group of %s", tc.model)
			continue
		}
		if g.Questions != tc.questions || g.Samples != tc.samples || g.MostSamples != tc.perQuestion {
			t.Errorf("%s: %d questions, %d samples, at most %d", tc.model, g.Questions, g.Samples, g.MostSamples)
		}
		for name, pair := range map[string][2]float64{
			"accuracy": {*g.Accuracy, tc.accuracy}, "bias2": {*g.Bias2, tc.bias2}, "variance": {*g.Variance, tc.variance}, "incoherence": {*g.Incoherence, tc.i},
		} {
			if math.Abs(pair[0]-pair[1]) > half {
				t.Errorf("%s: %s is %.4f, want %.3f", tc.model, name, pair[0], pair[1])
			}
		}
		if tc.high > 0 && (math.Abs(*g.IncoherenceLow-tc.low) > ends || math.Abs(*g.IncoherenceHigh-tc.high) > ends) {
			t.Errorf("%s: interval [%.3f, %.3f], want about [%.3f, %.3f]", tc.model, *g.IncoherenceLow, *g.IncoherenceHigh, tc.low, tc.high)
		}
	}
}

// The longer half of the samples against the shorter, over all models.
func TestOverthinkingOfRecordedSamplesIsAsKnown(t *testing.T) {
	for _, file := range recorded(t) {
		if !strings.Contains(file, "aqua") {
			continue
		}
		var accuracy, variance, n float64
		for _, q := range plainQuestions(t, file) {
			slices.SortStableFunc(q.Samples, func(a, b map[string]any) int {
				return int(a[q.Length].(float64) - b[q.Length].(float64))
			})
			half := len(q.Samples) / 2
			below, vBelow := byPairs(q.Samples[:half])
			above, vAbove := byPairs(q.Samples[half:])
			accuracy, variance, n = accuracy+above-below, variance+vAbove-vBelow, n+1
		}
		r := reportOn(t, file)
		d := r.Comparisons[0].AllModels
		if d == nil {
			t.Fatal("no comparison over all models")
		}
		for name, pair := range map[string][3]float64{
			"accuracy": {*d.Accuracy.Value, accuracy / n, -.063}, "variance": {*d.Variance.Value, variance / n, .069},
			// Ends of bootstrap intervals differ by their own noise, about .002.
			"accuracy low": {*d.Accuracy.Low, *d.Accuracy.Low, -.084}, "accuracy high": {*d.Accuracy.High, *d.Accuracy.High, -.043},
			"variance low": {*d.Variance.Low, *d.Variance.Low, .054}, "variance high": {*d.Variance.High, *d.Variance.High, .084},
		} {
			if math.Abs(pair[0]-pair[1]) > 1e-9 || math.Abs(pair[0]-pair[2]) > 0.004 {
				t.Errorf("%s: %.4f, counted %.4f, known %.3f", name, pair[0], pair[1], pair[2])
			}
		}
	}
}

// Votes on the samples of all eleven models.
func TestVotesOnRecordedSamplesAreAsKnown(t *testing.T) {
	for _, file := range recorded(t) {
		if !strings.Contains(file, "aqua") {
			continue
		}
		var gain, loss, samples, n float64
		for _, g := range reportOn(t, file).Groups {
			var fixed, adaptive report.Rule
			for _, r := range g.Votes.Rules {
				switch {
				case r.Method == "adaptive":
					adaptive = r
				case r.Method == "fixed" && r.Launched == 20:
					fixed = r
				}
			}
			gain += *fixed.Gain.Value
			loss += *fixed.Accuracy.Value - *adaptive.Accuracy.Value
			samples += *adaptive.Samples.Value
			n++
		}
		if n != 11 || math.Abs(gain/n-.081) > 0.0006 || math.Abs(samples/n-9.6) > 0.06 || math.Abs(loss/n-.0005) > 0.0005 {
			t.Errorf("%g models: gain %.4f (want .081), %.2f samples (want 9.6), lost %.4f (want .0005)", n, gain/n, samples/n, loss/n)
		}
	}
}
