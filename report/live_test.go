package report_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"hotmess/estimate"
	"hotmess/monitor"
	"hotmess/report"
)

// mixed are observations of all kinds of requests and samples, and labels of all
// forms: drawn or not, escalated, voted on, drawn for a larger set, pinned, and
// such that could not have been measured.
func mixed(t *testing.T) (all []monitor.Observation, labels []monitor.Label) {
	t.Helper()
	random := rand.New(rand.NewPCG(12, 0))
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for n := range 1500 {
		at = at.Add(time.Minute)
		o := mixedObservation(random, at, n)
		all = append(all, o)
		l := monitor.Label{V: monitor.LabelVersion, Request: o.ID, Time: at}
		switch right := random.IntN(3) > 0; {
		case random.IntN(3) == 0:
			continue
		case o.Kind == "answer" && random.IntN(2) == 0:
			l.Key = sealedLetter(random.IntN(2))
		case o.Route == "tests":
			for run := range o.Samples {
				l.Sample, l.Tests = new(run), []bool{right, random.IntN(2) == 0, true}
				labels = append(labels, l)
			}
			continue
		case right:
			l.Outcome = monitor.Pass
		default:
			l.Outcome = monitor.Fail
		}
		labels = append(labels, l)
	}
	return all, labels
}

// sealedLetter stands for the HMAC of an answer.
func sealedLetter(n int) string { return fmt.Sprintf("%032x", n) }

func mixedObservation(random *rand.Rand, at time.Time, n int) monitor.Observation {
	kinds := []string{"answer", "action", "text"}
	headlines := []string{"exact", "target", ""}
	k := random.IntN(len(kinds))
	o := monitor.Observation{
		V: monitor.SchemaVersion, ID: toyID(random, at), Time: at, Instance: "i", Route: "mixed", Kind: kinds[k], Headline: headlines[k],
		Conversation: fmt.Sprint("c", n/4), Inclusion: []float64{0.1, 0.3, 1}[random.IntN(3)], Drawn: random.IntN(4) > 0,
		Pinned: random.IntN(6) == 0, Actions: new(random.IntN(9)), Mode: "observe", Outcome: monitor.OutcomeOK,
	}
	if k == 1 && random.IntN(2) == 0 {
		o.Route = "tests"
	}
	samples := 2
	switch {
	case !o.Drawn && random.IntN(3) == 0:
		o.Drawn, o.Inclusion, o.Escalated, o.Added, samples = true, 1, true, true, 5
	case !o.Drawn:
		o.Reason, samples = monitor.ReasonNotDrawn, 1
	case random.IntN(3) == 0:
		o.Deep, samples = o.Inclusion/10, 5
		o.Escalated = random.IntN(2) == 0
	case random.IntN(3) == 0:
		o.Mode, samples = "ensemble", 4
		o.Vote = &monitor.VoteRecord{Method: "majority", Winner: 2, Votes: 4, Agreed: 2}
	case random.IntN(8) == 0:
		o.Reason, samples = monitor.ReasonBudget, 1
	case random.IntN(8) == 0:
		o.Reason, samples, o.Drawn = monitor.ReasonProviderTools, 1, false
	}
	difficulty := random.IntN(4)
	for i := range samples {
		letter := sealedLetter(random.IntN(1 + difficulty))
		o.Samples = append(o.Samples, monitor.SampleRecord{
			Number: i, Keys: map[string]string{"exact": letter, "target": letter},
			Reasoning: monitor.Length{Tokens: random.IntN(3000), Source: monitor.SourceUsage},
			Output:    monitor.Length{Tokens: random.IntN(3000), Source: monitor.SourceEstimate},
			Context:   monitor.Length{Tokens: random.IntN(90000), Source: monitor.SourceUsage},
		})
	}
	if samples > 1 {
		differ := o.Samples[0].Keys["exact"] != o.Samples[1].Keys["exact"]
		o.Differ = map[string]bool{"exact": differ}
		if k == 1 {
			o.Differ["target"], o.Differ["tool"] = differ, differ && random.IntN(2) == 0
		}
		if k == 2 {
			o.Similarity, o.Unrelated = new(random.Float64()), []float64{random.Float64() / 2, random.Float64() / 2}
		}
	}
	return o
}

