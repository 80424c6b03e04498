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

// voteValues are what a majority vote of the first N samples of one request
// would have done.
type voteValues struct {
	changed bool
	// tokens are those of the N−1 extras, milliseconds what the vote would
	// have taken beyond the primary.
	tokens, milliseconds int64
}

// voteOf replays a vote of the first n samples by launch number; nil unless all
// of them are whole. The primary's answer wins ties, as in ensemble mode.
func voteOf(o *Observation, n int) *voteValues {
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
	wait := decidedAt(o.Samples[:n], answers) - o.Samples[0].Seconds
	return &voteValues{
		changed:      estimate.Count(answers).Parties[0].Key != answers[0].Key,
		tokens:       max(0, o.ExtraTokens-o.Guard.tokens()) * int64(n-1) / int64(len(o.Samples)-1),
		milliseconds: int64(math.Round(max(0, min(wait, 86400)) * 1000)),
	}
}

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
}

// A votePart is one conversation's part of voteSums.
type votePart struct {
	Changed      meanPart `json:"c,omitzero"`
	Tokens       meanPart `json:"t,omitzero"`
	Milliseconds meanPart `json:"s,omitzero"`
}

func (p *votePart) count(s *voteSums, v *voteValues, weight int64) {
	p.Changed.count(&s.Changed, boolInt(v.changed), weight)
	p.Tokens.count(&s.Tokens, v.tokens, weight)
	p.Milliseconds.count(&s.Milliseconds, v.milliseconds, weight)
}

// A VotingReport says what a majority vote would do on a series: how often the
// client would get another answer, and what that costs. Whether the other
// answer is the better one, only labels tell. It rests on requests that were
// drawn beforehand for a larger set, each weighed by the inverse of its
// probability.
type VotingReport struct {
	// Samples is N of the vote, the primary included.
	Samples int `json:"samples"`
	// Requests is how many of the window were drawn for a larger set; those of
	// which all N samples came back are N of Changed.
	Requests int64 `json:"requests"`
	// Changed is the share of replies whose answer the vote would change, 0..1;
	// N counts requests, Clusters conversations.
	Changed estimate.Figure `json:"changed"`
	// ExtraTokens is the mean cost of the N−1 extras of a request, in tokens,
	// cached input counting half.
	ExtraTokens estimate.Figure `json:"extra_tokens"`
	// AddedSeconds is the mean time from the end of the primary to the
	// decision, had all samples been launched at once, in seconds; 0 or more.
	AddedSeconds estimate.Figure `json:"added_seconds"`
}

// voting reports on the votes of a window.
func (s *setSums) voting(t tally) []VotingReport {
	all := make([]VotingReport, 0, voteCount)
	for i, n := range voteSizes() {
		v := &s.Votes[i]
		all = append(all, VotingReport{
			Samples: n, Requests: t.Deep, Changed: v.Changed.share(),
			ExtraTokens:  v.Tokens.figure(1).Clip(0, math.MaxFloat64),
			AddedSeconds: v.Milliseconds.figure(1000).Clip(0, math.MaxFloat64),
		})
	}
	return all
}
