package sim

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// How the errors of an optimiser depend on its size, a number of parameters.
// The exponents are those that are reported for the paper's trained decoders:
// bias² falls with size^-2.165 and variance with size^-0.878. The other figures
// are chosen so that both are of the order of one step at the paper's smallest
// size, and say nothing about any model.
const (
	smallestSize     = 47_000
	biasExponent     = 2.165
	varianceExponent = .878
	// driftSteps and noiseSteps are the drift and the standard deviation in
	// each dimension of one step at the smallest size, in steps.
	driftSteps, noiseSteps = .3, .3
	// correction is how much of an error along the steepest axis the next step
	// takes back.
	correction = .2
)

// An Optimiser is a pretend model of some size that takes steps of steepest
// descent of fixed norm on a quadratic, with a bias and a noise that are known.
// It is synthetic: an oracle to hold measurements against, not a finding about
// models, which are not trained here.
//
// With x*(t) the exact descent and e(t) = x(t) − x*(t) the error of a trajectory,
//
//	e(t+1) = (I − κA/λmax) e(t) + β·u + σ·ε,   e(0) = 0, ε ~ N(0, I)
//
// where u is a fixed direction of norm 1, β and σ fall with size, and κ is what
// a step takes back of earlier errors: much along steep axes, little along flat
// ones, where errors pile up as the steps go on. Along the axis i of A, with
// eigenvalue λᵢ and rᵢ = 1 − κλᵢ/λmax,
//
//	E eᵢ(t) = β uᵢ (1 − rᵢᵗ) / (1 − rᵢ),   Var eᵢ(t) = σ² (1 − rᵢ²ᵗ) / (1 − rᵢ²),
//
// so that bias and variance of x(t) against the minimum b, in the norm of A, are
// sums over axes. An Optimiser is not changed by its methods.
type Optimiser struct {
	problem Quadratic
	drift   float64 // β
	noise   float64 // σ
	values  []float64
	axes    [][]float64 // by axis
}

// NewOptimiser makes the optimiser of a size, at least 1, for a problem.
func NewOptimiser(problem Quadratic, size float64) (*Optimiser, error) {
	if !(size >= 1 && !math.IsInf(size, 1)) {
		return nil, fmt.Errorf("a model of %g parameters is not simulated", size)
	}
	if problem.Step == 0 {
		problem.Step = DefaultStep
	}
	if err := problem.check(); err != nil {
		return nil, err
	}
	relative := size / smallestSize
	o := &Optimiser{
		problem: problem,
		drift:   driftSteps * problem.Step * math.Pow(relative, -biasExponent/2),
		noise:   noiseSteps * problem.Step * math.Pow(relative, -varianceExponent/2),
	}
	return o, o.decompose()
}

// decompose finds the axes of A.
func (o *Optimiser) decompose() error {
	d := len(o.problem.B)
	a := mat.NewSymDense(d, nil)
	for i, row := range o.problem.A {
		for j := range i + 1 {
			a.SetSym(i, j, row[j])
		}
	}
	var found mat.EigenSym
	if !found.Factorize(a, true) {
		return errors.New("the axes of a were not found")
	}
	o.values = found.Values(nil) // ascending
	if steepest := o.values[d-1]; !(o.values[0] > 0 && steepest/o.values[0] <= maxCondition) {
		return fmt.Errorf("a must be positive definite with a condition of at most %g", maxCondition)
	}
	var vectors mat.Dense
	found.VectorsTo(&vectors)
	for i := range d {
		o.axes = append(o.axes, mat.Col(nil, i, &vectors))
	}
	return nil
}

// Ideal is where steepest descent without an error is after so many steps.
func (o *Optimiser) Ideal(steps int) []float64 {
	x := append([]float64(nil), o.problem.Start...)
	for range steps {
		slope := o.times(o.toMinimum(x))
		if norm := floats.Norm(slope, 2); norm > 0 {
			floats.AddScaled(x, -o.problem.Step/norm, slope)
		}
	}
	return x
}

// Next is a step from x to after the step of the given number, from 1.
func (o *Optimiser) Next(rng *rand.Rand, number int, x []float64) []float64 {
	err := append([]float64(nil), x...)
	floats.Sub(err, o.Ideal(number-1))
	next := o.Ideal(number)
	for i, axis := range o.axes {
		floats.AddScaled(next, o.kept(i)*floats.Dot(err, axis), axis)
	}
	for k := range next {
		next[k] += o.drift*o.direction() + o.noise*rng.NormFloat64()
	}
	return next
}

// Bias2 is ‖E x(t) − b‖² in the norm of A, over trajectories from Start, after so
// many steps.
func (o *Optimiser) Bias2(steps int) float64 {
	ideal, sum := o.toMinimum(o.Ideal(steps)), 0.
	for i, axis := range o.axes {
		r, toward := o.kept(i), o.drift*o.direction()*floats.Sum(axis)
		off := floats.Dot(ideal, axis) + toward*(1-math.Pow(r, float64(steps)))/(1-r)
		sum += o.values[i] * off * off
	}
	return sum
}

// Variance is E‖x(t) − E x(t)‖² likewise.
func (o *Optimiser) Variance(steps int) float64 {
	sum := 0.
	for i := range o.axes {
		r2 := o.kept(i) * o.kept(i)
		sum += o.values[i] * o.noise * o.noise * (1 - math.Pow(r2, float64(steps))) / (1 - r2)
	}
	return sum
}

// kept is rᵢ, the share of an error along an axis that a step leaves.
func (o *Optimiser) kept(axis int) float64 {
	return 1 - correction*o.values[axis]/o.values[len(o.values)-1]
}

// direction is each component of u, which leans the same way in all dimensions.
func (o *Optimiser) direction() float64 { return 1 / math.Sqrt(float64(len(o.problem.B))) }

// toMinimum is x − b.
func (o *Optimiser) toMinimum(x []float64) []float64 {
	z := append([]float64(nil), x...)
	floats.Sub(z, o.problem.B)
	return z
}

// times is A·z.
func (o *Optimiser) times(z []float64) []float64 {
	product := make([]float64, len(z))
	for i, row := range o.problem.A {
		product[i] = floats.Dot(row, z)
	}
	return product
}
