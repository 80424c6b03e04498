package ensemble

import "slices"

// Calls votes on tool calls in two steps, so that those who agree on the tool do
// not lose to fewer who agree on its arguments too. First the set of tool names
// that most samples call wins, no call being one. Within it the target wins that
// more than half gave, or half with the primary; of those who gave it, the
// commonest exact arguments. If no target has that, the winner is the medoid: the
// call that was really sampled and agrees with the others on most arguments. It
// is never put together from several, which may be invalid as a whole.
//
// Agreed, Rival and Parties count targets. See Comparer.Vote for who votes and
// what a tie is.
func (c Comparer) Calls(samples []Sample) (Vote, bool) {
	able := electorate(samples, LevelTarget)
	all := countVotes(able, LevelTarget)
	if all.Votes == 0 {
		return Vote{}, false
	}
	party := ofParty(able, LevelTool, countVotes(able, LevelTool).Parties[0].Key)
	targets := countVotes(party, LevelTarget)
	lead := targets.Parties[0]
	if !targets.Carried(0) {
		calls := make([]map[string][]given, len(party))
		for i, s := range party {
			calls[i] = c.givenTo(s.Reply.Calls)
		}
		medoid := party[medoidOf(len(party), func(i, j int) float64 { return agreement(calls[i], calls[j]) })]
		v := all.won(MethodCalls, medoid.Keys[LevelTarget], medoid.Number)
		v.Sampled = true
		return v, true
	}
	exact := countVotes(ofParty(party, LevelTarget, lead.Key), LevelExact)
	return all.won(MethodCalls, lead.Key, exact.Parties[0].First), true
}

// callsSettled is whether outstanding samples can change neither the tool nor the
// target that wins.
func callsSettled(samples []Sample, outstanding int) bool {
	able := electorate(samples, LevelTarget)
	if len(able) == 0 {
		return false
	}
	tools := countVotes(able, LevelTool)
	party := ofParty(able, LevelTool, tools.Parties[0].Key)
	return tools.Settled(outstanding) && countVotes(party, LevelTarget).Carried(outstanding)
}

// ofParty are the samples with a key at level.
func ofParty(samples []Sample, level Level, key string) []Sample {
	return slices.DeleteFunc(slices.Clone(samples), func(s Sample) bool { return s.Keys[level] != key })
}
