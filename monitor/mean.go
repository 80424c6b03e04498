package monitor

import est "hotmess/estimate"

// A mean is the sufficient statistics of a weighed mean over requests, by
// conversations: with n the weight of the requests of a conversation and x the
// weighed sum of their values, in some whole unit, Σx, Σn, Σx², Σxn and Σn².
// Whole numbers, so merging is exact in any order.
//
// Bounds: |x| of a conversation is at most 2^50 (maxPart), n at most 2^28
// (maxRecord), so that a wide holds the squares of 2^25 conversations.
type mean struct {
	Requests int64 `json:"r"`
	G        int64 `json:"g"`
	X        wide  `json:"x"`
	N        int64 `json:"n"`
	XX       wide  `json:"xx"`
	XN       wide  `json:"xn"`
	NN       wide  `json:"nn"`
}

// A meanPart is one conversation's part of a mean.
type meanPart struct {
	X int64 `json:"x"`
	N int64 `json:"n"`
}

// maxPart is the most that |x| of a conversation may be.
const maxPart = 1 << 50

// count adds one request of a value to a conversation's part and to its bucket's
// mean. One that would lift the part above what it may be is left out.
func (p *meanPart) count(m *mean, value, weight int64) {
	if p.N+weight > maxRecord || max(value, -value) > maxPart/weight {
		return
	}
	x := p.X + value*weight
	if max(x, -x) > maxPart {
		return
	}
	if p.N > 0 {
		m.move(*p, -1)
	}
	p.X, p.N = x, p.N+weight
	m.move(*p, 1)
	m.Requests++
}

// move adds a whole conversation, or takes it away where sign is −1.
func (m *mean) move(p meanPart, sign int64) {
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
func (m *mean) floats(unit float64) est.Sums {
	return est.Sums{
		X: m.X.float() / unit, N: float64(m.N), XX: m.XX.float() / unit / unit,
		XN: m.XN.float() / unit, NN: m.NN.float(), G: m.G,
	}
}

// figure is the mean with its interval; N counts requests, Clusters
// conversations.
func (m *mean) figure(unit float64) est.Figure {
	return m.counted(est.RatioFromSums(m.floats(unit), minConversations))
}

// share is figure for values that are 0 or 1.
func (m *mean) share() est.Figure {
	return m.counted(est.ShareFromSums(m.floats(1), minConversations))
}

func (m *mean) counted(f est.Figure) est.Figure {
	f.N = m.Requests
	if f.Value != nil && m.G < minConversations {
		f.AbsentRange = AbsentFewConversations
	}
	return f
}
