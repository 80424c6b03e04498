package estimate

import (
	"math"

	"gonum.org/v1/gonum/mat"
)

// Moments are what a linear regression with cluster-robust intervals needs of
// the clusters, in a form that merges by adding. For a cluster with rows x
// (K values, the first usually 1), response y and weight w, its vector is
//
//	u = (Σw·x·y, upper triangle of Σw·x·xᵀ by rows),
//
// of Size(K) values; Sum is Σu and Products is Σu·uᵀ, its upper triangle by
// rows. Who must merge exactly keeps both as integers and converts at the end.
type Moments struct {
	K        int
	Sum      []float64
	Products []float64
	// N counts the observations, G the clusters.
	N, G int64
}

// Size is the length of a cluster's vector with k coefficients.
func Size(k int) int { return k + k*(k+1)/2 }

// Packed is the number of values of a symmetric matrix of size n: the length
// of Products for n = Size(K).
func Packed(n int) int { return n * (n + 1) / 2 }

// NewMoments is empty moments of k coefficients.
func NewMoments(k int) Moments {
	return Moments{K: k, Sum: make([]float64, Size(k)), Products: make([]float64, Packed(Size(k)))}
}

// Add takes in the vector of one cluster with n observations.
func (m *Moments) Add(u []float64, n int64) {
	at := 0
	for i := range u {
		m.Sum[i] += u[i]
		for j := i; j < len(u); j++ {
			m.Products[at] += u[i] * u[j]
			at++
		}
	}
	m.N += n
	m.G++
}

// Accumulate adds one observation to the vector u of its cluster.
func Accumulate(u, x []float64, y, w float64) {
	at := len(x)
	for i := range x {
		u[i] += w * x[i] * y
		for j := i; j < len(x); j++ {
			u[at] += w * x[i] * x[j]
			at++
		}
	}
}

// OLS is least squares of y on the columns of x (put a 1 into the first for a
// constant), each coefficient with its interval: sandwich errors over
// clusters with the usual small-sample factor G/(G−1)·(n−1)/(n−k) (CR1;
// Cameron & Miller 2015), t with G−1 degrees of freedom, absent below
// MinClusters. w are weights (nil: 1 each), cluster numbers the clusters (nil:
// each row is one). ok is false, and every coefficient absent with the
// reason, where none can be computed.
func OLS(x [][]float64, y, w []float64, cluster []int) (coef []Figure, ok bool) {
	if len(x) == 0 || len(x[0]) == 0 {
		return nil, false
	}
	k := len(x[0])
	if why := refuseRows(x, y, w, cluster); why != "" {
		return missing(k, why, int64(len(x)), 0), false
	}
	order, rows := clusterRows(cluster, len(x))
	m := NewMoments(k)
	for _, g := range order {
		u := make([]float64, Size(k))
		for _, i := range rows[g] {
			Accumulate(u, x[i], y[i], weight(w, i))
		}
		m.Add(u, int64(len(rows[g])))
	}
	beta, inverse, why := m.solve()
	if why != "" {
		return missing(k, why, m.N, m.G), false
	}
	meat := mat.NewSymDense(k, nil)
	for _, g := range order {
		score := mat.NewVecDense(k, nil)
		for _, i := range rows[g] {
			row := mat.NewVecDense(k, x[i])
			score.AddScaledVec(score, weight(w, i)*(y[i]-mat.Dot(row, beta)), row)
		}
		meat.SymRankOne(meat, 1, score)
	}
	return m.coefficients(beta, inverse, meat), true
}

// OLSFromMoments is OLS from merged moments.
func OLSFromMoments(m Moments) (coef []Figure, ok bool) {
	if m.K < 1 {
		return nil, false
	}
	if len(m.Sum) != Size(m.K) || len(m.Products) != Packed(Size(m.K)) {
		return missing(m.K, AbsentInvalid, m.N, m.G), false
	}
	if !finite(m.Sum...) || !finite(m.Products...) {
		return missing(m.K, AbsentNotFinite, m.N, m.G), false
	}
	beta, inverse, why := m.solve()
	if why != "" {
		return missing(m.K, why, m.N, m.G), false
	}
	return m.coefficients(beta, inverse, m.meat(beta)), true
}

// meat is Σ s·sᵀ of the clusters' scores s = Σw·x·(y − x·β), each of which is
// linear in u: s = L·u, hence L·(Σu·uᵀ)·Lᵀ.
func (m Moments) meat(beta *mat.VecDense) *mat.SymDense {
	size := Size(m.K)
	l := mat.NewDense(m.K, size, nil)
	at := m.K
	for i := range m.K {
		l.Set(i, i, 1)
		for j := i; j < m.K; j++ {
			l.Set(i, at, l.At(i, at)-beta.AtVec(j))
			if i != j {
				l.Set(j, at, l.At(j, at)-beta.AtVec(i))
			}
			at++
		}
	}
	products := unpack(size, m.Products)
	var half, whole mat.Dense
	half.Mul(l, products)
	whole.Mul(&half, l.T())
	meat := mat.NewSymDense(m.K, nil)
	for i := range m.K {
		for j := i; j < m.K; j++ {
			meat.SetSym(i, j, (whole.At(i, j)+whole.At(j, i))/2)
		}
	}
	return meat
}

