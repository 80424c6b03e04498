package estimate_test

import (
	"math"
	"slices"
	"testing"

	"hotmess/estimate"
)

// spelled lists the samples behind counts.
func spelled(counts []int) []int {
	var samples []int
	for c, n := range counts {
		for range n {
			samples = append(samples, c)
		}
	}
	return samples
}

// majority is, by class, the probability that the mode of samples, drawn among
// equals, is that class.
func majority(samples []int, k int) []float64 {
	counts := countsOf(samples, k)
	most, tied, p := slices.Max(counts), 0, make([]float64, k)
	for _, n := range counts {
		if n == most {
			tied++
		}
	}
	for c, n := range counts {
		if n == most {
			p[c] = 1 / float64(tied)
		}
	}
	return p
}

// eachSubset calls f with all choices of e out of samples and what remains.
func eachSubset(samples []int, e int, f func(chosen, rest []int)) {
	for bits := range 1 << len(samples) {
		var chosen, rest []int
		for i, c := range samples {
			if bits>>i&1 == 1 {
				chosen = append(chosen, c)
			} else {
				rest = append(rest, c)
			}
		}
		if len(chosen) == e {
			f(chosen, rest)
		}
	}
}

func voteExamples() []estimate.Counts {
	return []estimate.Counts{
		{N: []int{3, 2, 2, 1}, Right: 0},
		{N: []int{3, 2, 2, 1}, Right: 1},
		{N: []int{3, 2, 2, 1}, Right: 3},
		{N: []int{2, 2, 2, 2}, Right: 2},
		{N: []int{8}, Right: 0},
		{N: []int{4, 4}, Right: 1},
		{N: []int{1, 1, 1, 1, 1, 1, 1}, Right: 4},
		{N: []int{5, 0, 3}, Right: 1},
		{N: []int{5, 3}, Right: -1},
	}
}

func TestMajorityIsExactOverAllSubsets(t *testing.T) {
	for _, q := range voteExamples() {
		samples := spelled(q.N)
		for e := 1; e <= len(samples); e++ {
			sum, subsets := 0.0, 0.0
			eachSubset(samples, e, func(chosen, _ []int) {
				subsets++
				if q.Right >= 0 {
					sum += majority(chosen, len(q.N))[q.Right]
				}
			})
			got, ok := estimate.MajorityRight(q, e)
			if !ok {
				t.Fatalf("%v, %d votes: nothing", q, e)
			}
			near(t, "majority", got, sum/subsets, exact)
		}
		if p, ok := estimate.MajorityRight(q, len(samples)+1); ok {
			t.Errorf("%v: %v with more votes than samples", q, p)
		}
	}
}

// With 3,500 of 10,000 right, five draws without repetition are five
// independent ones, to e²/N: the published .35 → .235.
func TestMajorityMakesAWrongModeWorse(t *testing.T) {
	got, _ := estimate.MajorityRight(estimate.Counts{N: []int{3500, 6500}, Right: 0}, 5)
	near(t, "majority of 5", got, .235, 25./1e4)
}

func TestSingleVoteIsASample(t *testing.T) {
	for _, q := range voteExamples() {
		want, _ := q.Accuracy()
		got, _ := estimate.MajorityRight(q, 1)
		near(t, "one vote", got, want, exact)
	}
}

// A soft vote is the mean of e one-hot answers. Over all ways to take two
// disjoint votes, their squared distance is twice the variance.
func TestSoftVotesHaveAnEthOfTheVariance(t *testing.T) {
	for _, q := range voteExamples() {
		s, _ := estimate.OneHot(q.N, q.Right)
		samples := spelled(q.N)
		for e := 1; 2*e <= len(samples); e++ {
			variance, pairs := 0.0, 0.0
			eachSubset(samples, e, func(first, rest []int) {
				eachSubset(rest, e, func(second, _ []int) {
					pairs++
					variance += distance(averaged(first, len(q.N)), averaged(second, len(q.N))) / 2
				})
			})
			v := estimate.VoteCurve([]estimate.Counts{q}, []int{e}, true)[0]
			near(t, "variance", *v.Variance.Value, variance/pairs, exact)
			near(t, "1/E", *v.Variance.Value, s.Variance/float64(e), exact)
			near(t, "bias²", *v.Bias2.Value, math.Max(0, s.Bias2), exact)
			near(t, "error", *v.Error.Value, math.Max(0, s.Bias2+s.Variance/float64(e)), exact)
		}
	}
}

