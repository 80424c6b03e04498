package estimate_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mathext"
	"gonum.org/v1/gonum/stat/distuv"

	"hotmess/estimate"
)

// A population is questions whose chance p of a right answer is Beta(a, b),
// with one wrong answer each: all truths are closed forms.
type population struct{ a, b float64 }

// populations: even, polarised, easy, easy and alike, of middling difficulty,
// and nearly settled ones.
func populations() []population {
	return []population{{1, 1}, {.5, .5}, {4, 1}, {8, 2}, {2, 2}, {.3, .1}}
}

func (p population) accuracy() float64 { return p.a / (p.a + p.b) }
func (p population) within() float64   { return (p.a + p.b) / (p.a + p.b + 1) }

// moment is E[pⁱ(1−p)ʲ] = B(a+i, b+j)/B(a, b).
func (p population) moment(i, j int) float64 {
	return math.Exp(mathext.Lbeta(p.a+float64(i), p.b+float64(j)) - mathext.Lbeta(p.a, p.b))
}

// lapse is P(wrong and the mode of n−1 others right)/P(that mode right), ties
// in halves.
func (p population) lapse(n int) float64 {
	var num, den float64
	for k := range n {
		if 2*k < n-1 {
			continue
		}
		w := choose(n-1, k)
		if 2*k == n-1 {
			w /= 2
		}
		den += w * p.moment(k, n-1-k)
		num += w * p.moment(k, n-k)
	}
	return num / den
}

// gain is P(majority of e right) − P(right), for odd e.
func (p population) gain(e int) float64 {
	sum := 0.0
	for k := e/2 + 1; k <= e; k++ {
		sum += choose(e, k) * p.moment(k, e-k)
	}
	return sum - p.accuracy()
}

func choose(n, k int) float64 {
	c := 1.0
	for i := range k {
		c = c * float64(n-i) / float64(i+1)
	}
	return math.Round(c)
}

// draw gives q questions with n samples, and how many samples are wrong.
func (p population) draw(random *rand.Rand, beta distuv.Beta, q, n int) (questions []estimate.Counts, wrong int) {
	for range q {
		easy, k := beta.Rand(), 0
		for range n {
			if random.Float64() < easy {
				k++
			}
		}
		questions = append(questions, estimate.Counts{N: []int{k, n - k}, Right: 0})
		wrong += n - k
	}
	return questions, wrong
}

// A tally counts how often an interval was given and how often it covered.
type tally struct{ given, covered int }

func (c *tally) take(f estimate.Figure, truth float64) {
	if f.Low == nil {
		return
	}
	c.given++
	if *f.Low <= truth && truth <= *f.High {
		c.covered++
	}
}

// simulate draws so many sets of questions and counts, per figure.
func simulate(p population, q, n, runs int) map[string]*tally {
	source := rand.NewPCG(uint64(q), uint64(n))
	random, beta := rand.New(source), distuv.Beta{Alpha: p.a, Beta: p.b, Src: source}
	seen := map[string]*tally{}
	take := func(name string, f estimate.Figure, truth float64) {
		if seen[name] == nil {
			seen[name] = &tally{}
		}
		seen[name].take(f, truth)
	}
	for range runs {
		questions, wrong := p.draw(random, beta, q, n)
		scores, errs, pairs := make([]estimate.Scores, q), make([]float64, q), make([]estimate.Pair, q)
		for i, c := range questions {
			scores[i], _ = estimate.OneHot(c.N, c.Right)
			errs[i] = scores[i].Error
			pairs[i] = estimate.Pair{Num: scores[i].Variance, Den: 1}
		}
		take("error", estimate.MeanOf(errs), 2*(1-p.accuracy()))
		take("disagreement", estimate.ShareOf(pairs, estimate.MinClusters), 2*p.moment(1, 1))
		take("incoherence", estimate.Incoherence(scores, wrong), p.accuracy()*p.within())
		take("within share", estimate.WithinShare(questions), p.within())
		if n >= 3 {
			take("lapse", estimate.Lapse(questions), p.lapse(n))
			take("vote gain", voteGain(questions), p.gain(3))
		}
	}
	return seen
}

