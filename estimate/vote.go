package estimate

import (
	"math"
	"math/rand/v2"
)

// Votes are the figures of answers that E samples agree on, over questions.
type Votes struct {
	E        int    `json:"e"`
	Accuracy Figure `json:"accuracy"`
	Error    Figure `json:"error"`
	Bias2    Figure `json:"bias2"`
	Variance Figure `json:"variance"`
}

const (
	// voteShuffles is how many times the samples of a question are dealt into
	// votes where the variance of a hard vote is estimated.
	voteShuffles = 64
	// voteSeed makes that repeatable.
	voteSeed = 1
)

// VoteCurve gives, for each size E, what votes of E samples are worth. Each
// size takes the questions with as many samples (twice as many where noted),
// so N may fall with E. Accuracy is exact: the probability that the mode of E
// of the recorded samples, drawn without repetition, is right, modes that tie
// counting in equal parts.
//
// A soft vote averages the E answers (paper §3.3.2). Its bias² is that of a
// single sample and its variance is 1/E of it: both are exact averages over
// all ways to draw, hence no shuffling.
//
// A hard vote takes the mode. Its error is 2(1 − accuracy). Its variance is
// the probability that two votes without a common sample differ; it needs 2E
// samples, which are dealt at random but repeatably. Bias² is what remains,
// over the same questions.
func VoteCurve(questions []Counts, sizes []int, soft bool) []Votes {
	curve := make([]Votes, len(sizes))
	for i, e := range sizes {
		if soft {
			curve[i] = softVotes(questions, e)
		} else {
			curve[i] = hardVotes(questions, e)
		}
	}
	return curve
}

func softVotes(questions []Counts, e int) Votes {
	var accuracy, errs, bias2, variance []float64
	for _, q := range questions {
		right, ok := MajorityRight(q, e)
		if !ok {
			continue
		}
		accuracy = append(accuracy, right)
		if s, ok := OneHot(q.N, q.Right); ok {
			errs = append(errs, s.Bias2+s.Variance/float64(e))
			bias2 = append(bias2, s.Bias2)
			variance = append(variance, s.Variance/float64(e))
		}
	}
	return votes(e, accuracy, errs, bias2, variance)
}

func hardVotes(questions []Counts, e int) Votes {
	var accuracy, errs, bias2, variance []float64
	for i, q := range questions {
		right, ok := MajorityRight(q, e)
		if !ok {
			continue
		}
		accuracy = append(accuracy, right)
		errs = append(errs, 2*(1-right))
		if v, ok := voteDisagreement(q, e, uint64(i)); ok {
			bias2 = append(bias2, 2*(1-right)-v)
			variance = append(variance, v)
		}
	}
	return votes(e, accuracy, errs, bias2, variance)
}

func votes(e int, accuracy, errs, bias2, variance []float64) Votes {
	return Votes{
		E: e, Accuracy: MeanOf(accuracy).Clip(0, 1), Error: MeanOf(errs).Clip(0, 2),
		Bias2: MeanOf(bias2).Clip(0, 2), Variance: MeanOf(variance).Clip(0, 1),
	}
}

// MajorityRight is the probability that the mode of e samples of a question,
// drawn without repetition, is the right class; modes that tie count in equal
// parts. Silent samples do not vote; where none of the drawn ones votes, nothing
// is right. ok is false with fewer than e samples, silent ones counted, or e below
// 1.
func MajorityRight(q Counts, e int) (p float64, ok bool) {
	n, ok := q.valid()
	if !ok || e < 1 || n+q.Silent < e {
		return 0, false
	}
	if q.Right < 0 {
		return 0, true
	}
	for s := max(0, e-n); s <= min(q.Silent, e-1); s++ {
		p += hypergeometric(s, q.Silent, n+q.Silent, e) * q.modeRight(n, e-s)
	}
	return math.Min(1, p), true
}

