package monitor

import "hotmess/budget"

// traffic counts the observed requests of a route. It is a plain value: a
// copy shares nothing.
type traffic struct {
	Requests int64 `json:"r"`
	// Failed counts those whose client got an error or a broken reply.
	Failed int64 `json:"f,omitempty"`
	// Unmeasured counts requests without a measured pair, by reason.
	Unmeasured reasonCounts `json:"u,omitzero"`
	// ExtraTokens is what extras cost, EstimatedTokens the cost of requests
	// of which some part is not from usage.
	ExtraTokens     int64 `json:"x,omitempty"`
	EstimatedTokens int64 `json:"xe,omitempty"`
	// Extra is what they used; Nanos what those of models with a price cost, in
	// 1e-9 USD, Unpriced the weight of the others in tokens.
	Extra    budget.Spend `json:"xu,omitzero"`
	Nanos    int64        `json:"xn,omitempty"`
	Unpriced int64        `json:"xp,omitempty"`
	// Votes counts votes, Changed those whose winner was another answer than the
	// primary's, Unknown those whose primary gave none.
	Votes   int64 `json:"v,omitempty"`
	Changed int64 `json:"c,omitempty"`
	Unknown int64 `json:"cu,omitempty"`
	// Guarded counts the decisions of guards.
	Guarded GuardCounts `json:"g,omitzero"`
}

// count adds one observation.
func (t *traffic) count(o *Observation) {
	t.Requests++
	t.Failed += boolInt(o.Outcome != OutcomeOK && o.Outcome != OutcomeGone)
	if o.Reason != "" {
		t.Unmeasured.count(o.Reason)
	}
	t.ExtraTokens += o.ExtraTokens
	if o.ExtraTokensEstimated {
		t.EstimatedTokens += o.ExtraTokens
	}
	if o.ExtraUsed != nil {
		t.Extra.Add(*o.ExtraUsed)
	}
	if o.ExtraUSD != nil {
		t.Nanos += budget.Nanos(*o.ExtraUSD)
	} else {
		t.Unpriced += o.ExtraTokens
	}
	if v := o.Vote; v != nil {
		t.Votes++
		t.Changed += boolInt(v.Changed != nil && *v.Changed)
		t.Unknown += boolInt(v.Changed == nil)
	}
	t.Guarded.count(o.Guard)
}

func (t *traffic) add(o *traffic) {
	t.Requests += o.Requests
	t.Failed += o.Failed
	t.Unmeasured.add(&o.Unmeasured)
	t.ExtraTokens += o.ExtraTokens
	t.EstimatedTokens += o.EstimatedTokens
	t.Extra.Add(o.Extra)
	t.Nanos += o.Nanos
	t.Unpriced += o.Unpriced
	t.Votes += o.Votes
	t.Changed += o.Changed
	t.Guarded.add(o.Guarded)
	t.Unknown += o.Unknown
}