// voteGain is how much more often the mode of three is right than one, paired over
// questions.
func voteGain(questions []estimate.Counts) estimate.Figure {
	gains := make([]float64, len(questions))
	for i, q := range questions {
		vote, _ := estimate.MajorityRight(q, 3)
		single, _ := estimate.MajorityRight(q, 1)
		gains[i] = vote - single
	}
	return estimate.MeanOf(gains).Clip(-1, 1)
}

// allowance is how far below .95 the true coverage of a linearised interval
// may lie: at few questions, few of them with an error. The benchmark below
// puts the worst at .855, .896 and .934 for 20, 50 and 200 questions. Above
// .95 is no harm where a figure is discrete or kept within its range.
func allowance(q int) float64 {
	switch {
	case q >= 200:
		return .02
	case q >= 50:
		return .06
	}
	return .10
}

// chance is four standard deviations of the coverage seen in so many runs.
func chance(runs int) float64 {
	return 4 * math.Sqrt(estimate.Confidence*(1-estimate.Confidence)/float64(runs))
}

func TestIntervalsCoverTheTruth(t *testing.T) {
	runs := 600
	if testing.Short() {
		runs = 100
	}
	for _, p := range populations() {
		for _, q := range []int{20, 50, 200} {
			for _, n := range []int{2, 3, 5} {
				for name, c := range simulate(p, q, n, runs) {
					if c.given < runs/10 {
						continue // mostly absent, and said so
					}
					got := float64(c.covered) / float64(c.given)
					over := got > estimate.Confidence+allowance(q)+chance(c.given)
					plain := name == "error" || name == "disagreement" || name == "vote gain"
					if got < estimate.Confidence-allowance(q)-chance(c.given) || (over && plain && q >= 200) {
						t.Errorf("%s, p ~ Beta(%g, %g), %d questions, %d samples: coverage %.3f of %d",
							name, p.a, p.b, q, n, got, c.given)
					}
				}
			}
		}
	}
}

// The half-widths that the literature gives for these sizes, of a population
// like this one, to a fifth.
func TestIncoherenceIsAsSureAsItCanBe(t *testing.T) {
	const runs = 200
	p, source := population{1, 1}, rand.NewPCG(3, 1)
	beta := distuv.Beta{Alpha: p.a, Beta: p.b, Src: source}
	for _, c := range []struct {
		q, n int
		half float64
	}{{20, 2, .23}, {50, 2, .15}, {200, 2, .075}, {200, 5, .045}} {
		sum := 0.0
		for range runs {
			questions, wrong := p.draw(rand.New(source), beta, c.q, c.n)
			scores := make([]estimate.Scores, c.q)
			for i, k := range questions {
				scores[i], _ = estimate.OneHot(k.N, k.Right)
			}
			f := estimate.Incoherence(scores, wrong)
			sum += (*f.High - *f.Low) / 2 / runs
		}
		near(t, fmt.Sprintf("half-width of %d questions with %d samples", c.q, c.n), sum/c.half, 1, .2)
	}
}

// What live traffic has: conversations of 1 to 12 requests whose chances are
// alike, two samples of each request, and a verdict on the first alone. With
// one wrong answer, D and 2·1{wrong} carry incoherence without more labels.
func TestLiveIncoherenceCoversTheTruthWithCorrelatedTurns(t *testing.T) {
	const runs, conversations = 1500, 80
	source := rand.NewPCG(12, 34)
	random := rand.New(source)
	for _, p := range []population{{2, 2}, {1.2, .8}, {4, 1}} {
		beta, c := distuv.Beta{Alpha: p.a, Beta: p.b, Src: source}, tally{}
		for range runs {
			clusters, requests, errors := make([]estimate.Pair, conversations), 0, 0
			for i := range clusters {
				easy := beta.Rand()
				for range 1 + random.IntN(12) {
					first, second := random.Float64() < easy, random.Float64() < easy
					requests++
					if !first {
						errors++
						clusters[i].Den += 2
					}
					if first != second {
						clusters[i].Num++
					}
				}
			}
			c.take(estimate.IncoherenceFromSums(sumsOf(clusters), int64(requests), int64(errors)), p.accuracy()*p.within())
		}
		got := float64(c.covered) / float64(c.given)
		if c.given != runs || math.Abs(got-estimate.Confidence) > .02+chance(runs) {
			t.Errorf("Beta(%g, %g): coverage %.3f of %d", p.a, p.b, got, c.given)
		}
	}
}

