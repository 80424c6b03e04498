package report_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strings"
	"testing"

	"hotmess/report"
)

// A short question of five samples; R is right, - has no answer.
type short struct {
	answers []string
	lengths []float64
}

func (s short) line(t *testing.T, id int) string {
	t.Helper()
	samples := make([]object, len(s.answers))
	for i, a := range s.answers {
		samples[i] = object{"answer": a, "correct": a == "R", "output_tokens": s.lengths[i]}
		if a == "-" {
			samples[i]["answer"] = nil
		}
	}
	text, err := json.Marshal(object{"dataset": "d", "model": "m", "question_id": fmt.Sprint(id), "reference": "R", "length_field": "output_tokens", "samples": samples})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func shorts() []short {
	return []short{
		{[]string{"R", "R", "B", "B", "C"}, []float64{10, 70, 20, 40, 30}},
		{[]string{"R", "-", "B", "R", "R"}, []float64{50, 1, 20, 40, 45}},
		{[]string{"B", "B", "-", "R", "B"}, []float64{5, 6, 2, 9, 11}},
	}
}

func shortVotes(t *testing.T) report.Votes {
	t.Helper()
	var text strings.Builder
	for i, s := range shorts() {
		fmt.Fprintln(&text, s.line(t, i))
	}
	return reportOf(t, []byte(text.String())).Groups[0].Votes
}

// rule finds a rule.
func rule(t *testing.T, v report.Votes, method string, launched int) report.Rule {
	t.Helper()
	i := slices.IndexFunc(v.Rules, func(r report.Rule) bool { return r.Method == method && r.Launched == launched })
	if i < 0 {
		t.Fatalf("no rule %s %d (%s)", method, launched, v.Absent)
	}
	return v.Rules[i]
}

// mode is the probability that the mode of these answers is right.
func mode(answers []string) float64 {
	counts := map[string]int{}
	most, tied := 0, 0
	for _, a := range answers {
		if a != "-" {
			counts[a]++
			most = max(most, counts[a])
		}
	}
	for _, n := range counts {
		if n == most {
			tied++
		}
	}
	if most == 0 || counts["R"] != most {
		return 0
	}
	return 1 / float64(tied)
}

func near(t *testing.T, what string, got *float64, want, tolerance float64) {
	t.Helper()
	if got == nil || math.Abs(*got-want) > tolerance {
		t.Errorf("%s is %v, want %.4f ± %.4f", what, value(got), want, tolerance)
	}
}

func value(v *float64) any {
	if v == nil {
		return "absent"
	}
	return *v
}

// All ways to launch k of five samples, one by one.
func TestFixedVotesAreThoseOfAllSubsets(t *testing.T) {
	v := shortVotes(t)
	for _, k := range []int{1, 3, 5} {
		var right, wait, spent, single float64
		for _, s := range shorts() {
			var sets float64
			var r, w, p, mean float64
			for set := range uint(1 << 5) {
				if bits.OnesCount(set) != k {
					continue
				}
				sets++
				var heard []string
				longest := 0.0
				for i := range 5 {
					if set>>i&1 == 1 {
						heard = append(heard, s.answers[i])
						longest, p = max(longest, s.lengths[i]), p+s.lengths[i]
					}
				}
				r, w = r+mode(heard), w+longest
			}
			for _, l := range s.lengths {
				mean += l / 5
			}
			right, wait, spent, single = right+r/sets/3, wait+w/sets, spent+p/sets, single+mean
		}
		got := rule(t, v, "fixed", k)
		near(t, fmt.Sprintf("accuracy of %d", k), got.Accuracy.Value, right, 1e-9)
		near(t, fmt.Sprintf("wait of %d", k), got.Wait, wait/single, 1e-9)
		near(t, fmt.Sprintf("spent of %d", k), got.Spent, spent/single, 1e-9)
	}
}

// permutations calls f with all orders of 0..4.
func permutations(f func(order []int)) {
	order := []int{0, 1, 2, 3, 4}
	var place func(k int)
	place = func(k int) {
		if k == len(order) {
			f(order)
			return
		}
		for i := k; i < len(order); i++ {
			order[k], order[i] = order[i], order[k]
			place(k + 1)
			order[k], order[i] = order[i], order[k]
		}
	}
	place(0)
}

// Orders are drawn 100 times for each of three questions, so a mean over them
// of numbers in 0..1 is within 4·0.5/√300 = .116 of that over all orders, but
// in one of 16,000 cases; numbers of samples up to 5 are within five times that.
const dealt = 4 * 0.5 / 17.3

func TestFirstFinishersWaitPastSamplesWithoutAnswer(t *testing.T) {
	v := shortVotes(t)
	var right, wait, single float64
	for _, s := range shorts() {
		order := []int{0, 1, 2, 3, 4}
		slices.SortFunc(order, func(a, b int) int { return int(s.lengths[a] - s.lengths[b]) })
		var heard []string
		for _, i := range order {
			if s.answers[i] == "-" {
				continue
			}
			if heard = append(heard, s.answers[i]); len(heard) == 3 {
				wait += s.lengths[i]
				break
			}
		}
		right += mode(heard) / 3
		for _, l := range s.lengths {
			single += l / 5
		}
	}
	got := rule(t, v, "first_finishers", 5) // all five start, so nothing is drawn
	near(t, "accuracy", got.Accuracy.Value, right, 1e-9)
	near(t, "wait", got.Wait, wait/single, 1e-9)
}

func TestAdaptiveVotesAreThoseOfAllOrders(t *testing.T) {
	var right, samples, n float64
	for _, s := range shorts() {
		permutations(func(order []int) {
			var heard []string
			drawn := 0
			for _, i := range order {
				drawn++
				heard = append(heard, s.answers[i])
				// At .95 only four against none stop a vote of five.
				counts := map[string]int{}
				for _, a := range heard {
					counts[a]++
				}
				delete(counts, "-")
				if len(counts) == 1 && slices.Max([]int{counts["R"], counts["B"], counts["C"]}) == 4 {
					break
				}
			}
			right, samples, n = right+mode(heard), samples+float64(drawn), n+1
		})
	}
	got := rule(t, shortVotes(t), "adaptive", 5)
	near(t, "accuracy", got.Accuracy.Value, right/n, dealt)
	near(t, "samples", got.Samples.Value, samples/n, 5*dealt)
}

func TestVotesAreAbsentWhereOnlyAGraderKnows(t *testing.T) {
	for _, tc := range []struct{ name, from, to, want string }{
		{"no single right answer", `"reference":"R"`, `"reference":null`, "no_single_right_answer_that_votes_could_agree_on"},
		{"outcomes", `"reference":"R"`, `"reference":"resolved"`, "the_answers_are_outcomes_that_only_a_grader_knows"},
		{"answers", `"reference":"R"`, `"reference":"R"`, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			line := strings.Replace(shorts()[0].line(t, 1), tc.from, tc.to, 1)
			g := reportOf(t, []byte(line)).Groups[0]
			if g.Votes.Absent != tc.want || g.Ensembling.Absent != tc.want {
				t.Errorf("votes %q, ensembling %q, want %q", g.Votes.Absent, g.Ensembling.Absent, tc.want)
			}
		})
	}
}
