package config

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestSizesInBothKindsOfUnits(t *testing.T) {
	for text, want := range map[string]Size{
		"32MiB": 32 << 20, "64KB": 64_000, "64 kib": 64 << 10, "1048576": 1 << 20, "2_000_000": 2_000_000, "0": 0, "7B": 7, "010": 10, "-1KiB": -1024,
	} {
		var got Size
		if err := got.UnmarshalText([]byte(text)); err != nil || got != want {
			t.Errorf("%s = %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "MiB", "1.5GiB", "0x10", "1__0", "_1", "8388608TiB", "-8388609TiB", "9223372036854775808"} {
		var got Size
		if err := got.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q accepted as %d", text, got)
		}
	}
}

func TestSizePrintsWhatItReads(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := Size(rapid.Int64().Draw(t, "size"))
		var got Size
		if err := got.UnmarshalText([]byte(want.String())); err != nil || got != want {
			t.Fatalf("%d prints as %s, which reads as %d, %v", int64(want), want, int64(got), err)
		}
	})
}

func TestDurationPrintsWhatItReads(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := Duration(rapid.Int64().Draw(t, "duration"))
		var got Duration
		if err := got.UnmarshalText([]byte(want.String())); err != nil || got != want {
			t.Fatalf("%s reads as %s, %v", want, got, err)
		}
	})
	var d Duration
	if err := d.UnmarshalText([]byte("15s")); err != nil || time.Duration(d) != 15*time.Second {
		t.Errorf("15s = %s, %v", d, err)
	}
}

func TestRatePrintsWhatItReads(t *testing.T) {
	for _, want := range []Rate{{Auto: true}, {}, {Share: 0.25}, {Share: 1}} {
		text, _ := want.MarshalText()
		got := Rate{Auto: !want.Auto, Share: 9}
		if err := got.UnmarshalText(text); err != nil || got != want {
			t.Errorf("%s reads as %+v, %v", text, got, err)
		}
	}
}

func TestEditDistanceIsAMetric(t *testing.T) {
	word := rapid.StringMatching(`[a-c]{0,6}`)
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := word.Draw(t, "a"), word.Draw(t, "b"), word.Draw(t, "c")
		ab := editDistance(a, b)
		if (ab == 0) != (a == b) || ab != editDistance(b, a) || ab > editDistance(a, c)+editDistance(c, b) {
			t.Fatalf("distance of %q and %q is %d", a, b, ab)
		}
	})
	if got := editDistance("kitten", "sitting"); got != 3 {
		t.Errorf("kitten to sitting = %d", got)
	}
}
