package estimate

// Points scores answers that are points in space by their squared distance to a
// target in the norm of a metric A, ‖v‖² = vᵀAv (paper §B.4, where A is the
// Hessian of the quadratic that is descended on):
//
//	Error = mean ‖x − target‖²,  Variance = Σ ‖x − mean‖² / (N−1).
//
// One run is one row. The metric is symmetric and positive semidefinite, which is
// not checked; nil is the identity. The unit is the metric's. ok is false below
// two runs, with rows of other lengths than the target or a metric of another
// size, or with a number that is not finite.
func Points(runs [][]float64, target []float64, metric [][]float64) (s Scores, ok bool) {
	if metric == nil {
		err, variance, ok := spread(runs, target)
		if !ok || !finite(target...) {
			return Scores{}, false
		}
		return scores(err, variance), true
	}
	if len(runs) < 2 || len(target) == 0 || !sized(metric, len(target)) || !sized(runs, 0) {
		return Scores{}, false
	}
	center, ok := centroid(runs, len(target))
	if !ok {
		return Scores{}, false
	}
	n := float64(len(runs))
	var err, variance float64
	for _, run := range runs {
		err += squared(metric, run, target) / n
		variance += squared(metric, run, center) / (n - 1)
	}
	return scores(err, variance), finite(err, variance)
}

// sized reports whether the rows of m are finite and, if k is not 0, whether m
// is k × k.
func sized(m [][]float64, k int) bool {
	if k > 0 && len(m) != k {
		return false
	}
	for _, row := range m {
		if k > 0 && len(row) != k || !finite(row...) {
			return false
		}
	}
	return true
}

// centroid is the mean of rows of length k.
func centroid(rows [][]float64, k int) (center []float64, ok bool) {
	center = make([]float64, k)
	for _, row := range rows {
		if len(row) != k {
			return nil, false
		}
		for i, v := range row {
			center[i] += v / float64(len(rows))
		}
	}
	return center, true
}

// squared is the squared distance of two points in the norm of a metric.
func squared(metric [][]float64, x, y []float64) float64 {
	sum := 0.0
	for i, row := range metric {
		for j, a := range row {
			sum += (x[i] - y[i]) * a * (x[j] - y[j])
		}
	}
	return sum
}
