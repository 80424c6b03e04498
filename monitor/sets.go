package monitor

// A setSums are the sums of one bucket over requests with more samples than a
// pair.
type setSums struct {
	// Gap is D among the samples above the median length of their request less
	// D among those below, in 1/gapUnit: of requests that were drawn for a
	// larger set. Escalated is the same of those that were not, but escalated.
	Gap       mean `json:"g,omitzero"`
	Escalated mean `json:"e,omitzero"`
	// Votes are what votes of voteSizes would have done to drawn requests.
	Votes [voteCount]voteSums `json:"v,omitzero"`
}

// A setPart is one conversation's part of setSums.
type setPart struct {
	Gap       meanPart            `json:"g,omitzero"`
	Escalated meanPart            `json:"e,omitzero"`
	Votes     [voteCount]votePart `json:"v,omitzero"`
}

// setValues are what the larger set of one request gives.
type setValues struct {
	// drawn is whether the request was drawn for it; weight the inverse of
	// that probability, 1 of an escalated request.
	drawn  bool
	weight int64
	// gap is gapOf, if there is one; votes likewise.
	gap    int64
	hasGap bool
	votes  [voteCount]*voteValues
}

// setOf reads a larger set off an observation; nil if there is none.
func setOf(o *Observation) *setValues {
	drawn := o.Deep > 0
	if len(o.Samples) < voteSizes()[0] || !drawn && !o.Escalated {
		return nil
	}
	v := &setValues{drawn: drawn, weight: weightOne}
	v.gap, v.hasGap = gapOf(o)
	if !drawn {
		return v
	}
	v.weight = weightOf(o.Deep)
	for i, n := range voteSizes() {
		v.votes[i] = voteOf(o, n)
	}
	return v
}

// count adds one request to a conversation's part and to its bucket's sums.
func (p *setPart) count(s *setSums, v *setValues) {
	switch {
	case v.hasGap && v.drawn:
		p.Gap.count(&s.Gap, v.gap, v.weight)
	case v.hasGap:
		p.Escalated.count(&s.Escalated, v.gap, v.weight)
	}
	for i, vote := range v.votes {
		if vote != nil {
			p.Votes[i].count(&s.Votes[i], vote, v.weight)
		}
	}
}

// means lists all means of the sums, parts those of a conversation in the same
// order.
func (s *setSums) means() []*mean {
	all := []*mean{&s.Gap, &s.Escalated}
	for i := range s.Votes {
		v := &s.Votes[i]
		all = append(all, &v.Changed, &v.Tokens, &v.Milliseconds, &v.Replayed)
	}
	return all
}

func (p *setPart) parts() []*meanPart {
	all := []*meanPart{&p.Gap, &p.Escalated}
	for i := range p.Votes {
		v := &p.Votes[i]
		all = append(all, &v.Changed, &v.Tokens, &v.Milliseconds, &v.Replayed)
	}
	return all
}

func (s *setSums) add(o *setSums) {
	if o == nil {
		return
	}
	theirs := o.means()
	for i, m := range s.means() {
		m.add(theirs[i])
	}
}
