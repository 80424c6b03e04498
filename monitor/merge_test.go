package monitor

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// aDay is traffic of all sorts over a day and a half before the clock, in the
// order of time: conversations of at most 50 minutes, some with larger sets, some
// pinned, some undrawn, some voted on.
func aDay(t *rapid.T) []Observation {
	var all []Observation
	for c := range rapid.IntRange(1, 12).Draw(t, "conversations") {
		began := base.Add(-time.Duration(rapid.IntRange(0, 36*60).Draw(t, "began")) * time.Minute)
		for range rapid.IntRange(1, 6).Draw(t, "turns") {
			at := min(time.Duration(rapid.IntRange(0, 50*60).Draw(t, "at"))*time.Second, base.Sub(began))
			n := rapid.IntRange(0, 5000).Draw(t, "length")
			o := sized(fmt.Sprint(c), began.Add(at+time.Duration(len(all))*time.Microsecond), n%3 == 0, pairLengths{n, n / 3, 7 * n, n % 9})
			o.Route = fmt.Sprint("r", n%2)
			o.Inclusion = 1 / float64(1+n%7)
			switch n % 11 {
			case 0, 1, 2:
				o = larger(o, n)
			case 3:
				o = larger(o, n)
				o.Deep, o.Escalated = 0, true
			case 4:
				o.Pinned = true
			case 5:
				o.Drawn, o.Differ, o.Reason = false, nil, ReasonNotDrawn
			case 6:
				o.Differ, o.Reason = nil, ReasonFailed
			case 7:
				o.Vote = &VoteRecord{Changed: new(n%2 == 0)}
			}
			all = append(all, o)
		}
	}
	slices.SortFunc(all, func(a, b Observation) int { return a.Time.Compare(b.Time) })
	return all
}

// different compares the windows of two monitors.
func different(a, b *Monitor) string {
	one, other := alike(a), alike(b)
	x, _ := json.Marshal(one)
	if y, _ := json.Marshal(other); bytes.Equal(x, y) {
		return ""
	}
	return cmp.Diff(one, other, cmp.AllowUnexported(int128{}, cellSums{}))
}

// alike drops what says nothing: the order of series that came, slots that hold
// nothing, and what is not a window.
func alike(m *Monitor) map[string]routeState {
	now := m.now()
	all := m.snapshot().Routes
	for name, st := range all {
		st.Detection = nil // each sidecar has its own
		// Tables have a test of their own: TestContentOfManySidecarsMerges.
		st.Content = &contentState{Signals: inUse(st.Content.Signals, now)}
		st.Lengths, st.Traffic = inUse(st.Lengths, now), inUse(st.Traffic, now)
		for i := range st.Series {
			s := &st.Series[i]
			s.Bound, s.Windows = nil, inUse(s.Windows, now)
		}
		for i := range st.Strata {
			st.Strata[i].Windows = inUse(st.Strata[i].Windows, now)
		}
		for i := range st.Curves {
			for ring, slots := range st.Curves[i].Rings {
				st.Curves[i].Rings[ring] = inUseCurves(slots)
			}
		}
		all[name] = st
	}
	return all
}

// inUse keeps the slots of windows that hold something.
func inUse[T comparable](st windowsState[T], now time.Time) windowsState[T] {
	var none T
	var used windowsState[T]
	for i, slots := range st {
		s := spans()[i]
		for _, v := range slots {
			if v.Value != none && s.bucket(now)-v.Bucket < s.buckets {
				used[i] = append(used[i], v)
			}
		}
	}
	return used
}

func inUseCurves(slots []slot[curveSums]) []slot[curveSums] {
	var all []slot[curveSums]
	for _, s := range slots {
		s.Value.Cells = slices.DeleteFunc(s.Value.Cells, func(c cellSums) bool { return c.sums == sums{} })
		if s.Value.Sets != nil && *s.Value.Sets == (setSums{}) {
			s.Value.Sets = nil
		}
		if len(s.Value.Cells) > 0 || s.Value.Moments != (moments{}) {
			all = append(all, s)
		}
	}
	return all
}

