package estimate_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"

	"hotmess/estimate"
)

// clustered draws rows (1, a, b), responses with an effect common to each
// cluster, weights and cluster numbers.
func clustered(random *rand.Rand, clusters, most int) (x [][]float64, y, w []float64, cluster []int) {
	for g := range clusters {
		effect, level := random.NormFloat64(), random.NormFloat64()
		for range 1 + random.IntN(most) {
			a, b := level+random.NormFloat64(), random.Float64()*4
			x = append(x, []float64{1, a, b})
			y = append(y, 2-a+.5*b+effect+random.NormFloat64())
			w = append(w, float64(1+random.IntN(3)))
			cluster = append(cluster, g*7%clusters)
		}
	}
	return x, y, w, cluster
}

// sandwich is least squares with clustered errors, by dense matrices.
func sandwich(x [][]float64, y, w []float64, cluster []int) (beta, se []float64) {
	n, k := len(x), len(x[0])
	xm, wm := mat.NewDense(n, k, nil), mat.NewDiagDense(n, w)
	for i := range x {
		xm.SetRow(i, x[i])
	}
	var xw, a, inverse, b, whole mat.Dense
	xw.Mul(xm.T(), wm)
	a.Mul(&xw, xm)
	if err := inverse.Inverse(&a); err != nil {
		panic(err)
	}
	var z, coef mat.VecDense
	z.MulVec(&xw, mat.NewVecDense(n, y))
	coef.MulVec(&inverse, &z)
	meat, groups := mat.NewDense(k, k, nil), map[int][]float64{}
	for i := range x {
		if groups[cluster[i]] == nil {
			groups[cluster[i]] = make([]float64, k)
		}
		e := y[i] - mat.Dot(xm.RowView(i), &coef)
		for j := range k {
			groups[cluster[i]][j] += w[i] * e * x[i][j]
		}
	}
	for _, s := range groups {
		v := mat.NewVecDense(k, s)
		var outer mat.Dense
		outer.Outer(1, v, v)
		meat.Add(meat, &outer)
	}
	b.Mul(&inverse, meat)
	whole.Mul(&b, &inverse)
	g := float64(len(groups))
	factor := g / (g - 1) * float64(n-1) / float64(n-k)
	for j := range k {
		beta = append(beta, coef.AtVec(j))
		se = append(se, math.Sqrt(factor*whole.At(j, j)))
	}
	return beta, se
}

func TestOLSIsTheSandwich(t *testing.T) {
	random := rand.New(rand.NewPCG(2, 2))
	for range 20 {
		x, y, w, cluster := clustered(random, 30, 6)
		coef, ok := estimate.OLS(x, y, w, cluster)
		if !ok {
			t.Fatal("no coefficients")
		}
		beta, se := sandwich(x, y, w, cluster)
		const t29 = 2.045229642 // t, 29 degrees of freedom, .975
		for j, c := range coef {
			near(t, "coefficient", *c.Value, beta[j], 1e-8)
			near(t, "low", *c.Low, beta[j]-t29*se[j], 1e-7)
			near(t, "high", *c.High, beta[j]+t29*se[j], 1e-7)
			if c.N != int64(len(x)) || c.Clusters != 30 {
				t.Errorf("n %d, clusters %d", c.N, c.Clusters)
			}
		}
	}
}

func TestOLSOfOneColumnIsTheRegressionLine(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 5))
	var x [][]float64
	var a, y []float64
	for range 40 {
		a = append(a, random.NormFloat64())
		x = append(x, []float64{1, a[len(a)-1]})
		y = append(y, 3+2*a[len(a)-1]+random.NormFloat64())
	}
	alpha, beta := stat.LinearRegression(a, y, nil, false)
	coef, _ := estimate.OLS(x, y, nil, nil)
	near(t, "constant", *coef[0].Value, alpha, exact)
	near(t, "slope", *coef[1].Value, beta, exact)
}

func TestMomentsMergeToTheSameRegression(t *testing.T) {
	random := rand.New(rand.NewPCG(6, 6))
	x, y, w, cluster := clustered(random, 40, 6)
	want, _ := estimate.OLS(x, y, w, cluster)
	// Two halves of the clusters, each taken in elsewhere, then added up.
	halves := [2]estimate.Moments{estimate.NewMoments(3), estimate.NewMoments(3)}
	for g := range 40 {
		u, n := make([]float64, estimate.Size(3)), int64(0)
		for i := range x {
			if cluster[i] == g {
				estimate.Accumulate(u, x[i], y[i], w[i])
				n++
			}
		}
		halves[g%2].Add(u, n)
	}
	merged := halves[0]
	merged.N += halves[1].N
	merged.G += halves[1].G
	for i, v := range halves[1].Sum {
		merged.Sum[i] += v
	}
	for i, v := range halves[1].Products {
		merged.Products[i] += v
	}
	got, ok := estimate.OLSFromMoments(merged)
	if !ok {
		t.Fatal("no coefficients")
	}
	for j := range want {
		same(t, "coefficient", got[j], want[j])
	}
}

