package monitor

import (
	"math"
	"time"
)

const (
	// maxLabelled bounds the labelled series of all routes together.
	maxLabelled = 256
	// labelledCurved is how many of them have curves, the first ones.
	labelledCurved = 64
)

// A labelledKey names the labelled series of a route. Kinds, strata and scales
// are never pooled.
type labelledKey struct {
	Kind   string `json:"kind"`
	Pinned bool   `json:"pinned,omitempty"`
	Scale  string `json:"scale"`
}

// A labelledSeries is what labels say of one kind of requests of a route, over
// two days and thirty; curves are kept over the thirty.
//
// A request counts in the bucket of its own time, however late its label comes.
// What one conversation adds to one cell makes up one x for each bucket; the
// conversation is the unit, so a window needs the products of its whole sum.
// They are spread so that every window that ends now has them: with b₁ < b₂ < …
// the buckets of a conversation, bᵢ holds xᵢxᵢ' and the mixed products of xᵢ
// with all later xⱼ, and leaves the window together with them; the conversation
// is counted in its latest bucket. All are whole numbers, so a relabel takes
// away exactly what the label before had added.
type labelledSeries struct {
	rings  [curveRings]ring[labelledBucket]
	curved bool
}

// A labelledBucket is one bucket, by cell.
type labelledBucket struct {
	Cells map[gradeCell]*labelledSums `json:"c"`
}

// labelledSums are the sums of the parts of one cell: Σz over requests, Σzz'
// over conversations (its upper triangle by rows), and how many there are.
type labelledSums struct {
	Requests int64    `json:"n"`
	G        int64    `json:"g"`
	Sum      []int64  `json:"s"`
	Cross    []int128 `json:"c"`
}

func newLabelledSeries(curved bool) *labelledSeries {
	s := &labelledSeries{curved: curved}
	for i := range s.rings {
		s.rings[i] = newRing[labelledBucket](spans()[curveWindow(i)])
	}
	return s
}

// packedIndex is the place of row i ≤ column j in an upper triangle of size n.
func packedIndex(i, j, n int) int { return i*n - i*(i-1)/2 + j - i }

// cell finds or adds the sums of a cell whose vectors have size values.
func (b *labelledBucket) cell(c gradeCell, size int) *labelledSums {
	s := b.Cells[c]
	if s == nil {
		s = &labelledSums{Sum: make([]int64, size), Cross: make([]int128, size*(size+1)/2)}
		if b.Cells == nil {
			b.Cells = map[gradeCell]*labelledSums{}
		}
		b.Cells[c] = s
	}
	return s
}

// add merges other sums of the same cell.
func (s *labelledSums) add(o *labelledSums) {
	s.Requests += o.Requests
	s.G += o.G
	for i, v := range o.Sum {
		s.Sum[i] += v
	}
	for i, v := range o.Cross {
		s.Cross[i].add(v)
	}
}

// merge adds the same bucket of another sidecar, whose conversations are others.
func (b *labelledBucket) merge(o *labelledBucket) {
	for c, s := range o.Cells {
		b.cell(c, len(s.Sum)).add(s)
	}
}

// mix adds sign·(zx' + xz').
func (s *labelledSums) mix(z, x []int64, sign int64) {
	for i := range z {
		for j := i; j < len(z); j++ {
			at := &s.Cross[packedIndex(i, j, len(z))]
			at.add(product(sign*z[i], x[j]))
			at.add(product(sign*x[i], z[j]))
		}
	}
}

// square adds sign·zz'.
func (s *labelledSums) square(z []int64, sign int64) {
	for i := range z {
		for j := i; j < len(z); j++ {
			s.Cross[packedIndex(i, j, len(z))].add(product(sign*z[i], z[j]))
		}
	}
}

// count adds (sign 1) or takes away (−1) what a request of a conversation
// counts for; the conversation's other requests are already counted.
func (s *labelledSeries) count(c *judgedConversation, j *judgedRequest, sign int64, now time.Time) {
	for i := range s.rings {
		r := &s.rings[i]
		bucket := r.span.bucket(j.At)
		home := r.find(bucket)
		if sign > 0 {
			home = r.at(bucket, r.span.bucket(now))
		}
		if home == nil {
			continue
		}
		for _, p := range j.Parts {
			if p.Cell < cellCurves || s.curved && curveWindow(i) == windowMonth {
				countPart(r, c.others(j, p.Cell, &r.span), bucket, p, sign)
			}
		}
	}
}

// countPart counts one part in the given bucket of a ring; others are the sums
// of the conversation's other requests, by bucket.
func countPart(r *ring[labelledBucket], others map[int64][]int64, bucket int64, p part, sign int64) {
	home := r.find(bucket).cell(p.Cell, len(p.Z))
	latest := int64(math.MinInt64)
	for other, x := range others {
		held := r.find(other)
		if held == nil {
			continue // it has left the ring
		}
		latest = max(latest, other)
		if other < bucket {
			held.cell(p.Cell, len(p.Z)).mix(p.Z, x, sign)
		} else {
			home.mix(p.Z, x, sign)
		}
	}
	home.square(p.Z, sign)
	home.Requests += sign
	for i, z := range p.Z {
		home.Sum[i] += sign * z
	}
	if bucket > latest {
		home.G += sign
		if latest != math.MinInt64 {
			r.find(latest).cell(p.Cell, len(p.Z)).G -= sign
		}
	}
	if home.Requests == 0 {
		delete(r.find(bucket).Cells, p.Cell)
	}
}

// total merges the buckets of a ring.
func (s *labelledSeries) total(ring int, now time.Time) labelledBucket {
	var t labelledBucket
	s.rings[ring].each(now, func(_ int64, b *labelledBucket) { t.merge(b) })
	return t
}

// clone shares nothing with b.
func (b *labelledBucket) clone() labelledBucket {
	var c labelledBucket
	c.merge(b)
	return c
}
