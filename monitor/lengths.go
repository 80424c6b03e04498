package monitor

import (
	"math"
	"math/bits"
)

// lengthBins is the number of log2 bins: bin 0 holds 0, bin k holds
// 2^(k−1) … 2^k − 1, and the last one everything from 2^26 on.
const lengthBins = 28

// A histogram counts lengths in fixed bins, so histograms of any buckets and
// machines merge by adding.
type histogram struct {
	Bins [lengthBins]uint32 `json:"bins"`
	// Estimated is how many of them were not reported by the upstream;
	// Absent how many replies had no length and are in no bin.
	Estimated uint32 `json:"estimated,omitempty"`
	Absent    uint32 `json:"absent,omitempty"`
}

// lengths are the four lengths of the replies of a route.
type lengths struct {
	Reasoning histogram `json:"reasoning"`
	Output    histogram `json:"output"`
	Context   histogram `json:"context"`
	Actions   histogram `json:"actions"`
}

// lengthBin is the bin of a length.
func lengthBin(tokens int) int {
	return min(bits.Len(uint(max(0, tokens))), lengthBins-1)
}

// binEdges are the smallest and largest length of a bin; the last bin has no
// largest, for which high is math.MaxInt64.
func binEdges(bin int) (low, high int64) {
	switch {
	case bin <= 0:
		return 0, 0
	case bin >= lengthBins-1:
		return 1 << (lengthBins - 2), math.MaxInt64
	}
	return 1 << (bin - 1), 1<<bin - 1
}

// count adds one length.
func (h *histogram) count(l Length) {
	switch l.Source {
	case "":
		h.Absent++
		return
	case SourceEstimate:
		h.Estimated++
	}
	h.Bins[lengthBin(l.Tokens)]++
}

func (h *histogram) add(o *histogram) {
	for i, n := range o.Bins {
		h.Bins[i] += n
	}
	h.Estimated += o.Estimated
	h.Absent += o.Absent
}

// n is the number of lengths in bins.
func (h *histogram) n() int64 {
	var n int64
	for _, c := range h.Bins {
		n += int64(c)
	}
	return n
}

// quantile is the bin that holds the q-quantile: the first one up to which at
// least a share q of the lengths lies; ok is false if there are none.
func (h *histogram) quantile(q float64) (bin int, ok bool) {
	total := h.n()
	if total == 0 {
		return 0, false
	}
	var seen int64
	for i, c := range h.Bins {
		seen += int64(c)
		if float64(seen) >= q*float64(total) {
			return i, true
		}
	}
	return lengthBins - 1, true
}

func (l *lengths) add(o *lengths) {
	l.Reasoning.add(&o.Reasoning)
	l.Output.add(&o.Output)
	l.Context.add(&o.Context)
	l.Actions.add(&o.Actions)
}

// count adds the lengths of one reply. The number of actions is read off the
// request, so it is never estimated; nil: not all of its history is there.
func (l *lengths) count(s SampleRecord, actions *int) {
	l.Reasoning.count(s.Reasoning)
	l.Output.count(s.Output)
	l.Context.count(s.Context)
	if actions == nil {
		l.Actions.count(Length{})
		return
	}
	l.Actions.count(Length{Tokens: *actions, Source: SourceUsage})
}
