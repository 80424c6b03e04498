package ensemble

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"hotmess/monitor"
)

// Three texts: by words the first two are alike, by angles the last two.
const (
	foxJumps = "the quick brown fox jumps over the lazy dog"
	foxRuns  = "the quick brown fox jumps over the sleepy dog"
	hareHops = "a hare hops where nobody saw it"
)

// angles embeds each text by its angle in degrees.
func angles(of map[string]float64) Embed {
	return func(_ context.Context, texts []string) (vectors [][]float64, _ monitor.Reason) {
		for _, text := range texts {
			sin, cos := math.Sincos(of[text] * math.Pi / 180)
			vectors = append(vectors, []float64{cos, sin})
		}
		return vectors, ""
	}
}

// The second text is in the middle, the third nearer to it than the first.
var between = map[string]float64{foxJumps: 0, foxRuns: 100, hareHops: 130}

// voteOnTexts votes on three texts with an embedder: the primary is whole after so
// many seconds, the others after one and two.
func voteOnTexts(t *testing.T, primary, wait time.Duration, embed Embed, texts ...string) (o Outcome, took time.Duration) {
	t.Helper()
	s := &script{primary: says(texts[0], primary/2)}
	for i, text := range texts[1:] {
		s.extras = append(s.extras, says(text, second(i+1)/2))
	}
	call := newCall(t)
	call.Compare, _ = prose(t)
	p := Policy{Rules: Rules{Method: MethodMedoid, Level: LevelExact, Min: len(texts), Max: len(texts)}, Embed: embed, Wait: wait}
	began := time.Now()
	o, finish := newRunner(s, &turnstile{}).Vote(t.Context(), call, p)
	took = time.Since(began)
	finish()
	s.checkClosed(t)
	return o, took
}

func TestEmbeddingsTellTheMedoid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked []string
		embed := func(ctx context.Context, texts []string) ([][]float64, monitor.Reason) {
			asked = slices.Clone(texts)
			return angles(between)(ctx, texts)
		}
		if o, _ := voteOnTexts(t, second(1), second(15), nil, foxJumps, foxRuns, hareHops); said(t, o) != foxJumps || o.Vote.Method != MethodMedoid {
			t.Fatalf("by words %s wins, by %s", said(t, o), o.Vote.Method)
		}
		o, _ := voteOnTexts(t, second(1), second(15), embed, foxJumps, foxRuns, hareHops)
		if said(t, o) != foxRuns || o.Vote.Method != MethodEmbeddings || o.Unembedded != "" {
			t.Errorf("%s wins, by %s, %q", said(t, o), o.Vote.Method, o.Unembedded)
		}
		if v := o.Vote; !v.Changed || !v.Sampled || v.Votes != 3 || v.Agreed != 1 || len(v.Parties) != 3 {
			t.Errorf("vote %+v", v)
		}
		slices.Sort(asked)
		if want := []string{hareHops, foxJumps, foxRuns}; !slices.Equal(asked, want) {
			t.Errorf("embedded %q", asked)
		}
	})
}

func TestEmbeddingsAreAskedForOnlyWhereTheyMayTell(t *testing.T) {
	for name, c := range map[string]struct {
		texts []string
		want  bool
	}{
		"three texts":              {[]string{foxJumps, foxRuns, hareHops}, true},
		"one of them twice":        {[]string{foxJumps, foxRuns, hareHops, hareHops}, true},
		"most are equal":           {[]string{foxJumps, foxJumps, hareHops}, false},
		"two texts":                {[]string{foxJumps, foxRuns}, false},
		"two texts, twice each":    {[]string{foxJumps, foxRuns, foxJumps, foxRuns}, false},
		"the third is not a word":  {[]string{foxJumps, foxRuns, "?!"}, false},
		"the fourth is not a word": {[]string{foxJumps, foxRuns, hareHops, "?!"}, true},
	} {
		synctest.Test(t, func(t *testing.T) {
			asked := false
			o, _ := voteOnTexts(t, second(1), second(15), func(ctx context.Context, texts []string) ([][]float64, monitor.Reason) {
				asked = true
				return angles(between)(ctx, texts)
			}, c.texts...)
			if asked != c.want || (o.Vote.Method == MethodEmbeddings) != c.want || o.Unembedded != "" {
				t.Errorf("%s: asked %t, method %s, %q", name, asked, o.Vote.Method, o.Unembedded)
			}
		})
	}
}

