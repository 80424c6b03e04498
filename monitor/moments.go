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
// int64 holds the sum of 2^25 entries, a wide that of 2^51 products.
type moments struct {
	Pairs int64                                 `json:"p"`
	G     int64                                 `json:"g"`
	Sum   joint                                 `json:"s"`
	Cross [jointSize * (jointSize + 1) / 2]wide `json:"c"`
}

// jointWeight is the entry Σw.
const jointWeight = 3

// crossIndex is the place of the product of entries i ≤ j.
func crossIndex(i, j int) int {
	if i > j {
		i, j = j, i
	}
	return i*jointSize - i*(i-1)/2 + j - i
}

// count adds a pair to a conversation's sums and to its bucket's.
func (j *joint) count(m *moments, reasoning, context int, p pair) {
	if j[jointWeight]+p.weight > maxRecord {
		return
	}
	if j[jointWeight] > 0 {
		m.remove(j)
	}
	r, c, x := int64(reasoning), int64(context), boolInt(p.differ)
	values := joint{x, x * r, x * c, 1, r, c, r * r, r * c, c * c}
	for i, z := range values {
		j[i] += p.weight * z
	}
	m.enter(j)
	m.Pairs++
}

// enter adds a whole conversation.
func (m *moments) enter(j *joint) {
	m.G++
	for i := range j {
		m.Sum[i] += j[i]
		for k := i; k < jointSize; k++ {
			m.Cross[crossIndex(i, k)].add(product(j[i], j[k]))
		}
	}
}

// remove is the inverse of enter.
func (m *moments) remove(j *joint) {
	m.G--
	for i := range j {
		m.Sum[i] -= j[i]
		for k := i; k < jointSize; k++ {
			m.Cross[crossIndex(i, k)].subtract(product(j[i], j[k]))
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
