package report_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"hotmess/monitor"
	"hotmess/report"
)

// Three groups of twenty questions of lengths 100, 200 and 400 with 1, 2 and 4
// wrong of 16 samples, all wrong ones the same: error = k/8 is proportional to
// the length, so its exponent is 1 and per question nothing is left over.
func TestPlantedPowerLawIsFound(t *testing.T) {
	var text lines
	for q := range 60 {
		wrong := 1 << (q / 20)
		samples := make([]object, 16)
		for i := range samples {
			answer := "R"
			if i < wrong {
				answer = "B"
			}
			samples[i] = object{"answer": answer, "output_tokens": 100 * wrong, "actions": 3}
		}
		text.put(t, object{"dataset": "d", "model": "m", "question_id": fmt.Sprint(q), "reference": "R", "length_field": "output_tokens", "samples": samples})
	}
	g := reportOf(t, text.Bytes()).Groups[0]
	c := g.ByLength
	if len(c.Groups) != 3 || c.Unit != "output_tokens" {
		t.Fatalf("%d groups in %s (%s)", len(c.Groups), c.Unit, c.Absent)
	}
	near(t, "exponent of error", c.Exponents.Error.Value, 1, 1e-9)
	near(t, "its R²", c.Exponents.Error.R2, 1, 1e-9)
	for i, want := range []float64{100, 200, 400} {
		near(t, "length", &c.Groups[i].Length, want, 1e-9)
		near(t, "error", c.Groups[i].Error.Value, want/800, 1e-9)
	}
	if c := g.ByActions; c.Exponents.Error.Value != nil || c.Exponents.Error.Absent == "" {
		t.Errorf("a slope over one number of actions: %+v", c.Exponents.Error)
	}
}

// All models are compared on the same groups of questions, whose means add up
// to those of the whole.
func TestModelsAreComparedOnTheSameQuestions(t *testing.T) {
	r := toys(t)
	for _, c := range r.Comparisons {
		if c.Absent != "" {
			continue
		}
		if c.Dataset != "toy" || !c.BySize || c.Large.Model != "toy-16B" || c.Small.Model != "toy-1B" {
			t.Fatalf("%s: %s against %s", c.Dataset, c.Large.Model, c.Small.Model)
		}
		for _, g := range c.Groups {
			var sum, n float64
			for i, d := range g.ByDifficulty.Groups {
				sum, n = sum+*d.Error.Value*float64(d.Questions), n+float64(d.Questions)
				if d.Reference != c.Reference[i] || i > 0 && d.Reference < c.Reference[i-1] {
					t.Errorf("group %d of %s has reference %g", i, g.Model, d.Reference)
				}
			}
			near(t, "mean over groups", g.Error, sum/n, 1e-9)
		}
		for i, d := range c.Contrasts {
			large, small := c.Large.ByDifficulty.Groups[i], c.Small.ByDifficulty.Groups[i]
			near(t, "bias²", d.Bias2.Value, *large.Bias2.Value-*small.Bias2.Value, 1e-9)
			near(t, "incoherence", d.Incoherence.Value, *large.Incoherence.Value-*small.Incoherence.Value, 1e-9)
		}
	}
}

func TestConditionsAreComparedWithTheShortest(t *testing.T) {
	for _, g := range toys(t).Groups {
		e := g.Effect
		switch {
		case g.Dataset == "toy-budget" && g.Condition == "low":
			if e.Absent == "" || e.Difference != nil {
				t.Errorf("the baseline is compared: %+v", e)
			}
		case g.Dataset == "toy-budget":
			if e.Baseline != "low" || e.Difference == nil || *e.Difference.Accuracy.Low <= 0 {
				t.Errorf("against %q: %+v", e.Baseline, e.Difference)
			}
		case e.Absent == "":
			t.Errorf("%s has an effect without a condition", g.Name())
		}
	}
}

