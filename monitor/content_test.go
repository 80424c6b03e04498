package monitor

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"hotmess/config"
	"hotmess/estimate"
)

// textPair is a measured pair of texts; unrelated are similarities by chance.
func textPair(conversation string, similarity float64, unrelated ...float64) Observation {
	o := measured(conversation, base, true)
	o.Kind, o.Headline, o.Differ = "text", "", map[string]bool{"exact": true}
	o.Similarity, o.Unrelated = &similarity, unrelated
	return o
}

// contentOf is what the last hour of route r shows.
func contentOf(t *testing.T, m *Monitor) (RouteReport, ContentReport) {
	t.Helper()
	for _, r := range m.Routes() {
		if r.Route == "r" {
			return r, r.Windows[windowHour].ContentReport
		}
	}
	t.Fatal("no such route")
	panic("unreachable")
}

func TestUnstableArgumentIsNamedWithItsShare(t *testing.T) {
	m, _ := newTest(t)
	for i := range 200 {
		o := measured(fmt.Sprint("c", i), base, false)
		o.Arguments = map[string]bool{"order.item": false, "order.note": i%4 == 0}
		o.Inclusion = 0.5
		m.take(o)
	}
	o := measured("c", base, false)
	o.Arguments, o.Pinned = map[string]bool{"order.item": true}, true
	m.take(o)
	o = measured("c", base, false)
	o.Arguments, o.Drawn = map[string]bool{"order.item": true}, false
	m.take(o)
	_, c := contentOf(t, m)
	if len(c.Arguments) != 3 {
		t.Fatalf("%+v", c.Arguments)
	}
	item, pinned, note := c.Arguments[0], c.Arguments[1], c.Arguments[2]
	if item.Argument != "order.item" || *item.Disagreement.Value != 0 || item.Disagreement.N != 200 || item.Pinned {
		t.Errorf("%+v", item)
	}
	if !pinned.Pinned || pinned.Disagreement.N != 1 || pinned.Disagreement.Low != nil || pinned.Disagreement.AbsentRange == "" {
		t.Errorf("%+v", pinned)
	}
	d := note.Disagreement
	if note.Argument != "order.note" || *d.Value != 0.25 || d.Clusters != groupCount || !(*d.Low < 0.25 && 0.25 < *d.High) {
		t.Errorf("%+v", note)
	}
}

func TestArgumentsOfARouteAreBounded(t *testing.T) {
	m, _ := newTest(t)
	for i := range 1000 {
		o := measured(fmt.Sprint("c", i), base, false)
		o.Arguments = map[string]bool{fmt.Sprintf("order.a%d", i): true, strings.Repeat("x", maxLabel+1): true}
		m.take(o)
	}
	_, c := contentOf(t, m)
	if len(c.Arguments) != maxArguments+1 {
		t.Fatalf("%d arguments", len(c.Arguments))
	}
	pooled := c.Arguments[len(c.Arguments)-1]
	if pooled.Argument != OtherRoute || pooled.Disagreement.N != 2000-maxArguments {
		t.Errorf("%+v", pooled)
	}
}

// TestArgumentsOfAllRoutesAreBounded holds, across a restart, that arguments of
// many routes do not take memory without end.
func TestArgumentsOfAllRoutesAreBounded(t *testing.T) {
	dir := t.TempDir()
	m, clock := newTestIn(t, dir)
	give := func(m *Monitor) {
		for r := range 2 * maxNamed / maxArguments {
			for a := range maxArguments {
				o := measured("c", base, false)
				o.Route, o.Arguments = fmt.Sprint("r", r), map[string]bool{fmt.Sprintf("order.a%d", a): true}
				m.take(o)
			}
		}
	}
	told := func(m *Monitor) (n int) {
		for _, r := range m.Routes() {
			for _, a := range r.Windows[windowHour].Arguments {
				n += int(boolInt(a.Argument != OtherRoute))
			}
		}
		return n
	}
	give(m)
	if n := told(m); n != maxNamed {
		t.Errorf("%d arguments are told apart, want %d", n, maxNamed)
	}
	m.save()
	again, err := New(Settings{Budget: config.Default().Budget, Dir: dir, Now: clock.now})
	if err != nil {
		t.Fatal(err)
	}
	give(again)
	if n := told(again); n != maxNamed {
		t.Errorf("%d arguments are told apart after a restart, want %d", n, maxNamed)
	}
}

