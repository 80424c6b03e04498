package ensemble

// A Vote is the outcome of a majority vote.
type Vote struct {
	// Winner is the launch number of the sample that stands for the winning
	// answer: the primary if it gave that answer, else the lowest.
	Winner int
	// Votes is how many samples voted, Agreed how many for that answer.
	Votes, Agreed int
	// Changed is whether the primary answered otherwise. It is false if the
	// primary has no answer: then there was none to change.
	Changed bool
}

// Majority picks the answer that most samples gave at level. Missing samples,
// and samples without a key at level, do not vote. Of answers with equally many
// votes the primary's wins, else the one with the lowest launch number. It is
// false if nobody can vote. The order of samples does not matter.
func Majority(samples []Sample, level Level) (Vote, bool) {
	c := countVotes(samples, level)
	lead, ok := c.lead()
	if !ok {
		return Vote{}, false
	}
	return Vote{
		Winner:  lead.first,
		Votes:   c.votes,
		Agreed:  lead.votes,
		Changed: c.primary && lead.first != 0,
	}, true
}

// A party is the samples that gave one answer.
type party struct {
	votes int
	// first is the lowest launch number among them; 0 is the primary.
	first int
}

// beats is whether p wins over q. Parties never share a first, so there is no
// tie, and the primary's, whose first is 0, wins every tie in votes.
func (p party) beats(q party) bool {
	if p.votes != q.votes {
		return p.votes > q.votes
	}
	return p.first < q.first
}

// A count is the state of a vote.
type count struct {
	parties map[string]party
	votes   int
	// primary is whether the primary voted.
	primary bool
}

func countVotes(samples []Sample, level Level) count {
	c := count{parties: make(map[string]party, len(samples))}
	for _, s := range samples {
		key, ok := s.Keys[level]
		if !ok || s.Missing != "" {
			continue
		}
		p, known := c.parties[key]
		if !known || s.Number < p.first {
			p.first = s.Number
		}
		p.votes++
		c.parties[key] = p
		c.votes++
		c.primary = c.primary || s.Number == 0
	}
	return c
}

func (c count) lead() (party, bool) {
	var lead party
	for _, p := range c.parties {
		if lead.votes == 0 || p.beats(lead) {
			lead = p
		}
	}
	return lead, lead.votes > 0
}

// decided is whether no outcome of the outstanding samples can change the
// winning answer. With nothing outstanding it always is.
func (c count) decided(outstanding int) bool {
	if outstanding == 0 {
		return true
	}
	lead, ok := c.lead()
	if !ok {
		return false
	}
	rival := 0 // most votes of another answer, seen or not
	for _, p := range c.parties {
		if p != lead {
			rival = max(rival, p.votes)
		}
	}
	reach := rival + outstanding
	return reach < lead.votes || reach == lead.votes && lead.first == 0
}
