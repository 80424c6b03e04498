package ensemble

import (
	"context"
	"math"
	"time"

	"gonum.org/v1/gonum/floats"

	"hotmess/monitor"
)

// An Embed gives a vector for each of some texts, all of one length, or says why it
// cannot. It returns when ctx ends.
type Embed func(ctx context.Context, texts []string) (vectors [][]float64, missing monitor.Reason)

const (
	// embedWithin is the longest that a decided vote waits for embeddings.
	embedWithin = 5 * time.Second
	// fewestEmbedded is the fewest different texts whose embeddings may tell more
	// than their votes do: two are equally like each other.
	fewestEmbedded = 3
)

// embedded has embeddings tell which text is most like the others where words have
// told so. It takes embedWithin at most, and no more than Policy.Wait leaves.
// Whatever fails, the vote stays as it was, and missing says why.
func (b *ballot) embedded(ctx context.Context, v Vote) (decided Vote, missing monitor.Reason) {
	if b.policy.Embed == nil || v.Method != MethodMedoid || !v.Sampled {
		return v, ""
	}
	defer func() {
		if recover() != nil {
			decided, missing = v, monitor.ReasonPanic
		}
	}()
	s := b.state()
	able := electorate(b.policy.counted(s), LevelExact)
	keys, texts := b.call.Compare.embeddable(able)
	if len(texts) < fewestEmbedded {
		return v, ""
	}
	left := min(embedWithin, b.policy.Wait-b.waited())
	if left <= 0 {
		return v, monitor.ReasonTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, left)
	defer cancel()
	vectors, missing := b.policy.Embed(ctx, texts)
	if missing != "" {
		return v, missing
	}
	by, ok := directions(keys, vectors)
	if !ok {
		return v, monitor.ReasonUnreadable
	}
	decided = mostAlike(MethodEmbeddings, able, by, func(a, b []float64) float64 { return (1 + floats.Dot(a, b)) / 2 })
	decided.Changed, _ = decided.Overrules(s.ended, b.policy.Level)
	return decided, ""
}

// embeddable are the different texts of samples that can be likened, and their
// keys.
func (c Comparer) embeddable(able []Sample) (keys, texts []string) {
	known := make(map[string]bool, len(able))
	for _, s := range able {
		key := s.Keys[LevelExact]
		if _, ok := c.Shingles(s.Reply); ok && !known[key] {
			keys, texts = append(keys, key), append(texts, s.Reply.Text)
		}
		known[key] = true
	}
	return keys, texts
}

// directions are vectors of length 1 by keys. It is false unless there is one for
// each, all of one dimension and none without a direction.
func directions(keys []string, vectors [][]float64) (map[string][]float64, bool) {
	if len(vectors) != len(keys) {
		return nil, false
	}
	by := make(map[string][]float64, len(keys))
	for i, v := range vectors {
		own, ok := direction(v)
		if !ok || len(own) != len(vectors[0]) {
			return nil, false
		}
		by[keys[i]] = own
	}
	return by, true
}

// direction is a vector of length 1; false for one that has none.
func direction(v []float64) ([]float64, bool) {
	most := floats.Norm(v, math.Inf(1))
	if most == 0 || math.IsInf(most, 0) || math.IsNaN(most) {
		return nil, false
	}
	own := make([]float64, len(v))
	for i, x := range v {
		own[i] = x / most // first, so that no square is too large or too small
	}
	floats.Scale(1/floats.Norm(own, 2), own)
	return own, true
}

// Cosine is that of the angle between two vectors, -1..1; false unless both have a
// direction and one dimension.
func Cosine(a, b []float64) (float64, bool) {
	one, ok := direction(a)
	other, both := direction(b)
	if !ok || !both || len(a) != len(b) {
		return 0, false
	}
	return min(1, max(-1, floats.Dot(one, other))), true // rounding
}