func TestSeveralUnitsOfLengthAreNotPooled(t *testing.T) {
	other := bytes.ReplaceAll(toySets(t), []byte("output_tokens"), []byte("output_chars"))
	other = bytes.ReplaceAll(other, []byte(`"question_id":"q`), []byte(`"question_id":"x`))
	for _, g := range reportOf(t, toySets(t), other).Groups {
		if g.ByLength.Absent != "several_units_of_length" {
			t.Errorf("%s: %q", g.Name(), g.ByLength.Absent)
		}
	}
}

// Runs are scored as probabilities of having passed where all have a reward:
// error = mean 2(1-r)², variance = 2·Σ(r - mean)²/(N-1).
func TestRewardsAreScoredAsProbabilities(t *testing.T) {
	var text lines
	for i, r := range []float64{1, 0.5, 0} {
		text.put(t, object{"dataset": "d", "model": "m", "task_id": "t", "run": fmt.Sprint(i), "reward": r})
	}
	g := reportOf(t, text.Bytes()).Groups[0]
	near(t, "error", g.Error, 2*(0+0.25+1)/3, 1e-12)
	near(t, "variance", g.Variance, 2*0.5/2, 1e-12)
	near(t, "accuracy", g.Accuracy, 1.0/3, 1e-12)
}

// weighed are observations whose probabilities of being drawn differ: 1 in one
// conversation, 1/4 in the next.
func weighed(t *testing.T) (obs, labels []byte, d, err, variance float64) {
	t.Helper()
	var o, l lines
	random := rand.New(rand.NewPCG(3, 0))
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var total float64
	for c := range 30 {
		inclusion := 1.0
		if c%2 == 1 {
			inclusion = 0.25
		}
		for range 3 {
			differ, wrong := random.IntN(3) == 0, random.IntN(2) == 0
			m := monitor.Observation{
				V: monitor.SchemaVersion, ID: toyID(random, at), Time: at, Route: "r", Conversation: fmt.Sprint(c), Kind: "answer", Headline: "exact",
				Inclusion: inclusion, Drawn: true, Differ: map[string]bool{"exact": differ},
				Samples: []monitor.SampleRecord{{Number: 0, Keys: map[string]string{"exact": "a"}}, {Number: 1, Keys: map[string]string{"exact": fmt.Sprint(differ)}}},
			}
			o.put(t, m)
			w := 1 / inclusion
			total += w
			outcome := monitor.Pass
			if wrong {
				err, outcome = err+2*w, monitor.Fail
			}
			if differ {
				d += w
			}
			l.put(t, monitor.Label{V: monitor.LabelVersion, Request: m.ID, Outcome: outcome, Time: at})
		}
	}
	return o.Bytes(), l.Bytes(), d / total, err / total, d / total
}

// With the primary labelled alone, error is 2·1{wrong} and variance D.
func TestObservationsWeighTheInverseOfTheirProbability(t *testing.T) {
	obs, labels, d, err, variance := weighed(t)
	g := reportOf(t, obs, labels).Groups[0]
	if g.Dataset != "observations" || g.Task != "r" || g.Condition != "answer" || g.Questions != 90 {
		t.Fatalf("%+v, %d questions", g.Key, g.Questions)
	}
	near(t, "D", g.Disagreement, d, 1e-9)
	near(t, "error", g.Error, err, 1e-9)
	near(t, "variance", g.Variance, variance, 1e-9)
	near(t, "incoherence", g.Incoherence, variance/err, 1e-9)
	if f := g.Figures.Disagreement; f.Clusters != 30 || f.N != 90 {
		t.Errorf("%d pairs of %d conversations", f.N, f.Clusters)
	}
}

func TestWithoutLabelsObservationsSayNothingOfError(t *testing.T) {
	obs, _, _, _, _ := weighed(t)
	g := reportOf(t, obs).Groups[0]
	if g.Error != nil || g.Incoherence != nil || g.Accuracy != nil || g.Figures.Error.Absent != "no_labels" {
		t.Errorf("error %v (%q)", value(g.Error), g.Figures.Error.Absent)
	}
	var text bytes.Buffer
	if err := json.NewEncoder(&text).Encode(g); err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(text.Bytes(), []byte(`"incoherence":null`)) {
		t.Errorf("JSON is %s", text.String())
	}
}