// unpack is the symmetric matrix of an upper triangle by rows.
func unpack(n int, packed []float64) *mat.SymDense {
	s, at := mat.NewSymDense(n, nil), 0
	for i := range n {
		for j := i; j < n; j++ {
			s.SetSym(i, j, packed[at])
			at++
		}
	}
	return s
}

// maxCondition is the condition number, of the columns scaled to equal size,
// beyond which they count as dependent.
const maxCondition = 1e10

// solve gives the coefficients and the inverse of Σw·x·xᵀ.
func (m Moments) solve() (beta *mat.VecDense, inverse *mat.SymDense, why string) {
	k := m.K
	switch {
	case m.G <= 0 || m.N <= 0:
		return nil, nil, AbsentNone
	case m.N <= int64(k):
		return nil, nil, AbsentNoSpread
	}
	a := unpack(k, m.Sum[k:])
	scale := make([]float64, k)
	for i := range scale {
		if !(a.At(i, i) > 0) {
			return nil, nil, AbsentNoSpread
		}
		scale[i] = 1 / math.Sqrt(a.At(i, i))
	}
	for i := range k {
		for j := i; j < k; j++ {
			a.SetSym(i, j, a.At(i, j)*scale[i]*scale[j])
		}
	}
	var chol mat.Cholesky
	if !chol.Factorize(a) || !(chol.Cond() < maxCondition) {
		return nil, nil, AbsentNoSpread
	}
	inverse = mat.NewSymDense(k, nil)
	if err := chol.InverseTo(inverse); err != nil {
		return nil, nil, AbsentNoSpread
	}
	for i := range k {
		for j := i; j < k; j++ {
			inverse.SetSym(i, j, inverse.At(i, j)*scale[i]*scale[j])
		}
	}
	beta = mat.NewVecDense(k, nil)
	beta.MulVec(inverse, mat.NewVecDense(k, m.Sum[:k]))
	return beta, inverse, ""
}

// coefficients puts the intervals together.
func (m Moments) coefficients(beta *mat.VecDense, inverse, meat *mat.SymDense) []Figure {
	var half, cov mat.Dense
	half.Mul(inverse, meat)
	cov.Mul(&half, inverse)
	g, n, k := float64(m.G), float64(m.N), float64(m.K)
	factor := g / (g - 1) * (n - 1) / (n - k)
	coef := make([]Figure, m.K)
	for i := range coef {
		f := figure(beta.AtVec(i), m.N, m.G)
		b, v := beta.AtVec(i), factor*cov.At(i, i)
		switch {
		case f.Value == nil:
		case m.G < MinClusters:
			f = f.unranged(AbsentFew(MinClusters))
		case !(v > noise*b*b*noise):
			f = f.unranged(AbsentNoSpread)
		default:
			t := quantileT(m.G - 1)
			f = f.between(b-t*math.Sqrt(v), b+t*math.Sqrt(v))
		}
		coef[i] = f
	}
	return coef
}

// missing is k absent coefficients.
func missing(k int, why string, n, g int64) []Figure {
	coef := make([]Figure, k)
	for i := range coef {
		coef[i] = absent(why, n, g)
	}
	return coef
}

// refuseRows says what is wrong with the rows of a regression.
func refuseRows(x [][]float64, y, w []float64, cluster []int) string {
	if len(y) != len(x) || (w != nil && len(w) != len(x)) || (cluster != nil && len(cluster) != len(x)) {
		return AbsentInvalid
	}
	if !finite(y...) || !finite(w...) {
		return AbsentNotFinite
	}
	for i, row := range x {
		switch {
		case len(row) != len(x[0]) || weight(w, i) < 0:
			return AbsentInvalid
		case !finite(row...):
			return AbsentNotFinite
		}
	}
	return ""
}

func weight(w []float64, i int) float64 {
	if w == nil {
		return 1
	}
	return w[i]
}

// clusterRows lists the clusters in order of appearance, and their rows.
func clusterRows(cluster []int, n int) (order []int, rows map[int][]int) {
	rows = map[int][]int{}
	for i := range n {
		g := i
		if cluster != nil {
			g = cluster[i]
		}
		if rows[g] == nil {
			order = append(order, g)
		}
		rows[g] = append(rows[g], i)
	}
	return order, rows
}
