package ensemble

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"hotmess/estimate"
)

// A seen is what a rule may know when a vote has come so far, one sample after the
// other.
type seen struct {
	Vote
	model string
	// left is how many samples are left.
	left int
	// short is whether those who agree are shorter, in the mean, than the median
	// of the route.
	short bool
	// kept is whether the leading answer is that of all samples: what a rule
	// learns from, and must not look at when asked.
	kept bool
}

// A rival is a rule beside the plain Beta rule, ready to be asked whether the vote
// is over at one of its levels.
type rival struct {
	name   string
	levels []float64
	over   func(s seen, level float64) bool
}

// A walk is how one vote went: whether its answer is right, whether it is that of
// all samples, and what it cost.
type walk struct {
	right, kept bool
	spent       float64
}

// inTurn votes on one sample after the other, most at most, until a rule says that
// it is over or nothing can change the outcome.
func (q question) inTurn(most int, median float64, over func(seen) bool) (w walk) {
	r := Rules{Level: LevelExact, Max: most}
	var samples []Sample
	for i, t := range q.takes[:most] {
		samples = append(samples, Sample{Number: i, Keys: Keys{LevelExact: t.key}})
	}
	full, _ := Majority(samples, LevelExact)
	for i := range samples {
		now := state{ended: samples[:i+1], launched: most}
		w.spent += q.takes[i].length
		v, _ := r.pick(Comparer{}, now)
		w.right, w.kept = q.takes[v.Winner].right, v.Parties[0].Key == full.Parties[0].Key
		s := seen{Vote: v, model: q.model, left: most - i - 1, kept: w.kept, short: q.meanOf(v.Parties[0].Key, i+1) <= median}
		if r.stop(Comparer{}, now) != "" || over(s) {
			break
		}
	}
	return w
}

// meanOf is the mean length of those of the first n takes that gave an answer.
func (q question) meanOf(key string, n int) float64 {
	sum, all := 0.0, 0.0
	for _, t := range q.takes[:n] {
		if t.key == key {
			sum, all = sum+t.length, all+1
		}
	}
	return sum / all
}

// overtaken is the probability that the second answer has more votes than the first
// once left samples are drawn, if each gives one of the two: Beta-binomial.
func overtaken(v1, v2, left int) float64 {
	a, b := float64(v1+1), float64(v2+1)
	lbeta := func(a, b float64) float64 {
		x, _ := math.Lgamma(a)
		y, _ := math.Lgamma(b)
		z, _ := math.Lgamma(a + b)
		return x + y - z
	}
	p := 0.0
	for k := range left + 1 { // k of left for the second
		if v2+k <= v1+left-k {
			continue
		}
		n, kk := float64(left), float64(k)
		p += math.Exp(lbeta(a+n-kk, b+kk) - lbeta(a, b) - lbeta(kk+1, n-kk+1) - math.Log(n+1))
	}
	return p
}

// A past is what full votes of a route say of states on the way: how often the
// leading answer was that of all samples. It needs no label.
type past map[string][2]float64

func (p past) note(key string, kept bool) {
	c := p[key]
	c[1]++
	if kept {
		c[0]++
	}
	p[key] = c
}

// held is that share, drawn towards what plain Beta says by so many votes.
func (p past) held(key string, plain float64) float64 {
	const weight = 20
	c := p[key]
	return (c[0] + weight*plain) / (c[1] + weight)
}

func pooledKey(s seen) string { return fmt.Sprint(s.Agreed, s.Rival) }
func routeKey(s seen) string  { return fmt.Sprint(s.model, s.Agreed, s.Rival) }
func lengthKey(s seen) string { return fmt.Sprint(s.Agreed, s.Rival, s.short) }

// learn walks through the full votes of questions.
func learn(questions []question, medians map[string]float64, most int, key func(seen) string) past {
	p := past{}
	for i, q := range questions {
		for round := range turns {
			q.shuffled(round, i).inTurn(most, medians[q.model], func(now seen) bool {
				p.note(key(now), now.kept)
				return false
			})
		}
	}
	return p
}

// mediansOf are the median lengths by model.
func mediansOf(questions []question) map[string]float64 {
	lengths := map[string][]float64{}
	for _, q := range questions {
		for _, t := range q.takes {
			lengths[q.model] = append(lengths[q.model], t.length)
		}
	}
	medians := map[string]float64{}
	for model, l := range lengths {
		slices.Sort(l)
		medians[model] = l[len(l)/2]
	}
	return medians
}