// Labels may be read before what they are of, and from files of their own.
func TestLabelsMayComeFirstOrApart(t *testing.T) {
	obs, labels, _, err, _ := weighed(t)
	o, l := file(t, "o.jsonl", obs), file(t, "l.jsonl", labels)
	for _, in := range [][2][]string{{{l, o}, nil}, {{o, l}, nil}, {{o}, {l}}} {
		d, failed := report.Read(in[0], in[1], nil)
		if failed != nil {
			t.Fatal(failed)
		}
		r, failed := report.New(d, report.Filter{})
		if failed != nil {
			t.Fatal(failed)
		}
		near(t, "error", r.Groups[0].Error, err, 1e-9)
		if r.Unmatched != 0 {
			t.Errorf("%d labels without a request", r.Unmatched)
		}
	}
}

func TestNamesAreOrderedAsPeopleDo(t *testing.T) {
	var got []string
	for _, g := range toys(t).Groups[:3] {
		got = append(got, g.Model)
	}
	if fmt.Sprint(got) != "[toy-1B toy-4B toy-16B]" {
		t.Errorf("order is %v", got)
	}
}

// No number of a report is more certain than its n allows: an interval is
// around its value, and absent with a reason where there is none.
func TestEveryFigureHasAnIntervalOrAReason(t *testing.T) {
	for _, g := range toys(t).Groups {
		p := g.Figures
		for name, f := range map[string]struct {
			value, low, high *float64
			absent, ranged   string
		}{
			"accuracy": {p.Accuracy.Value, p.Accuracy.Low, p.Accuracy.High, p.Accuracy.Absent, p.Accuracy.AbsentRange},
			"error":    {p.Error.Value, p.Error.Low, p.Error.High, p.Error.Absent, p.Error.AbsentRange},
			"variance": {p.Variance.Value, p.Variance.Low, p.Variance.High, p.Variance.Absent, p.Variance.AbsentRange},
			"ratio":    {p.Incoherence.Value, p.Incoherence.Low, p.Incoherence.High, p.Incoherence.Absent, p.Incoherence.AbsentRange},
		} {
			switch {
			case f.value == nil && f.absent == "":
				t.Errorf("%s of %s is absent without a reason", name, g.Name())
			case f.value != nil && f.low == nil && f.ranged == "":
				t.Errorf("%s of %s has no interval and no reason", name, g.Name())
			case f.low != nil && (*f.low > *f.value || *f.high < *f.value || math.IsNaN(*f.low)):
				t.Errorf("%s of %s: %g not in [%g, %g]", name, g.Name(), *f.value, *f.low, *f.high)
			}
		}
	}
}

func TestLengthsThatAreAlikeMakeNoGroups(t *testing.T) {
	var text lines
	random := rand.New(rand.NewPCG(5, 0))
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range 100 {
		o := monitor.Observation{
			V: monitor.SchemaVersion, ID: toyID(random, at), Route: "r", Kind: "answer", Headline: "exact",
			Inclusion: 1, Drawn: true, Differ: map[string]bool{"exact": i%2 == 0},
		}
		for range 2 {
			o.Samples = append(o.Samples, monitor.SampleRecord{
				Context:   monitor.Length{Tokens: 30 + i/99, Source: monitor.SourceUsage},
				Reasoning: monitor.Length{Tokens: 10 * (i + 1), Source: monitor.SourceUsage},
			})
		}
		text.put(t, o)
	}
	for _, l := range reportOf(t, text.Bytes()).Groups[0].Observed.Lengths {
		if (l.Name == "reasoning_tokens") != (len(l.Groups) > 0) {
			t.Errorf("%s has %d groups", l.Name, len(l.Groups))
		}
	}
}

