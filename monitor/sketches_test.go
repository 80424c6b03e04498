package monitor

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// reasoned is an observation of an undrawn request whose reply reasoned for so
// many tokens.
func reasoned(i, tokens int) Observation {
	o := measured(fmt.Sprint("c", i), base.Add(time.Duration(i)*time.Millisecond), false)
	o.Drawn, o.Differ = false, nil
	o.Samples = []SampleRecord{{Reasoning: known(tokens), Output: known(2 * tokens), Context: known(50)}}
	return o
}

func TestQuantilesAreInTokens(t *testing.T) {
	m, _ := newTest(t)
	for i := range 1000 {
		m.take(reasoned(i, i+1))
	}
	for window := windowTwoDays; window < windowCount; window++ {
		all := m.Routes()[0].Windows[window].Lengths
		q := all[lengthReasoning].Quantiles
		for want, got := range map[int]int{500: q.P50, 900: q.P90, 990: q.P99} {
			if math.Abs(float64(got-want)) > 0.01*float64(want)+1 {
				t.Errorf("window %d: quantile %d, want %d within 1 %%", window, got, want)
			}
		}
		if all[lengthContext].Quantiles.P99 != 50 || all[lengthActions].Quantiles != nil {
			t.Errorf("context %+v, actions %+v", all[lengthContext].Quantiles, all[lengthActions].Quantiles)
		}
	}
	if q := m.Routes()[0].Windows[windowHour].Lengths[lengthReasoning].Quantiles; q != nil {
		t.Errorf("over an hour: %+v", q)
	}
}

func TestQuantilesNeedTwentyReplies(t *testing.T) {
	m, _ := newTest(t)
	for i := range minLengths {
		if q := quantilesOf(m); q != nil {
			t.Fatalf("of %d replies: %+v", i, q)
		}
		m.take(reasoned(i, 100))
	}
	if q := quantilesOf(m); q == nil || q.P50 != 100 {
		t.Errorf("of %d replies: %+v", minLengths, q)
	}
}

func quantilesOf(m *Monitor) *Quantiles {
	if all := m.Routes(); len(all) > 0 {
		return all[0].Windows[windowMonth].Lengths[lengthReasoning].Quantiles
	}
	return nil
}

func TestSketchesOutlastARestartAndMergeExactly(t *testing.T) {
	dir := t.TempDir()
	whole, clock := newTestIn(t, dir)
	a, _ := newTest(t)
	b, _ := newTest(t)
	for i := range 500 {
		o := reasoned(i, i*i%3000)
		whole.take(o)
		[]*Monitor{a, b}[i%2].take(o)
	}
	whole.save()
	again, err := New(Settings{Dir: dir, Now: clock.now})
	if err != nil {
		t.Fatal(err)
	}
	a.Merge(b)
	want := whole.Routes()[0].Windows
	for name, m := range map[string]*Monitor{"restored": again, "merged": a} {
		if diff := cmp.Diff(want, m.Routes()[0].Windows); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestRoutesWithSketchesAreBounded(t *testing.T) {
	m, _ := newTest(t)
	for i := range maxCurved + 5 {
		o := reasoned(i, 10)
		o.Route = fmt.Sprint("r", i)
		m.take(o)
	}
	n := 0
	for _, r := range m.routes {
		n += int(boolInt(r.sketches != nil))
	}
	if n != maxCurved {
		t.Errorf("%d routes with sketches, bound %d", n, maxCurved)
	}
}

func TestEscalationsAreBoundedByTheHour(t *testing.T) {
	m, clock := newTest(t)
	long := known(1000)
	for i := range minLengths {
		if m.Escalate("r", long, 2) {
			t.Fatalf("escalated after %d replies", i)
		}
		m.take(reasoned(i, 100))
	}
	if m.Escalate("r", known(200), 2) || m.Escalate("r", Length{}, 2) {
		t.Error("escalated at twice the median, or at an unknown length")
	}
	for hour := range 2 {
		for range escalationsPerHour {
			if !m.Escalate("r", long, 2) {
				t.Fatalf("hour %d: not escalated", hour)
			}
		}
		if m.Escalate("r", long, 2) {
			t.Errorf("hour %d: escalated beyond the bound", hour)
		}
		clock.advance(time.Hour)
	}
}

func TestMedianFollowsWithinAMinute(t *testing.T) {
	m, clock := newTest(t)
	for i := range minLengths {
		m.take(reasoned(i, 100))
	}
	if n, ok := m.reasoningMedian("r"); !ok || n != 100 {
		t.Fatalf("median %d %t", n, ok)
	}
	for i := range 5 * minLengths {
		m.take(reasoned(100+i, 2000))
	}
	clock.advance(time.Minute)
	if n, _ := m.reasoningMedian("r"); math.Abs(float64(n)-2000) > 20 {
		t.Errorf("median %d after a minute", n)
	}
}

func TestPlacementOfOneCallAmongThoseOfItsRoute(t *testing.T) {
	m, _ := newTest(t)
	for i := range 99 {
		m.take(reasoned(i, i+1))
	}
	o := reasoned(99, 150)
	m.take(o)
	p, ok := m.Placement(o.ID)
	if !ok || p.Length != "reasoning_tokens" || p.Tokens != 150 || p.Above != 0 || p.N != 100 || *p.OverMedian != 3 || p.Route.P50 != 50 {
		t.Errorf("%+v %t", p, ok)
	}
	middle := reasoned(49, 50)
	if p, _ := m.Placement(middle.ID); p.Above != 0.5 || *p.OverMedian != 1 {
		t.Errorf("%+v", p)
	}
	if _, ok := m.Placement("nobody"); ok {
		t.Error("an unknown request has a place")
	}
}
