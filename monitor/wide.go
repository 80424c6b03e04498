package monitor

import (
	"fmt"
	"math"
	"math/big"
	"math/bits"
)

// A wide is an integer of 128 bits. Products of labelled sums need it: a
// conversation of 1,000 requests of the greatest weight has squares of 10^24.
type wide struct {
	hi int64
	lo uint64
}

// product is a·b, exactly.
func product(a, b int64) wide {
	hi, lo := bits.Mul64(magnitude(a), magnitude(b))
	w := wide{int64(hi), lo}
	if (a < 0) != (b < 0) {
		return w.negative()
	}
	return w
}

func magnitude(a int64) uint64 {
	if a < 0 {
		return -uint64(a)
	}
	return uint64(a)
}

func (w wide) negative() wide {
	lo, borrow := bits.Sub64(0, w.lo, 0)
	return wide{-w.hi - int64(borrow), lo}
}

func (w wide) plus(o wide) wide {
	lo, carry := bits.Add64(w.lo, o.lo, 0)
	return wide{w.hi + o.hi + int64(carry), lo}
}

// float is the nearest float64, but for the last bit.
func (w wide) float() float64 {
	if w.hi < 0 {
		return -w.negative().float()
	}
	return math.Ldexp(float64(w.hi), 64) + float64(w.lo)
}

// MarshalJSON writes a JSON number.
func (w wide) MarshalJSON() ([]byte, error) {
	b := new(big.Int).Lsh(big.NewInt(w.hi), 64)
	return b.Add(b, new(big.Int).SetUint64(w.lo)).MarshalJSON()
}

// UnmarshalJSON is the inverse of MarshalJSON.
func (w *wide) UnmarshalJSON(text []byte) error {
	var b big.Int
	if err := b.UnmarshalJSON(text); err != nil {
		return fmt.Errorf("read integer: %w", err)
	}
	hi := new(big.Int).Rsh(&b, 64)
	if !hi.IsInt64() {
		return fmt.Errorf("read integer: %s needs more than 128 bits", text)
	}
	w.hi, w.lo = hi.Int64(), b.Sub(&b, hi.Lsh(hi, 64)).Uint64()
	return nil
}