// TestGroupsCoverTheTruthWhateverTheDependence beside the interval that takes
// turns as independent.
func TestGroupsCoverTheTruthWhateverTheDependence(t *testing.T) {
	const runs, conversations, turns, truth = 2000, 100, 8, 0.3
	source := newCorrelated(truth, 0.2, 1)
	covered, naive := 0, 0
	for range runs {
		var g groups
		hits := int64(0)
		for c := range conversations {
			id, x := fmt.Sprint(c), source.draw(turns)
			hits += x
			for i := range int64(turns) {
				g.count(id, 16*boolInt(i < x), 16)
			}
		}
		f := g.share()
		covered += int(boolInt(*f.Low <= truth && truth <= *f.High))
		w, _ := estimate.Wilson(int(hits), conversations*turns)
		naive += int(boolInt(w.Low <= truth && truth <= w.High))
	}
	if got := float64(covered) / runs; math.Abs(got-estimate.Confidence) > binomialTolerance(estimate.Confidence, runs) {
		t.Errorf("covered in %.3f of windows", got)
	}
	if got := float64(naive) / runs; got > 0.9 {
		t.Errorf("turns are not dependent: taken as independent they are covered in %.3f", got)
	}
}

func TestGroupsOfManySidecarsMergeExactly(t *testing.T) {
	var whole groups
	parts := make([]groups, 5)
	rng := rand.New(rand.NewPCG(3, 4))
	for i := range 1000 {
		id, x, n := fmt.Sprint(rng.IntN(60)), rng.Int64N(17), int64(16)
		whole.count(id, x, n)
		parts[i%len(parts)].count(id, x, n)
	}
	var sum groups
	for i := range parts {
		sum.add(&parts[i])
	}
	if diff := cmp.Diff(whole, sum); diff != "" {
		t.Error(diff)
	}
}

func TestTablesMergeByKey(t *testing.T) {
	var whole, a, b table[string]
	for i := range 100 {
		key, id := fmt.Sprint("k", i%7), fmt.Sprint(i%13)
		whole.row(key, 10).count(id, 1, 2)
		part := &a
		if i%3 == 0 {
			part = &b
		}
		part.row(key, 10).count(id, 1, 2)
	}
	a.add(&b)
	sorted := cmpopts.SortSlices(func(x, y row[string]) int { return strings.Compare(x.Key, y.Key) })
	if diff := cmp.Diff(whole, a, sorted); diff != "" {
		t.Error(diff)
	}
	if whole.row("one more", len(whole.Rows)) != nil {
		t.Error("a full table takes more")
	}
}

func TestGroupsCannotOverflow(t *testing.T) {
	var g groups
	for range 10_000 {
		g.count("c", 2*distanceUnit*maxWeight, maxWeight)
	}
	if c := g.Cells[0]; c.N > maxRecord || c.X < 0 {
		t.Errorf("%+v", g)
	}
}

func TestFreePairsAreKeptApart(t *testing.T) {
	m, _ := newTest(t)
	for i := range 40 {
		o := measured(fmt.Sprint("c", i), base, false)
		o.Drawn, o.Differ, o.Reason = false, nil, ReasonNotDrawn
		o.Signals = &SignalRecord{Pair: map[string]bool{"target": i%2 == 0}}
		m.take(o)
	}
	r, c := contentOf(t, m)
	if len(c.Free) != 1 || *c.Free[0].Disagreement.Value != 0.5 || c.Free[0].Disagreement.N != 40 || c.Free[0].Level != "target" {
		t.Errorf("%+v", c.Free)
	}
	if s := r.Windows[windowHour].Series; len(s) != 0 {
		t.Errorf("they are among the drawn pairs: %+v", s)
	}
	if c.Signals.FreePairs != 40 {
		t.Errorf("%+v", c.Signals)
	}
}

func TestDistancesHaveAMeanAndAnInterval(t *testing.T) {
	m, _ := newTest(t)
	for i := range 100 {
		d := 0.1 + 0.2*float64(i%2)
		o := textPair(fmt.Sprint("c", i), 0)
		o.Distance = &d
		m.take(o)
	}
	for _, bad := range []float64{-1, 3, math.NaN(), math.Inf(1)} {
		o := textPair("c", 0)
		o.Distance = &bad
		m.take(o)
	}
	_, c := contentOf(t, m)
	if len(c.Distances) != 1 {
		t.Fatalf("%+v", c.Distances)
	}
	d := c.Distances[0].Distance
	if math.Abs(*d.Value-0.2) > 1e-6 || d.N != 100 || !(*d.Low < 0.2 && 0.2 < *d.High) {
		t.Errorf("%+v", d)
	}
}

