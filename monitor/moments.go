package monitor

// jointSize is the number of sums that a fit of D on 1, reasoning and context
// needs of one conversation.
const jointSize = 9

// A joint holds the weighed sums of one conversation over its pairs, with r and
// c the log2 bins of reasoning and context, and x whether the pair differs:
//
//	Σwx, Σwxr, Σwxc, Σw, Σwr, Σwc, Σwr², Σwrc, Σwc²,
//
// which is the vector that estimate.Moments is made of.
type joint [jointSize]int64

// moments are the sufficient statistics of that fit over conversations: the
// sums of the joints, and of all products of two entries of one joint. They are
// estimate.Moments in whole numbers, so merging is exact in any order.
//
// Bounds: w is at most 2^16 and a conversation's Σw at most 2^28 (maxRecord),
// r and c are below 2^5, so an entry is below 2^38, its square below 2^76. An
// int64 holds the sum of 2^25 entries, an int128 that of 2^51 products.
type moments struct {
	Pairs int64                                   `json:"p"`
	G     int64                                   `json:"g"`
	Sum   joint                                   `json:"s"`
	Cross [jointSize * (jointSize + 1) / 2]int128 `json:"c"`
}

// jointWeight is the entry Σw.
const jointWeight = 3

// crossIndex is the place of the product of entries i ≤ j.
func crossIndex(i, j int) int {
	return i*jointSize - i*(i-1)/2 + j - i
}

// A jointPart is one conversation's part of moments.
type jointPart struct {
	Pairs int64 `json:"p"`
	Sum   joint `json:"s"`
}

// jointOf is the part of one pair.
func jointOf(reasoning, context int, p pair) jointPart {
	r, c, x := int64(reasoning), int64(context), boolInt(p.differ)
	part := jointPart{Pairs: 1, Sum: joint{x, x * r, x * c, 1, r, c, r * r, r * c, c * c}}
	for i := range part.Sum {
		part.Sum[i] *= p.weight
	}
	return part
}

// take adds to a conversation's part and to its bucket's moments, unless the
// conversation would weigh too much.
func (p *jointPart) take(m *moments, add jointPart) {
	if p.Sum[jointWeight]+add.Sum[jointWeight] > maxRecord {
		return
	}
	m.remove(p)
	p.Pairs += add.Pairs
	for i, s := range add.Sum {
		p.Sum[i] += s
	}
	m.enter(p)
}

// enter adds a whole conversation.
func (m *moments) enter(p *jointPart) {
	if p.Pairs == 0 {
		return
	}
	m.G++
	m.Pairs += p.Pairs
	for i := range p.Sum {
		m.Sum[i] += p.Sum[i]
		for k := i; k < jointSize; k++ {
			m.Cross[crossIndex(i, k)].add(product(p.Sum[i], p.Sum[k]))
		}
	}
}

// remove is the inverse of enter.
func (m *moments) remove(p *jointPart) {
	if p.Pairs == 0 {
		return
	}
	m.G--
	m.Pairs -= p.Pairs
	for i := range p.Sum {
		m.Sum[i] -= p.Sum[i]
		for k := i; k < jointSize; k++ {
			m.Cross[crossIndex(i, k)].subtract(product(p.Sum[i], p.Sum[k]))
		}
	}
}

func (m *moments) add(o *moments) {
	m.Pairs += o.Pairs
	m.G += o.G
	for i := range m.Sum {
		m.Sum[i] += o.Sum[i]
	}
	for i := range m.Cross {
		m.Cross[i].add(o.Cross[i])
	}
}
