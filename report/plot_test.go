package report

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Questions of one prompt may all be 110 to 130 characters long.
func TestNarrowLogarithmicAxisHasTicksToReadItBy(t *testing.T) {
	for _, span := range [][2]float64{{110, 130}, {28.5, 33}, {700, 2500}, {1, 1e6}} {
		labels := 0
		for _, tick := range (logTicks{}).Ticks(span[0], span[1]) {
			if tick.Label != "" && tick.Value >= span[0] && tick.Value <= span[1] {
				labels++
			}
		}
		if labels < 2 {
			t.Errorf("%v: %d labels", span, labels)
		}
	}
}

func TestSeriesAreMovedApartByAShareOfTheAxis(t *testing.T) {
	for _, span := range [][2]float64{{29, 32}, {700, 2500}} {
		all := []*series{{x: []float64{span[0], span[1]}}, {x: []float64{span[0], span[1]}}}
		dodge(all)
		moved := math.Log(all[1].x[0]/all[0].x[0]) / math.Log(span[1]/span[0])
		if math.Abs(moved-.01) > 1e-9 {
			t.Errorf("%v: apart by %v of the axis", span, moved)
		}
	}
}

// In print a table breaks between names and not within the rows of one.
func TestRowsWithoutANameStayWithTheOneAbove(t *testing.T) {
	got := blocks([][]string{{"a", "1"}, {"", "2"}, {"b", "1"}, {"", "2"}, {"", "3"}})
	want := [][][]string{{{"a", "1"}, {"", "2"}}, {{"b", "1"}, {"", "2"}, {"", "3"}}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if blocks(nil) != nil {
		t.Error("a table without rows has blocks")
	}
}
