package eval

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const fourGood = `{"dataset":"d","question_id":"1","question":"One?","reference":"A","samples":[{"answer":"B"}],"model":"old"}
{"dataset":"d","task":"t","question_id":"1","question":"Another one?","reference":"B"}

{"dataset":"d","question_id":"1","question":"One?","reference":"A","model":"older"}
{"dataset":"d","question_id":"3","question":"Three?","reference":3.50}
`

func TestQuestionsAreReadOnce(t *testing.T) {
	got, problems, err := readQuestions("f", strings.NewReader(fourGood))
	if err != nil || problems != nil {
		t.Fatal(err, problems)
	}
	want := []Question{
		{Dataset: "d", ID: "1", Text: "One?", Reference: "A", line: 1},
		{Dataset: "d", Task: "t", ID: "1", Text: "Another one?", Reference: "B", line: 2},
		{Dataset: "d", ID: "3", Text: "Three?", Reference: "3.50", line: 5},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(Question{})); diff != "" {
		t.Error(diff)
	}
}

func TestBrokenLinesAreNamedAndTheRestIsUsed(t *testing.T) {
	for line, want := range map[string]string{
		`{"dataset":"d","question_id":"9","question":"x","reference":"A"`:       "line 6: unexpected end of JSON input",
		`{"question_id":"9","question":"x","reference":"A"}`:                    "line 6: dataset is missing",
		`{"dataset":"d","question":"x","reference":"A"}`:                        "line 6: question_id is missing",
		`{"dataset":"d","question_id":"9","question":" ","reference":"A"}`:      "line 6: question is missing",
		`{"dataset":"d","question_id":"9","question":"x","reference":null}`:     "line 6: reference is missing",
		`{"dataset":"d","question_id":"9","question":"x"}`:                      "line 6: reference is missing",
		`{"dataset":"d","question_id":"9","question":"x","reference":["A"]}`:    "line 6: reference is neither",
		`{"dataset":"d","question_id":"1","question":"One?","reference":"B"}`:   `line 6: question_id "1" stands in line 1`,
		`{"dataset":"d","question_id":"1","question":"Other?","reference":"A"}`: `line 6: question_id "1" stands in line 1`,
		`"` + strings.Repeat("x", maxLine) + `"`:                                "line 6: longer than",
	} {
		got, problems, err := readQuestions("f", strings.NewReader(fourGood+line+"\n"+
			`{"dataset":"d","question_id":"last","question":"x","reference":"A"}`))
		if err != nil || len(problems) != 1 || !strings.HasPrefix(problems[0].Error(), want) {
			t.Errorf("%s: %v, %v, want %s", line, problems, err, want)
			continue
		}
		if len(got) != 4 || got[3].ID != "last" {
			t.Errorf("%s: the rest is %v", line, got)
		}
	}
}

func TestADataSetWithoutQuestionsIsRefused(t *testing.T) {
	for _, text := range []string{"", "\n\n", "nothing\n", strings.Repeat("x", maxLine+1)} {
		if got, _, err := readQuestions("f", strings.NewReader(text)); err == nil {
			t.Errorf("%.20q gives %v", text, got)
		}
	}
}

func FuzzQuestions(f *testing.F) {
	f.Add(fourGood)
	f.Add(`{"dataset":"d","question_id":"1","question":"x","reference":1e400}`)
	f.Add("{}\n[]\nnull")
	f.Fuzz(func(t *testing.T, text string) {
		questions, problems, err := readQuestions("f", strings.NewReader(text))
		if lines := strings.Count(text, "\n") + 1; len(questions)+len(problems) > lines {
			t.Errorf("%d questions and %d problems of %d lines", len(questions), len(problems), lines)
		}
		for _, q := range questions {
			if err != nil || q.Dataset == "" || q.ID == "" || q.Text == "" || q.Reference == "" || q.line < 1 {
				t.Errorf("%+v, %v", q, err)
			}
		}
	})
}
