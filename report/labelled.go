package report

import (
	"maps"
	"slices"

	"hotmess/estimate"
)

// label fills in what labels say of a route. Conversations are the clusters,
// requests the questions.
func (t *routeTally) label(g *Group) {
	t.Labelled = len(t.graded)
	g.Questions = t.Labelled
	for _, l := range t.Levels {
		if l.Headline {
			g.Figures.Disagreement, g.Disagreement = l.Disagreement, l.Disagreement.Value
		}
	}
	if l := &g.Figures.Disagreement; l.Value == nil && l.Absent == "" {
		*l = absentFigure(estimate.AbsentNone, 0)
	}
	why := ""
	switch {
	case len(t.graded) == 0:
		why = absentLabels
	case t.tests > 0 && t.tests < len(t.graded):
		why = absentScales
	}
	if why != "" {
		none := absentFigure(why, len(t.graded))
		g.Figures.Error, g.Figures.Bias2, g.Figures.Variance, g.Figures.Incoherence = none, none, none, none
		g.Figures.Accuracy, t.LapseRate = t.accuracy(why), none
		g.Accuracy = g.Figures.Accuracy.Value
		g.Forms = absentForms(why)
		return
	}
	t.scores(g)
	g.Forms = absentForms(absentObserved)
}

// absentForms says that no other form is computed.
func absentForms(why string) Forms {
	none := absentFigure(why, 0)
	return Forms{ZeroOneBias: none, ZeroOneVariance: none, KL: none, WithinShare: none, LapseRate: none}
}

// accuracy is that of replies that clients got, unweighted: labels are no
// random draw of requests.
func (t *routeTally) accuracy(why string) estimate.Figure {
	f := t.over(func(r *gradedRow) (num, den float64) {
		if r.Accuracy == nil {
			return 0, 0
		}
		return *r.Accuracy, 1
	})
	if f.Value == nil {
		f.Absent, f.AbsentRange = why, why
	}
	return f.Clip(0, 1)
}

// over is the ratio of sums over conversations.
func (t *routeTally) over(of func(r *gradedRow) (num, den float64)) estimate.Figure {
	f := estimate.RatioOf(t.clustered(of), estimate.MinClusters)
	f.N = 0
	for i := range t.graded {
		if _, den := of(&t.graded[i]); den > 0 {
			f.N++
		}
	}
	return f
}

// clustered sums over conversations.
func (t *routeTally) clustered(of func(r *gradedRow) (num, den float64)) []estimate.Pair {
	sums := map[int]*estimate.Pair{}
	for i := range t.graded {
		num, den := of(&t.graded[i])
		if den == 0 {
			continue
		}
		p := sums[t.graded[i].cluster]
		if p == nil {
			p = &estimate.Pair{}
			sums[t.graded[i].cluster] = p
		}
		p.Num += num
		p.Den += den
	}
	out := make([]estimate.Pair, 0, len(sums))
	for _, c := range slices.Sorted(maps.Keys(sums)) {
		out = append(out, *sums[c])
	}
	return out
}

// scores computes the decomposition, weighed by the inverse of the probability
// with which requests were drawn.
func (t *routeTally) scores(g *Group) {
	mean := func(of func(s *estimate.Scores) float64) estimate.Figure {
		return t.over(func(r *gradedRow) (num, den float64) {
			if r.Scores == nil {
				return 0, 0
			}
			return r.weight * of(r.Scores), r.weight
		})
	}
	p := &g.Figures
	for i := range t.graded {
		s := t.graded[i].Scores
		if s == nil {
			continue
		}
		p.Questions++
		if s.Error > 0 {
			p.Errors++
		}
	}
	p.Accuracy = t.accuracy(absentLabels)
	p.Error, p.Bias2, p.Variance = mean(func(s *estimate.Scores) float64 { return s.Error }), mean(func(s *estimate.Scores) float64 { return s.Bias2 }), mean(func(s *estimate.Scores) float64 { return s.Variance })
	p.Incoherence = t.incoherence(p.Questions, p.Errors)
	t.LapseRate = t.over(func(r *gradedRow) (num, den float64) {
		if r.Lapses == nil {
			return 0, 0
		}
		return r.weight * r.Lapses.Num, r.weight * r.Lapses.Den
	}).Clip(0, 1)
	g.Accuracy, g.Error, g.Bias2, g.Variance = p.Accuracy.Value, p.Error.Value, p.Bias2.Value, p.Variance.Value
	g.Incoherence, g.IncoherenceLow, g.IncoherenceHigh = p.Incoherence.Value, p.Incoherence.Low, p.Incoherence.High
}

// incoherence is Σ variance / Σ error over conversations.
func (t *routeTally) incoherence(requests, errors int) estimate.Figure {
	// A conversation without an error counts too, so sums are made here.
	sums := map[int]*estimate.Pair{}
	for i := range t.graded {
		r := &t.graded[i]
		if r.Scores == nil {
			continue
		}
		p := sums[r.cluster]
		if p == nil {
			p = &estimate.Pair{}
			sums[r.cluster] = p
		}
		p.Num += r.weight * r.Scores.Variance
		p.Den += r.weight * r.Scores.Error
	}
	var s estimate.Sums
	for _, c := range slices.Sorted(maps.Keys(sums)) {
		p := sums[c]
		s.X += p.Num
		s.N += p.Den
		s.XX += p.Num * p.Num
		s.XN += p.Num * p.Den
		s.NN += p.Den * p.Den
		s.G++
	}
	return estimate.IncoherenceFromSums(s, int64(requests), int64(errors))
}
