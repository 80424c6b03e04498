package eval

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var testParameters = parameters{Questions: "q", Upstream: "u", Dialect: "openai-chat", Model: "m", Extract: "letter"}

// begun is a journal with a few samples, and its file.
func begun(t *testing.T, numbers ...int) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "out.jsonl.journal")
	j := opened(t, name)
	for _, n := range numbers {
		answer := "A"
		if err := j.add(questionID{"d", "t", "q1"}, n, Sample{Answer: &answer, Correct: n == 1}); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.close(); err != nil {
		t.Fatal(err)
	}
	return name
}

func opened(t *testing.T, name string) *journal {
	t.Helper()
	j, err := openJournal(name, testParameters)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// numbers are those of the samples of q1 that a journal has.
func numbers(j *journal) []int {
	var list []int
	for n := range j.have[questionID{"d", "t", "q1"}] {
		list = append(list, n)
	}
	slices.Sort(list)
	return list
}

func text(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestAJournalGoesOnWhereItEnded(t *testing.T) {
	name := begun(t, 0, 1)
	j := opened(t, name)
	got := j.have[questionID{"d", "t", "q1"}]
	if len(got) != 2 || !got[1].Correct || got[0].Correct || *got[1].Answer != "A" || j.notes != nil {
		t.Errorf("%+v, %v", got, j.notes)
	}
	if err := errors.Join(j.add(questionID{"d", "t", "q1"}, 2, Sample{}), j.close()); err != nil {
		t.Fatal(err)
	}
	j = opened(t, name)
	defer j.close()
	if got := numbers(j); !slices.Equal(got, []int{0, 1, 2}) || strings.Count(text(t, name), "hotmess_eval") != 1 {
		t.Errorf("samples %v in\n%s", got, text(t, name))
	}
}

// TestAHalfWrittenLineIsDropped cuts a journal at every byte.
func TestAHalfWrittenLineIsDropped(t *testing.T) {
	whole := text(t, begun(t, 0, 1))
	for cut := range len(whole) {
		name := filepath.Join(t.TempDir(), "j")
		if err := os.WriteFile(name, []byte(whole[:cut]), 0o600); err != nil {
			t.Fatal(err)
		}
		j := opened(t, name)
		lines := strings.Count(whole[:cut], "\n")
		want := max(0, lines-1)
		torn := cut > 0 && whole[cut-1] != '\n'
		if got := len(numbers(j)); got != want || (len(j.notes) == 1) != torn {
			t.Fatalf("cut at %d of %d: %d samples, want %d; notes %v", cut, len(whole), got, want, j.notes)
		}
		if err := errors.Join(j.add(questionID{"d", "t", "q1"}, 7, Sample{}), j.close()); err != nil {
			t.Fatal(err)
		}
		again := opened(t, name)
		if got := numbers(again); len(got) != want+1 || !slices.Contains(got, 7) || again.notes != nil {
			t.Fatalf("cut at %d: then %v, notes %v", cut, got, again.notes)
		}
		if err := again.close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestABrokenLineInTheMiddleIsSaid(t *testing.T) {
	name := begun(t, 0, 1, 2)
	lines := strings.SplitAfter(text(t, name), "\n")
	lines[2] = "\x00\x00\x00\n"
	if err := os.WriteFile(name, []byte(strings.Join(lines, "")), 0o600); err != nil {
		t.Fatal(err)
	}
	j := opened(t, name)
	defer j.close()
	if got := numbers(j); !slices.Equal(got, []int{0, 2}) || len(j.notes) != 1 || !strings.Contains(j.notes[0], "line 3") {
		t.Errorf("%v, %v", got, j.notes)
	}
}

func TestOtherParametersAreRefusedByName(t *testing.T) {
	name := begun(t, 0)
	warm := 0.5
	for want, change := range map[string]func(*parameters){
		"other questions":             func(p *parameters) { p.Questions = "x" },
		`--upstream "u", now "v"`:     func(p *parameters) { p.Upstream = "v" },
		"--dialect":                   func(p *parameters) { p.Dialect = "x" },
		"--model":                     func(p *parameters) { p.Model = "x" },
		"--temperature null, now 0.5": func(p *parameters) { p.Temperature = &warm },
		"--max-tokens 0, now 9":       func(p *parameters) { p.MaxTokens = 9 },
		"--instruction":               func(p *parameters) { p.Instruction = "x" },
		"--extract":                   func(p *parameters) { p.Extract = "x" },
		"--condition":                 func(p *parameters) { p.Condition = "x" },
		"--body":                      func(p *parameters) { p.Body = json.RawMessage(`{"a":1}`) },
	} {
		p := testParameters
		change(&p)
		before := text(t, name)
		j, err := openJournal(name, p)
		if err == nil {
			j.close()
		}
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), name) || text(t, name) != before {
			t.Errorf("%s: %v", want, err)
		}
	}
}

func TestAJournalWithoutSamplesIsBegunAnew(t *testing.T) {
	name := begun(t)
	p := testParameters
	p.Upstream = "the right one"
	j, err := openJournal(name, p)
	if err != nil {
		t.Fatal(err)
	}
	if err := j.close(); err != nil {
		t.Fatal(err)
	}
	if got := text(t, name); strings.Count(got, "\n") != 1 || !strings.Contains(got, "the right one") {
		t.Errorf("the journal is\n%s", got)
	}
}

func TestOneJournalHasOneWriter(t *testing.T) {
	name := begun(t, 0)
	j := opened(t, name)
	defer j.close()
	if other, err := openJournal(name, testParameters); err == nil || !strings.Contains(err.Error(), "another eval") {
		t.Errorf("opened twice: %v, %v", other, err)
	}
}

func TestOtherFilesAreLeftAlone(t *testing.T) {
	for _, content := range []string{"# notes\n", "{}\n", `{"hotmess_eval":9}` + "\n", "[1]\n", strings.Repeat("x", maxLine+2)} {
		name := filepath.Join(t.TempDir(), "j")
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if j, err := openJournal(name, testParameters); err == nil {
			j.close()
			t.Errorf("%.20q is taken for a journal", content)
		}
		if text(t, name) != content {
			t.Errorf("%.20q was changed", content)
		}
	}
}

// FuzzJournal opens what is left after any bytes follow a heading.
func FuzzJournal(f *testing.F) {
	f.Add([]byte(`{"dataset":"d","task":"t","question_id":"q1","sample":0,"answer":"A","correct":true}` + "\n{"))
	f.Add([]byte("\n\n\x00\n"))
	f.Add([]byte(`{"question_id":"q1","sample":-1}` + "\n"))
	f.Fuzz(func(t *testing.T, rest []byte) {
		name := filepath.Join(t.TempDir(), "j")
		first, err := json.Marshal(heading{journalVersion, testParameters})
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, slices.Concat(first, []byte("\n"), rest), 0o600); err != nil {
			t.Fatal(err)
		}
		j := opened(t, name)
		before := len(j.have)
		if err := errors.Join(j.add(questionID{"d", "", "new"}, 1, Sample{}), j.close()); err != nil {
			t.Fatal(err)
		}
		j = opened(t, name)
		defer j.close()
		if _, there := j.have[questionID{"d", "", "new"}][1]; !there || len(j.have) < before {
			t.Errorf("what was added is not there: %v", j.have)
		}
	})
}