// modeRight is that probability for e of the n samples that are not silent.
func (q Counts) modeRight(n, e int) (p float64) {
	// First so many of the right class, then no other class more than those.
	right := q.N[q.Right]
	for m := 1; m <= min(e, right); m++ {
		if first := hypergeometric(m, right, n, e); first > 0 {
			p += first * q.othersBelow(m, e-m)
		}
	}
	return p
}

// othersBelow is the mean, over draws of k samples from all but the right
// class, of 1/(1+t) where no class has more than m of them and t have m, and
// of 0 where one has more.
func (q Counts) othersBelow(m, k int) float64 {
	rest := 0
	for class, n := range q.N {
		if class != q.Right {
			rest += n
		}
	}
	// p[j][t]: probability that j are still to be drawn and t classes have m.
	ties := k/m + 1
	p := grid(k+1, ties)
	p[k][0] = 1
	for class, n := range q.N {
		if class == q.Right || n == 0 {
			continue
		}
		next := grid(k+1, ties)
		for j := range p {
			for take := 0; take <= min(m, n, j); take++ {
				h := hypergeometric(take, n, rest, j)
				for t, was := range p[j] {
					if to := t + one(take == m); was > 0 && to < ties {
						next[j-take][to] += was * h
					}
				}
			}
		}
		p, rest = next, rest-n
	}
	total := 0.0
	for t, v := range p[0] {
		total += v / float64(1+t)
	}
	return total
}

func grid(rows, columns int) [][]float64 {
	g := make([][]float64, rows)
	for i := range g {
		g[i] = make([]float64, columns)
	}
	return g
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}

// hypergeometric is the probability of k of a class of n in a draw of e from
// all.
func hypergeometric(k, n, all, e int) float64 {
	if k < 0 || k > n || e-k < 0 || e-k > all-n {
		return 0
	}
	return math.Exp(logChoose(n, k) + logChoose(all-n, e-k) - logChoose(all, e))
}

func logChoose(n, k int) float64 { return logFactorial(n) - logFactorial(k) - logFactorial(n-k) }

// factorials are ln n! of small n: a curve of votes takes them by the million.
var factorials = func() (table [1024]float64) {
	for n := 2; n < len(table); n++ {
		table[n] = table[n-1] + math.Log(float64(n))
	}
	return table
}()

// logFactorial is ln n!.
func logFactorial(n int) float64 {
	if n < len(factorials) {
		return factorials[n]
	}
	f, _ := math.Lgamma(float64(n) + 1)
	return f
}

// voteDisagreement is the probability that two hard votes of e samples each,
// without a common sample, differ. The samples are dealt into as many votes as
// they make, many times; ok is false with fewer than 2e. Votes in which nobody
// votes have the same outcome.
func voteDisagreement(q Counts, e int, seed uint64) (v float64, ok bool) {
	samples := make([]int, 0, q.Silent)
	for range q.Silent {
		samples = append(samples, len(q.N))
	}
	for class, n := range q.N {
		for range n {
			samples = append(samples, class)
		}
	}
	if len(samples) < 2*e {
		return 0, false
	}
	random := rand.New(rand.NewPCG(voteSeed, seed))
	for range voteShuffles {
		random.Shuffle(len(samples), func(i, j int) { samples[i], samples[j] = samples[j], samples[i] })
		winners := make([]int, len(q.N)+1)
		for at := 0; at+e <= len(samples); at += e {
			winners[winner(samples[at:at+e], len(q.N), random)]++
		}
		d, _ := Disagreement(winners)
		v += d / voteShuffles
	}
	return v, true
}

// winner is the mode, drawn among equals; the class after the last, which is that
// of silent samples, if there is none.
func winner(samples []int, classes int, random *rand.Rand) int {
	counts := make([]int, classes+1)
	for _, c := range samples {
		counts[c]++
	}
	tied, _ := modes(counts[:classes])
	if len(tied) == 0 {
		return classes
	}
	return tied[random.IntN(len(tied))]
}
