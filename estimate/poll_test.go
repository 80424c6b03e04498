package estimate

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// said gives the answers of a word's letters, by launch number.
func said(word string) (answers []Answer) {
	for i, r := range word {
		answers = append(answers, Answer{Key: string(r), Number: i})
	}
	return answers
}

func TestPollsDoNotDependOnTheOrderOfAnswers(t *testing.T) {
	want := Poll{Votes: 6, Parties: []Party{{"b", 2, 1}, {"c", 2, 2}, {"a", 1, 0}, {"d", 1, 5}}}
	answers := said("abccbd")
	for range len(answers) {
		answers = append(answers[1:], answers[0])
		if diff := cmp.Diff(want, Count(answers)); diff != "" {
			t.Fatal(diff)
		}
	}
	slices.Reverse(answers)
	if diff := cmp.Diff(want, Count(answers)); diff != "" {
		t.Error(diff)
	}
}

// TestSettledAndCarriedAgreeWithEveryCourse tries all that outstanding samples may
// say, of three answers and one that is new.
func TestSettledAndCarriedAgreeWithEveryCourse(t *testing.T) {
	const letters = "abcd"
	var words []string
	for n, last := 1, []string{""}; n <= 4; n++ {
		var longer []string
		for _, w := range last {
			for _, l := range letters[:3] {
				longer = append(longer, w+string(l))
			}
		}
		words, last = append(words, longer...), longer
	}
	for _, word := range words {
		for outstanding := range 3 {
			poll, settled, carried := Count(said(word)), true, true
			ends := []string{word}
			for range outstanding {
				var longer []string
				for _, e := range ends {
					for _, l := range letters {
						longer = append(longer, e+string(l))
					}
				}
				ends = longer
			}
			for _, end := range ends {
				final := Count(said(end))
				settled = settled && final.Parties[0].Key == poll.Parties[0].Key
				i := slices.IndexFunc(final.Parties, func(p Party) bool { return p.Key == poll.Parties[0].Key })
				lead := final.Parties[i]
				carried = carried && (2*lead.Votes > final.Votes || 2*lead.Votes == final.Votes && lead.First == 0)
			}
			if poll.Settled(outstanding) != settled || poll.Carried(outstanding) != carried {
				t.Errorf("%s and %d more: settled %t, want %t; carried %t, want %t", word, outstanding,
					poll.Settled(outstanding), settled, poll.Carried(outstanding), carried)
			}
		}
	}
	if (Poll{}).Settled(1) || (Poll{}).Carried(0) || !(Poll{}).Settled(0) {
		t.Error("of nobody")
	}
}
