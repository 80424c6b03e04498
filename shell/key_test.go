package shell

import (
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestListsOfDifferentItemsNeverCollide(t *testing.T) {
	item := rapid.StringMatching(`[0-9:()a-z]{0,6}`)
	items := rapid.SliceOfN(item, 0, 4)
	tag := rapid.SampledFrom([]string{tagRun, tagWrap, tagPatch, tagRedirect})
	rapid.Check(t, func(t *rapid.T) {
		tagA, tagB := tag.Draw(t, "tagA"), tag.Draw(t, "tagB")
		a, b := items.Draw(t, "a"), items.Draw(t, "b")
		same := tagA == tagB && strings.Join(quoteAll(a), ",") == strings.Join(quoteAll(b), ",")
		if got := Key(tagA, a...) == Key(tagB, b...); got != same {
			t.Fatalf("%q %q and %q %q: equal %v", tagA, a, tagB, b, got)
		}
	})
}

func quoteAll(items []string) []string {
	quoted := make([]string, len(items))
	for i, s := range items {
		quoted[i] = strconv.Quote(s)
	}
	return quoted
}

func TestSetsAreEqualWhateverTheOrderAndTheRepetitions(t *testing.T) {
	want := SetKey(tagFlags, []string{"-f", "-r"})
	if got := SetKey(tagFlags, []string{"-r", "-f", "-r"}); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got := SetKey(tagFlags, []string{"-fr"}); got == want {
		t.Errorf("-fr is -f and -r: %s", got)
	}
}
