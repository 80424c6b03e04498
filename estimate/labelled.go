package estimate

// Lapses is the part of one question in Lapse: of weight of samples whose
// fellows' mode is right, wrong is that of those that are wrong themselves,
// both in samples. ok is false below two samples.
func (c Counts) Lapses() (wrong, of float64, ok bool) {
	n, ok := c.valid()
	if !ok || n < 2 {
		return 0, 0, false
	}
	for class, k := range c.N {
		if k == 0 {
			continue
		}
		w := float64(k) * modeRight(c.without(class))
		of += w
		if class != c.Right {
			wrong += w
		}
	}
	return wrong, of, true
}

// Within is the part of one question in WithinShare: its accuracy p and the
// unbiased p(1−p). ok is false below two samples.
func (c Counts) Within() (p, spread float64, ok bool) {
	n, ok := c.valid()
	if !ok || n < 2 {
		return 0, 0, false
	}
	k, m := float64(c.right()), float64(n)
	return k / m, k * (m - k) / (m * (m - 1)), true
}

// WithinSums are the sufficient statistics of WithinShare over clusters with n
// questions, of which p is Σ accuracy and v is Σ accuracy·(1−accuracy),
// unbiased: their sums, the sums of their products, and the number of clusters.
type WithinSums struct {
	N, P, V                float64
	NN, NP, NV, PP, PV, VV float64
	G                      int64
}

// WithinShareFromSums is WithinShare from merged sums.
//
// It is the ratio of Σv − c(p − p̄n) to Σ p̄(1−p̄)n with c = W(1−2p̄): the second
// term of the numerator sums to 0, and with it the residuals are those of W to
// first order.
func WithinShareFromSums(s WithinSums, least int64) Figure {
	first := Sums{X: s.P, N: s.N, XX: s.PP, XN: s.NP, NN: s.NN, G: s.G}
	if why := first.refuse(); why != "" {
		return absent(why, s.G, s.G)
	}
	mean := s.P / s.N
	all := mean * (1 - mean)
	if all <= 0 {
		return absent(AbsentZero, s.G, s.G)
	}
	c := s.V / s.N / all * (1 - 2*mean)
	// The numerator is v − c·p + d·n, the denominator all·n.
	d := c * mean
	return RatioFromSums(Sums{
		X: s.V, N: all * s.N,
		XX: s.VV + c*c*s.PP + d*d*s.NN - 2*c*s.PV + 2*d*s.NV - 2*c*d*s.NP,
		XN: all * (s.NV - c*s.NP + d*s.NN), NN: all * all * s.NN,
		G: s.G,
	}, least).Clip(0, 1)
}
