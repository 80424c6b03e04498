package report

type Plot struct{ Caption, SVG string }

func scorePlots(string, []*Group) []Plot              { return nil }
func curvePlots(string, view, []*Group) []Plot        { return nil }
func overthinkingPlots(string, view, []*Group) []Plot { return nil }
func difficultyPlots(*Comparison) []Plot              { return nil }
func effectPlots(string, []*Group) []Plot             { return nil }
func ensemblingPlots(string, []*Group) []Plot         { return nil }
func votePlots(string, []*Group) []Plot               { return nil }
