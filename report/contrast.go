package report

import (
	"math"

	"hotmess/estimate"
)

// A split is one question answered in two ways: by the longer and the shorter
// half of its samples, by two models, or under two conditions.
type split struct {
	above, below item
	question     string
}

// A Contrast is the difference of two decompositions, the first less the
// second, over the questions that both have.
type Contrast struct {
	Accuracy    Difference `json:"accuracy"`
	Error       Difference `json:"error"`
	Bias2       Difference `json:"bias2"`
	Variance    Difference `json:"variance"`
	Incoherence Difference `json:"incoherence"`
}

// A Difference has a bootstrap interval over questions and the p of a sign-flip
// test, two-sided; none for the ratio, which is not a sum over questions.
type Difference struct {
	estimate.Figure
	P *float64 `json:"p,omitempty"`
}

// contrast computes all differences.
func contrast(splits []split) *Contrast {
	units := byQuestion(splits)
	return &Contrast{
		Accuracy:    difference(units, func(it *item) float64 { return it.accuracy }),
		Error:       difference(units, func(it *item) float64 { return it.Error }),
		Bias2:       difference(units, func(it *item) float64 { return it.Bias2 }),
		Variance:    difference(units, func(it *item) float64 { return it.Variance }),
		Incoherence: incoherenceDifference(units),
	}
}

// byQuestion joins splits of the same question, which several models answered:
// they are not independent.
func byQuestion(splits []split) [][]split {
	at := map[string]int{}
	var units [][]split
	for _, s := range splits {
		i, ok := at[s.question]
		if !ok {
			i = len(units)
			at[s.question] = i
			units = append(units, nil)
		}
		units[i] = append(units[i], s)
	}
	return units
}

// difference is the mean difference of a term.
func difference(units [][]split, of func(it *item) float64) Difference {
	sums, n := make([]float64, len(units)), make([]float64, len(units))
	var total, count float64
	same := true
	for i, unit := range units {
		for j := range unit {
			sums[i] += of(&unit[j].above) - of(&unit[j].below)
		}
		if math.Abs(sums[i]) < negligible { // rounding has a sign, too
			sums[i] = 0
		}
		n[i] = float64(len(unit))
		total, count = total+sums[i], count+n[i]
		same = same && sums[i] == 0
	}
	if same {
		zero := 0.0
		return Difference{Figure: estimate.Figure{Value: &zero, AbsentRange: estimate.AbsentNoSpread, N: int64(count), Clusters: int64(len(units))}}
	}
	d := Difference{Figure: withBootstrap(total/count, len(units), func(idx []int) (float64, bool) {
		var sum, m float64
		for _, i := range idx {
			sum, m = sum+sums[i], m+n[i]
		}
		return sum / m, true
	})}
	d.N = int64(count)
	if p, ok := estimate.SignFlip(sums, flips, seed); ok {
		d.P = &p
	}
	return d
}

// incoherenceDifference is the difference of the two ratios. It is there where
// both are.
func incoherenceDifference(units [][]split) Difference {
	all, errors := make([]int, len(units)), [2]int{}
	n := 0
	for i, unit := range units {
		all[i] = i
		n += len(unit)
		for j := range unit {
			errors[0] += unit[j].above.errors
			errors[1] += unit[j].below.errors
		}
	}
	switch {
	case n < estimate.MinQuestions:
		return Difference{Figure: absentFigure(estimate.AbsentFewQuestions, n)}
	case min(errors[0], errors[1]) < estimate.MinErrors:
		return Difference{Figure: absentFigure(estimate.AbsentFewErrors, n)}
	}
	value, ok := ratioDifference(units, all)
	if !ok {
		return Difference{Figure: absentFigure(estimate.AbsentZero, n)}
	}
	f := withBootstrap(value, len(units), func(idx []int) (float64, bool) { return ratioDifference(units, idx) })
	f.N = int64(n)
	return Difference{Figure: f}
}

// ratioDifference is the difference over the units at idx; ok is false where
// one side has no error.
func ratioDifference(units [][]split, idx []int) (d float64, ok bool) {
	var a, b estimate.Scores
	for _, i := range idx {
		for j := range units[i] {
			a.Error += units[i][j].above.Error
			a.Variance += units[i][j].above.Variance
			b.Error += units[i][j].below.Error
			b.Variance += units[i][j].below.Variance
		}
	}
	if a.Error == 0 || b.Error == 0 {
		return 0, false
	}
	return a.Variance/a.Error - b.Variance/b.Error, true
}
