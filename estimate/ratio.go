package estimate

import "math"

// A Pair is the totals of one cluster: of what is measured, and of what it is
// measured on.
type Pair struct{ Num, Den float64 }

// Sums are the sufficient statistics of a ratio over clusters with totals x
// and n: Σx, Σn, Σx², Σxn, Σn² and the number of clusters G. Who has to merge
// them exactly keeps them as integers and converts at the end.
type Sums struct {
	X, N, XX, XN, NN float64
	G                int64
}

// RatioOf is Σnum/Σden over clusters with a cluster-robust interval. It is
// not limited to any range; see Figure.Clip. The range is absent below least
// clusters (2 at the least).
//
// The interval is R ± t·se with the linearised standard error of a ratio of
// cluster totals (Cochran, Sampling Techniques, §2.11 and §6.3),
//
//	se² = G/(G−1) · Σ(x−Rn)² / (Σn)²,
//
// and t the .975 quantile of Student's t. It has as many degrees of freedom as
// there are clusters, counted by their weight in the denominator, less one: G−1
// where all weigh the same. Where few weigh most, as where the probability of being
// drawn varied, G−1 promises too much: with a tenth of 50 clusters weighing fifty
// times as much, a nominal 95 % interval covers 78 %, and with these 86 %.
func RatioOf(clusters []Pair, least int) Figure {
	s, why := sumsOf(clusters)
	if why != "" {
		return absent(why, int64(len(clusters)), int64(len(clusters)))
	}
	return ratio(s, residuals(clusters, s), int64(least))
}

// ShareOf is RatioOf for shares: 0 ≤ num ≤ den in every cluster. The range
// stays within 0..1. Where no cluster, or every cluster, has all of it, the
// standard error is 0, which would claim certainty: there see OneSided, with the
// effective number of clusters, for a few heavy ones may be all that counts.
func ShareOf(clusters []Pair, least int) Figure {
	for _, c := range clusters {
		if c.Num < 0 || c.Num > c.Den {
			return absent(AbsentInvalid, int64(len(clusters)), int64(len(clusters)))
		}
	}
	s, why := sumsOf(clusters)
	if why != "" {
		return absent(why, int64(len(clusters)), int64(len(clusters)))
	}
	return share(s, residuals(clusters, s), int64(least))
}

// RatioFromSums is RatioOf from merged sums.
func RatioFromSums(s Sums, least int64) Figure {
	if why := s.refuse(); why != "" {
		return absent(why, s.G, s.G)
	}
	return ratio(s, s.residuals(), least)
}

// ShareFromSums is ShareOf from merged sums.
func ShareFromSums(s Sums, least int64) Figure {
	why := s.refuse()
	if why == "" && (s.X < 0 || s.X > s.N) {
		why = AbsentInvalid
	}
	if why != "" {
		return absent(why, s.G, s.G)
	}
	return share(s, s.residuals(), least)
}

// MeanOf is the mean of one value per cluster with its t interval.
func MeanOf(values []float64) Figure {
	clusters := make([]Pair, len(values))
	for i, v := range values {
		clusters[i] = Pair{Num: v, Den: 1}
	}
	return RatioOf(clusters, MinClusters)
}

// sumsOf adds clusters up, or says why that cannot be.
func sumsOf(clusters []Pair) (s Sums, why string) {
	for _, c := range clusters {
		s.X += c.Num
		s.N += c.Den
		s.XX += c.Num * c.Num
		s.XN += c.Num * c.Den
		s.NN += c.Den * c.Den
		if c.Den < 0 {
			return s, AbsentInvalid
		}
	}
	s.G = int64(len(clusters))
	return s, s.refuse()
}

// refuse says why no ratio can be taken; empty if it can.
func (s Sums) refuse() string {
	switch {
	case !finite(s.X, s.N, s.XX, s.XN, s.NN):
		return AbsentNotFinite
	case s.G <= 0:
		return AbsentNone
	case s.N < 0 || s.XX < 0 || s.NN < 0:
		return AbsentInvalid
	case s.N == 0:
		return AbsentZero
	}
	return ""
}

// noise is the relative size below which a sum of squares is rounding.
const noise = 1e-12

// residuals is Σ(x−Rn)². It is 0 exactly when all clusters show the same
// ratio: rounding must not turn that into a tiny number.
func (s Sums) residuals() float64 {
	r := s.X / s.N
	squares := s.XX - 2*r*s.XN + r*r*s.NN
	if squares < noise*(s.XX+r*r*s.NN) {
		return 0
	}
	return squares
}

// residuals is the same from the clusters themselves, without cancellation.
func residuals(clusters []Pair, s Sums) float64 {
	r, squares := s.X/s.N, 0.0
	for _, c := range clusters {
		d := c.Num - r*c.Den
		squares += d * d
	}
	if squares < noise*noise*(s.XX+r*r*s.NN) {
		return 0
	}
	return squares
}

func ratio(s Sums, squares float64, least int64) Figure {
	f := figure(s.X/s.N, s.G, s.G)
	if f.Value == nil {
		return f
	}
	half, why := halfWidth(s, squares, least)
	if why != "" {
		return f.unranged(why)
	}
	return f.between(*f.Value-half, *f.Value+half)
}

func share(s Sums, squares float64, least int64) Figure {
	f := ratio(s, squares, least)
	switch {
	case f.Value == nil || s.G < least:
		return f
	case s.X == 0:
		return f.between(0, OneSided(s.effective()))
	case s.X == s.N:
		return f.between(1-OneSided(s.effective()), 1)
	}
	return f.Clip(0, 1)
}

// halfWidth is t·se, or why there is none.
func halfWidth(s Sums, squares float64, least int64) (half float64, why string) {
	if least = max(2, least); s.G < least {
		return 0, AbsentFew(least)
	}
	if squares <= 0 {
		return 0, AbsentNoSpread
	}
	g := float64(s.G)
	// The root is taken over the sum first, the division by N last: one rounding.
	return quantileT(s.degrees()) * (math.Sqrt(g/(g-1)*squares) / s.N), ""
}
