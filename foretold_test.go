package main_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"hotmess/config"
	"hotmess/estimate"
	"hotmess/monitor"
	"hotmess/sim"
)

// BenchmarkVotesForetold makes the table of docs/voting-measured.md: what measured
// sets foretell of votes on tool calls, and what votes by the same settings then did.
// All is as on a real clock, over streams.
func BenchmarkVotesForetold(b *testing.B) {
	for _, c := range []struct {
		name string
		set  func(*config.Voting)
	}{
		{"at-once 3", func(v *config.Voting) { v.Samples = config.Range{Min: 3, Max: 3} }},
		{"at-once 3, majority", func(v *config.Voting) {
			v.Samples, v.Method = config.Range{Min: 3, Max: 3}, config.MethodMajority
		}},
		{"at-once 3..5", func(v *config.Voting) { v.Samples = config.Range{Min: 3, Max: 5} }},
		{"staged 3..5", func(v *config.Voting) { v.Samples, v.Launch = config.Range{Min: 3, Max: 5}, config.LaunchStaged }},
		{"leader 3..5", func(v *config.Voting) { v.Samples, v.Launch = config.Range{Min: 3, Max: 5}, config.LaunchLeader }},
		{"staged 2..5, lead 2", func(v *config.Voting) {
			v.Samples, v.Launch, v.Stop = config.Range{Min: 2, Max: 5}, config.LaunchStaged, config.Stop{Lead: 2}
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				foretoldAndDone(b, c.name, c.set)
			}
		})
	}
}

// foretoldAndDone makes two rows of the table.
func foretoldAndDone(b *testing.B, name string, set func(*config.Voting)) {
	b.Helper()
	const conversations, turns = 200, 4
	model := func() *sim.Server {
		return &sim.Server{
			Seed: 31, Accuracy: .6, PrefixCache: true, Reasoning: sim.Reasoning{Median: 200, Sigma: .5},
			Latency: sim.Latency{First: 30 * time.Millisecond, PerToken: 300 * time.Microsecond, Jitter: .2},
		}
	}
	var voting config.Voting
	set(&voting)
	observed := newLine(b, model(), func(cfg *config.Config) {
		set(&cfg.Ensemble)
		cfg.Sampling.Deep.Share = 1
	})
	observed.converse(b, conversations, turns, true)
	observed.measured(b, conversations*turns)
	_, d := observed.detail(b)
	foretold := d.Voting[slices.IndexFunc(d.Voting, func(v monitor.VotingReport) bool { return v.Samples == voting.Samples.Max })]
	b.Logf("| %s | foretold | %s | %s | %s | |", name, ranged(foretold.Changed, 3), ranged(foretold.ExtraTokens, 0), ranged(foretold.AddedSeconds, 3))
	voted := newLine(b, model(), func(cfg *config.Config) {
		set(&cfg.Ensemble)
		cfg.Sampling.Mode, cfg.Sampling.Rate = config.Ensemble, config.Rate{}
	})
	b.Logf("| | done | %s |", voted.did(b, conversations, turns))
}

// ranged is a figure with its interval.
func ranged(f estimate.Figure, digits int) string {
	if f.Value == nil || f.Low == nil {
		return f.Absent
	}
	return fmt.Sprintf("%.*f [%.*f, %.*f]", digits, *f.Value, digits, *f.Low, digits, *f.High)
}

// did has conversations vote and gives the figures of a forecast as they came out,
// and how many primaries were cut before they had answered. Before that the line
// learns how long replies are, by which what was cancelled is counted.
func (l *line) did(b *testing.B, conversations, turns int) string {
	b.Helper()
	const before = 20
	l.usage = true // else nothing is told of hidden reasoning
	l.converse(b, before, turns, true)
	l.observed(b, int64(before*turns))
	var mu sync.Mutex
	var ids []string
	l.answered = func(id string) {
		mu.Lock()
		defer mu.Unlock()
		ids = append(ids, id)
	}
	l.converse(b, conversations, turns, true)
	l.observed(b, int64((before+conversations)*turns))
	by := map[string]int{}
	var changed, tokens, seconds []estimate.Pair
	unknown := 0
	for _, id := range ids {
		o, ok := l.monitor.Request(id)
		if !ok || o.Vote == nil {
			b.Fatalf("request %s: vote %+v", id, o.Vote)
		}
		at, known := by[o.Conversation]
		if !known {
			at = len(changed)
			by[o.Conversation] = at
			changed, tokens, seconds = append(changed, estimate.Pair{}), append(tokens, estimate.Pair{}), append(seconds, estimate.Pair{})
		}
		tokens[at].Num, tokens[at].Den = tokens[at].Num+float64(o.ExtraTokens), tokens[at].Den+1
		seconds[at].Num, seconds[at].Den = seconds[at].Num+o.Vote.WaitSeconds, seconds[at].Den+1
		switch v := o.Vote.Changed; {
		case v == nil:
			unknown++
			continue
		case *v:
			changed[at].Num++
		}
		changed[at].Den++
	}
	return fmt.Sprintf("%s | %s | %s | %d", ranged(estimate.RatioOf(changed, estimate.MinClusters), 3),
		ranged(estimate.RatioOf(tokens, estimate.MinClusters), 0), ranged(estimate.RatioOf(seconds, estimate.MinClusters), 3), unknown)
}