func averaged(samples []int, k int) []float64 {
	mean := make([]float64, k)
	for _, c := range samples {
		mean[c] += 1 / float64(len(samples))
	}
	return mean
}

// Two hard votes without a common sample, over all ways to take them. What is
// dealt at random is averaged over 400 questions alike with 64 deals each, so
// its standard deviation is at most .5/√25600 and the tolerance four of those.
func TestHardVotesHaveTheVarianceOfDisjointVotes(t *testing.T) {
	const alike = 400
	for _, q := range voteExamples() {
		samples, questions := spelled(q.N), slices.Repeat([]estimate.Counts{q}, alike)
		for e := 1; 2*e <= len(samples); e++ {
			differ, pairs := 0.0, 0.0
			eachSubset(samples, e, func(first, rest []int) {
				p := majority(first, len(q.N))
				eachSubset(rest, e, func(second, _ []int) {
					pairs++
					for c, v := range majority(second, len(q.N)) {
						differ += p[c] * (1 - v)
					}
				})
			})
			v := estimate.VoteCurve(questions, []int{e}, false)[0]
			near(t, "variance", *v.Variance.Value, differ/pairs, 4*.5/math.Sqrt(64*alike))
			near(t, "error", *v.Error.Value, 2*(1-*v.Accuracy.Value), exact)
		}
	}
}

// By hand, over all ways to deal R, W and two silent samples.
func TestSilentSamplesHaveNoPartInHardVotes(t *testing.T) {
	const alike = 400
	q := estimate.Counts{N: []int{1, 1}, Right: 0, Silent: 2}
	v := estimate.VoteCurve(slices.Repeat([]estimate.Counts{q}, alike), []int{1, 2}, false)
	// Of one sample each: R, W and silence, of which two are alike: 1 − 2/12.
	near(t, "variance of one", *v[0].Variance.Value, 10./12, 4*.5/math.Sqrt(64*alike))
	near(t, "accuracy of one", *v[0].Accuracy.Value, .25, exact)
	// Of two: {RW}{––} one time in three, {R–}{W–} else. All of these differ.
	near(t, "variance of two", *v[1].Variance.Value, 1, exact)
	near(t, "accuracy of two", *v[1].Accuracy.Value, 1./6*.5+2./6, exact)
	// Silence is in the majority, but both votes hear a right sample 5 times in 9.
	certain := estimate.Counts{N: []int{2, 0}, Right: 0, Silent: 8}
	w := estimate.VoteCurve(slices.Repeat([]estimate.Counts{certain}, alike), []int{5}, false)[0]
	near(t, "variance of five", *w.Variance.Value, 4./9, 4*.5/math.Sqrt(64*alike))
}

func TestHardVoteOfOneIsTheScoreOfASample(t *testing.T) {
	for _, q := range voteExamples() {
		s, _ := estimate.OneHot(q.N, q.Right)
		v := estimate.VoteCurve([]estimate.Counts{q}, []int{1}, false)[0]
		near(t, "error", *v.Error.Value, s.Error, exact)
		near(t, "variance", *v.Variance.Value, s.Variance, exact)
	}
}

func TestVotesLargerThanAnyQuestionAreAbsent(t *testing.T) {
	for _, soft := range []bool{false, true} {
		v := estimate.VoteCurve(voteExamples(), []int{9, 0, -1}, soft)
		for _, point := range v {
			if point.Accuracy.Value != nil || point.Accuracy.Absent != estimate.AbsentNone || point.Variance.Value != nil {
				t.Errorf("soft %t: %+v", soft, point)
			}
		}
	}
}