// Disagreement that rises with two lengths which go together, in conversations
// that have a level of their own: the slopes of both, fitted together. CR1
// intervals over 60 unequal clusters are known to be a little short (Cameron &
// Miller 2015, §VI): .02 is allowed.
func TestSlopesCoverTheTruthWithClusterEffects(t *testing.T) {
	const runs, clusters, reasoning, context = 1200, 60, .03, .01
	random := rand.New(rand.NewPCG(56, 78))
	var first, second tally
	for range runs {
		m := estimate.NewMoments(3)
		for range clusters {
			u, n := make([]float64, estimate.Size(3)), 1+random.IntN(12)
			level, long := .1*random.Float64(), random.Float64()*3
			for range n {
				r := math.Floor(long + 5*random.Float64())
				c := math.Floor(r/2 + 6*random.Float64())
				x := 0.0
				if random.Float64() < .1+level+reasoning*r+context*c {
					x = 1
				}
				estimate.Accumulate(u, []float64{1, r, c}, x, 1)
			}
			m.Add(u, int64(n))
		}
		coef, _ := estimate.OLSFromMoments(m)
		first.take(coef[1], reasoning)
		second.take(coef[2], context)
	}
	for name, c := range map[string]tally{"reasoning": first, "context": second} {
		got := float64(c.covered) / runs
		if c.given != runs || math.Abs(got-estimate.Confidence) > .02+chance(runs) {
			t.Errorf("%s: coverage %.3f of %d", name, got, c.given)
		}
	}
}

// Normal errors of the logarithms are what its t interval is exact for.
func TestExponentsCoverTheTruth(t *testing.T) {
	const runs, exponent = 3000, .4
	random := rand.New(rand.NewPCG(90, 12))
	var c tally
	for range runs {
		length, value := make([]float64, 5), make([]float64, 5)
		for i := range length {
			length[i] = math.Pow(2, float64(7+i))
			value[i] = .02 * math.Pow(length[i], exponent) * math.Exp(.2*random.NormFloat64())
		}
		s, _ := estimate.LogLog(length, value)
		c.take(s.Figure, exponent)
	}
	if got := float64(c.covered) / runs; math.Abs(got-estimate.Confidence) > chance(runs) {
		t.Errorf("coverage %.3f", got)
	}
}

// BenchmarkCoverage reports the coverage of every figure with 5,000 runs each.
func BenchmarkCoverage(b *testing.B) {
	for _, p := range populations() {
		for _, q := range []int{20, 50, 200} {
			for _, n := range []int{2, 3, 5} {
				b.Run(fmt.Sprintf("Beta(%g,%g)/Q=%d/N=%d", p.a, p.b, q, n), func(b *testing.B) {
					for b.Loop() {
						for name, c := range simulate(p, q, n, 5000) {
							if c.given > 500 {
								b.ReportMetric(float64(c.covered)/float64(c.given), strings.ReplaceAll(name, " ", "-"))
							}
						}
					}
				})
			}
		}
	}
}

// Conversations that were drawn with other probabilities weigh otherwise. A tenth of
// 50 weigh fifty times as much as the rest: with t of 49 degrees of freedom 78 % of
// the intervals cover, with those of the effective number 86 %. Few clusters are few,
// so this asks for .846 only: .86 less four standard deviations √(.86·.14/10,000).
func TestIntervalsOfUnequalWeightsCoverMoreThanTheirClustersPromise(t *testing.T) {
	const runs, truth = 10_000, .15
	random, covered := rand.New(rand.NewPCG(31, 0)), 0
	for range runs {
		clusters := make([]estimate.Pair, 50)
		for i := range clusters {
			weight, p := []float64{1, 50}[random.IntN(10)/9], truth*[]float64{.4, 1.6}[random.IntN(2)]
			for range 1 + random.IntN(6) {
				clusters[i].Den += weight
				if random.Float64() < p {
					clusters[i].Num += weight
				}
			}
		}
		if f := estimate.ShareOf(clusters, 10); *f.Low <= truth && truth <= *f.High {
			covered++
		}
	}
	share := float64(covered) / runs
	t.Logf("%.3f of the intervals cover", share)
	if share < .846 {
		t.Errorf("%.3f of the intervals cover, want .846 at least", share)
	}
}
