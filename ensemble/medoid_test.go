package ensemble

import (
	"testing"

	"hotmess/wire"
)

// prose makes samples of texts.
func prose(t testing.TB, texts ...string) (Comparer, []Sample) {
	t.Helper()
	v, err := wire.ReadView(wire.Target{Dialect: wire.OpenAIChat}, []byte(`{"model":"m","messages":[{"role":"user","content":"tell me"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	c, err := NewComparer(v, "")
	if err != nil {
		t.Fatal(err)
	}
	var samples []Sample
	for i, text := range texts {
		r := wire.Reply{Choice: wire.Choice{Text: text}}
		samples = append(samples, Sample{Number: i, Reply: r, Keys: c.Keys(r), Empty: silent(r)})
	}
	return c, samples
}

func TestMedoid(t *testing.T) {
	const (
		fox   = "the quick brown fox jumps over the lazy dog"
		foxes = "the quick brown fox jumps over the sleepy dog"
		hare  = "the quick brown fox jumps over a hare today"
		moon  = "nothing of that is true under the moon"
	)
	for _, c := range []struct {
		name    string
		texts   []string
		winner  int
		sampled bool
	}{
		{"the text that is most like the others", []string{moon, foxes, fox, hare}, 1, true},
		{"nothing alike keeps the primary", []string{moon, fox, "a third one of its own"}, 0, true},
		{"a majority of equals", []string{moon, "Yes.", "Yes."}, 1, false},
		{"half with the primary", []string{"Yes.", fox, fox, "Yes."}, 0, false},
		{"empty texts do not vote", []string{" \n", fox, moon}, 1, true},
		{"texts without words", []string{"…", "!", fox}, 0, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			comparer, samples := prose(t, c.texts...)
			if v, ok := comparer.Medoid(samples); !ok || v.Winner != c.winner || v.Sampled != c.sampled {
				t.Errorf("%+v, want sample %d", v, c.winner)
			}
		})
	}
}
