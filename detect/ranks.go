package detect

import (
	"math"
	"slices"
)

const (
	// RankLevel is the share of conversations that are flagged where all are
	// alike.
	RankLevel = 0.01
	// MinReference is the fewest ended conversations that one is ranked among: the
	// rank of one among n others is never below 1/(n+1), so that fewer cannot tell
	// anything at RankLevel. rankReference is the most.
	MinReference  = 99
	rankReference = 200
	// rankTop is how many of the highest decide: one that is above the second of
	// 200 has rank 2/201.
	rankTop = 2
	// RankPrior is how many conversations the prior is learnt from, before any
	// is ranked; priorPairs is what it weighs, in pairs.
	RankPrior  = 50
	priorPairs = 8
)

// Ranks compare running conversations of one series with those that ended
// before: is this one's disagreement extreme?
//
// What is ranked is the running maximum of a conversation's shrunk disagreement,
//
//	max over k of (x_k + priorPairs·d)/(k + priorPairs),
//
// x_k of the first k pairs differing, d the share of the first RankPrior
// conversations, fixed before any is ranked. The rankReference maxima of those that
// ended last before a conversation began, and its own, are exchangeable while
// nothing changes, and a running maximum never falls: the probability that its
// rank ever comes down to RankLevel is at most RankLevel, however often one looks.
// Ranked anew among the latest at each look, a conversation that outlasts
// hundreds of others would get as many chances as there are references.
type Ranks struct {
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

// A Course is one conversation's part in ranks.
type Course struct {
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
func (r *Ranks) ready() bool { return r.Seeds >= RankPrior }

// prior is d: the share of differing pairs, with one made up of value 1/2.
func (r *Ranks) prior() float64 { return (float64(r.X) + 0.5) / (float64(r.N) + 1) }

// Count adds a pair to a course.
func (r *Ranks) Count(c *Course, differ bool) {
	if c.N == 0 {
		c.Ranked, c.Epoch = r.ready(), r.Epoch
		c.Among, c.Top = int64(len(r.Maxima)), highest(r.Maxima)
	}
	c.N++
	if differ {
		c.X++
	}
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

// Rank is the share of conversations, the one of the course included, whose
// maximum is at least as high: that it began among, and no more than rankTop of
// them counted, so that a greater share is not told exactly. ok is false where it
// cannot be told at all.
func (r *Ranks) Rank(c *Course) (p float64, ok bool) {
	if !c.Ranked || c.Done || c.Epoch != r.Epoch || c.Among < MinReference {
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

// End takes in an ended conversation, once.
func (r *Ranks) End(c *Course) {
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

// RestoreRanks takes over ranks from a snapshot, if they can be some.
func RestoreRanks(r *Ranks) *Ranks {
	if r == nil || r.Seeds < 0 || r.X < 0 || r.N < r.X || len(r.Maxima) > rankReference {
		return &Ranks{}
	}
	return r
}

// Clone shares nothing with r.
func (r *Ranks) Clone() *Ranks {
	c := *r
	c.Maxima = slices.Clone(r.Maxima)
	return &c
}
