package report

import (
	"hotmess/estimate"
	"hotmess/monitor"
)

// label fills in what labels say of a route: the figures of a sidecar over a
// window that holds all. Conversations are the clusters, requests the questions.
func (t *routeTally) label(g *Group) {
	g.Questions = t.Labelled
	for _, l := range t.Levels {
		if l.Headline {
			g.Figures.Disagreement, g.Disagreement = l.Disagreement, l.Disagreement.Value
		}
	}
	if l := &g.Figures.Disagreement; l.Value == nil && l.Absent == "" {
		*l = absentFigure(estimate.AbsentNone, 0)
	}
	switch reports := t.labels.Reports(); len(reports) {
	case 0:
		t.unlabelled(g, absentLabels)
	case 1:
		t.scores(g, &reports[0])
	default:
		t.unlabelled(g, absentScales)
	}
}

// unlabelled says why there are no labelled figures.
func (t *routeTally) unlabelled(g *Group, why string) {
	none := absentFigure(why, t.Labelled)
	p := &g.Figures
	p.Accuracy, p.Error, p.Bias2, p.Variance, p.Incoherence, t.LapseRate = none, none, none, none, none, none
	none = absentFigure(why, 0)
	g.Forms = Forms{ZeroOneBias: none, ZeroOneVariance: none, KL: none, WithinShare: none, LapseRate: none}
}

// scores takes the decomposition over.
func (t *routeTally) scores(g *Group, l *monitor.LabelledReport) {
	p := &g.Figures
	p.Questions, p.Errors = int(l.Error.N), int(l.Wrong)
	p.Accuracy, p.Error, p.Bias2, p.Variance, p.Incoherence = l.Accuracy, l.Error, l.Bias2, l.Variance, l.Incoherence
	t.LapseRate = l.Lapse
	g.Forms = Forms{ZeroOneBias: l.ZeroOneBias, ZeroOneVariance: l.ZeroOneVariance, KL: l.IncoherenceKL, WithinShare: l.WithinShare, LapseRate: l.Lapse}
	g.Accuracy, g.Error, g.Bias2, g.Variance = p.Accuracy.Value, p.Error.Value, p.Bias2.Value, p.Variance.Value
	g.Incoherence, g.IncoherenceLow, g.IncoherenceHigh = p.Incoherence.Value, p.Incoherence.Low, p.Incoherence.High
}