// Error and variance that are equal leave a bias² of rounding, whose sign would
// be as good as certain in a sign-flip test.
func TestRoundingIsNoDifference(t *testing.T) {
	var text lines
	for q := range 60 {
		for _, model := range []string{"a", "b"} {
			samples := []object{}
			for i := range 5 {
				answer := "R"
				if i == 0 && model == "b" {
					answer = "B"
				}
				samples = append(samples, object{"answer": answer})
			}
			text.put(t, object{"dataset": "d", "model": model, "question_id": fmt.Sprint(q), "reference": "R", "samples": samples})
		}
	}
	for _, c := range reportOf(t, text.Bytes()).Comparisons {
		for _, d := range c.Contrasts {
			if d.Bias2.P != nil || d.Bias2.Low != nil || *d.Bias2.Value != 0 {
				t.Errorf("bias² differs by %g (p = %v)", *d.Bias2.Value, d.Bias2.P)
			}
			if d.Variance.P == nil || *d.Variance.P > 0.001 {
				t.Errorf("variance differs with p = %v", d.Variance.P)
			}
		}
	}
}

// Samples of one length have no longer and shorter half: split by the order in
// which they were recorded, the first and the last would pass for that.
func TestSamplesOfOneLengthAreNotSplit(t *testing.T) {
	var text lines
	for q := range 40 {
		samples := []object{}
		for i := range 6 {
			length := 0
			if q%4 == 0 {
				length = i
			}
			samples = append(samples, object{"answer": []string{"R", "B"}[i/3], "reasoning_tokens": length})
		}
		text.put(t, object{"dataset": "d", "model": "m", "question_id": fmt.Sprint(q), "reference": "R", "length_field": "reasoning_tokens", "samples": samples})
	}
	if o := reportOf(t, text.Bytes()).Groups[0].Overthinking; o.Questions != 10 || o.Dropped != 30 {
		t.Errorf("%d questions split, %d dropped; want 10 and 30", o.Questions, o.Dropped)
	}
}

// The paper's form is a ratio to the error like the other: it is not given where
// that is not.
func TestKLIncoherenceNeedsQuestionsAndErrorsToo(t *testing.T) {
	for _, c := range []struct {
		questions, wrong int
		absent           string
	}{{19, 5, "fewer_than_20_questions"}, {20, 0, "fewer_than_10_errors"}, {20, 5, ""}} {
		var text lines
		for q := range c.questions {
			samples := []object{}
			for i := range 30 {
				samples = append(samples, object{"answer": "R", "correct": i >= c.wrong && (q > 0 || i > 0)})
			}
			text.put(t, object{"dataset": "d", "model": "m", "question_id": fmt.Sprint(q), "reference": "R", "samples": samples})
		}
		g := reportOf(t, text.Bytes()).Groups[0]
		if kl := g.Forms.KL; kl.Absent != c.absent || g.Figures.Incoherence.Absent != c.absent || (kl.Value == nil) != (c.absent != "") {
			t.Errorf("%d questions with %d wrong: KL form %v (%q), Brier form %q", c.questions, c.wrong, value(kl.Value), kl.Absent, g.Figures.Incoherence.Absent)
		}
	}
}

// Two pairs in three are long and were measured for that; the others stand for ten
// requests each.
func TestLengthsOfPairsWeighTheInverseOfTheirProbability(t *testing.T) {
	var text lines
	random := rand.New(rand.NewPCG(6, 0))
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range 30 {
		o := monitor.Observation{
			V: monitor.SchemaVersion, ID: toyID(random, at), Route: "r", Kind: "answer", Headline: "exact",
			Inclusion: 0.1, Drawn: true, Differ: map[string]bool{"exact": i%2 == 0},
		}
		tokens := 50
		if i >= 10 {
			o.Inclusion, o.Escalated, o.Added, tokens = 1, true, true, 5000
		}
		for range 2 {
			o.Samples = append(o.Samples, monitor.SampleRecord{Reasoning: monitor.Length{Tokens: tokens, Source: monitor.SourceUsage}})
		}
		text.put(t, o)
	}
	l := reportOf(t, text.Bytes()).Groups[0].Observed.Lengths[0]
	if l.Name != "reasoning_tokens" || l.Known != 30 || *l.P50 != 50 {
		t.Errorf("%s: %d known, median %d; want 30, and 50 of five requests in six", l.Name, l.Known, *l.P50)
	}
}
