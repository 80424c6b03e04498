package monitor

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// labelledTotals are the labelled windows of a monitor, merged.
func labelledTotals(m *Monitor) map[labelledKey][curveRings]map[gradeCell]*labelledSums {
	all := map[labelledKey][curveRings]map[gradeCell]*labelledSums{}
	for key, s := range m.route("r").labelled {
		var t [curveRings]map[gradeCell]*labelledSums
		for i := range t {
			t[i] = s.total(i, m.now()).Cells
			if len(t[i]) == 0 {
				t[i] = nil
			}
		}
		all[key] = t
	}
	return all
}

func TestMergedLabelsAreThoseOfAllTraffic(t *testing.T) {
	for name, byRequest := range map[string]bool{"by conversation": false, "by request": true} {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(rt *rapid.T) {
				whole, _ := newTest(t)
				parts := make([]*Monitor, rapid.IntRange(2, 3).Draw(rt, "sidecars"))
				for i := range parts {
					parts[i], _ = newTest(t)
				}
				var all []Observation
				for n := range rapid.IntRange(1, 25).Draw(rt, "requests") {
					at := base.Add(-time.Duration(rapid.IntRange(0, 60).Draw(rt, "hours")) * time.Hour)
					c := rapid.SampledFrom([]string{"x", "y"}).Draw(rt, "conversation")
					o := answered(c, at, n, "a", rapid.SampledFrom([]string{"a", "b"}).Draw(rt, "1"))
					part := int(c[0]) % len(parts)
					if byRequest {
						part = rapid.IntRange(0, len(parts)-1).Draw(rt, "sidecar")
					}
					l := Label{Request: o.ID, Key: sealed(rapid.SampledFrom([]string{"a", "b"}).Draw(rt, "right"))}
					for _, m := range []*Monitor{whole, parts[part]} {
						m.take(o)
						mustCount(t, m, l)
					}
					all = append(all, o)
				}
				merged, _ := newTest(t)
				for _, p := range parts {
					merged.Merge(p)
				}
				if diff := cmp.Diff(labelledTotals(whole), labelledTotals(merged), cmp.AllowUnexported(int128{})); diff != "" {
					rt.Fatalf("(-whole +merged):\n%s", diff)
				}
				// What was merged can still be relabelled.
				o := all[rapid.IntRange(0, len(all)-1).Draw(rt, "relabelled")]
				for _, m := range []*Monitor{whole, merged} {
					m.take(o)
					m.Label(t.Context(), []Label{{Request: o.ID, Key: sealed("c")}})
				}
				if diff := cmp.Diff(labelledTotals(whole), labelledTotals(merged), cmp.AllowUnexported(int128{})); diff != "" {
					rt.Fatalf("after a relabel (-whole +merged):\n%s", diff)
				}
			})
		})
	}
}
