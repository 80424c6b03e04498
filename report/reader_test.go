package report_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"hotmess/report"
)

const (
	goodQuestion = `{"dataset":"d","model":"m","question_id":"q1","reference":"A","length_field":"output_tokens","samples":[{"answer":"A","correct":true,"output_tokens":3},{"answer":"B","correct":false,"output_tokens":5}]}`
	goodRun      = `{"dataset":"d","model":"m","task_id":"t1","run":"1","reward":1,"actions":4}`
)

func TestBrokenLinesAreNamedAndTheRestIsUsed(t *testing.T) {
	for _, tc := range []struct{ name, line, reason string }{
		{"no JSON", `{"dataset":`, "not JSON"},
		{"NaN", strings.Replace(goodQuestion, "3}", "NaN}", 1), "not JSON"},
		{"infinite", strings.Replace(goodQuestion, "3}", "1e999}", 1), "output_tokens"},
		{"number for a text", strings.Replace(goodQuestion, `"answer":"B"`, `"answer":7`, 1), "answer is a JSON number"},
		{"text for a bool", strings.Replace(goodQuestion, `"correct":true`, `"correct":"yes"`, 1), "correct is a JSON string"},
		{"negative length", strings.Replace(goodQuestion, "3}", "-3}", 1), "samples[0]: output_tokens is -3"},
		{"unknown length field", strings.Replace(goodQuestion, `"output_tokens","samples`, `"words","samples`, 1), `length_field is "words"`},
		{"no samples", `{"question_id":"q9","samples":[]}`, "samples is missing or empty"},
		{"no id", `{"question_id":"","samples":[{"answer":"A","correct":true}]}`, "question_id is empty"},
		{"no reference and no correct", `{"question_id":"q9","samples":[{"answer":"A"}]}`, "correct is missing"},
		{"the same question", strings.Replace(goodQuestion, `"m"`, `"m"`, 1), "was read before"},
		{"reward above 1", strings.Replace(goodRun, `"reward":1`, `"reward":1.5`, 1), "reward is 1.5"},
		{"reward and passed contradict", strings.Replace(goodRun, `"reward":1`, `"reward":1,"passed":false`, 1), "passed is false"},
		{"neither reward nor passed", `{"task_id":"t2"}`, "reward (0..1) or passed"},
		{"the same run", goodRun, "was read before"},
		{"an observation of another version", `{"v":99,"id":"x","route":"r"}`, "v is 99"},
		{"an observation without id", `{"v":1,"id":"","route":"r"}`, "id is empty"},
		{"a label of no request", `{"v":1,"request":"x","outcome":"pass"}`, "request"},
		{"another event", `{"specversion":"1.0","type":"com.example","data":{}}`, `type "com.example"`},
		{"something else", `{"hello":"world"}`, "neither a question"},
		{"an array", `[1,2]`, "JSON array"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			name := file(t, "data.jsonl", []byte(goodQuestion+"\n"+goodRun+"\n\n"+tc.line+"\n"))
			d, err := report.Read([]string{name}, nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			if d.Lines != 3 || d.BrokenLines != 1 || len(d.Questions) != 2 {
				t.Fatalf("%d lines, %d broken, %d questions", d.Lines, d.BrokenLines, len(d.Questions))
			}
			if b := d.Broken[0]; b.Line != 4 || b.File != name || !strings.Contains(b.Reason, tc.reason) {
				t.Errorf("%v, want line 4 and %q", b, tc.reason)
			}
		})
	}
}

func TestGzippedFilesAndStandardInputAreRead(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, err := z.Write([]byte(goodQuestion))
	if err := errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	d, err := report.Read([]string{file(t, "data.jsonl.gz", packed.Bytes()), report.Stdin}, nil, strings.NewReader(goodRun))
	if err != nil || len(d.Questions) != 2 || d.BrokenLines != 0 {
		t.Fatalf("%+v, %v", d, err)
	}
}

