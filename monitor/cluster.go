package monitor

// A cluster is the record of one conversation in one ring. The rule: a
// conversation counts whole in the bucket of its latest pair, its sums moving
// there by integer subtraction and addition; once its first pair is older
// than the ring's span, a new record begins. So every record stands in exactly
// one bucket, and merging buckets is exact.
//
// A window may hold the record before, too. The two are one conversation: the
// newer one counts it, and the older one's bucket holds what its squares lack,
// (x+x')² - x² - x'² and so on, which leave the window together with it.
type cluster struct {
	// First and Last are buckets of the ring.
	First int64 `json:"f"`
	Last  int64 `json:"l"`
	// X and N are the weights of the pairs that differ and of all pairs,
	// Differ and Pairs how many they are.
	X      int64 `json:"x"`
	N      int64 `json:"n"`
	Differ int64 `json:"d"`
	Pairs  int64 `json:"p"`
	// Before is the record before this one; its N is 0 if there is none.
	Before closed `json:"before,omitzero"`
}

// A closed record takes no more pairs.
type closed struct {
	Last int64 `json:"l"`
	X    int64 `json:"x"`
	N    int64 `json:"n"`
}

// sums is what the record contributes to its bucket.
func (c cluster) sums() sums {
	return sums{
		X: c.X, N: c.N, XX: c.X * c.X, XN: c.X * c.N, NN: c.N * c.N, G: 1,
		Differ: c.Differ, Pairs: c.Pairs,
	}
}

// count adds one pair, measured in the given bucket, to the record and to the
// ring. A pair that is older than the ring reaches is left out, and so is one
// that would lift the record above maxRecord.
func (c *cluster) count(r *ring[sums], bucket, newest int64, p pair) {
	old := r.find(c.Last)
	lost := c.N == 0 || old == nil || c.Last > newest
	next := *c
	if lost || bucket-c.First >= r.span.buckets {
		next = cluster{First: bucket, Last: bucket}
	}
	if next.Last-bucket >= r.span.buckets || next.N+p.weight > maxRecord {
		return
	}
	continues := next.N > 0
	next.First, next.Last = min(next.First, bucket), max(next.Last, bucket)
	next.add(p)
	home := r.at(next.Last, newest)
	if home == nil {
		return
	}
	switch {
	case continues:
		old.subtract(c.sums())
	case !lost:
		old.G--
		next.Before = closed{Last: c.Last, X: c.X, N: c.N}
	}
	home.add(next.sums())
	next.join(r, p)
	*c = next
}

// join adds to the bucket of the record before what the squares of the two lack
// by the pair that was just added.
func (c *cluster) join(r *ring[sums], p pair) {
	b := r.find(c.Before.Last)
	if c.Before.N == 0 || b == nil {
		return
	}
	x := p.weight * boolInt(p.differ)
	b.XX += 2 * c.Before.X * x
	b.XN += c.Before.X*p.weight + c.Before.N*x
	b.NN += 2 * c.Before.N * p.weight
}

func (c *cluster) add(p pair) {
	c.N += p.weight
	c.Pairs++
	if p.differ {
		c.X += p.weight
		c.Differ++
	}
}
