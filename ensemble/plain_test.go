package ensemble

import (
	"testing"

	"hotmess/wire"
)

func TestPlainAnswerIsTheValueInAKey(t *testing.T) {
	for _, tc := range []struct{ form, answer, plain string }{
		{"letter", "Answer: B) Paris", "B"},
		{"number", "$1,250.00", "1250"},
		{"boxed", `\boxed{0.5}`, "1/2"},
		{"tag:answer", "<answer> New  York. </answer>", "New York"},
	} {
		key, err := AnswerKey(KindAnswer, tc.form, tc.answer)
		if err != nil {
			t.Fatal(err)
		}
		if plain, ok := PlainAnswer(key); !ok || plain != tc.plain {
			t.Errorf("%s: %q reads %q (%t), want %q", tc.form, key, plain, ok, tc.plain)
		}
	}
	key, err := AnswerKey(KindStructured, "", `{"b": 1.0, "a": "x:y)"}`)
	if plain, ok := PlainAnswer(key); err != nil || !ok || plain != `{"a":"x:y)","b":1}` {
		t.Errorf("%q reads %q, %v", key, plain, err)
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