func TestSignalsAreCountedOverAllRequestsThatWereRead(t *testing.T) {
	m, _ := newTest(t)
	for _, s := range []*SignalRecord{
		nil, {}, {Repeated: 2}, {Repeated: 3, Call: "k"}, {Invalid: 2}, {Compacted: true}, {Truncated: true}, {Retry: true, Truncated: true},
	} {
		o := measured("c", base, false)
		o.Drawn, o.Signals = false, s
		m.take(o)
	}
	_, c := contentOf(t, m)
	want := SignalReport{Requests: 6, Repeated: 1, Invalid: 1, Compacted: 1, Truncated: 2, Retries: 1}
	if diff := cmp.Diff(want, c.Signals); diff != "" {
		t.Error(diff)
	}
	var page bytes.Buffer
	m.WriteMetrics(&page)
	for signal, n := range map[string]int{"repeated": 1, "invalid": 1, "compacted": 1, "truncated": 2, "retry": 1} {
		if line := fmt.Sprintf("hotmess_signals_total{route=\"r\",signal=%q} %d\n", signal, n); !strings.Contains(page.String(), line) {
			t.Errorf("no %s", line)
		}
	}
}

func TestEmbeddingsAreCountedByOutcome(t *testing.T) {
	m, _ := newTest(t)
	d := 0.5
	for range 2 {
		o := textPair("c", 0)
		o.Distance = &d
		m.take(o)
	}
	o := textPair("c", 0)
	o.DistanceMissing = ReasonFailed
	m.take(o)
	var page bytes.Buffer
	m.WriteMetrics(&page)
	for _, line := range []string{`hotmess_embeddings_total{outcome="ok"} 2`, `hotmess_embeddings_total{outcome="failed"} 1`} {
		if !strings.Contains(page.String(), line+"\n") {
			t.Errorf("no %s", line)
		}
	}
}

// afterwards is the pair a second later: only what came after the calibration is
// judged by it.
func afterwards(o Observation) Observation {
	o.Time = o.Time.Add(time.Second)
	return o
}

// TestLateLabelsOfTextsFindTheirLevel labels pairs of texts that have left the
// memory: what the store of observations gives back has no level similar. The
// one that completed the calibration was not judged by it, and is not later.
func TestLateLabelsOfTextsFindTheirLevel(t *testing.T) {
	m, _ := newTest(t)
	stored := map[string]Observation{}
	m.labelling.Archive = func(context.Context, []string) (map[string]Observation, error) { return stored, nil }
	take := func(n int, similarity float64) string {
		o := textPair(fmt.Sprint("c", n), similarity, 0.1, 0.1, 0.1, 0.1)
		o.Time = base.Add(time.Duration(n) * time.Second)
		o.ID = idAt(o.Time, n)
		o.Samples = []SampleRecord{{Number: 0}, {Number: 1}}
		stored[o.ID] = o
		m.take(o)
		return o.ID
	}
	for n := range 49 {
		take(n, 0)
	}
	last := take(49, 0)
	ids := []string{last, take(50, 0), take(51, 0.9)}
	m.recent = newRecent(1, 1<<20)
	for _, id := range ids {
		mustCount(t, m, Label{Request: id, Outcome: Fail})
	}
	rep := month(t, m)
	if rep.Accuracy.N != 3 || rep.Error.N != 2 || rep.Variance.Value == nil || *rep.Variance.Value != 0.5 {
		t.Errorf("accuracy of %d, error of %d, variance %v", rep.Accuracy.N, rep.Error.N, rep.Variance.Value)
	}
}

func TestTextsHaveNoLevelSimilarUntilCalibrated(t *testing.T) {
	m, _ := newTest(t)
	for i := range 57 {
		m.take(textPair(fmt.Sprint("c", i), 0.9, 0.1))
	}
	r, _ := contentOf(t, m)
	if r.Similarity == nil || r.Similarity.Absent != "calibrating 57 of 200" || r.Similarity.Threshold != nil {
		t.Errorf("%+v", r.Similarity)
	}
	if len(headlines(m)) != 0 {
		t.Error("texts have a headline")
	}
}

