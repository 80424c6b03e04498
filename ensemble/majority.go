package ensemble

// Majority picks the answer that most samples gave at level (self-consistency:
// Wang et al. 2022). Of answers with equally many votes the primary's wins, else
// the one with the lowest launch number. See Comparer.Vote for who votes; the
// order of samples does not matter.
func Majority(samples []Sample, level Level) (Vote, bool) {
	c := countVotes(electorate(samples, level), level)
	if c.Votes == 0 {
		return Vote{}, false
	}
	lead := c.Parties[0]
	return c.won(MethodMajority, lead.Key, lead.First), true
}
