package detect

import (
	"cmp"
	"math"
	"slices"
	"time"

	"gonum.org/v1/gonum/stat/distuv"
)

const (
	// BaselineConversations is how many conversations a baseline is learnt
	// from, unless Hearing.Learn says otherwise. At D = .15 and an intra-class
	// correlation of .1 its bound is then about .02 above its mean.
	BaselineConversations = 200
	// maxStrata is the most parts that a baseline is split into by context;
	// a part has at least stratumConversations.
	maxStrata            = 4
	stratumConversations = 50
	// stratumDifference is how far, in standard errors, the means of
	// neighbours have to be apart to stay strata of their own.
	stratumDifference = 2
	// BaselineConfidence is the level of the upper bound.
	BaselineConfidence = 0.9
	// maxBaselineBound leaves room above the bound for a rise to be seen.
	maxBaselineBound = 0.99
)

// A Value is what one conversation gives to a detector.
type Value struct {
	// X is in [0, 1].
	X float64 `json:"x"`
	// Bin is the bin of lengths that the mean context of its requests is in.
	Bin int `json:"c"`
}

// A Baseline is what is usual of a series: learnt from its first values, then
// frozen until it is accepted anew.
type Baseline struct {
	// Values are those learnt so far; nil once it is frozen.
	Values []Value `json:"values,omitempty"`
	// Since is when the first value came, Until when it was frozen.
	Since time.Time `json:"since,omitzero"`
	Until time.Time `json:"until,omitzero"`
	// Strata are in order of context; none while learning.
	Strata []Stratum `json:"strata,omitempty"`
}

// A Stratum is the baseline of conversations with a context up to that of bin
// To, from where the stratum before ends.
type Stratum struct {
	To int   `json:"to"`
	N  int64 `json:"n"`
	// Mean is that of its conversations, Bound the upper confidence bound.
	Mean  float64 `json:"mean"`
	Bound float64 `json:"bound"`
}

func (b *Baseline) frozen() bool { return len(b.Strata) > 0 }

// learn takes in one more value and freezes the baseline with the size-th.
func (b *Baseline) learn(v Value, size int, now time.Time) {
	if len(b.Values) == 0 {
		b.Since = now
	}
	b.Values = append(b.Values, v)
	if len(b.Values) < size {
		return
	}
	b.Until = now
	for _, m := range unlike(split(b.Values)) {
		b.Strata = append(b.Strata, m.stratum())
	}
	b.Values = nil
}

// of gives the stratum of a context bin.
func (b *Baseline) of(bin int) *Stratum {
	i := slices.IndexFunc(b.Strata, func(s Stratum) bool { return bin <= s.To })
	if i < 0 {
		i = len(b.Strata) - 1
	}
	return &b.Strata[i]
}

// Overall is the mean and the mean bound over the conversations of all strata.
func (b *Baseline) Overall() Stratum {
	var all Stratum
	for _, s := range b.Strata {
		all.N += s.N
		all.Mean += float64(s.N) * s.Mean
		all.Bound += float64(s.N) * s.Bound
	}
	all.Mean /= float64(all.N)
	all.Bound /= float64(all.N)
	return all
}

// usable is whether a restored baseline can be one.
func (b *Baseline) usable() bool {
	for _, v := range b.Values {
		if !(v.X >= 0 && v.X <= 1) {
			return false
		}
	}
	for _, s := range b.Strata {
		if !(s.N > 0 && s.Mean >= 0 && s.Mean <= 1 && s.Bound > 0 && s.Bound <= maxBaselineBound) {
			return false
		}
	}
	return len(b.Strata) <= maxStrata
}

// A cohort is the values of neighbouring bins.
type cohort struct {
	to       int
	n, x, xx float64
}

func (m *cohort) add(v Value) {
	m.to = v.Bin
	m.n++
	m.x += v.X
	m.xx += v.X * v.X
}

func (m cohort) mean() float64 { return m.x / m.n }

// variance of one value, with n - 1.
func (m cohort) variance() float64 {
	return math.Max(0, (m.xx-m.x*m.x/m.n)/(m.n-1))
}

// split groups values by context, each group of whole bins and large enough;
// what is left over at the end belongs to the last group.
func split(values []Value) []cohort {
	sorted := slices.Clone(values)
	slices.SortStableFunc(sorted, func(a, b Value) int { return cmp.Compare(a.Bin, b.Bin) })
	least := max(stratumConversations, (len(values)+maxStrata-1)/maxStrata)
	var groups []cohort
	var open cohort
	for i, v := range sorted {
		open.add(v)
		whole := i+1 == len(sorted) || sorted[i+1].Bin != v.Bin
		if whole && int(open.n) >= least {
			groups, open = append(groups, open), cohort{}
		}
	}
	if open.n > 0 {
		groups = append(groups, open)
	}
	if last := len(groups) - 1; last > 0 && int(groups[last].n) < least {
		groups[last-1] = joined(groups[last-1], groups[last])
		groups = groups[:last]
	}
	return groups
}

// unlike joins neighbours whose means do not differ: a stratum costs width of
// its bound, and is worth it only where the context makes a difference.
func unlike(groups []cohort) []cohort {
	kept := groups[:1:1]
	for _, g := range groups[1:] {
		last := &kept[len(kept)-1]
		se := math.Sqrt(last.variance()/last.n + g.variance()/g.n)
		if math.Abs(last.mean()-g.mean()) > stratumDifference*se {
			kept = append(kept, g)
			continue
		}
		*last = joined(*last, g)
	}
	return kept
}

func joined(a, b cohort) cohort {
	return cohort{to: b.to, n: a.n + b.n, x: a.x + b.x, xx: a.xx + b.xx}
}

// madeUp is how many conversations of value 1 are added for the bound: z²/2 at
// its level, as Agresti and Coull (1998) do for shares.
const madeUp = 0.821

// stratum bounds the mean of a conversation from above: the one-sided 90 %
// limit of Student's t over the conversations and the made-up ones. Without them
// a series that hardly ever disagrees would have a bound below its truth too
// often: no spread is seen before the first disagreement.
func (m cohort) stratum() Stratum {
	s := Stratum{To: m.to, N: int64(m.n), Mean: m.mean()}
	m.n, m.x, m.xx = m.n+madeUp, m.x+madeUp, m.xx+madeUp
	t := distuv.StudentsT{Sigma: 1, Nu: m.n - 1}.Quantile(BaselineConfidence)
	s.Bound = math.Min(maxBaselineBound, m.mean()+t*math.Sqrt(m.variance()/m.n))
	return s
}
