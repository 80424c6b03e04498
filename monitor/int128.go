package monitor

import (
	"fmt"
	"math"
	"math/big"
	"math/bits"
)

// An int128 is a whole number of 128 bits, in two's complement. Moments are
// products of sums, which an int64 does not hold; adding and subtracting such
// numbers is exact in any order, as it would not be with floats.
type int128 struct {
	hi int64
	lo uint64
}

// product is a·b.
func product(a, b int64) int128 {
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	// Mul64 takes a negative factor for itself plus 2^64.
	signed := int64(hi)
	if a < 0 {
		signed -= b
	}
	if b < 0 {
		signed -= a
	}
	return int128{hi: signed, lo: lo}
}

func (w *int128) add(o int128) {
	lo, carry := bits.Add64(w.lo, o.lo, 0)
	w.lo = lo
	w.hi += o.hi + int64(carry)
}

func (w *int128) subtract(o int128) {
	lo, borrow := bits.Sub64(w.lo, o.lo, 0)
	w.lo = lo
	w.hi -= o.hi + int64(borrow)
}

// float is the number rounded to 53 bits.
func (w int128) float() float64 {
	f, _ := new(big.Float).SetInt(w.big()).Float64()
	return f
}

func (w int128) big() *big.Int {
	n := new(big.Int).Lsh(big.NewInt(w.hi), 64)
	return n.Add(n, new(big.Int).SetUint64(w.lo))
}

// MarshalJSON writes a decimal number.
func (w int128) MarshalJSON() ([]byte, error) { return w.big().MarshalJSON() }

// UnmarshalJSON reads a decimal number of at most 128 bits.
func (w *int128) UnmarshalJSON(b []byte) error {
	var n big.Int
	if err := n.UnmarshalJSON(b); err != nil {
		return fmt.Errorf("read number: %w", err)
	}
	hi := new(big.Int).Rsh(&n, 64) // rounds towards -∞, as two's complement does
	if !hi.IsInt64() {
		return fmt.Errorf("read number: %s has more than 128 bits", n.String())
	}
	lo := new(big.Int).And(&n, new(big.Int).SetUint64(math.MaxUint64))
	w.hi, w.lo = hi.Int64(), lo.Uint64()
	return nil
}