// sidecar is what the monitor of a sidecar says of the same traffic.
func sidecar(t *testing.T, all []monitor.Observation, labels []monitor.Label) []monitor.RouteReport {
	t.Helper()
	now := all[0].Time
	m, err := monitor.New(monitor.Settings{Now: func() time.Time { return now }, Instance: "i"})
	if err != nil {
		t.Fatal(err)
	}
	byRequest := map[string][]monitor.Label{}
	for _, l := range labels {
		byRequest[l.Request] = append(byRequest[l.Request], l)
	}
	for _, o := range all {
		now = o.Time
		m.Replay(o)
		for _, r := range m.Label(t.Context(), byRequest[o.ID]) {
			if r.Status == monitor.LabelWaiting || r.Status == monitor.LabelExpired {
				t.Fatalf("label %+v", r)
			}
		}
	}
	return m.Routes()
}

// A report over recorded observations and the sidecar that recorded them say the
// same. Both come from whole numbers by the same formulas, the report's D in
// weights of one instead of sixteenths: they differ by rounding alone.
func TestReportsSayWhatTheSidecarSaid(t *testing.T) {
	all, labels := mixed(t)
	var text lines
	for _, o := range all {
		text.put(t, o)
	}
	for _, l := range labels {
		text.put(t, l)
	}
	groups := map[string]*report.Group{}
	for _, g := range reportOf(t, text.Bytes()).Groups {
		groups[g.Task+" "+g.Condition] = g
	}
	same := func(what string, got, want any) {
		t.Helper()
		if d := cmp.Diff(want, got, cmpopts.EquateApprox(1e-9, 1e-12)); d != "" {
			t.Errorf("%s (-sidecar +report):\n%s", what, d)
		}
	}
	compared := map[string]int{}
	for _, route := range sidecar(t, all, labels) {
		month := route.Windows[2]
		for _, s := range month.Series {
			name := route.Route + " " + condition(s.Kind, s.Pinned)
			g := groups[name]
			i := slices.IndexFunc(g.Observed.Levels, func(l report.Level) bool { return l.Level == s.Level })
			l, d := g.Observed.Levels[i], s.Disagreement
			name += " " + s.Level
			same(name, l.Disagreement, figureOf(d))
			same(name+" bounds", []*float64{l.IfAgreed, l.IfDiffered}, []*float64{d.IfAgreed, d.IfDiffered})
			same(name+" headline", l.Headline, s.Headline)
			same(name+" counts", []int64{g.Observed.Requests, g.Observed.Drawn, g.Observed.Measured}, []int64{d.Eligible, d.Drawn, d.Measured})
			compared["levels"]++
			if s.Slopes != nil {
				same(name+" slopes", monitor.SlopeReport{Reasoning: g.Observed.ReasoningSlope, Context: g.Observed.ContextSlope}, *s.Slopes)
				compared["slopes"]++
			}
		}
		for _, l := range route.Labelled {
			if l.Window != "30d" {
				continue
			}
			name := route.Route + " " + condition(l.Kind, l.Pinned)
			g := groups[name]
			p, f := g.Figures, g.Forms
			same(name+" labelled",
				[]estimate.Figure{p.Accuracy, p.Error, p.Bias2, p.Variance, p.Incoherence, f.ZeroOneBias, f.ZeroOneVariance, f.KL, f.WithinShare, f.LapseRate, g.Observed.LapseRate},
				[]estimate.Figure{l.Accuracy, l.Error, l.Bias2, l.Variance, l.Incoherence, l.ZeroOneBias, l.ZeroOneVariance, l.IncoherenceKL, l.WithinShare, l.Lapse, l.Lapse})
			compared["labelled"]++
			compared["incoherence"] += len(slices.DeleteFunc([]*float64{p.Incoherence.Low}, func(v *float64) bool { return v == nil }))
		}
	}
	// Three kinds and the tests route, each also pinned; answers have one level,
	// actions three, texts exact and similar.
	if want := map[string]int{"levels": 2 * (1 + 3 + 3 + 2), "slopes": 4, "labelled": 8}; compared["levels"] != want["levels"] || compared["slopes"] != want["slopes"] || compared["labelled"] != want["labelled"] || compared["incoherence"] < 4 {
		t.Errorf("compared %v, want %v", compared, want)
	}
}

// condition is the condition of a stratum in a report.
func condition(kind string, pinned bool) string {
	if pinned {
		return kind + ", pinned"
	}
	return kind
}

// figureOf is an estimate in the form of a report.
func figureOf(e monitor.Estimate) estimate.Figure {
	return estimate.Figure{Value: e.Value, Low: e.Low, High: e.High, Absent: e.Absent, AbsentRange: e.AbsentRange, N: e.Pairs, Clusters: e.Conversations}
}
