package estimate

import (
	"math"
	"strconv"
)

const (
	// Confidence is the level of every interval.
	Confidence = 0.95
	// MinClusters is the fewest clusters that an interval is given for: below
	// it a cluster-robust standard error is itself too uncertain.
	MinClusters = 10
	// MinQuestions is the fewest labelled questions that incoherence is given
	// for.
	MinQuestions = 20
	// MinErrors is the fewest wrong samples among them.
	MinErrors = 10
)

// Why a Figure, or its range, is absent.
const (
	// AbsentNone: there is nothing to compute it from.
	AbsentNone = "no_data"
	// AbsentNotFinite: a number that came in is NaN or infinite.
	AbsentNotFinite = "not_finite"
	// AbsentInvalid: numbers that no data can have, such as a share above 1.
	AbsentInvalid = "invalid"
	// AbsentZero: the denominator is 0, as where no sample is wrong.
	AbsentZero = "zero_denominator"
	// AbsentNoSpread: all clusters show the very same value, so nothing can
	// be said about how much they vary; or, of a slope, all lengths are one.
	AbsentNoSpread = "no_spread"
	// AbsentFewErrors: fewer than MinErrors wrong samples.
	AbsentFewErrors = "fewer_than_10_errors"
	// AbsentFewQuestions: fewer than MinQuestions questions.
	AbsentFewQuestions = "fewer_than_20_questions"
)

// AbsentFew is the reason of a range over fewer than least clusters.
func AbsentFew(least int64) string {
	return "fewer_than_" + strconv.FormatInt(least, 10) + "_clusters"
}

// A Figure is a number with what it rests on. Its unit is that of what was
// put in.
type Figure struct {
	Value *float64 `json:"value,omitempty"`
	// Low and High are the 95 % interval.
	Low  *float64 `json:"low,omitempty"`
	High *float64 `json:"high,omitempty"`
	// Absent says why Value is nil, AbsentRange why Low and High are.
	Absent      string `json:"absent,omitempty"`
	AbsentRange string `json:"absent_range,omitempty"`
	// N counts what was measured (questions or requests), Clusters what is
	// independent among them. Where a function knows clusters only, both are
	// the number of clusters and the caller may set N.
	N        int64 `json:"n"`
	Clusters int64 `json:"clusters"`
}

// An Interval is a range of a number, in its unit.
type Interval struct{ Low, High float64 }

// absent is a figure without a value.
func absent(why string, n, clusters int64) Figure {
	return Figure{Absent: why, AbsentRange: why, N: n, Clusters: clusters}
}

// figure is a value whose range is still to be set. A value that is not
// finite is none.
func figure(value float64, n, clusters int64) Figure {
	if !finite(value) {
		return absent(AbsentNotFinite, n, clusters)
	}
	return Figure{Value: &value, N: n, Clusters: clusters}
}

// between sets the range, or leaves it absent where it is not finite.
// Rounding does not put the value outside.
func (f Figure) between(low, high float64) Figure {
	if !finite(low, high) {
		return f.unranged(AbsentNotFinite)
	}
	low, high = math.Min(low, *f.Value), math.Max(high, *f.Value)
	f.Low, f.High, f.AbsentRange = &low, &high, ""
	return f
}

// unranged takes the range away and says why.
func (f Figure) unranged(why string) Figure {
	f.Low, f.High, f.AbsentRange = nil, nil, why
	return f
}

// Clip limits value and range to what the figure can be. The range is first
// moved along with a value beyond, or it could lie beyond as a whole and lose
// its width. It is for totals: clipping what is summed later would bias the
// sum.
func (f Figure) Clip(low, high float64) Figure {
	if f.Value == nil {
		return f
	}
	limit := func(v float64) float64 { return math.Min(high, math.Max(low, v)) }
	by := limit(*f.Value) - *f.Value
	return f.each(func(v float64) float64 { return limit(v + by) })
}

// Scale multiplies value and range, for another unit.
func (f Figure) Scale(by float64) Figure {
	if !finite(by) {
		return absent(AbsentNotFinite, f.N, f.Clusters)
	}
	if by < 0 && f.Value != nil {
		f.Low, f.High = f.High, f.Low
	}
	return f.each(func(v float64) float64 { return v * by })
}

// each applies a rising function to value and range.
func (f Figure) each(rising func(float64) float64) Figure {
	if f.Value == nil {
		return f
	}
	out := figure(rising(*f.Value), f.N, f.Clusters)
	switch {
	case out.Value == nil:
		return out
	case f.Low == nil || f.High == nil:
		return out.unranged(f.AbsentRange)
	}
	return out.between(rising(*f.Low), rising(*f.High))
}

// Effective is the number of effective answers 1/(1−D) of a disagreement D:
// how many equally likely answers would disagree as much; 1 or more. It is
// taken of the mean D, never averaged itself. At D = 1 it is absent.
func Effective(d Figure) Figure {
	if d.Value != nil && *d.Value >= 1 {
		return absent(AbsentZero, d.N, d.Clusters)
	}
	if d.High != nil && *d.High >= 1 {
		d = d.unranged(AbsentZero)
	}
	return d.each(func(v float64) float64 { return 1 / (1 - v) })
}

// finite is whether all are numbers.
func finite(values ...float64) bool {
	for _, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return false
		}
	}
	return true
}

// OneSided is the exact upper limit p, at Confidence, of a share of which none
// was seen in n independent units: (1−p)^n = 1 − Confidence, about 3/n.
func OneSided(n float64) float64 {
	if !(n > 0) {
		return 1
	}
	return 1 - math.Pow(1-Confidence, 1/n)
}

// Wilson is the score interval of a share of k in n independent trials;
// ok is false unless 0 ≤ k ≤ n and n > 0 (Wilson 1927).
func Wilson(k, n int) (i Interval, ok bool) {
	if n <= 0 || k < 0 || k > n {
		return Interval{}, false
	}
	z := quantileZ()
	m, p := float64(n), float64(k)/float64(n)
	mid := (p + z*z/(2*m)) / (1 + z*z/m)
	half := z / (1 + z*z/m) * math.Sqrt(p*(1-p)/m+z*z/(4*m*m))
	return Interval{Low: math.Max(0, mid-half), High: math.Min(1, mid+half)}, true
}
