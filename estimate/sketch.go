package estimate

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"sort"
)

const (
	// exactBelow is the length up to which each value has a bucket of its own.
	exactBelow = 100
	// MaxLength is the greatest length that a Sketch tells apart: longer ones
	// count as this.
	MaxLength = 1 << 30
)

// edges are the first values of the buckets: 0, 1 … 99, then each a fiftieth
// wider than its first value, so that the middle is within 1 % of every value
// in it. They are integers: every machine has the same.
var edges = func() []int {
	var e []int
	for at := 0; at <= MaxLength; {
		e = append(e, at)
		at += width(at)
	}
	return e
}()

// width is how many values the bucket that begins at first has.
func width(first int) int { return max(1, first/(exactBelow/2)) }

// A Sketch is the distribution of lengths (tokens, bytes, actions; 0 and up)
// in logarithmic buckets: quantiles within 1 %, merging exact in any order, at
// most about a thousand counts. The zero value is empty.
type Sketch struct {
	n     int64
	cells []cell // ascending by bucket, no count of 0
}

type cell struct {
	bucket int
	count  int64
}

// Add takes in a length. A negative one is none and changes nothing.
func (s *Sketch) Add(length int) { s.AddN(length, 1) }

// AddN takes in a length that was seen n times; nothing for n < 1.
func (s *Sketch) AddN(length int, n int64) {
	if length < 0 || n < 1 {
		return
	}
	length = min(length, MaxLength)
	s.count(sort.SearchInts(edges, length+1)-1, n)
}

func (s *Sketch) count(bucket int, n int64) {
	at, found := slices.BinarySearchFunc(s.cells, bucket, func(c cell, b int) int { return c.bucket - b })
	if !found {
		s.cells = slices.Insert(s.cells, at, cell{bucket: bucket})
	}
	s.cells[at].count += n
	s.n += n
}

// Merge adds what another sketch has seen.
func (s *Sketch) Merge(o *Sketch) {
	if o == nil {
		return
	}
	for _, c := range slices.Clone(o.cells) {
		s.count(c.bucket, c.count)
	}
}

// N is how many lengths were seen.
func (s *Sketch) N() int64 { return s.n }

// Quantile is the length below or at which a share q (0..1) of all lie, by the
// nearest rank, within 1 %. ok is false for an empty sketch or another q.
func (s *Sketch) Quantile(q float64) (length int, ok bool) {
	if s.n == 0 || !(q >= 0 && q <= 1) {
		return 0, false
	}
	rank := max(1, int64(math.Ceil(q*float64(s.n))))
	for _, c := range s.cells {
		if rank -= c.count; rank <= 0 {
			return middle(c.bucket), true
		}
	}
	return middle(s.cells[len(s.cells)-1].bucket), true
}

// Share is the share of lengths above a length, 0..1, to the bucket: those in
// its own bucket do not count. ok is false for an empty sketch.
func (s *Sketch) Share(above int) (share float64, ok bool) {
	if s.n == 0 {
		return 0, false
	}
	var more int64
	bucket := sort.SearchInts(edges, min(above, MaxLength)+1) - 1
	for _, c := range s.cells {
		if c.bucket > bucket {
			more += c.count
		}
	}
	return float64(more) / float64(s.n), true
}

// middle is the value that stands for a bucket.
func middle(bucket int) int { return edges[bucket] + (width(edges[bucket])-1)/2 }

// MarshalJSON writes the buckets in use as [bucket, count] pairs.
func (s Sketch) MarshalJSON() ([]byte, error) {
	pairs := make([][2]int64, len(s.cells))
	for i, c := range s.cells {
		pairs[i] = [2]int64{int64(c.bucket), c.count}
	}
	return json.Marshal(pairs)
}

var errSketch = errors.New("not a sketch of lengths")

// UnmarshalJSON reads what MarshalJSON writes and refuses what no sketch has:
// buckets out of range or order, counts below 1.
func (s *Sketch) UnmarshalJSON(text []byte) error {
	var pairs [][2]int64
	if err := json.Unmarshal(text, &pairs); err != nil {
		return fmt.Errorf("%w: %w", errSketch, err)
	}
	read := Sketch{cells: make([]cell, 0, min(len(pairs), len(edges)))}
	last := int64(-1)
	for _, p := range pairs {
		if p[0] <= last || p[0] >= int64(len(edges)) || p[1] < 1 || p[1] > math.MaxInt64-read.n {
			return fmt.Errorf("%w: bucket %d with count %d", errSketch, p[0], p[1])
		}
		last = p[0]
		read.cells = append(read.cells, cell{bucket: int(p[0]), count: p[1]})
		read.n += p[1]
	}
	*s = read
	return nil
}
