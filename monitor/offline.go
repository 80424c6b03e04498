package monitor

import (
	"cmp"
	"fmt"
	"slices"
)

// What follows is for reports over recorded observations: the same rules that
// live figures go by.

// Weight is how many requests a drawn one stands for: the inverse of the
// probability with which it was drawn, 1 or more.
func Weight(o *Observation) float64 { return float64(weightOf(o.Inclusion)) / weightOne }

// A LabelTally collects what labels say of the recorded observations of one
// stratum: one route, kind, and pinned or not. The zero value is empty.
type LabelTally struct {
	cells map[labelledKey]map[gradeCell]map[string]*gradedSum
}

// A gradedSum is the sum of one conversation's parts of a cell.
type gradedSum struct {
	requests int64
	z        []int64
}

// Add grades an observation by all labels of its request, the later of two that
// contradict each other being the one that counts; ok is whether anything can be
// said. Labels that do not fit the observation are left out and come back as
// errors. A label with an Answer has no key to be compared by, so it is one of
// those.
func (t *LabelTally) Add(o *Observation, labels []Label) (ok bool, refused []error) {
	var v verdicts
	sorted := slices.Clone(labels)
	slices.SortStableFunc(sorted, func(a, b Label) int { return cmp.Compare(a.Time.UnixNano(), b.Time.UnixNano()) })
	for _, l := range sorted {
		if l.Answer != "" {
			refused = append(refused, badLabel("answer", "only the sidecar that sealed the samples can compare it; it keeps labels with a key in its place"))
			continue
		}
		next, _, err := v.with(o, l)
		if err != nil {
			refused = append(refused, fmt.Errorf("%w: %w", errLabel, err))
			continue
		}
		v = next
	}
	parts := grade(o, v)
	key := labelledKey{Kind: o.Kind, Pinned: o.Pinned, Scale: v.scale()}
	for _, p := range parts {
		t.add(key, p, cmp.Or(o.Conversation, o.ID))
	}
	return len(parts) > 0, refused
}

// add adds a part to what its conversation has in the cell.
func (t *LabelTally) add(key labelledKey, p part, conversation string) {
	if t.cells == nil {
		t.cells = map[labelledKey]map[gradeCell]map[string]*gradedSum{}
	}
	if t.cells[key] == nil {
		t.cells[key] = map[gradeCell]map[string]*gradedSum{}
	}
	in := t.cells[key][p.Cell]
	if in == nil {
		in = map[string]*gradedSum{}
		t.cells[key][p.Cell] = in
	}
	s := in[conversation]
	if s == nil {
		s = &gradedSum{z: make([]int64, len(p.Z))}
		in[conversation] = s
	}
	s.requests++
	for i, z := range p.Z {
		s.z[i] += z
	}
}

// Reports gives the figures by scale, each as a live LabelledReport of a window
// that holds all; Window, Measured and LabelledShare are not set.
func (t *LabelTally) Reports() []LabelledReport {
	var all []LabelledReport
	for _, key := range sortedLabelled(t.cells) {
		var b labelledBucket
		for cell, conversations := range t.cells[key] {
			for _, c := range conversations {
				s := b.cell(cell, len(c.z))
				s.square(c.z, 1)
				s.Requests += c.requests
				s.G++
				for i, z := range c.z {
					s.Sum[i] += z
				}
			}
		}
		all = append(all, b.report(key))
	}
	return all
}

// A SlopeTally collects the lengths of recorded pairs for their slopes. The zero
// value is empty.
type SlopeTally struct {
	conversations map[string]*jointPart
	moments       moments
}

// Add takes in the pair of a drawn observation at its headline level, if both of
// its lengths are known.
func (t *SlopeTally) Add(o *Observation) {
	differ, ok := o.Differ[o.Headline]
	lengths := PairLengths(o)
	reasoning, context := lengths[lengthReasoning], lengths[lengthContext]
	if !o.Drawn || !ok || reasoning < 0 || context < 0 {
		return
	}
	if t.conversations == nil {
		t.conversations = map[string]*jointPart{}
	}
	id := cmp.Or(o.Conversation, o.ID)
	c := t.conversations[id]
	if c == nil {
		c = &jointPart{}
		t.conversations[id] = c
	}
	c.take(&t.moments, jointOf(lengthBin(reasoning), lengthBin(context), pair{differ, weightOf(o.Inclusion)}))
}

// Report fits the slopes.
func (t *SlopeTally) Report() SlopeReport { return t.moments.slopes() }

// A TextTally gives recorded pairs of texts the level similar, as the sidecar
// that took them in did: see LevelSimilar. The zero value has seen none.
type TextTally struct{ routes map[string]*likeness }

// Take takes in an observation, in the order of time. Of a pair of texts, o has
// the level from then on, if its route is calibrated.
func (t *TextTally) Take(o *Observation) {
	if o.Kind != KindText {
		return
	}
	if t.routes == nil {
		t.routes = map[string]*likeness{}
	}
	l := t.routes[o.Route]
	if l == nil {
		l = &likeness{}
		t.routes[o.Route] = l
	}
	l.take(o)
}
