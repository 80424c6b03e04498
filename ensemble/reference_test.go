package ensemble

import (
	"testing"

	"hotmess/wire"
)

// TestReferencesEqualTheRepliesThatGiveThem holds the key of a right answer
// against the key of a reply that gives it in the form.
func TestReferencesEqualTheRepliesThatGiveThem(t *testing.T) {
	for _, tc := range []struct{ form, reference, reply, plain string }{
		{"letter", "E", "So it is clear.\nAnswer: E", "E"},
		{"letter", "(b)", "Answer: B) Paris", "B"},
		{"number", "1,250", "the total is\nAnswer: $1250.00", "1250"},
		{"number", "-3", "Answer: -3", "-3"},
		{"boxed", `\frac{1}{2}`, `thus \boxed{0.5}`, "1/2"},
		{"tag:answer", "New  York", "<answer> New York. </answer>", "New York"},
		{"regexp:(?m)^=> (.*)$", "7", "=> 7.0", "7"},
	} {
		c, err := NewComparer(wire.View{}, tc.form)
		if err != nil {
			t.Fatal(err)
		}
		want := c.Keys(wire.Reply{Choice: wire.Choice{Text: tc.reply}})[LevelExact]
		got, ok := AnswerKey(tc.form, tc.reference)
		if !ok || got != want {
			t.Errorf("%s: reference %q is %q (%t), the reply %q", tc.form, tc.reference, got, ok, want)
		}
		if plain, ok := PlainAnswer(got); !ok || plain != tc.plain {
			t.Errorf("%s: %q reads %q (%t), want %q", tc.form, got, plain, ok, tc.plain)
		}
	}
}

func TestReferencesThatAreNoneInTheFormAreRefused(t *testing.T) {
	for _, tc := range [][2]string{{"letter", "Paris is the capital"}, {"number", "many"}, {"tag:answer", " "}, {"", "A"}, {"roman", "A"}} {
		if key, ok := AnswerKey(tc[0], tc[1]); ok {
			t.Errorf("form %q: %q is %q", tc[0], tc[1], key)
		}
	}
}

func TestPlainAnswerTellsRefusalsFromNothing(t *testing.T) {
	c, err := NewComparer(wire.View{}, "letter")
	if err != nil {
		t.Fatal(err)
	}
	refused := c.Keys(wire.Reply{Choice: wire.Choice{Refusal: "no"}})[LevelExact]
	if plain, ok := PlainAnswer(refused); !ok || plain != Refused {
		t.Errorf("refusal reads %q, %t", plain, ok)
	}
	for _, key := range []string{
		c.Keys(wire.Reply{Choice: wire.Choice{Text: "I cannot say."}})[LevelExact],
		"", "letter", "letter(", "letter(9:A)", "letter(-1:A)", "text(1:A)",
	} {
		if plain, ok := PlainAnswer(key); ok {
			t.Errorf("%q reads %q", key, plain)
		}
	}
}
