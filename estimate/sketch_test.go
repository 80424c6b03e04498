package estimate_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"hotmess/estimate"
)

// sketched takes lengths in.
func sketched(lengths []int) *estimate.Sketch {
	var s estimate.Sketch
	for _, l := range lengths {
		s.Add(l)
	}
	return &s
}

func lengths() *rapid.Generator[[]int] {
	return rapid.SliceOf(rapid.OneOf(rapid.IntRange(0, 300), rapid.IntRange(0, estimate.MaxLength)))
}

func TestMergedSketchesAreTheWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := lengths().Draw(t, "a"), lengths().Draw(t, "b")
		merged, whole := sketched(b), sketched(append(slices.Clone(a), b...))
		merged.Merge(sketched(a))
		if !reflect.DeepEqual(merged, whole) {
			t.Fatalf("%+v, want %+v", merged, whole)
		}
	})
	twice := sketched([]int{1, 900})
	twice.Merge(twice)
	twice.Merge(nil)
	if !reflect.DeepEqual(twice, sketched([]int{1, 1, 900, 900})) {
		t.Errorf("%+v", twice)
	}
}

func TestQuantilesAreWithinAPercent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.SliceOfN(rapid.OneOf(rapid.IntRange(0, 300), rapid.IntRange(0, estimate.MaxLength)), 1, 60).Draw(t, "all")
		q := rapid.Float64Range(0, 1).Draw(t, "q")
		got, ok := sketched(all).Quantile(q)
		if !ok {
			t.Fatal("no quantile")
		}
		slices.Sort(all)
		want := all[max(1, int(math.Ceil(q*float64(len(all)))))-1]
		if math.Abs(float64(got-want)) > .01*float64(want) {
			t.Fatalf("quantile %v is %d, want %d", q, got, want)
		}
	})
}

func TestShareCountsLengthsAboveABucket(t *testing.T) {
	s := sketched([]int{0, 10, 10, 50, 2000, 2001, 9000, 5})
	for _, c := range []struct {
		above int
		want  float64
	}{{-5, 1}, {0, .875}, {9, .75}, {10, .5}, {99, .375}, {2001, .125}, {estimate.MaxLength + 5, 0}} {
		got, ok := s.Share(c.above)
		if !ok || got != c.want {
			t.Errorf("above %d: %v, want %v", c.above, got, c.want)
		}
	}
	if share, ok := new(estimate.Sketch).Share(3); ok {
		t.Errorf("share %v of nothing", share)
	}
}

func TestSketchIsBoundedAndIgnoresWhatIsNoLength(t *testing.T) {
	var s estimate.Sketch
	for range 200_000 {
		s.Add(int(math.Exp(rand.Float64() * 25)))
	}
	text, err := json.Marshal(&s)
	if err != nil {
		t.Fatal(err)
	}
	var cells [][2]int64
	if err := json.Unmarshal(text, &cells); err != nil || len(cells) > 1000 {
		t.Errorf("%d buckets, %v", len(cells), err)
	}
	before := s.N()
	s.Add(-1)
	s.AddN(5, 0)
	s.AddN(5, -3)
	if s.N() != before || before != 200_000 {
		t.Errorf("n %d of %d", s.N(), before)
	}
	top := sketched([]int{math.MaxInt})
	if got, _ := top.Quantile(1); float64(got) < .98*estimate.MaxLength || got > estimate.MaxLength {
		t.Errorf("longest %d", got)
	}
	for _, q := range []float64{-.1, 1.1, math.NaN()} {
		if got, ok := s.Quantile(q); ok {
			t.Errorf("quantile %v = %d", q, got)
		}
	}
	if got, ok := new(estimate.Sketch).Quantile(.5); ok {
		t.Errorf("median %d of nothing", got)
	}
}

func TestSketchSurvivesJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := sketched(lengths().Draw(t, "lengths"))
		text, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var back estimate.Sketch
		if err := json.Unmarshal(text, &back); err != nil {
			t.Fatal(err)
		}
		again, err := json.Marshal(&back)
		if err != nil || string(again) != string(text) || back.N() != s.N() {
			t.Fatalf("%s became %s, %v", text, again, err)
		}
	})
}

// FuzzSketch: what is read is a sketch, or refused and nothing changed.
func FuzzSketch(f *testing.F) {
	for _, text := range []string{
		`[[3,2],[40,1]]`, `[]`, `null`, `[[3,2],[3,1]]`, `[[-1,2]]`, `[[99999,2]]`, `[[1,0]]`, `[[1,-4]]`,
		`[[1,9223372036854775807],[2,1]]`, `[[1]]`, `{"a":1}`, `[[1,1.5]]`, `"x"`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		s := sketched([]int{7})
		if err := s.UnmarshalJSON(text); err != nil {
			if !reflect.DeepEqual(s, sketched([]int{7})) {
				t.Fatalf("refused, but changed to %+v", s)
			}
			return
		}
		if s.N() < 0 {
			t.Fatalf("n = %d", s.N())
		}
		median, ok := s.Quantile(.5)
		if ok != (s.N() > 0) || median < 0 || median > estimate.MaxLength {
			t.Fatalf("median %d, %t", median, ok)
		}
	})
}

func TestSketchRefusesWhatNoneIs(t *testing.T) {
	for _, text := range []string{
		`[[3,2],[3,1]]`, `[[4,2],[3,1]]`, `[[-1,2]]`, `[[99999,2]]`, `[[1,0]]`, `[[1,-4]]`,
		`[[1,9223372036854775807],[2,1]]`, `{"a":1}`, `[[1,1.5]]`, `"x"`,
	} {
		var s estimate.Sketch
		if err := json.Unmarshal([]byte(text), &s); err == nil {
			t.Errorf("%s was read: %+v", text, s)
		}
	}
}
