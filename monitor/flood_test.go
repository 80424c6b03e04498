package monitor

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestFloodOfNamesStaysBounded gives every name that comes from outside 40,000
// values, most of them once: twice what the largest bound holds. What leaks half a
// kilobyte of each name shows in the size of the snapshot.
func TestFloodOfNamesStaysBounded(t *testing.T) {
	const flood = 2 * maxConversations
	m, clock := newTestIn(t, t.TempDir())
	for i := range flood {
		clock.advance(10 * time.Millisecond)
		o := measured(fmt.Sprintf("conversation-%d", i), clock.now(), i%3 == 0)
		o.Route, o.Model, o.ServedModel = fmt.Sprintf("route-%d", i), fmt.Sprintf("model-%d", i), strings.Repeat("m", 1000)
		o.Inclusion = 1 / float64(1+i%500)
		if i%2 == 0 { // names of kinds and levels that no version gives
			o.Kind, o.Headline = fmt.Sprintf("kind-%d", i), "level"
			o.Differ = map[string]bool{"level": true, fmt.Sprintf("level-%d", i): false}
		}
		o.Signals = &SignalRecord{Repeated: repeatedFrom}
		o.Samples = []SampleRecord{{Reasoning: Length{Tokens: i, Source: SourceUsage}}}
		m.Arrived(o.Route)
		m.Learn(o.Model, 4000, 1000)
		m.Gate().Hear(o.Model, 200, ok(1))
		m.take(o)
	}
	for name, c := range map[string]struct{ got, most int }{
		"routes":          {len(m.routes), maxRoutes + 1},
		"arrivals":        {len(m.arrivals.routes), maxRoutes + 1},
		"models":          {len(m.ratios.models), maxModels + 1},
		"conversations":   {m.live.order.Len(), maxConversations},
		"by key":          {len(m.live.byKey), maxConversations},
		"recent":          {len(m.recent.byID), maxRecent},
		"recent bytes":    {m.recent.bytes, maxRecentBytes},
		"series of other": {len(m.routes[OtherRoute].series), maxSeries},
		"strata of other": {len(m.routes[OtherRoute].strata), maxSeries},
		"detections":      {len(m.routes[OtherRoute].detection.series), maxSeries},
		"tracked models":  {len(m.routes[OtherRoute].detection.changes.Tracked), maxTracked},
		"flags":           {len(m.routes[OtherRoute].detection.flags), maxFlags},
		"request labels":  {len(m.meters.requests.held), maxHandles + 1},
		"duration labels": {len(m.meters.duration.held), 4*maxModelLabels + 1},
	} {
		if c.got > c.most {
			t.Errorf("%s: %d, at most %d", name, c.got, c.most)
		}
	}
	if got := m.Totals(); got.Measured != flood || got.Conversations+got.Evicted != flood {
		t.Errorf("%d measured, %d conversations and %d evicted of %d", got.Measured, got.Conversations, got.Evicted, flood)
	}
	report, err := json.Marshal(m.Routes())
	if err != nil {
		t.Error(err) // NaN and Inf cannot be encoded
	}
	snapshot, err := json.Marshal(m.snapshot())
	if err != nil || len(report) > 8<<20 || len(snapshot) > 32<<20 {
		t.Errorf("report of %d bytes, snapshot of %d, %v", len(report), len(snapshot), err)
	}
	t.Logf("report of %d bytes, snapshot of %d", len(report), len(snapshot))
	var metrics bytes.Buffer
	m.WriteMetrics(&metrics)
	for _, word := range []string{"NaN", "Inf\n", "inf\n"} {
		if strings.Contains(metrics.String(), word) {
			t.Errorf("%s in the metrics", word)
		}
	}
}