func TestMergedWindowsAreThoseOfAllTraffic(t *testing.T) {
	for name, part := range map[string]func(t *rapid.T, o Observation, k int) int{
		"by conversation": func(_ *rapid.T, o Observation, k int) int { return len(o.Conversation) * int(o.Conversation[0]) % k },
		"by request":      func(t *rapid.T, _ Observation, k int) int { return rapid.IntRange(0, k-1).Draw(t, "sidecar") },
	} {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(rt *rapid.T) {
				whole, _ := newTest(t)
				parts := make([]*Monitor, rapid.IntRange(2, 4).Draw(rt, "sidecars"))
				for i := range parts {
					parts[i], _ = newTest(t)
				}
				for _, o := range aDay(rt) {
					whole.take(o)
					parts[part(rt, o, len(parts))].take(o)
				}
				merged, _ := newTest(t)
				for _, i := range rapid.Permutation(indices(len(parts))).Draw(rt, "order") {
					merged.Merge(parts[i])
				}
				if diff := different(whole, merged); diff != "" {
					rt.Fatal(diff)
				}
			})
		})
	}
}

func indices(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

func TestMergingLeavesTheOtherAlone(t *testing.T) {
	a, _ := filled(t, "")
	b, _ := newTest(t)
	b.take(larger(sized("c", base, true, pairLengths{1, 2, 3, 4}), 3))
	before := b.Routes()
	a.Merge(b)
	a.take(larger(sized("c", base, true, pairLengths{1, 2, 3, 4}), 4))
	if diff := cmp.Diff(before, b.Routes()); diff != "" {
		t.Error(diff)
	}
}

func TestConversationThatGoesOnAfterAMergeIsStillOne(t *testing.T) {
	whole, _ := newTest(t)
	a, _ := newTest(t)
	b, _ := newTest(t)
	for i := range 10 {
		o := sized("c", base.Add(time.Duration(i)*time.Second), i%2 == 0, pairLengths{i, i, i, i})
		whole.take(o)
		[]*Monitor{a, b}[i%2].take(o)
	}
	a.Merge(b)
	last := sized("c", base.Add(time.Minute), true, pairLengths{5, 5, 5, 5})
	whole.take(last)
	a.take(last)
	if diff := different(whole, a); diff != "" {
		t.Error(diff)
	}
}

func TestConversationTooLongForAWindowCountsAsTwo(t *testing.T) {
	a, clock := newTest(t)
	b, _ := newTest(t)
	a.take(measured("c", clock.now().Add(-70*time.Minute), true))
	b.take(measured("c", clock.now(), true))
	a.Merge(b)
	if e := headline(t, a, windowTwoDays); e.Conversations != 1 || e.Pairs != 2 {
		t.Errorf("two days: %d conversations, %d pairs", e.Conversations, e.Pairs)
	}
	if e := headline(t, a, windowHour); e.Pairs != 1 {
		t.Errorf("hour: %d pairs", e.Pairs)
	}
}

func TestContentOfManySidecarsMerges(t *testing.T) {
	whole, _ := newTest(t)
	parts := make([]*Monitor, 3)
	for i := range parts {
		parts[i], _ = newTest(t)
	}
	for i := range 300 {
		o := measured(fmt.Sprint("c", i%40), base.Add(time.Duration(i)*time.Second), i%3 == 0)
		o.Arguments = map[string]bool{fmt.Sprint("tool.a", i%5): i%4 == 0}
		distance := float64(i%10) / 10
		o.Distance = &distance
		o.Signals = &SignalRecord{Repeated: i % 5, Pair: map[string]bool{"target": i%7 == 0}}
		whole.take(o)
		parts[i%len(parts)].take(o)
	}
	merged, _ := newTest(t)
	for _, p := range parts {
		merged.Merge(p)
	}
	one := whole.Routes()[0].Windows
	for i, w := range merged.Routes()[0].Windows {
		if diff := cmp.Diff(one[i].ContentReport, w.ContentReport); diff != "" {
			t.Error(diff)
		}
	}
	if len(one[0].Arguments) != 5 {
		t.Errorf("%d arguments: this test shows nothing", len(one[0].Arguments))
	}
}
