package monitor

// reasoningMedian is the median of the reasoning tokens of a route's replies
// over two days; ok is false below 20 of them.
func (m *Monitor) reasoningMedian(route string) (tokens float64, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.routes[route]
	if r == nil {
		return 0, false
	}
	var h histogram
	r.lengths.rings[windowTwoDays].each(m.now(), func(_ int64, v *lengths) { h.add(&v.Reasoning) })
	if h.n() < minLengths {
		return 0, false
	}
	bin, _ := h.quantile(0.5)
	low, high := binEdges(bin)
	return float64(low+high) / 2, true
}
