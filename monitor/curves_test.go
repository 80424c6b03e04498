package monitor

import (
	"encoding/json"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// sized is measured with the four lengths of both samples.
func sized(conversation string, at time.Time, differ bool, l pairLengths) Observation {
	o := measured(conversation, at, differ)
	s := SampleRecord{
		Reasoning: known(l[lengthReasoning]), Output: known(l[lengthOutput]), Context: known(l[lengthContext]),
	}
	second := s
	second.Number = 1
	o.Samples = []SampleRecord{s, second}
	if n := l[lengthActions]; n >= 0 {
		o.Actions = &n
	}
	return o
}

// known is a reported length; −1: absent.
func known(tokens int) Length {
	if tokens < 0 {
		return Length{}
	}
	return Length{Tokens: tokens, Source: SourceUsage}
}

// detailOf is the detail of the headline series of route r.
func detailOf(t *testing.T, m *Monitor, window int) SeriesDetail {
	t.Helper()
	for _, s := range m.Routes()[0].Windows[window].Series {
		if s.Headline {
			return s.SeriesDetail
		}
	}
	t.Fatal("no headline series")
	return SeriesDetail{}
}

func TestLengthOfAPairIsTheMeanOfBothSamples(t *testing.T) {
	o := sized("c", base, false, pairLengths{100, 10, 1000, 3})
	o.Samples[1].Reasoning.Tokens, o.Samples[1].Output.Tokens, o.Samples[1].Context.Tokens = 201, 21, 5000
	if got, want := PairLengths(&o), (pairLengths{150, 15, 1000, 3}); got != want {
		t.Errorf("lengths %v, want %v", got, want)
	}
	o.Samples[1].Reasoning.Source, o.Actions = "", nil
	if got, want := PairLengths(&o), (pairLengths{-1, 15, 1000, -1}); got != want {
		t.Errorf("lengths %v with two absent, want %v", got, want)
	}
}

func TestCurveHoldsEachPairInTheBinOfItsLength(t *testing.T) {
	m, _ := newTest(t)
	for i := range 24 {
		length := 100 // bin 64 … 127
		if i%2 == 0 {
			length = 5 // bin 4 … 7
		}
		id := fmt.Sprint(i / 2) // each conversation is in both bins
		m.take(sized(id, base, i%2 == 1 && i%8 == 1, pairLengths{length, -1, 1000, -1}))
	}
	for window := windowTwoDays; window < windowCount; window++ {
		d := detailOf(t, m, window)
		var names []string
		for _, c := range d.Curves {
			names = append(names, fmt.Sprint(c.Length, " ", len(c.Bins)))
		}
		if diff := cmp.Diff([]string{"reasoning_tokens 2", "output_tokens 0", "context_tokens 1", "actions 0"}, names); diff != "" {
			t.Fatal(diff)
		}
		short, long := d.Curves[0].Bins[0], d.Curves[0].Bins[1]
		if short.Low != 4 || *short.High != 7 || *short.Disagreement.Value != 0 || short.Disagreement.N != 12 || short.Disagreement.Clusters != 12 {
			t.Errorf("short bin %+v", short)
		}
		if long.Low != 64 || *long.High != 127 || *long.Disagreement.Value != 0.25 || long.Disagreement.Low == nil {
			t.Errorf("long bin %+v", long)
		}
	}
	if d := detailOf(t, m, windowHour); d.Curves != nil || d.Slopes != nil {
		t.Error("curves over an hour")
	}
}

func TestPinnedSeriesAndLevelsBelowTheHeadlineHaveNoCurves(t *testing.T) {
	m, _ := newTest(t)
	o := sized("c", base, true, pairLengths{1, 2, 3, 4})
	o.Pinned = true
	m.take(o)
	if n := len(m.routes["r"].curves); n != 0 {
		t.Errorf("%d curves of a pinned series", n)
	}
	m.take(sized("c", base, true, pairLengths{1, 2, 3, 4}))
	if n := len(m.routes["r"].curves); n != 1 {
		t.Errorf("%d curves, want that of the headline", n)
	}
}

func TestSeriesWithCurvesAreBounded(t *testing.T) {
	m, _ := newTest(t)
	for i := range maxCurved + 10 {
		o := sized("c", base, true, pairLengths{1, 2, 3, 4})
		o.Route = fmt.Sprint("route", i)
		m.take(o)
	}
	curved := 0
	for _, r := range m.routes {
		curved += len(r.curves)
	}
	if curved != maxCurved {
		t.Errorf("%d series with curves, bound %d", curved, maxCurved)
	}
}

func TestCellsOfAConversationAreBounded(t *testing.T) {
	m, _ := newTest(t)
	for i := range lengthBins {
		n := 1 << i >> 1
		m.take(sized("c", base, true, pairLengths{n, n, n, n}))
	}
	for i, rec := range m.live.order.Front().Value.(*conversation).track(seriesKey{Kind: "action", Level: "target"}, true).Curve {
		if len(rec.Shares) != maxShares {
			t.Errorf("ring %d: %d cells, bound %d", i, len(rec.Shares), maxShares)
		}
	}
}

// TestConversationStandsInTheBucketInWhichItBegan holds what buckets must
// show at any order of arrival: whole conversations, each where it began.
func TestConversationStandsInTheBucketInWhichItBegan(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := spans()[windowTwoDays]
		r := newRing[curveSums](s)
		records, began := map[int]*curveRecord{}, map[int]int64{}
		type at struct {
			conversation int
			cell         cell
		}
		x, n := map[at]int64{}, map[at]int64{}
		for _, p := range drawPairs(t, s.buckets) {
			if records[p.conversation] == nil {
				records[p.conversation], began[p.conversation] = &curveRecord{}, p.bucket
			}
			length := rapid.IntRange(0, 5).Draw(t, "length")
			records[p.conversation].count(&r, p.bucket, 1000+s.buckets-1,
				curvePair{pair: pair{p.differ, 16}, lengths: pairLengths{length, -1, -1, -1}})
			k := at{p.conversation, cellOf(lengthReasoning, length)}
			x[k] += 16 * boolInt(p.differ)
			n[k] += 16
		}
		want := map[int64]map[cell]sums{}
		for k := range n {
			b := began[k.conversation]
			if want[b] == nil {
				want[b] = map[cell]sums{}
			}
			s := want[b][k.cell]
			s.add(cluster{X: x[k], N: n[k], Differ: x[k] / 16, Pairs: n[k] / 16}.sums())
			want[b][k.cell] = s
		}
		got := map[int64]map[cell]sums{}
		r.each(s.start(1000+s.buckets-1), func(bucket int64, v *curveSums) {
			got[bucket] = map[cell]sums{}
			for _, c := range v.Cells {
				got[bucket][c.Cell] = c.sums
			}
		})
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestConversationBeyondTheRingBeginsAnew(t *testing.T) {
	m, clock := newTest(t)
	m.take(sized("c", clock.now(), true, pairLengths{1, 1, 1, 1}))
	clock.advance(49 * time.Hour)
	m.take(sized("c", clock.now(), false, pairLengths{1, 1, 1, 1}))
	for window, want := range map[int]int64{windowTwoDays: 1, windowMonth: 2} {
		f := detailOf(t, m, window).Curves[0].Bins[0].Disagreement
		if f.N != want || f.Clusters != 1 {
			t.Errorf("window %d: %d pairs of %d conversations", window, f.N, f.Clusters)
		}
	}
}

func TestCurvesOutlastARestart(t *testing.T) {
	dir := t.TempDir()
	m, clock := newTestIn(t, dir)
	fill := func(m *Monitor) {
		for i := range 60 {
			o := sized(fmt.Sprint(i%15), base.Add(time.Duration(i)*time.Second), i%3 == 0, pairLengths{i * 10, i, 100 * i, i % 7})
			if i%4 == 0 {
				o = larger(o, i)
			}
			m.take(o)
		}
	}
	fill(m)
	m.save()
	again, err := New(Settings{Dir: dir, Now: clock.now})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(m.Routes(), again.Routes()); diff != "" {
		t.Fatal(diff)
	}
	if again.curved != m.curved {
		t.Errorf("%d curves counted, want %d", again.curved, m.curved)
	}
	fill(m) // what was begun goes on
	fill(again)
	if diff := cmp.Diff(m.Routes(), again.Routes()); diff != "" {
		t.Error(diff)
	}
}

func TestCurvesSnapshotIsADeepCopy(t *testing.T) {
	m, _ := newTest(t)
	m.take(larger(sized("c", base, true, pairLengths{1, 2, 3, 4}), 1))
	s := m.snapshot()
	before, _ := json.Marshal(s)
	for i := range 20 {
		m.take(larger(sized("c", base, true, pairLengths{i, i, i, i}), i))
	}
	if after, _ := json.Marshal(s); string(before) != string(after) {
		t.Error("a snapshot changed with the memory it was taken of")
	}
}

func TestUnsoundCellsAreNotRestored(t *testing.T) {
	for name, s := range map[string]curveSums{
		"no such cell": {Cells: []cellSums{{Cell: lengthCount * lengthBins}}},
		"not sorted":   {Cells: []cellSums{{Cell: 3}, {Cell: 2}}},
		"twice":        {Cells: []cellSums{{Cell: 3}, {Cell: 3}}},
	} {
		if s.sound() {
			t.Errorf("%s: taken for sound", name)
		}
	}
	if s := (curveSums{Cells: []cellSums{{Cell: 2}, {Cell: 111}}}); !s.sound() {
		t.Error("sound cells refused")
	}
}

func TestEffectiveAnswersAreThoseOfTheMeanDisagreement(t *testing.T) {
	m, _ := newTest(t)
	for i := range 40 {
		m.take(measured(fmt.Sprint(i/2), base, i%4 < 2 && i%2 == 0)) // D = .25
	}
	f := detailOf(t, m, windowHour).EffectiveAnswers
	if f.Value == nil || math.Abs(*f.Value-1/(1-0.25)) > 1e-12 || f.N != 40 || f.Clusters != 20 {
		t.Fatalf("%+v", f)
	}
	e := headline(t, m, windowHour)
	if math.Abs(*f.Low-1/(1-*e.Low)) > 1e-9 || math.Abs(*f.High-1/(1-*e.High)) > 1e-9 {
		t.Errorf("range %v … %v of D in %v … %v", *f.Low, *f.High, *e.Low, *e.High)
	}
}
