package monitor

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// base is a fixed time in the middle of an hour and of a day.
var base = time.Date(2026, 3, 4, 12, 30, 0, 0, time.UTC)

func TestRingForgetsBucketsBeyondItsSpan(t *testing.T) {
	r := newRing[int64](spans()[windowHour])
	for i := range 200 {
		*r.at(int64(i), int64(i))++
	}
	var n int64
	r.each(time.Unix(199*60, 0), func(_ int64, v *int64) { n += *v })
	if n != 60 {
		t.Errorf("window of 60 buckets holds %d", n)
	}
	if r.at(139, 199) != nil || r.find(139) != nil {
		t.Error("bucket 139 is still there after bucket 199 took its place")
	}
	if r.at(140, 199) == nil {
		t.Error("bucket 140 is gone though it is within the span")
	}
}

func TestRingLeavesOutStaleSlots(t *testing.T) {
	r := newRing[int64](spans()[windowHour])
	*r.at(10, 10) = 5
	r.each(time.Unix(70*60, 0), func(bucket int64, _ *int64) {
		t.Errorf("bucket %d reported in a window that begins at 11", bucket)
	})
}

func TestSlotsOfAWrongClockGiveWay(t *testing.T) {
	r := newRing[int64](spans()[windowHour])
	*r.at(60_000, 60_000) = 7
	if v := r.at(600, 600); v == nil || *v != 0 {
		t.Errorf("the place is blocked by a bucket of the future: %v", v)
	}
}

func TestWindowsStateRoundTrips(t *testing.T) {
	w := newWindows[traffic]()
	for i := range 500 {
		at := base.Add(time.Duration(i) * 7 * time.Minute)
		w.update(at, at, func(v *traffic) {
			v.Requests++
			v.Unmeasured.count(ReasonBudget)
		})
	}
	b, err := json.Marshal(w.state())
	if err != nil {
		t.Fatal(err)
	}
	var st windowsState[traffic]
	if err := json.Unmarshal(b, &st); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(w.state(), restoreWindows(st).state()); diff != "" {
		t.Error(diff)
	}
}

// timedPair is one measured pair of a generated conversation.
type timedPair struct {
	conversation int
	bucket       int64
	differ       bool
}

// drawPairs draws pairs whose times lie within one span, in any order.
func drawPairs(t *rapid.T, buckets int64) []timedPair {
	n := rapid.IntRange(0, 200).Draw(t, "n")
	pairs := make([]timedPair, n)
	for i := range pairs {
		pairs[i] = timedPair{
			conversation: rapid.IntRange(0, 12).Draw(t, "conversation"),
			bucket:       1000 + rapid.Int64Range(0, buckets-1).Draw(t, "bucket"),
			differ:       rapid.Bool().Draw(t, "differ"),
		}
	}
	return pairs
}

func TestConversationStandsWholeInTheBucketOfItsLastPair(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := spans()[windowHour]
		r := newRing[sums](s)
		clusters, want := map[int]*cluster{}, map[int]sums{}
		last, x, n := map[int]int64{}, map[int]int64{}, map[int]int64{}
		for _, p := range drawPairs(t, s.buckets) {
			c := clusters[p.conversation]
			if c == nil {
				c = &cluster{}
				clusters[p.conversation] = c
			}
			c.count(&r, p.bucket, 1000+s.buckets, pair{p.differ, 1})
			last[p.conversation] = max(last[p.conversation], p.bucket)
			x[p.conversation] += boolInt(p.differ)
			n[p.conversation]++
			want[p.conversation] = conversationSums(x[p.conversation], n[p.conversation])
		}
		wantBuckets := map[int64]sums{}
		for c, s := range want {
			b := wantBuckets[last[c]]
			b.add(s)
			wantBuckets[last[c]] = b
		}
		got := map[int64]sums{}
		r.each(s.start(1000+s.buckets-1), func(bucket int64, v *sums) {
			if *v != (sums{}) {
				got[bucket] = *v
			}
		})
		if diff := cmp.Diff(wantBuckets, got); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestMergeInAnyGroupingIsTheWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOf(rapid.Custom(func(t *rapid.T) sums {
			n := rapid.Int64Range(0, 50).Draw(t, "n")
			return conversationSums(rapid.Int64Range(0, n).Draw(t, "x"), n)
		})).Draw(t, "parts")
		var whole sums
		groups := make([]sums, 4)
		for _, p := range parts {
			whole.add(p)
			groups[rapid.IntRange(0, 3).Draw(t, "group")].add(p)
		}
		var merged sums
		for _, g := range rapid.Permutation(groups).Draw(t, "order") {
			merged.add(g)
		}
		if merged != whole {
			t.Fatalf("merged %+v, whole %+v", merged, whole)
		}
		for _, p := range parts {
			merged.subtract(p)
		}
		if merged != (sums{}) {
			t.Fatalf("after taking all parts away: %+v", merged)
		}
	})
}
