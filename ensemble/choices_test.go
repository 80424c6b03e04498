package ensemble

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"hotmess/config"
	"hotmess/wire"
)

func TestEveryChoiceOfOneCallIsASample(t *testing.T) {
	compare, err := NewComparer(wire.View{}, "letter")
	if err != nil {
		t.Fatal(err)
	}
	reply := wire.Reply{
		ID: "r", Choice: wire.Choice{Text: "Answer: A"}, Others: []wire.Choice{{Text: "Answer: B"}, {Refusal: "no"}},
		Choices: 3, Usage: wire.Usage{Input: 7, Output: 30, HasTotals: true},
	}
	primary := Sample{Status: 200, Reply: reply, Keys: compare.Keys(reply)}
	samples := Choices(primary, compare)
	if len(samples) != 3 {
		t.Fatalf("%d samples", len(samples))
	}
	for i, s := range samples {
		if s.Number != i || s.Status != 200 || s.Reply.Others != nil || s.Reply.Usage != reply.Usage || s.Reply.Choices != 3 {
			t.Errorf("sample %d: %+v", i, s)
		}
		if diff := cmp.Diff(compare.Keys(s.Reply), s.Keys); diff != "" {
			t.Errorf("sample %d has the keys of another (-want +got):\n%s", i, diff)
		}
		for _, earlier := range samples[:i] {
			if earlier.Keys[LevelExact] == s.Keys[LevelExact] {
				t.Errorf("samples %d and %d are one", earlier.Number, i)
			}
		}
	}
	if len(primary.Reply.Others) != 2 {
		t.Error("the primary was changed")
	}
}

func TestOneChoiceIsOneSample(t *testing.T) {
	if got := Choices(Sample{Reply: wire.Reply{Choices: 1}}, Comparer{}); len(got) != 1 {
		t.Errorf("%d samples", len(got))
	}
}

func TestSamplesOfOneCallAreBounded(t *testing.T) {
	compare, err := NewComparer(wire.View{}, "")
	if err != nil {
		t.Fatal(err)
	}
	got := Choices(Sample{Reply: wire.Reply{Choices: 1000, Others: make([]wire.Choice, 999)}}, compare)
	if len(got) != config.MaxSamples {
		t.Errorf("%d samples", len(got))
	}
}
