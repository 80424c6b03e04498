package monitor

import (
	"math"
	"sync"
)

// minLengths is the fewest replies that OutputP99 answers for.
const minLengths = 20

// A LengthReport is the distribution of one length in tokens, or of actions.
type LengthReport struct {
	// Name is reasoning_tokens, output_tokens, context_tokens or actions.
	Name string `json:"name"`
	// Replies is how many had this length, Estimated how many of them by
	// estimate; Unknown how many replies had none.
	Replies   int64 `json:"replies"`
	Estimated int64 `json:"estimated"`
	Unknown   int64 `json:"unknown"`
	// P50, P90 and P99 are the bins that hold the quantiles; absent if no
	// reply had this length.
	P50 *Bin `json:"p50,omitempty"`
	P90 *Bin `json:"p90,omitempty"`
	P99 *Bin `json:"p99,omitempty"`
	// Quantiles are the same within 1 %, over two days and thirty; absent below
	// 20 replies.
	Quantiles *Quantiles `json:"quantiles,omitempty"`
	// Bins are those that are not empty.
	Bins []Bin `json:"bins,omitempty"`
}

// A Bin is one log2 bin of a histogram.
type Bin struct {
	// Low and High are its smallest and largest length; High is absent in
	// the last bin, which is open.
	Low  int64  `json:"low"`
	High *int64 `json:"high,omitempty"`
	// Count is how many replies fall into it.
	Count int64 `json:"count"`
}

func (h *histogram) report(name string) LengthReport {
	rep := LengthReport{Name: name, Replies: h.n(), Estimated: int64(h.Estimated), Unknown: int64(h.Absent)}
	rep.P50, rep.P90, rep.P99 = h.quantileBin(0.5), h.quantileBin(0.9), h.quantileBin(0.99)
	for i, n := range h.Bins {
		if n > 0 {
			rep.Bins = append(rep.Bins, h.bin(i))
		}
	}
	return rep
}

func (h *histogram) quantileBin(q float64) *Bin {
	i, ok := h.quantile(q)
	if !ok {
		return nil
	}
	b := h.bin(i)
	return &b
}

func (h *histogram) bin(i int) Bin {
	low, high := binEdges(i)
	b := Bin{Low: low, Count: int64(h.Bins[i])}
	if high != math.MaxInt64 {
		b.High = &high
	}
	return b
}

// OutputP99 is the largest length of the bin that holds the 99th percentile of
// the route's output tokens over two days: what to reserve for a reply whose
// request sets no cap. ok is false below 20 replies, and where that bin is open.
// A vote is waited for, so while the memory is copied or reported on, the answer
// is the one before.
func (m *Monitor) OutputP99(route string) (tokens int, ok bool) {
	name := m.names.resolve(route)
	if !m.mu.TryLock() {
		if tokens, ok = m.outputs.last(name); ok {
			return tokens, true
		}
		m.mu.Lock()
	}
	defer m.mu.Unlock()
	if tokens, ok = m.outputP99(name); ok {
		m.outputs.keep(name, tokens)
	}
	return tokens, ok
}

// outputs remembers the answers of OutputP99. The zero value is ready.
type outputs struct{ of sync.Map }

// last is the latest answer for a route by its resolved name.
func (p *outputs) last(route string) (tokens int, ok bool) {
	v, ok := p.of.Load(route)
	if !ok {
		return 0, false
	}
	return v.(int), true
}

func (p *outputs) keep(route string, tokens int) { p.of.Store(route, tokens) }

// outputP99 is OutputP99 of a resolved name. The caller holds mu.
func (m *Monitor) outputP99(name string) (tokens int, ok bool) {
	r := m.routes[name]
	if r == nil {
		return 0, false
	}
	var h histogram
	r.lengths.rings[windowTwoDays].each(m.now(), func(_ int64, v *lengths) { h.add(&v.Output) })
	bin, _ := h.quantile(0.99)
	_, high := binEdges(bin)
	if h.n() < minLengths || high == math.MaxInt64 {
		return 0, false
	}
	return int(high), true
}