func TestCalibratedTextsAreTheSameAboveTheThreshold(t *testing.T) {
	m, _ := newTest(t)
	for i := range 50 {
		// Of 200, two are at .3 and the rest at .1: rank ⌈201·.99⌉ = 199 is .3.
		chance := []float64{0.1, 0.1, 0.1, 0.1}
		if i < 2 {
			chance[0] = 0.3
		}
		m.take(textPair(fmt.Sprint("c", i), 0.9, chance...))
	}
	r, _ := contentOf(t, m)
	if s := r.Similarity; s.Threshold == nil || math.Abs(*s.Threshold-0.3) > 1./likenessBins || s.Absent != "" || s.Unrelated != 200 {
		t.Fatalf("%+v", s)
	}
	threshold := *r.Similarity.Threshold
	given := afterwards(textPair("same", threshold+0.001, 0.9, 0.1))
	m.take(given)
	if diff := cmp.Diff(map[string]bool{"exact": true}, given.Differ); diff != "" || given.Headline != "" {
		t.Errorf("the observation was changed: %s", diff)
	}
	m.take(afterwards(textPair("different", threshold, 0.1)))
	equal := afterwards(textPair("equal", 0))
	equal.Differ, equal.Similarity = map[string]bool{"exact": false}, nil // two refusals
	m.take(equal)
	refusal := afterwards(textPair("refused", 0))
	refusal.Similarity = nil // one refusal
	m.take(refusal)
	readings := headlines(m)
	if len(readings) != 1 || readings[0].Level != LevelSimilar || readings[0].Pairs != 4 || readings[0].Value != 0.5 {
		t.Errorf("%+v", readings)
	}
	r, _ = contentOf(t, m)
	if s := r.Similarity; *s.Threshold != threshold || s.Later != 3 || s.Above != 1 {
		t.Errorf("%+v", s)
	}
	if total := m.Totals(); total.Headlined != 4 || total.Differed != 2 {
		t.Errorf("%+v", total)
	}
}

// TestUnrelatedTextsAreRarelyTakenForTheSame: of independent similarities of any
// continuous distribution another is above the threshold with probability 2/201
// at most (rank 199 of 200) plus a bin's width. Over 400 calibrations of 500
// more, the share is at most .01 + .003; the standard deviation of one
// calibration's share is √(2·199/(201²·202)) = .007, of the mean of 400 .00035.
func TestUnrelatedTextsAreRarelyTakenForTheSame(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	above, later := int64(0), int64(0)
	for range 400 {
		var l likeness
		for range calibrateAt + 500 {
			o := textPair("c", 0, math.Pow(rng.Float64(), 3))
			l.take(&o)
		}
		above, later = above+l.Above, later+l.Later
	}
	share := float64(above) / float64(later)
	if later != 400*500 || share > falselySame+0.003 || share < falselySame/3 {
		t.Errorf("%.4f of %d", share, later)
	}
}

func TestRoutesOfTemplatesCallOnlyEqualTextsTheSame(t *testing.T) {
	var l likeness
	for range calibrateAt {
		o := textPair("c", 1, 1)
		l.take(&o)
	}
	o := afterwards(textPair("c", 1))
	if l.take(&o); !o.Differ[LevelSimilar] || *l.Threshold != 1 {
		t.Errorf("threshold %v, %v", *l.Threshold, o.Differ)
	}
}

func TestContentOutlastsARestart(t *testing.T) {
	dir := t.TempDir()
	m, clock := newTestIn(t, dir)
	distance := 0.25
	for i := range 80 {
		o := textPair(fmt.Sprint("c", i), 0.9, 0.1, 0.2, 0.3, 0.4)
		o.Distance = &distance
		o.Arguments = map[string]bool{"a.b": true}
		o.Signals = &SignalRecord{Truncated: true, Pair: map[string]bool{"exact": true}}
		m.take(o)
	}
	state := m.snapshot()
	before, err := json.Marshal(state)
	if err != nil {
		t.Fatal(err)
	}
	m.save()
	again, err := New(Settings{Budget: config.Default().Budget, Dir: dir, Now: clock.now})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(m.Routes(), again.Routes()); diff != "" {
		t.Error(diff)
	}
	clock.advance(time.Second)
	m.take(textPair("later", 0.9, 0.9))
	o := measured("later", base, true)
	o.Arguments = map[string]bool{"a.b": true}
	m.take(o)
	if after, _ := json.Marshal(state); !bytes.Equal(before, after) {
		t.Error("a snapshot changes with the memory that it was taken of")
	}
}
