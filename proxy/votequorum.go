package proxy

import (
	"slices"

	"hotmess/ensemble"
	"hotmess/guard"
	"hotmess/wire"
)

// begun are the samples that the quorum on a held reply begins with, the reply's
// own first. Of a vote others are there already.
func (h *hold) begun(p guard.Proposal, reply wire.Reply) []ensemble.Sample {
	if v := h.x.vote; v != nil && v.outcome.Voted {
		return votesForQuorum(v.outcome.Ended, v.outcome.Vote.Winner, func(s ensemble.Sample) bool {
			return p.ProposedBy(h.x.policy.guard, s.Reply.Calls, h.in.compare)
		})
	}
	return []ensemble.Sample{{Reply: reply}}
}

// votesForQuorum picks, of the samples that had ended when a vote was decided, those
// that count in the quorum on its winner, which comes first.
//
// Which samples had ended is no matter of chance: a vote stops once samples agree,
// and the quick ones end first. So agreement counts only of samples 0 to n, of which
// none was still missing, and only if the winner is among them; they would have
// been asked for whatever they say. Dissent counts of any whole sample: what is known
// against an action is not left out. See docs/adr/0018.
func votesForQuorum(ended []ensemble.Sample, winner int, agrees func(ensemble.Sample) bool) []ensemble.Sample {
	row := 0
	for row < len(ended) && ended[row].Number == row {
		row++
	}
	counted := winnerFirst(ended, winner)
	return append(counted[:1], slices.DeleteFunc(counted[1:], func(s ensemble.Sample) bool {
		inRow := winner < row && s.Number < row
		return s.Missing != "" || !inRow && agrees(s)
	})...)
}

// winnerFirst puts the sample that the client got before the others, which stay in
// their order.
func winnerFirst(samples []ensemble.Sample, winner int) []ensemble.Sample {
	sorted := slices.Clone(samples)
	if i := slices.IndexFunc(sorted, func(s ensemble.Sample) bool { return s.Number == winner }); i > 0 {
		s := sorted[i]
		copy(sorted[1:], sorted[:i])
		sorted[0] = s
	}
	return sorted
}
