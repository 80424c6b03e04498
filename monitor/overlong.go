package monitor

import (
	"math"
	"slices"

	"hotmess/detect"
)

const (
	// overlongQuantile is the quantile of the baseline's reasoning lengths
	// above which a reply counts as long.
	overlongQuantile = 0.9
	// maxSpell is how many lengths, from its first, a conversation gives.
	maxSpell = unitPairs
)

// A spell holds the reasoning lengths of one conversation, in tokens.
type spell struct {
	Reasoning []int32 `json:"r"`
	// Context is the sum of their context lengths.
	Context int64 `json:"c"`
	// Done is whether it was given to the detector; a conversation gives
	// only one.
	Done bool `json:"done,omitempty"`
}

// count adds the lengths of a reply and reports whether the spell is complete.
// Where the upstream reports no reasoning and none can be estimated it has
// none.
func (s *spell) count(reply SampleRecord) bool {
	if s.Done || reply.Missing != "" || reply.Reasoning.Source == "" {
		return false
	}
	s.Reasoning = append(s.Reasoning, int32(min(max(0, reply.Reasoning.Tokens), math.MaxInt32)))
	s.Context += int64(max(0, reply.Context.Tokens))
	return len(s.Reasoning) >= maxSpell
}

// value is the share of replies that reasoned longer than limit.
func (s *spell) value(limit int32) detect.Value {
	long := 0
	for _, r := range s.Reasoning {
		if r > limit {
			long++
		}
	}
	n := len(s.Reasoning)
	return detect.Value{X: float64(long) / float64(n), Bin: lengthBin(int(s.Context) / n)}
}

// copied shares nothing with the spell.
func (s *spell) copied() *spell {
	if s == nil {
		return nil
	}
	c := *s
	c.Reasoning = slices.Clone(s.Reasoning)
	return &c
}

// restoreSpell takes over a spell from a snapshot; one that cannot be gives
// nothing any more.
func restoreSpell(s *spell) *spell {
	if s != nil && len(s.Reasoning) > maxSpell {
		return &spell{Done: true}
	}
	return s
}

// An overlong tells when replies reason longer than usual: a detector of the
// share of a conversation's replies that are longer than the 90 % quantile of the
// baseline. The same conversations give the quantile and the baseline: its
// mean is then about .1, and the bound above it covers that the quantile is an
// estimate too.
type overlong struct {
	// Pending are what the quantile is learnt from, as long as there is none.
	Pending []spell `json:"pending,omitempty"`
	// Limit is the quantile in tokens; 0 until it is learnt.
	Limit int32 `json:"limit,omitempty"`
	// Idle is whether hardly a reply of the last Pending reasoned at all.
	Idle     bool            `json:"idle,omitempty"`
	Detector detect.Detector `json:"detector"`
}

// take takes in the spell of one conversation.
func (o *overlong) take(s spell, h detect.Hearing) {
	if len(s.Reasoning) == 0 {
		return
	}
	if o.Limit > 0 {
		o.Detector.Take(s.value(o.Limit), h)
		return
	}
	o.Pending = append(o.Pending, s)
	if len(o.Pending) < h.Learn {
		return
	}
	learnt := o.Pending
	o.Pending, o.Limit = nil, quantileOf(learnt)
	if o.Idle = o.Limit == 0; o.Idle {
		return
	}
	for _, s := range learnt {
		o.Detector.Take(s.value(o.Limit), h)
	}
}

// quantileOf is the smallest length that at most a tenth of all is longer than.
func quantileOf(spells []spell) int32 {
	var all []int32
	for _, s := range spells {
		all = append(all, s.Reasoning...)
	}
	slices.Sort(all)
	return all[int(math.Ceil(overlongQuantile*float64(len(all))))-1]
}

// restoreOverlong takes over an overlong from a snapshot, if it can be one.
func restoreOverlong(o *overlong) *overlong {
	if o == nil || o.Limit < 0 || !o.Detector.Usable() {
		return &overlong{}
	}
	for _, s := range o.Pending {
		if len(s.Reasoning) == 0 || len(s.Reasoning) > maxSpell {
			return &overlong{}
		}
	}
	return o
}

func (o *overlong) copied() *overlong {
	c := *o
	c.Pending = append([]spell(nil), o.Pending...)
	c.Detector = *o.Detector.Clone()
	return &c
}
