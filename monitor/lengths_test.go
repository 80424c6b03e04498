package monitor

import (
	"math"
	"sort"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestLengthFallsIntoTheBinOfItsEdges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.OneOf(rapid.IntRange(-5, 40), rapid.IntRange(0, math.MaxInt)).Draw(t, "tokens")
		low, high := binEdges(lengthBin(n))
		if v := int64(max(0, n)); v < low || v > high {
			t.Fatalf("%d in bin [%d, %d]", n, low, high)
		}
	})
}

func TestBinsAreContiguous(t *testing.T) {
	next := int64(0)
	for i := range lengthBins {
		low, high := binEdges(i)
		if low != next {
			t.Errorf("bin %d begins at %d, want %d", i, low, next)
		}
		next = high + 1
	}
}

func TestQuantileBinHoldsTheQuantile(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.IntRange(0, 1<<20), 1, 300).Draw(t, "values")
		var h, other histogram
		for i, v := range values {
			to := &h
			if i%3 == 0 {
				to = &other
			}
			to.count(Length{Tokens: v, Source: SourceUsage})
		}
		h.add(&other)
		sort.Ints(values)
		for _, q := range []float64{0.5, 0.9, 0.99} {
			exact := int64(values[int(math.Ceil(q*float64(len(values))))-1])
			bin, ok := h.quantile(q)
			if low, high := binEdges(bin); !ok || exact < low || exact > high {
				t.Fatalf("q%v = %d, bin [%d, %d]", q, exact, low, high)
			}
		}
	})
}

func TestAbsentLengthIsInNoBin(t *testing.T) {
	var h histogram
	h.count(Length{})
	h.count(Length{Tokens: 7, Source: SourceEstimate})
	rep := h.report("output_tokens")
	if rep.Unknown != 1 || rep.Estimated != 1 || rep.Replies != 1 || *rep.P50.High != 7 || rep.P50.Low != 4 {
		t.Errorf("%+v", rep)
	}
	empty := (&histogram{}).report("actions")
	if empty.P50 != nil || empty.P99 != nil || empty.Bins != nil {
		t.Errorf("quantiles of nothing: %+v", empty)
	}
}

// replied is an undrawn observation with a primary of the given lengths.
func replied(output int) Observation {
	o := measured("c", base, false)
	o.Drawn, o.Differ, o.Reason = false, nil, ReasonNotDrawn
	o.Samples = []SampleRecord{{
		Reasoning: Length{Tokens: 100, Source: SourceUsage},
		Output:    Length{Tokens: output, Source: SourceUsage},
	}}
	o.Actions = new(3)
	return o
}

func TestLengthsAreOfAllRepliesNotOnlyMeasuredOnes(t *testing.T) {
	m, _ := newTest(t)
	for range 5 {
		m.take(replied(10))
	}
	missing := replied(10)
	missing.Samples[0].Missing = ReasonTruncated
	m.take(missing)
	for _, l := range m.Routes()[0].Windows[0].Lengths {
		want := LengthReport{Replies: 5}
		if l.Name == "context_tokens" {
			want = LengthReport{Unknown: 5}
		}
		if l.Replies != want.Replies || l.Unknown != want.Unknown {
			t.Errorf("%s: %d replies, %d unknown", l.Name, l.Replies, l.Unknown)
		}
	}
}

func TestOutputP99IsTheUpperEdgeOfItsBin(t *testing.T) {
	m, _ := newTest(t)
	for i := range minLengths - 1 {
		m.take(replied(10 + i))
	}
	if n, ok := m.OutputP99("r"); ok {
		t.Errorf("p99 of %d replies: %d", minLengths-1, n)
	}
	m.take(replied(1000))
	if n, ok := m.OutputP99("r"); !ok || n != 1023 {
		t.Errorf("p99 %d %v, want 1023", n, ok)
	}
	if _, ok := m.OutputP99("nobody"); ok {
		t.Error("p99 of a route that is not known")
	}
}

func TestOutputP99OfTheOpenBinIsAbsent(t *testing.T) {
	m, _ := newTest(t)
	for range minLengths {
		m.take(replied(math.MaxInt))
	}
	if n, ok := m.OutputP99("r"); ok {
		t.Errorf("p99 %d", n)
	}
}

// TestOutputP99DoesNotWaitForASnapshot asks while the memory is held, as it is
// when it is copied or reported on.
func TestOutputP99DoesNotWaitForASnapshot(t *testing.T) {
	m, _ := newTest(t)
	for range minLengths {
		o := measured("c", base, false)
		o.Samples = []SampleRecord{{Output: Length{Tokens: 600, Source: SourceUsage}}}
		m.take(o)
	}
	want, ok := m.OutputP99("r")
	if !ok {
		t.Fatal("no p99")
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	answer := make(chan int, 1)
	go func() {
		tokens, _ := m.OutputP99("r")
		answer <- tokens
	}()
	select {
	case got := <-answer:
		if got != want {
			t.Errorf("%d, want %d", got, want)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("it waits")
	}
}
