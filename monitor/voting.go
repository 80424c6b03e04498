package monitor

import (
	"cmp"
	"math"
	"slices"

	"hotmess/estimate"
)

// voteCount is the number of votes that are asked about.
const voteCount = 2

// voteSizes are their N, the smallest first.
func voteSizes() [voteCount]int { return [voteCount]int{3, 5} }

// VoteSizes are the N of the votes that measured sets are asked about, the smallest
// first.
func VoteSizes() []int { sizes := voteSizes(); return sizes[:] }

// maxAdded bounds what one vote adds, in seconds.
const maxAdded = 86400

// voteValues are what a vote on the first N samples of one request would have done.
type voteValues struct {
	changed bool
	// tokens are those of the extras, milliseconds what the vote would have taken
	// beyond the primary.
	tokens, milliseconds int64
	// replayed is whether it went by the route's rules.
	replayed bool
}

// voteOf is a vote on the first n samples by launch number: as the sidecar replayed
// it while it had the replies, else pluralityOf; nil unless all of them are whole.
func voteOf(o *Observation, n int) *voteValues {
	v := pluralityOf(o, n)
	i := slices.IndexFunc(o.Replays, func(r ReplayRecord) bool { return r.Samples == n })
	if v == nil || i < 0 {
		return v
	}
	r := &o.Replays[i]
	if r.Winner < 0 || r.Winner >= n || r.ExtraTokens < 0 {
		return v
	}
	return &voteValues{
		changed: o.Samples[r.Winner].Keys[o.Headline] != o.Samples[0].Keys[o.Headline],
		tokens:  r.ExtraTokens, milliseconds: milliseconds(r.AddedSeconds), replayed: true,
	}
}

// pluralityOf counts equal answers of the first n samples, all launched at once and
// run to their end, as of a request whose observation says no more; nil unless all
// of them are whole. The primary's answer wins ties.
func pluralityOf(o *Observation, n int) *voteValues {
	if len(o.Samples) < n {
		return nil
	}
	answers := make([]estimate.Answer, n)
	for i, s := range o.Samples[:n] {
		key, ok := s.Keys[o.Headline]
		if !ok || s.Missing != "" || s.Number != i {
			return nil
		}
		answers[i] = estimate.Answer{Key: key, Number: i}
	}
	return &voteValues{
		changed:      estimate.Count(answers).Parties[0].Key != answers[0].Key,
		tokens:       max(0, o.ExtraTokens-o.Guard.tokens()) * int64(n-1) / int64(len(o.Samples)-1),
		milliseconds: milliseconds(decidedAt(o.Samples[:n], answers) - o.Samples[0].Seconds),
	}
}

// milliseconds are those of what a vote adds.
func milliseconds(added float64) int64 { return int64(math.Round(max(0, min(added, maxAdded)) * 1000)) }

// decidedAt is when, counted from the launch of all samples at once, the vote
// could no longer have another winner, in seconds.
func decidedAt(samples []SampleRecord, answers []estimate.Answer) float64 {
	order := slices.Clone(answers)
	slices.SortStableFunc(order, func(a, b estimate.Answer) int {
		return cmp.Compare(samples[a.Number].Seconds, samples[b.Number].Seconds)
	})
	ended := 1
	for !estimate.Count(order[:ended]).Settled(len(order) - ended) {
		ended++
	}
	return samples[order[ended-1].Number].Seconds
}

// voteSums are the sums of one bucket over replayed votes.
type voteSums struct {
	Changed      mean `json:"c,omitzero"`
	Tokens       mean `json:"t,omitzero"`
	Milliseconds mean `json:"s,omitzero"`
	// Replayed counts those that went by the rules of the route.
	Replayed mean `json:"r,omitzero"`
}

// A votePart is one conversation's part of voteSums.
type votePart struct {
	Changed      meanPart `json:"c,omitzero"`
	Tokens       meanPart `json:"t,omitzero"`
	Milliseconds meanPart `json:"s,omitzero"`
	Replayed     meanPart `json:"r,omitzero"`
}

func (p *votePart) count(s *voteSums, v *voteValues, weight int64) {
	p.Changed.count(&s.Changed, boolInt(v.changed), weight)
	p.Tokens.count(&s.Tokens, v.tokens, weight)
	p.Milliseconds.count(&s.Milliseconds, v.milliseconds, weight)
	if v.replayed {
		p.Replayed.count(&s.Replayed, 1, weight)
	}
}

// A VotingReport says what votes of at most N samples would do on a series: how
// often the client would get another answer, and what that costs. They go by all
// that is configured of votes on the route (as of a request with X-Hotmess-Samples:
// N), as far as samples tell that were taken without a vote. Whether the other
// answer is the better one, only labels tell. It rests on requests that were drawn
// beforehand for a larger set, each weighed by the inverse of its probability.
type VotingReport struct {
	// Samples is N of the vote, the primary included.
	Samples int `json:"samples"`
	// Requests is how many of the window were drawn for a larger set; those of
	// which all N samples came back are N of Changed.
	Requests int64 `json:"requests"`
	// Replayed is how many of the latter were replayed by what was configured of
	// the route. The others were recorded without that: theirs is a plain majority of
	// N samples, all launched at once and waited for.
	Replayed int64 `json:"replayed"`
	// Changed is the share of replies whose answer the vote would change, 0..1;
	// N counts requests, Clusters conversations.
	Changed estimate.Figure `json:"changed"`
	// ExtraTokens is the mean cost of the extras of a request, in tokens, cached
	// input counting by its price ratio, or half; of those that the decision would
	// have cancelled, up to there.
	ExtraTokens estimate.Figure `json:"extra_tokens"`
	// AddedSeconds is the mean time from the end of the primary to the decision, had
	// no extra had to wait for its turn, in seconds; 0 or more.
	AddedSeconds estimate.Figure `json:"added_seconds"`
}

// voting reports on the votes of a window.
func (s *setSums) voting(t tally) []VotingReport {
	all := make([]VotingReport, 0, voteCount)
	for i, n := range voteSizes() {
		v := &s.Votes[i]
		all = append(all, VotingReport{
			Samples: n, Requests: t.Deep, Replayed: v.Replayed.Requests, Changed: v.Changed.share(),
			ExtraTokens:  v.Tokens.figure(1).Clip(0, math.MaxFloat64),
			AddedSeconds: v.Milliseconds.figure(1000).Clip(0, math.MaxFloat64),
		})
	}
	return all
}
