package ensemble

import (
	"maps"
	"slices"

	"hotmess/wire"
)

// Medoid picks the text that more than half gave, or half with the primary, else
// the one that is most like the others: with the largest sum of
// Shingles.Similarity to them (sample-based minimum Bayes risk decoding). A text
// without words, and a refusal, is like its equals alone. Agreed, Rival and Parties
// count equal texts. See Comparer.Vote for who votes and what a tie is.
func (c Comparer) Medoid(samples []Sample) (Vote, bool) {
	able := electorate(samples, LevelExact)
	all := countVotes(able, LevelExact)
	if all.Votes == 0 {
		return Vote{}, false
	}
	if lead := all.Parties[0]; all.Carried(0) {
		return all.won(MethodMedoid, lead.Key, lead.First), true
	}
	shingles := make(map[string]Shingles, len(all.Parties))
	for _, s := range able {
		if own, ok := c.Shingles(s.Reply); ok {
			shingles[s.Keys[LevelExact]] = own
		}
	}
	return mostAlike(MethodMedoid, able, shingles, Shingles.Similarity), true
}

// mostAlike is the vote of which the text wins that is most like the others. what
// is what a text is likened by, by its key, alike how alike two of them are, 0..1.
// One that has nothing to be likened by is like its equals alone.
func mostAlike[T any](m Method, able []Sample, what map[string]T, alike func(a, b T) float64) Vote {
	i := medoidOf(len(able), func(i, j int) float64 {
		one, other := able[i].Keys[LevelExact], able[j].Keys[LevelExact]
		if one == other {
			return 1
		}
		a, both := what[one]
		b, ok := what[other]
		if both = both && ok; !both {
			return 0
		}
		return alike(a, b)
	})
	v := countVotes(able, LevelExact).won(m, able[i].Keys[LevelExact], able[i].Number)
	v.Sampled = true
	return v
}

// medoidOf is the index, below n, with the largest sum of likeness to all others;
// of equals the lowest. likeness is symmetric.
func medoidOf(n int, likeness func(i, j int) float64) int {
	sums := make([]float64, n)
	for i := range n {
		for j := range i {
			u := likeness(i, j)
			sums[i] += u
			sums[j] += u
		}
	}
	best := 0
	for i, sum := range sums {
		if sum > sums[best]+likenessStep {
			best = i
		}
	}
	return best
}

// likenessStep is the least difference between two sums of likeness that counts:
// less is left over by the order in which they were added.
const likenessStep = 1e-9

// agreement is the share of arguments that two replies agree on, 0..1, of all
// that either gave: equal in canonical form, or pointed at the same thing (see
// identify). The n-th call of a tool is compared with the n-th of the same tool;
// one without counterpart agrees in nothing. Each call weighs the same.
func agreement(one, other map[string][]given) float64 {
	if len(one) == 0 || len(other) == 0 {
		if len(one) == len(other) {
			return 1
		}
		return 0
	}
	sum, calls := 0.0, 0
	for _, name := range slices.Sorted(maps.Keys(one)) {
		for i := range min(len(one[name]), len(other[name])) {
			sum += one[name][i].agreement(other[name][i])
		}
		calls += max(len(one[name]), len(other[name]))
	}
	for name := range other {
		if _, both := one[name]; !both {
			calls += len(other[name])
		}
	}
	return sum / float64(calls)
}

// A given is what one call is given, by argument: in canonical form, and what
// identifies in it, if anything does.
type given struct{ canonical, target map[string]string }

// givenTo are the calls of a reply by the names of their tools, each taken apart once
// however many others it is compared with.
func (c Comparer) givenTo(calls []wire.Call) map[string][]given {
	named := make(map[string][]given, len(calls))
	for _, call := range calls {
		g := given{canonical: canonicalArguments(call), target: map[string]string{}}
		v, _ := parseJSON(call.Arguments)
		object, _ := v.(map[string]any)
		for name, value := range object {
			if found := identify(c.tool(call.Name), map[string]any{name: value}); len(found) > 0 {
				g.target[name] = list(tagArgument, found...)
			}
		}
		named[call.Name] = append(named[call.Name], g)
	}
	return named
}

// agreement is agreement of two calls of one tool.
func (g given) agreement(other given) float64 {
	names := unionOfKeys(g.canonical, other.canonical)
	if len(names) == 0 {
		return 1
	}
	agreed := 0
	for _, name := range names {
		target := g.target[name]
		if g.canonical[name] == other.canonical[name] || target != "" && target == other.target[name] {
			agreed++
		}
	}
	return float64(agreed) / float64(len(names))
}