func TestCutGzipIsAnErrorThatNamesTheFile(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write(bytes.Repeat([]byte(goodQuestion), 100)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	name := file(t, "cut.gz", packed.Bytes()[:packed.Len()/2])
	if _, err := report.Read([]string{name}, nil, nil); err == nil || !strings.Contains(err.Error(), name) {
		t.Errorf("error is %v", err)
	}
}

func TestMissingFileIsAnError(t *testing.T) {
	if _, err := report.Read([]string{"no-such-file"}, nil, nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error is %v", err)
	}
}

func TestNothingToReportSaysWhy(t *testing.T) {
	for _, tc := range []struct {
		name, text, want string
		filter           report.Filter
	}{
		{"an empty file", "\n\n", "there is no line in ", report.Filter{}},
		{"broken lines only", "{\n{\n", "all 2 lines are broken", report.Filter{}},
		{"a filter", goodQuestion, "no group is left", report.Filter{Model: []string{"other"}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := report.New(read(t, []byte(tc.text)), tc.filter)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error is %v, want %q", err, tc.want)
			}
		})
	}
}

func TestFilterKeepsWhatItNames(t *testing.T) {
	for _, tc := range []struct {
		filter report.Filter
		want   int
	}{
		{report.Filter{}, 5},
		{report.Filter{Model: []string{"toy-4B", "toy-1B"}}, 4},
		{report.Filter{Condition: []string{"low"}}, 1},
		{report.Filter{Task: []string{"toys"}}, 5},
	} {
		r, err := report.New(read(t, toySets(t)), tc.filter)
		if err != nil || len(r.Groups) != tc.want {
			t.Errorf("%+v: %d groups (%v), want %d", tc.filter, len(r.Groups), err, tc.want)
		}
	}
}

func TestSingleSamplesAreCountedAndLeftOut(t *testing.T) {
	one := `{"dataset":"d","model":"m","question_id":"q2","reference":"A","samples":[{"answer":"A"}]}`
	g := reportOf(t, []byte(goodQuestion+"\n"+one)).Groups[0]
	if g.Questions != 1 || g.Skipped != 1 || g.Samples != 2 {
		t.Errorf("%d questions, %d skipped, %d samples", g.Questions, g.Skipped, g.Samples)
	}
}

func TestWhereCorrectIsMissingTheReferenceDecides(t *testing.T) {
	line := `{"dataset":"d","model":"m","question_id":"q","reference":"A","samples":[{"answer":"A"},{"answer":"B"},{"answer":null}]}`
	g := reportOf(t, []byte(line)).Groups[0]
	if *g.Accuracy != 1.0/3 || *g.Disagreement != 1 {
		t.Errorf("accuracy %g, disagreement %g", *g.Accuracy, *g.Disagreement)
	}
}

func TestRatioIsAbsentAndNotZeroWhereNothingIsWrong(t *testing.T) {
	var text strings.Builder
	for i := range 30 {
		fmt.Fprintf(&text, `{"dataset":"d","model":"m","question_id":"q%d","reference":"A","samples":[{"answer":"A"},{"answer":"A"}]}`+"\n", i)
	}
	g := reportOf(t, []byte(text.String())).Groups[0]
	if g.Incoherence != nil || g.Figures.Incoherence.Absent == "" || *g.Error != 0 {
		t.Errorf("incoherence %v (%q), error %v", g.Incoherence, g.Figures.Incoherence.Absent, *g.Error)
	}
}

func TestEventsAreReadAsWhatTheyHold(t *testing.T) {
	observations, labels := toyObservations(t)
	wrap := func(text []byte, kind string) []byte {
		var out bytes.Buffer
		for line := range bytes.Lines(text) {
			fmt.Fprintf(&out, `{"specversion":"1.0","id":"x","type":%q,"data":%s}`+"\n", kind, bytes.TrimSpace(line))
		}
		return out.Bytes()
	}
	plain := reportOf(t, observations, labels)
	events := reportOf(t, wrap(labels, "dev.hotmess.label.v1"), wrap(observations, "dev.hotmess.observation.v1"), []byte(`{"specversion":"1.0","type":"dev.hotmess.alert.v1","data":{}}`))
	var a, b bytes.Buffer
	if err := errors.Join(plain.JSON(&a), events.JSON(&b)); err != nil {
		t.Fatal(err)
	}
	if a.String() != b.String() {
		t.Errorf("plain:\n%s\nevents:\n%s", a.String(), b.String())
	}
}

