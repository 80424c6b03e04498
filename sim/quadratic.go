package sim

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// The paper's problem: four dimensions, and a Hessian of condition 50.
const (
	paperDims      = 4
	paperCondition = 50
	// DefaultStep is the norm of one step of the descent where none is given,
	// the paper's.
	DefaultStep = .005
)

// Bounds of a problem.
const (
	maxDims      = 16
	maxCondition = 1e6
	maxEntry     = 1e6
)

// A Quadratic is a function f(x) = ½ (x−b)ᵀA(x−b) to descend on, in JSON as an
// optimiser is asked for it:
//
//	{"a": [[…], …], "b": […], "start": […], "step": 0.005}
type Quadratic struct {
	// A is symmetric and positive definite, of at most 16 dimensions and a
	// condition of at most a million.
	A [][]float64 `json:"a"`
	// B is where the minimum is, Start where the descent begins.
	B     []float64 `json:"b"`
	Start []float64 `json:"start"`
	// Step is the norm of one step; 0 stands for DefaultStep.
	Step float64 `json:"step,omitempty"`
}

// PaperQuadratic is a problem of the paper's kind (§3.2.2, B.4): d = 4 and
// cond(A) = 50, the eigenvalues from 1 to 50 evenly in their logarithm, along
// drawn axes. Problems of one seed share A and b; their starts differ.
func PaperQuadratic(seed uint64, start string) Quadratic {
	rng := source(seed, "quadratic", "axes")
	drawn := mat.NewDense(paperDims, paperDims, nil)
	drawn.Apply(func(int, int, float64) float64 { return rng.NormFloat64() }, drawn)
	var qr mat.QR
	qr.Factorize(drawn)
	var axes, scaled, a mat.Dense
	qr.QTo(&axes)
	scaled.Apply(func(_, j int, v float64) float64 {
		return v * math.Pow(paperCondition, float64(j)/(paperDims-1))
	}, &axes)
	a.Mul(&scaled, axes.T())
	q := Quadratic{A: make([][]float64, paperDims)}
	begin := source(seed, "quadratic", "start", start)
	for i := range paperDims {
		q.A[i] = make([]float64, paperDims)
		for j := range paperDims {
			q.A[i][j] = (a.At(i, j) + a.At(j, i)) / 2 // to the last bit
		}
		q.B = append(q.B, rng.NormFloat64())
		q.Start = append(q.Start, begin.NormFloat64())
	}
	return q
}

// check says what is wrong with the problem's form; whether A is positive
// definite is seen by its eigenvalues.
func (q Quadratic) check() error {
	d := len(q.B)
	switch {
	case d == 0 || d > maxDims:
		return fmt.Errorf("b has %d numbers; from 1 to %d are simulated", d, maxDims)
	case len(q.Start) != d:
		return fmt.Errorf("start has %d numbers, b has %d", len(q.Start), d)
	case len(q.A) != d:
		return fmt.Errorf("a has %d rows, b has %d numbers", len(q.A), d)
	case !bounded(q.B) || !bounded(q.Start) || !bounded([]float64{q.Step}) || q.Step < 0:
		return fmt.Errorf("b, start and step must be within ±%g, and step not negative", maxEntry)
	}
	for i, row := range q.A {
		if len(row) != d || !bounded(row) {
			return fmt.Errorf("row %d of a does not have %d numbers within ±%g", i, d, maxEntry)
		}
		for j := range i {
			if q.A[i][j] != q.A[j][i] {
				return errors.New("a is not symmetric")
			}
		}
	}
	return nil
}

// bounded reports whether all numbers are, which NaN is not.
func bounded(numbers []float64) bool {
	for _, n := range numbers {
		if !(math.Abs(n) <= maxEntry) {
			return false
		}
	}
	return true
}

// MarshalPrompt is a user message that asks an optimiser to descend.
func (q Quadratic) MarshalPrompt() (string, error) {
	raw, err := json.Marshal(q)
	if err != nil {
		return "", fmt.Errorf("encode problem: %w", err)
	}
	return "Take one step of steepest descent at a time on f(x) = ½(x−b)ᵀA(x−b): " + string(raw), nil
}
