package sim

import (
	"math/rand/v2"
	"strings"
)

// Parts of sentences. Some hold characters beyond ASCII and some that JSON
// escapes, so that readers of streams meet both.
var (
	openings = []string{
		"Let me think this through.", "First, the facts.", "Here is how I see it:", "Looking at the question again…",
		"There are “two” ways to go about this.", "Starting from what is given,", "Step by step:", "Hm — let us see.",
	}
	middles = []string{
		"the first part fixes the range ≈ as expected", "most of the candidates drop out", "one case needs a \"closer\" look",
		"the units work out", "nothing contradicts this so far 🙂", "the remaining terms cancel", "both paths lead to the same place",
		"a quick check <against> the limits passes", "the naïve reading would be misleading",
	}
	links   = []string{", and ", "; then ", ". After that ", ", so ", ".\n- "}
	endings = []string{"So I am done.", "That settles it.", "This is what I arrive at.", "Hence the result.", "All in all:"}
	words   = []string{
		"alder", "basalt", "cedar", "delta", "ember", "fjord", "garnet", "harbor", "indigo", "juniper", "kelp", "lumen",
		"maple", "nectar", "onyx", "pine", "quartz", "reef", "slate", "thicket", "umber", "vale", "willow", "zephyr",
	}
	verbs = []string{"check", "find", "compare", "open", "review", "collect", "sort", "confirm"}
)

func pick(rng *rand.Rand, from []string) string { return from[rng.IntN(len(from))] }

// prose is some sentences without digits, different nearly every time.
func prose(rng *rand.Rand) string {
	var b strings.Builder
	b.WriteString(pick(rng, openings) + " ")
	for i := range 2 + rng.IntN(4) {
		if i > 0 {
			b.WriteString(pick(rng, links))
		}
		b.WriteString(pick(rng, middles))
	}
	b.WriteString(". " + pick(rng, endings))
	return b.String()
}

// phrase is a few words, different nearly every time.
func phrase(rng *rand.Rand) string {
	return strings.Join([]string{pick(rng, verbs), "the", pick(rng, words), "and the", pick(rng, words), "again"}, " ")
}

// thoughts is a reasoning text of about the given number of tokens, at four
// bytes each.
func thoughts(rng *rand.Rand, tokens int) string {
	var b strings.Builder
	for b.Len() < tokens*bytesPerToken {
		b.WriteString(pick(rng, middles) + pick(rng, links))
	}
	return strings.ToValidUTF8(b.String()[:tokens*bytesPerToken], "")
}