func TestLinesFromElsewhereAreReadAsThoseOfFiles(t *testing.T) {
	d, err := report.Read(nil, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	observations, _ := toyObservations(t)
	for line := range bytes.Lines(observations) {
		if err := d.Add("store", line); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Add("store", []byte("{")); err != nil {
		t.Fatal(err)
	}
	r, err := report.New(d, report.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	if r.Groups[0].Observed.Measured != 151 || len(r.Files) != 1 || r.Broken[0].String()[:9] != "store:241" {
		t.Errorf("%d measured, files %v, broken %v", r.Groups[0].Observed.Measured, r.Files, r.Broken)
	}
}

func TestObservationsThatComeTwiceCountOnce(t *testing.T) {
	observations, _ := toyObservations(t)
	once, twice := reportOf(t, observations), reportOf(t, observations, observations)
	if a, b := once.Groups[0].Observed.Measured, twice.Groups[0].Observed.Measured; a != b || twice.Repeated != 240 {
		t.Errorf("measured %d and %d, repeated %d", a, b, twice.Repeated)
	}
}

func FuzzQuestions(f *testing.F) {
	fuzzLines(f, goodQuestion, `{"question_id":"q","reference":null,"samples":[{"answer":null,"correct":false,"reward":0.5},{"correct":true,"actions":1e300}]}`)
}

func FuzzRuns(f *testing.F) {
	fuzzLines(f, goodRun, `{"task_id":"t","passed":true,"output_tokens":0,"condition":"x"}`)
}

func FuzzObservations(f *testing.F) {
	fuzzLines(f, `{"v":1,"id":"x","route":"r","kind":"action","headline":"target","drawn":true,"inclusion":0.5,"differ":{"target":true},"samples":[{"number":0,"keys":{"target":"a"},"reasoning":{"tokens":-9,"source":"usage"}},{"number":1}]}`,
		`{"specversion":"1.0","type":"dev.hotmess.observation.v1","data":{"v":1,"id":"x","route":"r"}}`)
}

func FuzzLabels(f *testing.F) {
	fuzzLines(f, `{"v":1,"request":"0190a5b0-0000-7000-8000-000000000000","outcome":"pass"}`, `{"specversion":"1.0","type":"dev.hotmess.label.v1","data":null}`)
}

// fuzzLines feeds any two lines to the readers, and what they accept to the
// report: whatever comes, the good line beside them is used, and no number is
// made up.
func fuzzLines(f *testing.F, seeds ...string) {
	for _, seed := range seeds {
		f.Add([]byte(seed), []byte(seeds[0]))
	}
	f.Fuzz(func(t *testing.T, first, second []byte) {
		text := bytes.Join([][]byte{[]byte(goodQuestion), first, second}, []byte("\n"))
		d, err := report.Read([]string{report.Stdin}, nil, bytes.NewReader(text))
		if err != nil || len(d.Questions) == 0 {
			t.Fatalf("the good line is lost: %v", err)
		}
		if d.BrokenLines > d.Lines || (d.BrokenLines > 0) != (len(d.Broken) > 0) {
			t.Errorf("%d lines, %d broken, %d named", d.Lines, d.BrokenLines, len(d.Broken))
		}
		r, err := report.New(d, report.Filter{})
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(r.JSON(io.Discard), r.Text(io.Discard)); err != nil {
			t.Fatal(err) // JSON has no NaN and no infinity, so it refuses them
		}
	})
}