// The bootstrap over clusters is another way to the same errors. With 150
// clusters and 1,000 rounds its standard deviation is within 4·1/√(2·1000) ≈
// 9 % by chance, and both within some 6 % of the truth.
func TestOLSAgreesWithTheBootstrapOverClusters(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 7))
	x, y, w, cluster := clustered(random, 150, 5)
	coef, _ := estimate.OLS(x, y, w, cluster)
	rows := make([][]int, 150)
	for i, g := range cluster {
		rows[g] = append(rows[g], i)
	}
	var slopes []float64
	for range 1000 {
		var bx [][]float64
		var by, bw []float64
		for range rows {
			for _, i := range rows[random.IntN(len(rows))] {
				bx, by, bw = append(bx, x[i]), append(by, y[i]), append(bw, w[i])
			}
		}
		c, ok := estimate.OLS(bx, by, bw, nil)
		if !ok {
			t.Fatal("no coefficients")
		}
		slopes = append(slopes, *c[1].Value)
	}
	se := (*coef[1].High - *coef[1].Low) / 2 / 1.976
	near(t, "standard error", stat.StdDev(slopes, nil)/se, 1, .15)
}

func TestRegressionsSayWhyTheyAreAbsent(t *testing.T) {
	rows := func(n int, f func(i int) []float64) (x [][]float64, y []float64) {
		for i := range n {
			x, y = append(x, f(i)), append(y, float64(i*i%7))
		}
		return x, y
	}
	one := func(int) []float64 { return []float64{1, 5} }
	ramp := func(i int) []float64 { return []float64{1, float64(i)} }
	twice := func(i int) []float64 { return []float64{1, float64(i), 2*float64(i) + 3} }
	nearly := func(i int) []float64 { return []float64{1, float64(i), 2*float64(i) + 3 + 1e-5*float64(i%3)} }
	zero := func(int) []float64 { return []float64{1, 0} }
	for name, c := range map[string]struct {
		f     func(int) []float64
		n     int
		spoil func(x [][]float64, y []float64) ([]float64, []int)
		want  string
	}{
		"one length":       {f: one, n: 20, want: estimate.AbsentNoSpread},
		"dependent":        {f: twice, n: 20, want: estimate.AbsentNoSpread},
		"nearly dependent": {f: nearly, n: 20, want: estimate.AbsentNoSpread},
		"empty column":     {f: zero, n: 20, want: estimate.AbsentNoSpread},
		"too few rows":     {f: ramp, n: 2, want: estimate.AbsentNoSpread},
		"NaN":              {f: ramp, n: 20, want: estimate.AbsentNotFinite, spoil: func(x [][]float64, _ []float64) ([]float64, []int) { x[3] = []float64{1, math.NaN()}; return nil, nil }},
		"infinite":         {f: ramp, n: 20, want: estimate.AbsentNotFinite, spoil: func(_ [][]float64, y []float64) ([]float64, []int) { y[3] = math.Inf(-1); return nil, nil }},
		"short row":        {f: ramp, n: 20, want: estimate.AbsentInvalid, spoil: func(x [][]float64, _ []float64) ([]float64, []int) { x[3] = []float64{1}; return nil, nil }},
		"short weights":    {f: ramp, n: 20, want: estimate.AbsentInvalid, spoil: func([][]float64, []float64) ([]float64, []int) { return []float64{1}, nil }},
		"short clusters":   {f: ramp, n: 20, want: estimate.AbsentInvalid, spoil: func([][]float64, []float64) ([]float64, []int) { return nil, []int{1} }},
		"weight < 0":       {f: ramp, n: 2, want: estimate.AbsentInvalid, spoil: func([][]float64, []float64) ([]float64, []int) { return []float64{1, -1}, nil }},
	} {
		x, y := rows(c.n, c.f)
		var w []float64
		var cluster []int
		if c.spoil != nil {
			w, cluster = c.spoil(x, y)
		}
		coef, ok := estimate.OLS(x, y, w, cluster)
		if ok || len(coef) != len(x[0]) {
			t.Errorf("%s: %t %+v", name, ok, coef)
			continue
		}
		if coef[1].Value != nil || coef[1].Absent != c.want {
			t.Errorf("%s: %+v, want %s", name, coef[1], c.want)
		}
	}
	if coef, ok := estimate.OLS(nil, nil, nil, nil); ok || coef != nil {
		t.Errorf("nothing: %v", coef)
	}
	x, y := rows(20, ramp)
	coef, ok := estimate.OLS(x, y, nil, slices.Repeat([]int{1, 2, 3, 4}, 5))
	if !ok || coef[1].Value == nil || coef[1].AbsentRange != "fewer_than_10_clusters" {
		t.Errorf("four clusters: %+v", coef[1])
	}
	if coef, ok = estimate.OLSFromMoments(estimate.NewMoments(2)); ok || coef[0].Absent != estimate.AbsentNone {
		t.Errorf("empty moments: %+v", coef)
	}
	if coef, ok = estimate.OLSFromMoments(estimate.Moments{K: 2, N: 9, G: 9}); ok || coef[0].Absent != estimate.AbsentInvalid {
		t.Errorf("moments without sums: %+v", coef)
	}
	if coef, ok = estimate.OLSFromMoments(estimate.Moments{}); ok || coef != nil {
		t.Errorf("no coefficients: %+v", coef)
	}
}