// rivalsOf are the rules that are tried; plain Beta is the first.
func rivalsOf(history []question, medians map[string]float64, most int) []rival {
	levels := []float64{.7, .75, .8, .85, .875, .9, .925, .94, .95, .96, .97, .98, .99, .995}
	all := []rival{
		{"plain Beta", levels, func(s seen, level float64) bool { return s.Confidence() >= level }},
		{"expected change", levels, func(s seen, level float64) bool { return 1-overtaken(s.Agreed, s.Rival, s.left) >= level }},
	}
	for _, h := range []struct {
		name string
		key  func(seen) string
	}{{"history", pooledKey}, {"history of the route", routeKey}, {"history and length", lengthKey}} {
		p := learn(history, medians, most, h.key)
		all = append(all, rival{h.name, levels, func(s seen, level float64) bool { return p.held(h.key(s), s.Confidence()) >= level }})
	}
	return all
}

// turns is how many orders of the takes of each question are walked through.
const turns = 4

// keep is the share of votes that are to end with the answer of all samples.
const keep = .99

// BenchmarkVotingBeyondBeta tries to beat the plain Beta rule, one sample after the
// other. What a rule learns, and its level, come from one half of the questions:
// the level with the fewest tokens at which 99 % of votes end with the answer of
// all samples. What is printed is the other half. Labels have no part in it.
func BenchmarkVotingBeyondBeta(b *testing.B) {
	questions := recordedQuestions(b)
	var halves [2][]question
	for i, q := range questions {
		halves[i%2] = append(halves[i%2], q)
	}
	for b.Loop() {
		for _, most := range []int{10, 20} {
			for chosen := range halves {
				compareRivals(halves[chosen], halves[1-chosen], most)
			}
		}
	}
}

// A pace is what a rule makes of questions: by question the share of right answers,
// of those of all samples, and the tokens.
type pace struct{ right, kept, spent []float64 }

func (r rival) pace(questions []question, medians map[string]float64, most int, level float64) pace {
	p := pace{make([]float64, len(questions)), make([]float64, len(questions)), make([]float64, len(questions))}
	for i, q := range questions {
		for round := range turns {
			w := q.shuffled(round, i).inTurn(most, medians[q.model], func(s seen) bool { return r.over(s, level) })
			p.spent[i] += w.spent / turns
			if w.right {
				p.right[i] += 1. / turns
			}
			if w.kept {
				p.kept[i] += 1. / turns
			}
		}
	}
	return p
}

func mean(x []float64) float64 { return total(x) / float64(len(x)) }

func total(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	return sum
}

func minus(a, b []float64) []float64 {
	d := make([]float64, len(a))
	for i := range a {
		d[i] = a[i] - b[i]
	}
	return d
}

func compareRivals(history, fresh []question, most int) {
	medians := mediansOf(history)
	all := rival{over: func(seen, float64) bool { return false }}.pace(fresh, medians, most, 0)
	fmt.Printf("%d at most, until settled: accuracy %.4f\n", most, mean(all.right))
	var plain pace
	for i, r := range rivalsOf(history, medians, most) {
		level, least := 0.0, math.Inf(1)
		for _, l := range r.levels {
			p := r.pace(history, medians, most, l)
			if mean(p.kept) >= keep && total(p.spent) < least {
				level, least = l, total(p.spent)
			}
		}
		if level == 0 {
			fmt.Printf("  %-24s no level keeps as many\n", r.name)
			continue
		}
		p := r.pace(fresh, medians, most, level)
		if i == 0 {
			plain = p
		}
		fmt.Printf("  %-24s at %.3f  accuracy %.4f  kept %.4f  tokens %.3f of settled; against plain: accuracy %s  kept %s  tokens %s\n", r.name, level,
			mean(p.right), mean(p.kept), total(p.spent)/total(all.spent), interval(minus(p.right, plain.right), fresh, 1),
			interval(minus(p.kept, plain.kept), fresh, 1), interval(minus(p.spent, plain.spent), fresh, mean(plain.spent)))
	}
}

// interval is the mean of differences by question, of a unit.
func interval(diffs []float64, questions []question, unit float64) string {
	s := score{byQuestion: diffs}
	for i := range s.byQuestion {
		s.byQuestion[i] /= unit
	}
	return s.against(score{byQuestion: make([]float64, len(diffs))}, questions)
}

// TestOvertakenIsTheBetaBinomialTail: with one sample left and a tie each of the
// two is as likely to be ahead; from 1 to 0 the second can only draw level.
func TestOvertakenIsTheBetaBinomialTail(t *testing.T) {
	for _, c := range []struct {
		v1, v2, left int
		want         float64
	}{
		{1, 1, 1, .5},
		{1, 0, 1, 0},
		// Two left from 1 to 0: both for the second, (1/3)(2/4).
		{1, 0, 2, 1. / 6},
	} {
		if got := overtaken(c.v1, c.v2, c.left); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("from %d to %d with %d left: %g, want %g", c.v1, c.v2, c.left, got, c.want)
		}
	}
	if plain := estimate.Lead(3, 0); math.Abs(plain-.9375) > 1e-9 {
		t.Errorf("three to none is %g", plain)
	}
}
