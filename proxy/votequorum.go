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
		return votesForQuorum(v.outcome, func(s ensemble.Sample) bool {
			return p.ProposedBy(h.x.policy.guard, s.Reply.Calls, h.in.compare)
		})
	}
	return []ensemble.Sample{{Reply: reply}}
}

// votesForQuorum picks, of the samples that had ended when a vote was decided, those
// that count in the quorum on its winner, which comes first.
//
// Where other calls were on their way, those that had ended are no draw: the quick
// ones end first, and the vote ended because they agree. Then their agreement does
// not count, and the winner is the first vote for its own action, as any reply is.
// Dissent counts of any whole sample: what is known against an action is not left
// out. See docs/adr/0021.
func votesForQuorum(o ensemble.Outcome, agrees func(ensemble.Sample) bool) []ensemble.Sample {
	counted := winnerFirst(o.Ended, o.Vote.Winner)
	return append(counted[:1], slices.DeleteFunc(counted[1:], func(s ensemble.Sample) bool {
		return s.Missing != "" || o.Cut && agrees(s)
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