func TestLogLogFindsPowerLaws(t *testing.T) {
	for _, exponent := range []float64{-1, -.27, .4, 2.165} {
		var length, value []float64
		for _, l := range []float64{3, 10, 55, 300, 4000} {
			length, value = append(length, l), append(value, .07*math.Pow(l, exponent))
		}
		s, ok := estimate.LogLog(length, value)
		if !ok {
			t.Fatal("no slope")
		}
		near(t, "exponent", *s.Value, exponent, exact)
		near(t, "low", *s.Low, exponent, 1e-6)
		near(t, "high", *s.High, exponent, 1e-6)
		near(t, "R²", *s.R2, 1, exact)
	}
}

// Five points off the line: slope and interval by the textbook.
func TestLogLogHasTheTextbookInterval(t *testing.T) {
	x, y := []float64{0, 1, 2, 3, 4}, []float64{.1, .9, 2.3, 2.8, 4.1}
	length, value := make([]float64, 5), make([]float64, 5)
	for i := range x {
		length[i], value[i] = math.Exp(x[i]), math.Exp(y[i])
	}
	s, _ := estimate.LogLog(length, value)
	alpha, beta := stat.LinearRegression(x, y, nil, false)
	rest := 0.0
	for i := range x {
		e := y[i] - alpha - beta*x[i]
		rest += e * e
	}
	half := 3.182446305 * math.Sqrt(rest/3/10) // t, 3 degrees of freedom, .975; Σ(x−x̄)² = 10
	near(t, "slope", *s.Value, beta, exact)
	near(t, "low", *s.Low, beta-half, 1e-8)
	near(t, "high", *s.High, beta+half, 1e-8)
	near(t, "R²", *s.R2, stat.RSquared(x, y, nil, alpha, beta), exact)
}

func TestLogLogDropsWhatHasNoLogarithm(t *testing.T) {
	s, ok := estimate.LogLog([]float64{1, 2, 4, 0, 8}, []float64{1, 2, 4, 5, 0})
	if !ok || s.Dropped != 2 || s.N != 3 {
		t.Errorf("%+v", s)
	}
	near(t, "slope", *s.Value, 1, exact)
	for name, c := range map[string]struct {
		length, value []float64
		want          string
	}{
		"nothing":    {nil, nil, estimate.AbsentNone},
		"one length": {[]float64{2, 2, 2}, []float64{1, 2, 3}, estimate.AbsentNoSpread},
		"NaN":        {[]float64{1, 2}, []float64{1, math.NaN()}, estimate.AbsentNotFinite},
		"uneven":     {[]float64{1, 2}, []float64{1}, estimate.AbsentInvalid},
	} {
		if s, ok := estimate.LogLog(c.length, c.value); ok || s.Absent != c.want {
			t.Errorf("%s: %+v", name, s)
		}
	}
	if s, ok := estimate.LogLog([]float64{1, 2}, []float64{1, 2}); !ok || s.Low != nil || s.AbsentRange != "fewer_than_3_clusters" {
		t.Errorf("two points: %+v", s)
	}
}
