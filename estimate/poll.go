package estimate

import (
	"cmp"
	"slices"
)

// An Answer is what one sample says, by a key that equal answers share, and its
// launch number; 0 is the primary.
type Answer struct {
	Key    string
	Number int
}

// A Party is the samples that gave one answer.
type Party struct {
	// Key is what they have in common. It may hold content.
	Key   string
	Votes int
	// First is the lowest launch number among them; 0 is the primary.
	First int
}

// A Poll is a count of votes. The zero Poll has none.
type Poll struct {
	// Parties are by votes, the most first; of those with equally many the one with
	// the lowest launch number, so that the primary's wins.
	Parties []Party
	// Votes is how many there are in all.
	Votes int
}

// Count counts answers; their order does not matter.
func Count(answers []Answer) Poll {
	p := Poll{Votes: len(answers)}
	at := make(map[string]int, len(answers))
	for _, a := range answers {
		i, known := at[a.Key]
		if !known {
			i = len(p.Parties)
			at[a.Key] = i
			p.Parties = append(p.Parties, Party{Key: a.Key, First: a.Number})
		}
		p.Parties[i].Votes++
		p.Parties[i].First = min(p.Parties[i].First, a.Number)
	}
	slices.SortFunc(p.Parties, func(a, b Party) int {
		return cmp.Or(cmp.Compare(b.Votes, a.Votes), cmp.Compare(a.First, b.First))
	})
	return p
}

// Settled is whether outstanding votes, whatever they say, leave the leading party
// in the lead.
func (p Poll) Settled(outstanding int) bool {
	if outstanding == 0 {
		return true
	}
	if len(p.Parties) == 0 {
		return false
	}
	lead, reach := p.Parties[0], outstanding
	if len(p.Parties) > 1 {
		reach += p.Parties[1].Votes
	}
	return reach < lead.Votes || reach == lead.Votes && lead.First == 0
}

// Carried is whether the leading party has more than half of all votes with those
// that are outstanding, or half and the primary's.
func (p Poll) Carried(outstanding int) bool {
	if len(p.Parties) == 0 {
		return false
	}
	twice, all := 2*p.Parties[0].Votes, p.Votes+outstanding
	return twice > all || twice == all && p.Parties[0].First == 0
}
