package report

import (
	"slices"

	"hotmess/estimate"
)

const (
	// halfSamples is the fewest samples with a length: two in each half.
	halfSamples = 4
	// flips is how many sign flips a test draws.
	flips = 10_000
)

// absentFew4 is the reason of an overthinking split without questions.
const absentFew4 = "no_question_with_4_samples_of_known_and_different_length"

// Overthinking compares the samples of a question above the median of their
// own lengths with those below (paper fig. 3). It asks whether the model does
// worse when it goes on for longer on the very same question.
type Overthinking struct {
	Absent string `json:"absent,omitempty"`
	Unit   string `json:"unit,omitempty"`
	// Questions took part; Dropped had fewer than four lengths, or all of one.
	Questions int `json:"questions,omitempty"`
	Dropped   int `json:"dropped,omitempty"`
	// Above and Below are the decompositions of the two halves.
	Above *Part `json:"above,omitempty"`
	Below *Part `json:"below,omitempty"`
	// Difference is above less below.
	Difference *Contrast `json:"difference,omitempty"`
}

// overthinking splits every question.
func overthinking(items []item, a axis) Overthinking {
	unit, why := a.unitOf(items)
	if why != "" {
		return Overthinking{Absent: why}
	}
	o := Overthinking{Unit: unit}
	var splits []split
	for i := range items {
		s, ok := a.split(items[i].q)
		if !ok {
			o.Dropped++
			continue
		}
		splits = append(splits, s)
	}
	o.Questions = len(splits)
	if len(splits) == 0 {
		o.Absent = absentFew4
		return o
	}
	o.compare(splits)
	return o
}

// split halves the samples of a question that have a length. Where all are
// equally long, halves would be those that were recorded first and last.
func (a axis) split(q *Question) (s split, ok bool) {
	var idx []int
	var lengths []float64
	for i, sample := range q.Samples {
		if v := a.of(sample); v != unknown {
			idx, lengths = append(idx, i), append(lengths, v)
		}
	}
	if len(idx) < halfSamples || slices.Min(lengths) == slices.Max(lengths) {
		return s, false
	}
	above, below := estimate.Halves(lengths)
	at := func(half []int) []int {
		out := make([]int, len(half))
		for j, i := range half {
			out[j] = idx[i]
		}
		return out
	}
	var okAbove, okBelow bool
	s.above, okAbove = score(q, at(above))
	s.below, okBelow = score(q, at(below))
	s.question = q.name()
	return s, okAbove && okBelow
}

// compare fills in the halves and their difference.
func (o *Overthinking) compare(splits []split) {
	above, below := make([]item, len(splits)), make([]item, len(splits))
	for i := range splits {
		above[i], below[i] = splits[i].above, splits[i].below
	}
	partAbove, partBelow := summarise(above), summarise(below)
	o.Above, o.Below = &partAbove, &partBelow
	o.Difference = contrast(splits)
}
