package ensemble

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"testing"

	"hotmess/estimate"
)

// rounds is how many orders of the takes of each question are voted on.
const rounds = 10

// A contender is one way to answer a question.
type contender struct {
	name  string
	rules Rules
	// fixed: all of Max samples run to their end, whatever they say.
	fixed bool
	// unary: no token is seen before the end of a reply.
	unary bool
}

// firstToken is the time to the first token of a stream, as a share of the mean
// length. No recording has it; a tenth is what a chain of thought of a few hundred
// tokens takes at the usual speeds.
const firstToken = .1

// A score is what a contender makes of all questions.
type score struct {
	contender
	right, spent, samples float64 // means
	took                  []float64
	worse                 float64 // share of votes whose answer is wrong where the first sample was right
	// byQuestion is the mean share of right answers, by question and model.
	byQuestion []float64
}

func (c contender) play(questions []question) score {
	s := score{contender: c, byQuestion: make([]float64, len(questions))}
	n := float64(len(questions) * rounds)
	for i, q := range questions {
		first := 0.0
		for _, t := range q.takes {
			first += firstToken * t.length / float64(len(q.takes))
		}
		if c.unary {
			first = math.Inf(1)
		}
		for round := range rounds {
			shuffled := q.shuffled(round, i)
			run := c.run(shuffled, first)
			s.took = append(s.took, run.took)
			s.spent += run.spent / n
			s.samples += float64(run.launched) / n
			if run.right {
				s.right += 1 / n
				s.byQuestion[i] += 1. / rounds
			} else if shuffled.takes[0].right {
				s.worse += 1 / n
			}
		}
	}
	slices.Sort(s.took)
	return s
}

func (c contender) run(q question, first float64) course {
	if !c.fixed {
		return q.simulate(c.rules, first)
	}
	run := course{launched: c.rules.Max}
	var samples []Sample
	for i, t := range q.takes[:c.rules.Max] {
		samples = append(samples, Sample{Number: i, Keys: Keys{LevelExact: t.key}})
		run.took = max(run.took, t.length)
		run.spent += t.length
	}
	run.vote, _ = Majority(samples, LevelExact)
	run.right = q.takes[run.vote.Winner].right
	return run
}

func (s score) quantile(p float64) float64 { return s.took[int(p*float64(len(s.took)-1))] }

func fixedVote(n int) contender {
	return contender{name: fmt.Sprintf("fixed N = %d", n), rules: Rules{Level: LevelExact, Min: n, Max: n}, fixed: true}
}

// live is a contender by the rules of live votes.
func live(name string, r Rules) contender {
	r.Level = LevelExact
	return contender{name: name, rules: r}
}

func unary(c contender) contender {
	c.unary = true
	return c
}

// contenders are the rows of the table.
func contenders() []contender {
	all := []contender{
		{name: "single", rules: Rules{Level: LevelExact, Max: 1}, fixed: true},
		fixedVote(3), fixedVote(5), fixedVote(10), fixedVote(20),
	}
	for _, launch := range []Launch{LaunchAtOnce, LaunchStaged, LaunchLeader} {
		for _, most := range []int{10, 20} {
			for _, r := range []struct {
				name  string
				rules Rules
			}{
				{"settled", Rules{}},
				{"confidence .90", Rules{Confidence: .9}},
				{"confidence .95", Rules{Confidence: .95}},
				{"lead 2", Rules{Lead: 2}},
				{"lead 3", Rules{Lead: 3}},
				{"first 3", Rules{First: 3}},
				{"first 5", Rules{First: 5}},
			} {
				r.rules.Min, r.rules.Max, r.rules.Launch = 3, most, launch
				c := live(fmt.Sprintf("3..%d %s %s", most, launch, r.name), r.rules)
				all = append(all, c)
				if launch == LaunchLeader {
					all = append(all, unary(live(c.name+" unary", r.rules)))
				}
			}
		}
	}
	return all
}

// against is the difference in accuracy to another contender, with its interval over
// questions: what models make of one question is not independent.
func (s score) against(other score, questions []question) string {
	byID := map[string]float64{}
	for i, q := range questions {
		byID[q.id] += s.byQuestion[i] - other.byQuestion[i]
	}
	models := float64(len(questions)) / float64(len(byID))
	var diffs []float64
	for _, id := range slices.Sorted(maps.Keys(byID)) {
		diffs = append(diffs, byID[id]/models)
	}
	d := estimate.MeanOf(diffs)
	if d.Low == nil {
		return "+0.0000"
	}
	return fmt.Sprintf("%+.4f [%+.4f, %+.4f]", *d.Value, *d.Low, *d.High)
}

// printModes prints what votes do to questions whose commonest answer is wrong, and
// to the others.
func printModes(questions []question, single, voted score) {
	var n, before, after [2]float64 // mode right, mode wrong
	for i, q := range questions {
		var samples []Sample
		for j, t := range q.takes {
			samples = append(samples, Sample{Number: j, Keys: Keys{LevelExact: t.key}})
		}
		v, _ := Majority(samples, LevelExact)
		wrong := 0
		if !q.takes[v.Winner].right {
			wrong = 1
		}
		n[wrong]++
		before[wrong] += single.byQuestion[i]
		after[wrong] += voted.byQuestion[i]
	}
	for i, name := range []string{"mode right", "mode wrong"} {
		fmt.Printf("%s: %.0f of %d questions, accuracy %.4f alone, %.4f by %s\n", name, n[i], len(questions), before[i]/n[i], after[i]/n[i], voted.name)
	}
}

// BenchmarkVoting prints the table of docs/voting.md, from recorded samples.
func BenchmarkVoting(b *testing.B) {
	questions := recordedQuestions(b, aqua())
	for b.Loop() {
		single := contender{rules: Rules{Level: LevelExact, Max: 1}, fixed: true}.play(questions)
		ten, twenty := fixedVote(10).play(questions), fixedVote(20).play(questions)
		printModes(questions, single, ten)
		printModes(questions, single, twenty)
		fmt.Printf("%-40s accuracy  - N=10 [95 %%]                 samples  tokens  /N=10  /N=20  p50    p99    worse\n", "")
		for _, c := range contenders() {
			s := c.play(questions)
			fmt.Printf("%-40s %.4f    %-26s  %5.1f    %5.2f   %.3f  %.3f  %.3f  %.3f  %.3f\n", s.name, s.right, s.against(ten, questions),
				s.samples, s.spent/single.spent, s.spent/ten.spent, s.spent/twenty.spent,
				s.quantile(.5)/single.quantile(.5), s.quantile(.99)/single.quantile(.99), s.worse)
		}
	}
}
