package report

import (
	"cmp"
	"math/rand/v2"
	"slices"

	"hotmess/estimate"
)

// A tally adds up what a rule does on each question.
type tally struct {
	right, gain, samples []float64
	spent, wait, single  float64
}

// add takes the means of one question: the probability of a right vote, the
// samples started, and lengths spent and waited for.
func (t *tally) add(it *item, right, samples, spent, wait float64) {
	t.right = append(t.right, right)
	t.gain = append(t.gain, right-it.accuracy)
	t.samples = append(t.samples, samples)
	t.spent += spent
	t.wait += wait
	if mean, ok := byLength.mean(it.q); ok {
		t.single += mean
	}
}

// rule fills in what was tallied.
func (t *tally) rule(r Rule, lengths bool) Rule {
	r.Accuracy, r.Gain = estimate.MeanOf(t.right).Clip(0, 1), estimate.MeanOf(t.gain).Clip(-1, 1)
	r.Samples = estimate.MeanOf(t.samples)
	if lengths && t.single > 0 {
		spent, wait := t.spent/t.single, t.wait/t.single
		r.Spent, r.Wait = &spent, &wait
	}
	return r
}

// runFixed waits for all k samples. Everything about it is exact.
func runFixed(items []item, k int, lengths bool) Rule {
	var t tally
	for i := range items {
		it := &items[i]
		right, _ := estimate.MajorityRight(ballotOf(it), k)
		mean, _ := byLength.mean(it.q)
		t.add(it, right, float64(k), float64(k)*mean, longestOf(it.q, k))
	}
	r := t.rule(Rule{Method: methodFixed, Launched: k}, lengths)
	if k == 1 {
		r.Gain = absentFigure(absentSingle, len(items))
	}
	return r
}

// longestOf is the mean of the longest of k samples drawn without repetition:
// the i-th shortest of n is it with probability C(i-1, k-1) / C(n, k).
func longestOf(q *Question, k int) float64 {
	lengths := make([]float64, len(q.Samples))
	for i, s := range q.Samples {
		lengths[i] = s.Length
	}
	slices.Sort(lengths)
	n := len(lengths)
	p, mean := float64(k)/float64(n), 0.0
	for i := n; i >= k; i-- {
		mean += p * lengths[i-1]
		if i > 1 {
			p *= float64(i-k) / float64(i-1)
		}
	}
	return mean
}

// dealing is a repeatable source of orders for one question, the same for all
// rules, so that they are compared on the same deals.
func dealing(question int) *rand.Rand { return rand.New(rand.NewPCG(seed, uint64(question))) }

// deal draws k samples without repetition into drawn.
func deal(q *Question, random *rand.Rand, drawn []Sample) {
	order := random.Perm(len(q.Samples))
	for i := range drawn {
		drawn[i] = q.Samples[order[i]]
	}
}

// runFirst launches k samples and votes with the first to finish; those that
// are without an answer are waited past. The others are cut short then.
func runFirst(items []item, k, counted int) Rule {
	var t tally
	drawn := make([]Sample, k)
	for i := range items {
		it, random := &items[i], dealing(i)
		var right, spent, wait float64
		for range deals {
			deal(it.q, random, drawn)
			r, s, w := finish(drawn, counted, len(it.counts))
			right, spent, wait = right+r/deals, spent+s/deals, wait+w/deals
		}
		t.add(it, right, float64(k), spent, wait)
	}
	return t.rule(Rule{Method: methodFirst, Launched: k, Counted: counted}, true)
}

// finish lets samples finish by length.
func finish(drawn []Sample, counted, classes int) (right, spent, wait float64) {
	slices.SortFunc(drawn, func(a, b Sample) int { return cmp.Compare(a.Length, b.Length) })
	votes, heard := make([]int, classes), 0
	for _, s := range drawn {
		wait = s.Length
		if s.Class != noneClass {
			votes[s.Class]++
			heard++
		}
		if heard == counted {
			break
		}
	}
	for _, s := range drawn {
		spent += min(s.Length, wait)
	}
	return rightOf(votes), spent, wait
}

// rightOf is the probability that the mode of these votes, drawn among equals,
// is right; nothing is right without a vote.
func rightOf(votes []int) float64 {
	bias, _, ok := estimate.ZeroOne(votes, rightClass)
	if !ok {
		return 0
	}
	return 1 - bias
}

// runAdaptive draws one sample after the other until the leader leads with
// confidence, or there are none left.
func runAdaptive(items []item, most int, lengths bool) Rule {
	var t tally
	lead := leads(most)
	drawn := make([]Sample, most)
	for i := range items {
		it, random := &items[i], dealing(i)
		var right, samples, spent float64
		for range deals {
			deal(it.q, random, drawn)
			n, votes := hear(drawn, lead, len(it.counts))
			right += rightOf(votes) / deals
			samples += float64(n) / deals
			for _, s := range drawn[:n] {
				spent += s.Length / deals
			}
		}
		t.add(it, right, samples, spent, spent)
	}
	return t.rule(Rule{Method: methodAdaptive, Launched: most}, lengths)
}

// leads tables Lead, by the leader's votes and the runner-up's.
func leads(most int) [][]float64 {
	table := make([][]float64, most+1)
	for a := range table {
		table[a] = make([]float64, a+1)
		for b := range table[a] {
			table[a][b] = estimate.Lead(a, b)
		}
	}
	return table
}

// hear takes samples in order until the vote is decided.
func hear(samples []Sample, lead [][]float64, classes int) (n int, votes []int) {
	votes = make([]int, classes)
	heard := 0
	for _, s := range samples {
		n++
		if s.Class == noneClass {
			continue
		}
		votes[s.Class]++
		heard++
		first, second := topTwo(votes)
		if heard >= leastVotes && lead[first][second] >= level {
			break
		}
	}
	return n, votes
}

// topTwo are the two largest counts.
func topTwo(votes []int) (first, second int) {
	for _, v := range votes {
		switch {
		case v > first:
			first, second = v, first
		case v > second:
			second = v
		}
	}
	return first, second
}
