package ensemble

import (
	"strings"
	"testing"

	"hotmess/wire"
)

// TestRightAnswerHasTheKeyOfTheSampleThatGaveIt compares the two ways to a key:
// that of a reply, and that of a label.
func TestRightAnswerHasTheKeyOfTheSampleThatGaveIt(t *testing.T) {
	for _, c := range []struct{ form, answer, reply string }{
		{"letter", "B", "I think hard.\nThe answer is **B**."},
		{"letter", "(b)", "Answer: B"},
		{"number", "1250", "Answer: $1,250.00"},
		{"number", "0.5", "#### 1/2"},
		{"boxed", `\frac{1}{2}`, `so \boxed{0.5}`},
		{"boxed", `\boxed{x+1}`, `so \boxed{x+1}`},
		{"tag:answer", "Paris", "<answer>**Paris**</answer>"},
		{"tag:answer", "<answer>Paris</answer>", "<answer>Paris.</answer>"},
		{`regexp:verdict=(\w+)`, "yes", "verdict=yes"},
		{`regexp:verdict=(\w+)`, "verdict=yes", "verdict=yes"},
	} {
		cmp, err := NewComparer(wire.View{}, c.form)
		if err != nil {
			t.Fatal(err)
		}
		if cmp.Form() != c.form {
			t.Errorf("form %s, want %s", cmp.Form(), c.form)
		}
		want := cmp.Keys(wire.Reply{Choice: wire.Choice{Text: c.reply}})[cmp.Headline()]
		got, err := AnswerKey(cmp.Kind(), cmp.Form(), c.answer)
		if err != nil || got != want {
			t.Errorf("%s: %q has key %s, %v; the reply %q has %s", c.form, c.answer, got, err, c.reply, want)
		}
	}
	got, err := AnswerKey(KindStructured, "", `{"b":1.0,"a":[]}`)
	if err != nil || got != structuredKey("```json\n{\"a\":[],\"b\":1}\n```") {
		t.Errorf("structured: %s, %v", got, err)
	}
}

func TestAnswersOfTheWrongKindAreRefused(t *testing.T) {
	for _, c := range []struct {
		kind               Kind
		form, answer, want string
	}{
		{KindAction, "", "B", "offers tools"},
		{KindText, "", "B", "free text"},
		{KindStructured, "", "{", "not a JSON value"},
		{KindAnswer, "letter", "all of them", "no letter"},
		{KindAnswer, "number", "seven", "no number"},
		{KindAnswer, "boxed", "  ", "nothing is left"},
		{KindAnswer, "", "B", "extract"},
	} {
		if _, err := AnswerKey(c.kind, c.form, c.answer); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %s %q: %v, want %s", c.kind, c.form, c.answer, err, c.want)
		}
	}
}
