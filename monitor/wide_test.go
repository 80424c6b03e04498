package monitor

import (
	"encoding/json"
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"
)

func TestWideCountsLikeBigIntegers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		factor := rapid.Int64()
		var got wide
		want := new(big.Int)
		for range 5 {
			a, b := factor.Draw(t, "a"), factor.Draw(t, "b")
			got = got.plus(product(a, b))
			want.Add(want, new(big.Int).Mul(big.NewInt(a), big.NewInt(b)))
			if want.BitLen() > 126 {
				return // beyond what a wide holds
			}
		}
		text, err := json.Marshal(got)
		if err != nil || string(text) != want.String() {
			t.Fatalf("%s, %v, want %s", text, err, want)
		}
		var back wide
		if err := json.Unmarshal(text, &back); err != nil || back != got {
			t.Fatalf("%s reads as %+v, %v", text, back, err)
		}
		exact, _ := new(big.Float).SetInt(want).Float64()
		if math.Abs(got.float()-exact) > 1e-15*math.Abs(exact) {
			t.Fatalf("float %g, want %g", got.float(), exact)
		}
	})
}

func TestWideRefusesWhatItCannotHold(t *testing.T) {
	var w wide
	for _, text := range []string{"1e5", `"x"`, "170141183460469231731687303715884105728"} {
		if err := json.Unmarshal([]byte(text), &w); err == nil {
			t.Errorf("%s is read as %+v", text, w)
		}
	}
}
