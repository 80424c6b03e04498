package ensemble

import (
	"cmp"
	"slices"

	"hotmess/estimate"
)

// A Method is how the winner of a vote is found.
type Method string

// The methods.
const (
	// MethodMajority counts equal answers: see Majority.
	MethodMajority Method = "majority"
	// MethodCalls votes on tool calls in two steps: see Comparer.Calls.
	MethodCalls Method = "calls"
	// MethodMedoid picks the text that is most like the others: see
	// Comparer.Medoid.
	MethodMedoid Method = "medoid"
	// MethodEmbeddings is what a vote by MethodMedoid becomes where embeddings told
	// which text that is: see Embed.
	MethodEmbeddings Method = "embeddings"
)

// A Vote is the outcome of a vote.
type Vote struct {
	Method Method
	// Winner is the launch number of the sample that stands for the winning
	// answer: the primary if it gave that answer, else the lowest. By MethodCalls it is
	// one of those with the commonest arguments, or the medoid.
	Winner int
	// Votes is how many samples voted, Agreed how many for that answer, Rival
	// how many for the answer that most of the others gave. Rival exceeds Agreed
	// only where the steps of MethodCalls, or likeness, overrule the count.
	Votes, Agreed, Rival int
	// Changed is whether the primary answered otherwise. It is false if the
	// primary has no answer: then there was none to change.
	Changed bool
	// Sampled is whether no answer had a majority, so that the winner is the
	// medoid of those that were sampled.
	Sampled bool
	// Parties are the answers with their votes, the winning one first, then by
	// votes: the dissent.
	Parties []Party
}

// A Party is the samples that gave one answer. Its key holds content and stays in
// the process.
type Party = estimate.Party

// Margin is (v1 - v2) / n, with v1 votes for the winning answer, v2 for the
// rival and n in all: 1 if all agree, 0 at a tie, -1..1.
func (v Vote) Margin() float64 {
	return float64(v.Agreed-v.Rival) / float64(max(1, v.Votes))
}

// Confidence is the probability that the winning answer is given more often than
// its rival in the long run, 0..1: see estimate.Lead. It says whether this is the
// mode, not whether it is right.
func (v Vote) Confidence() float64 { return estimate.Lead(v.Agreed, v.Rival) }

// Overrules is whether the primary answered otherwise at level. It is known only if
// the primary is among the samples and gave an answer: a vote may be decided, and
// the primary cancelled, before that.
func (v Vote) Overrules(samples []Sample, level Level) (overrules, known bool) {
	i := slices.IndexFunc(samples, func(s Sample) bool { return s.Number == 0 })
	if i < 0 || len(v.Parties) == 0 {
		return false, false
	}
	key, answered := samples[i].Keys[level]
	return answered && key != v.Parties[0].Key, answered
}

// Vote finds the winner by a method; level is that of MethodMajority. Missing
// and empty samples, and those without a key, do not vote; flagged ones do only
// if nobody else can. It is false if nobody can vote. All methods are
// deterministic, and of two answers that do equally well take the primary's, else
// that with the lowest launch number.
func (c Comparer) Vote(m Method, samples []Sample, level Level) (Vote, bool) {
	switch m {
	case MethodCalls:
		return c.Calls(samples)
	case MethodMedoid:
		return c.Medoid(samples)
	default:
		return Majority(samples, level)
	}
}

// settled is whether no outcome of the outstanding samples can change the answer
// that a method finds. With nothing outstanding it always is.
func (c Comparer) settled(m Method, samples []Sample, level Level, outstanding int) bool {
	if outstanding == 0 {
		return true
	}
	switch m {
	case MethodCalls:
		return callsSettled(samples, outstanding)
	case MethodMedoid:
		c := countVotes(electorate(samples, LevelExact), LevelExact)
		return c.Carried(outstanding)
	default:
		return countVotes(electorate(samples, level), level).Settled(outstanding)
	}
}

// unflagged are the samples that no red flag sets aside.
func unflagged(samples []Sample) []Sample {
	return slices.DeleteFunc(slices.Clone(samples), func(s Sample) bool { return s.Flag != "" })
}

// electorate are the samples that vote at level, in launch order: those that are not
// flagged, else the flagged ones.
func electorate(samples []Sample, level Level) []Sample {
	able := make([]Sample, 0, len(samples))
	for _, s := range samples {
		if _, ok := s.Keys[level]; ok && s.Missing == "" && !s.Empty {
			able = append(able, s)
		}
	}
	slices.SortFunc(able, func(a, b Sample) int { return cmp.Compare(a.Number, b.Number) })
	if clean := unflagged(able); len(clean) > 0 {
		return clean
	}
	return able
}

// A count is a count of votes of which one party may be made the winner.
type count struct{ estimate.Poll }

// countVotes counts samples that vote by their keys at level.
func countVotes(samples []Sample, level Level) count {
	answers := make([]estimate.Answer, len(samples))
	for i, s := range samples {
		answers[i] = estimate.Answer{Key: s.Keys[level], Number: s.Number}
	}
	return count{estimate.Count(answers)}
}

// won makes a vote of which the party with key wins, with its sample winner.
func (c count) won(m Method, key string, winner int) Vote {
	v := Vote{Method: m, Winner: winner, Votes: c.Votes}
	for _, p := range c.Parties {
		switch {
		case p.Key == key:
			v.Agreed = p.Votes
			v.Parties = slices.Insert(v.Parties, 0, p)
			continue
		case p.First == 0:
			v.Changed = true
		}
		v.Rival = max(v.Rival, p.Votes)
		v.Parties = append(v.Parties, p)
	}
	return v
}
