package monitor

import (
	"math"
	"slices"
)

const (
	// rankLevel is the share of conversations that are flagged where all are
	// alike.
	rankLevel = 0.01
	// rankReference is how many ended conversations one is ranked among. The
	// rank of one among n others is never below 1/(n+1), so fewer than
	// minReference cannot tell anything at rankLevel.
	rankReference = 200
	minReference  = 99
	// rankTop is how many of the highest decide: one that is above the second of
	// 200 has rank 2/201.
	rankTop = 2
	// rankPrior is how many conversations the prior is learnt from, before any
	// is ranked; priorPairs is what it weighs, in pairs.
	rankPrior  = 50
	priorPairs = 8
)

// A ranks compares running conversations of one series with those that ended
// before: is this one's disagreement extreme?
//
// What is ranked is the running maximum of a conversation's shrunk disagreement,
//
//	max over k of (x_k + priorPairs·d)/(k + priorPairs),
//
// x_k of the first k pairs differing, d the share of the first rankPrior
// conversations, fixed before any is ranked. The rankReference maxima of those that
// ended last before a conversation began, and its own, are exchangeable while
// nothing changes, and a running maximum never falls: the probability that its
// rank ever comes down to rankLevel is at most rankLevel, however often one looks.
// Ranked anew among the latest at each look, a conversation that outlasts
// hundreds of others would get as many chances as there are references.
type ranks struct {
	// Seeds, X and N count the conversations, differing pairs and pairs that
	// the prior is learnt from.
	Seeds int64 `json:"seeds"`
	X     int64 `json:"x"`
	N     int64 `json:"n"`
	// Epoch counts how often they began anew: courses of an earlier one have
	// no part in this.
	Epoch int64 `json:"epoch,omitempty"`
	// Maxima are those of ended conversations, the oldest first.
	Maxima []float64 `json:"maxima,omitempty"`
}

// A course is one conversation's part in ranks.
type course struct {
	X int64 `json:"x"`
	N int64 `json:"n"`
	// Max is the running maximum; Ranked is false for a conversation that
	// began before there was a prior.
	Max    float64 `json:"max"`
	Ranked bool    `json:"ranked,omitempty"`
	// Among is how many maxima there were when it began, Top the highest of them.
	Among int64            `json:"among,omitempty"`
	Top   [rankTop]float64 `json:"top,omitzero"`
	Epoch int64            `json:"epoch,omitempty"`
	// Done is whether it was given to ranks.
	Done bool `json:"done,omitempty"`
}

// ready is whether the prior is learnt.
func (r *ranks) ready() bool { return r.Seeds >= rankPrior }

// prior is d: the share of differing pairs, with one made up of value 1/2.
func (r *ranks) prior() float64 { return (float64(r.X) + 0.5) / (float64(r.N) + 1) }

// count adds a pair to a course.
func (r *ranks) count(c *course, differ bool) {
	if c.N == 0 {
		c.Ranked, c.Epoch = r.ready(), r.Epoch
		c.Among, c.Top = int64(len(r.Maxima)), highest(r.Maxima)
	}
	c.N++
	c.X += boolInt(differ)
	if c.Ranked && c.Epoch == r.Epoch {
		shrunk := (float64(c.X) + priorPairs*r.prior()) / (float64(c.N) + priorPairs)
		c.Max = math.Max(c.Max, shrunk)
	}
}

// highest are the highest maxima, in order.
func highest(maxima []float64) (top [rankTop]float64) {
	for _, m := range maxima {
		for i := range top {
			if m > top[i] {
				m, top[i] = top[i], m
			}
		}
	}
	return top
}

// rank is the share of conversations, the one of the course included, whose
// maximum is at least as high: that it began among, and no more than rankTop of
// them counted, so that a greater share is not told exactly. ok is false where it
// cannot be told at all.
func (r *ranks) rank(c *course) (p float64, ok bool) {
	if !c.Ranked || c.Done || c.Epoch != r.Epoch || c.Among < minReference {
		return 0, false
	}
	higher := 1
	for _, m := range c.Top {
		if m >= c.Max {
			higher++
		}
	}
	return float64(higher) / float64(c.Among+1), true
}

// end takes in an ended conversation, once.
func (r *ranks) end(c *course) {
	if c.Done || c.N == 0 {
		return
	}
	c.Done = true
	switch {
	case c.Epoch != r.Epoch:
	case c.Ranked:
		if len(r.Maxima) >= rankReference {
			r.Maxima = slices.Delete(r.Maxima, 0, len(r.Maxima)-rankReference+1)
		}
		r.Maxima = append(r.Maxima, c.Max)
	case !r.ready():
		r.Seeds++
		r.X += c.X
		r.N += c.N
	}
}

// restoreRanks takes over ranks from a snapshot, if they can be some.
func restoreRanks(r *ranks) *ranks {
	if r == nil || r.Seeds < 0 || r.X < 0 || r.N < r.X || len(r.Maxima) > rankReference {
		return &ranks{}
	}
	return r
}

func (r *ranks) copied() *ranks {
	c := *r
	c.Maxima = slices.Clone(r.Maxima)
	return &c
}
