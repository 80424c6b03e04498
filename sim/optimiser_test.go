package sim

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

func optimiser(t *testing.T, step, size float64) *Optimiser {
	t.Helper()
	q := PaperQuadratic(3, "a")
	q.Step = step
	o, err := NewOptimiser(q, size)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// norm2 is zᵀAz.
func norm2(a [][]float64, z []float64) float64 {
	sum := 0.
	for i, row := range a {
		sum += z[i] * floats.Dot(row, z)
	}
	return sum
}

func TestPaperQuadraticIsOfThePapersKind(t *testing.T) {
	one, other := PaperQuadratic(3, "a"), PaperQuadratic(3, "b")
	if floats.Equal(one.Start, other.Start) || !floats.Equal(one.B, other.B) || !floats.Equal(one.A[0], other.A[0]) {
		t.Error("problems of one seed must differ in their start and in nothing else")
	}
	if floats.Equal(one.B, PaperQuadratic(4, "a").B) {
		t.Error("the seed has no effect")
	}
	o, err := NewOptimiser(one, 1e6)
	if err != nil {
		t.Fatal(err)
	}
	if v := o.values; len(v) != 4 || math.Abs(v[0]-1) > 1e-9 || math.Abs(v[3]-50) > 1e-9 {
		t.Errorf("eigenvalues %v", v)
	}
}

func TestIdealStepsHaveOneNormAndGoDown(t *testing.T) {
	o := optimiser(t, .05, 1e6)
	last := o.Ideal(0)
	for n := 1; n <= 20; n++ {
		now := o.Ideal(n)
		if d := floats.Distance(now, last, 2); math.Abs(d-.05) > 1e-12 {
			t.Errorf("step %d is %v long", n, d)
		}
		if norm2(o.problem.A, o.toMinimum(now)) >= norm2(o.problem.A, o.toMinimum(last)) {
			t.Errorf("step %d goes up", n)
		}
		last = now
	}
	if q := (Quadratic{A: [][]float64{{1}}, B: []float64{2}, Start: []float64{2}}); true {
		at, err := NewOptimiser(q, 1e6)
		if err != nil || at.Ideal(5)[0] != 2 {
			t.Errorf("the minimum is left: %v", err)
		}
	}
}

// TestTheClosedFormIsThatOfTheRecursion steps mean and covariance by their own
// definition, in the given coordinates: m ← Mm + βu, S ← MSM + σ²I.
func TestTheClosedFormIsThatOfTheRecursion(t *testing.T) {
	o := optimiser(t, .05, 200_000)
	d := len(o.problem.B)
	m := mat.NewDense(d, d, nil)
	for i, row := range o.problem.A {
		for j, a := range row {
			m.Set(i, j, -correction*a/o.values[d-1])
		}
		m.Set(i, i, 1+m.At(i, i))
	}
	mean, cov := mat.NewVecDense(d, nil), mat.NewDense(d, d, nil)
	for n := 1; n <= 60; n++ {
		var stepped mat.VecDense
		stepped.MulVec(m, mean)
		for i := range d {
			stepped.SetVec(i, stepped.AtVec(i)+o.drift/math.Sqrt(float64(d)))
		}
		mean.CopyVec(&stepped)
		var left, both mat.Dense
		left.Mul(m, cov)
		both.Mul(&left, m)
		for i := range d {
			both.Set(i, i, both.At(i, i)+o.noise*o.noise)
		}
		cov.Copy(&both)
		off := o.toMinimum(o.Ideal(n))
		floats.Add(off, mean.RawVector().Data)
		variance := 0.
		for i, row := range o.problem.A {
			variance += floats.Dot(row, mat.Col(nil, i, cov))
		}
		if want := norm2(o.problem.A, off); math.Abs(o.Bias2(n)-want) > 1e-9*want {
			t.Fatalf("bias² after %d steps is %v, want %v", n, o.Bias2(n), want)
		}
		if math.Abs(o.Variance(n)-variance) > 1e-9*variance {
			t.Fatalf("variance after %d steps is %v, want %v", n, o.Variance(n), variance)
		}
	}
	if o.Variance(0) != 0 || math.Abs(o.Bias2(0)-norm2(o.problem.A, o.toMinimum(o.problem.Start))) > 1e-9 {
		t.Error("before the first step there is nothing but the start")
	}
}

// TestTrajectoriesHaveTheBiasAndVariance draws them.
func TestTrajectoriesHaveTheBiasAndVariance(t *testing.T) {
	const runs, last = 4000, 12
	o := optimiser(t, .2, smallestSize)
	rng := rand.New(rand.NewPCG(1, 2))
	for _, steps := range []int{1, 5, last} {
		d := len(o.problem.B)
		mean := make([]float64, d)
		ends := make([][]float64, runs)
		for r := range ends {
			x := o.Ideal(0)
			for n := 1; n <= steps; n++ {
				x = o.Next(rng, n, x)
			}
			ends[r] = o.toMinimum(x)
			floats.AddScaled(mean, 1./runs, ends[r])
		}
		var around []float64
		for _, z := range ends {
			floats.Sub(z, mean)
			around = append(around, norm2(o.problem.A, z))
		}
		variance := floats.Sum(around) / (runs - 1)
		spread := 0.
		for _, v := range around {
			spread += (v - variance) * (v - variance) / runs
		}
		// Four standard errors: of a mean of squares, and of the squared norm of
		// a mean that is off by at most √(variance/runs) in the norm of A.
		if tol := 4 * math.Sqrt(spread/runs); math.Abs(variance-o.Variance(steps)) > tol {
			t.Errorf("after %d steps the variance is %v, want %v ± %v", steps, variance, o.Variance(steps), tol)
		}
		bias2, off := norm2(o.problem.A, mean), math.Sqrt(o.Variance(steps)/runs)
		if tol := 4*2*math.Sqrt(o.Bias2(steps))*off + 16*off*off; math.Abs(bias2-o.Bias2(steps)) > tol {
			t.Errorf("after %d steps bias² is %v, want %v ± %v", steps, bias2, o.Bias2(steps), tol)
		}
	}
}

func TestBiasFallsFasterWithSizeThanVariance(t *testing.T) {
	small, large := optimiser(t, .05, smallestSize), optimiser(t, .05, 100*smallestSize)
	if got, want := large.Variance(7)/small.Variance(7), math.Pow(100, -varianceExponent); math.Abs(got-want) > 1e-9*want {
		t.Errorf("variance falls to %v, want %v", got, want)
	}
	if got, want := large.drift/small.drift, math.Pow(100, -biasExponent/2); math.Abs(got-want) > 1e-9*want {
		t.Errorf("drift falls to %v, want %v", got, want)
	}
	if !(small.Variance(3) < small.Variance(9)) {
		t.Error("errors do not pile up along the steps")
	}
}

func TestProblemsThatCannotBeDescendedOnAreRefused(t *testing.T) {
	good := func() Quadratic {
		return Quadratic{A: [][]float64{{2, 1}, {1, 2}}, B: []float64{0, 0}, Start: []float64{1, 1}}
	}
	for want, change := range map[string]func(*Quadratic){
		"b has 0 numbers":     func(q *Quadratic) { q.B = nil },
		"b has 17 numbers":    func(q *Quadratic) { q.B = make([]float64, 17) },
		"start has 1 numbers": func(q *Quadratic) { q.Start = q.Start[:1] },
		"a has 1 rows":        func(q *Quadratic) { q.A = q.A[:1] },
		"row 1 of a":          func(q *Quadratic) { q.A[1] = nil },
		"not symmetric":       func(q *Quadratic) { q.A[0][1] = 0 },
		"within":              func(q *Quadratic) { q.B[0] = 1e7 },
		"not negative":        func(q *Quadratic) { q.Step = -1 },
		"positive definite":   func(q *Quadratic) { q.A[0][0] = -2 },
		"a condition":         func(q *Quadratic) { q.A = [][]float64{{1e-6, 0}, {0, 2}} },
	} {
		q := good()
		change(&q)
		if _, err := NewOptimiser(q, 1e6); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	for _, size := range []float64{0, -1, .5, math.NaN(), math.Inf(1)} {
		if _, err := NewOptimiser(good(), size); err == nil {
			t.Errorf("size %v is taken", size)
		}
	}
	if o, err := NewOptimiser(good(), 1e6); err != nil || o.problem.Step != DefaultStep {
		t.Errorf("%v", err)
	}
}