func TestWordsDecideWhereEmbeddingsFail(t *testing.T) {
	give := func(vectors ...[]float64) Embed {
		return func(context.Context, []string) ([][]float64, monitor.Reason) { return vectors, "" }
	}
	for name, c := range map[string]struct {
		embed Embed
		want  monitor.Reason
	}{
		"refused":          {func(context.Context, []string) ([][]float64, monitor.Reason) { return nil, monitor.ReasonBudget }, monitor.ReasonBudget},
		"panic":            {func(context.Context, []string) ([][]float64, monitor.Reason) { panic("planted") }, monitor.ReasonPanic},
		"too few":          {give([]float64{1}, []float64{1}), monitor.ReasonUnreadable},
		"two dimensions":   {give([]float64{1, 0}, []float64{1, 0}, []float64{1}), monitor.ReasonUnreadable},
		"no direction":     {give([]float64{1, 0}, []float64{0, 0}, []float64{0, 1}), monitor.ReasonUnreadable},
		"no number":        {give([]float64{1, 0}, []float64{math.NaN(), 0}, []float64{0, 1}), monitor.ReasonUnreadable},
		"beyond numbers":   {give([]float64{1, 0}, []float64{math.Inf(1), 0}, []float64{0, 1}), monitor.ReasonUnreadable},
		"without elements": {give(nil, nil, nil), monitor.ReasonUnreadable},
	} {
		synctest.Test(t, func(t *testing.T) {
			o, took := voteOnTexts(t, second(1), second(15), c.embed, foxJumps, foxRuns, hareHops)
			if said(t, o) != foxJumps || o.Vote.Method != MethodMedoid || o.Unembedded != c.want || took != second(2) {
				t.Errorf("%s: %s wins after %s, by %s, %q", name, said(t, o), took, o.Vote.Method, o.Unembedded)
			}
		})
	}
}

// TestEmbeddingsNeverDelayPastTheWait has an embedder that never answers. The last
// extra is whole after three seconds.
func TestEmbeddingsNeverDelayPastTheWait(t *testing.T) {
	never := func(ctx context.Context, _ []string) ([][]float64, monitor.Reason) {
		<-ctx.Done()
		return nil, monitor.ReasonTimeout
	}
	for name, c := range map[string]struct{ primary, wait, want time.Duration }{
		"five seconds at most":                 {second(1), second(15), second(3) + embedWithin},
		"what is left of the wait":             {second(1), second(3), second(1) + second(3)},
		"counted from the end of the primary":  {second(2), second(3), second(2) + second(3)},
		"nothing is left":                      {second(1), second(3) / 2, second(5) / 2},
		"a primary that is last has all of it": {second(4), second(3), second(4) + second(3)},
	} {
		synctest.Test(t, func(t *testing.T) {
			o, took := voteOnTexts(t, c.primary, c.wait, never, foxJumps, foxRuns, hareHops, "the moon is full")
			if took != c.want || o.Unembedded != monitor.ReasonTimeout || o.Vote.Method != MethodMedoid || o.Waited > c.wait {
				t.Errorf("%s: %s, %q, waited %s", name, took, o.Unembedded, o.Waited)
			}
		})
	}
}

func TestAClientThatLeavesWhileTextsAreEmbeddedIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, hangUp := context.WithCancelCause(t.Context())
		left := errors.New("left")
		s := &script{primary: says(foxJumps, second(1)), extras: []reply{says(foxRuns, second(1)), says(hareHops, second(1))}}
		call := newCall(t)
		call.Compare, _ = prose(t)
		embed := func(ctx context.Context, _ []string) ([][]float64, monitor.Reason) {
			hangUp(left)
			<-ctx.Done()
			return nil, monitor.ReasonGone
		}
		p := Policy{Rules: Rules{Method: MethodMedoid, Level: LevelExact, Min: 3, Max: 3}, Embed: embed, Wait: second(15)}
		o, finish := newRunner(s, &turnstile{}).Vote(ctx, call, p)
		finish()
		if o.Voted || o.Reason != monitor.ReasonGone || !errors.Is(o.Err, left) {
			t.Errorf("outcome %+v", o)
		}
		s.checkClosed(t)
	})
}

func TestCosine(t *testing.T) {
	for _, c := range []struct {
		a, b []float64
		want float64
		ok   bool
	}{
		{[]float64{1, 0}, []float64{3, 4}, .6, true},
		{[]float64{1, 0}, []float64{-2, 0}, -1, true},
		{[]float64{1e300, 1e300}, []float64{1e-300, 1e-300}, 1, true},
		{[]float64{0, 0}, []float64{1, 0}, 0, false},
		{[]float64{1}, []float64{1, 0}, 0, false},
		{nil, nil, 0, false},
		{[]float64{math.NaN()}, []float64{1}, 0, false},
	} {
		// Three roundings of 2^-53 in each of a length, a division and a sum.
		if got, ok := Cosine(c.a, c.b); ok != c.ok || math.Abs(got-c.want) > 1e-15 {
			t.Errorf("%v, %v: %v, %t", c.a, c.b, got, ok)
		}
	}
}
