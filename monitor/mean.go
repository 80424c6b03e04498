package monitor

import "hotmess/estimate"

// A mean is the sufficient statistics of a weighed mean over requests, by
// conversations: with n the weight of the requests of a conversation and x the
// weighed sum of their values, in some whole unit, Σx, Σn, Σx², Σxn and Σn².
// Whole numbers, so merging is exact in any order.
//
// Bounds: |x| of a conversation is at most 2^50 (maxPart), n at most 2^28
// (maxRecord), so that an int128 holds the squares of 2^25 conversations.
type mean struct {
	Requests int64  `json:"r"`
	G        int64  `json:"g"`
	X        int128 `json:"x"`
	N        int64  `json:"n"`
	XX       int128 `json:"xx"`
	XN       int128 `json:"xn"`
	NN       int128 `json:"nn"`
}

// A meanPart is one conversation's part of a mean.
type meanPart struct {
	Requests int64 `json:"r"`
	X        int64 `json:"x"`
	N        int64 `json:"n"`
}

// maxPart is the most that |x| of a conversation may be.
const maxPart = 1 << 50

// meanOf is the part of one request; false: its value is beyond all bounds.
func meanOf(value, weight int64) (meanPart, bool) {
	if max(value, -value) > maxPart/weight {
		return meanPart{}, false
	}
	return meanPart{Requests: 1, X: value * weight, N: weight}, true
}

// count adds one request to a conversation's part and to its bucket's mean.
func (p *meanPart) count(m *mean, value, weight int64) {
	if one, ok := meanOf(value, weight); ok {
		p.take(m, one)
	}
}

// take adds to a conversation's part and to its bucket's mean, unless the part
// would be more than it may.
func (p *meanPart) take(m *mean, add meanPart) {
	next := meanPart{Requests: p.Requests + add.Requests, X: p.X + add.X, N: p.N + add.N}
	if next.N > maxRecord || max(next.X, -next.X) > maxPart {
		return
	}
	m.move(*p, -1)
	m.move(next, 1)
	*p = next
}

// move adds a whole conversation, or takes it away where sign is −1.
func (m *mean) move(p meanPart, sign int64) {
	if p.Requests == 0 {
		return
	}
	m.Requests += sign * p.Requests
	m.G += sign
	m.N += sign * p.N
	m.X.add(product(sign, p.X))
	m.XX.add(product(sign*p.X, p.X))
	m.XN.add(product(sign*p.X, p.N))
	m.NN.add(product(sign*p.N, p.N))
}

func (m *mean) add(o *mean) {
	m.Requests += o.Requests
	m.G += o.G
	m.N += o.N
	m.X.add(o.X)
	m.XX.add(o.XX)
	m.XN.add(o.XN)
	m.NN.add(o.NN)
}

// floats are the sums as estimate takes them, with values in units of 1/unit.
func (m *mean) floats(unit float64) estimate.Sums {
	return estimate.Sums{
		X: m.X.float() / unit, N: float64(m.N), XX: m.XX.float() / unit / unit,
		XN: m.XN.float() / unit, NN: m.NN.float(), G: m.G,
	}
}

// figure is the mean with its interval; N counts requests, Clusters
// conversations.
func (m *mean) figure(unit float64) estimate.Figure {
	return m.counted(estimate.RatioFromSums(m.floats(unit), estimate.MinClusters))
}

// share is figure for values that are 0 or 1.
func (m *mean) share() estimate.Figure {
	return m.counted(estimate.ShareFromSums(m.floats(1), estimate.MinClusters))
}

func (m *mean) counted(f estimate.Figure) estimate.Figure {
	f.N = m.Requests
	return ofConversations(f)
}
