package monitor

import (
	"encoding/json"
	"math/big"
	"testing"

	"pgregory.net/rapid"
)

func TestWideArithmeticIsThatOfWholeNumbers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var got int128
		want := new(big.Int)
		for range rapid.IntRange(0, 20).Draw(t, "n") {
			a, b := rapid.Int64().Draw(t, "a"), rapid.Int64().Draw(t, "b")
			p := new(big.Int).Mul(big.NewInt(a), big.NewInt(b))
			p.Rsh(p, 8) // as many as fit together
			q := product(a, b)
			if q.big().Cmp(new(big.Int).Mul(big.NewInt(a), big.NewInt(b))) != 0 {
				t.Fatalf("%d · %d = %v", a, b, q.big())
			}
			small := int128{hi: p.Int64() >> 63, lo: uint64(p.Int64())}
			if rapid.Bool().Draw(t, "add") {
				got.add(small)
				want.Add(want, big.NewInt(p.Int64()))
			} else {
				got.subtract(small)
				want.Sub(want, big.NewInt(p.Int64()))
			}
		}
		if got.big().Cmp(want) != 0 {
			t.Fatalf("got %v, want %v", got.big(), want)
		}
		f, _ := new(big.Float).SetInt(want).Float64()
		if got.float() != f {
			t.Fatalf("as float %v, want %v", got.float(), f)
		}
	})
}

func TestWideRoundTripsThroughJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := int128{hi: rapid.Int64().Draw(t, "hi"), lo: rapid.Uint64().Draw(t, "lo")}
		b, err := json.Marshal(w)
		if err != nil {
			t.Fatal(err)
		}
		var again int128
		if err := json.Unmarshal(b, &again); err != nil || again != w {
			t.Fatalf("%s: %+v, want %+v: %v", b, again, w, err)
		}
	})
}

func TestWideRefusesWhatItCannotHold(t *testing.T) {
	for _, s := range []string{`"x"`, `170141183460469231731687303715884105728`, `1.5`, `{}`} {
		var w int128
		if err := json.Unmarshal([]byte(s), &w); err == nil {
			t.Errorf("%s read as %v", s, w.big())
		}
	}
}
