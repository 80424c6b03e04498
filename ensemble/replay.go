package ensemble

import (
	"math"
	"slices"
	"time"
)

// A Replay is how a vote goes on samples that were all run to their end.
type Replay struct {
	// Vote is the outcome, if Voted: else nobody could vote, and the primary is the
	// answer. Changed is against the primary's answer, even if that comes after the
	// decision.
	Vote  Vote
	Voted bool
	Stop  Stop
	// Took is the time from the start of the primary to the decision.
	Took time.Duration
	// Runs are the calls that were launched, by launch number.
	Runs []Run
}

// A Run is one call of a replayed vote: when it started, counted from the start of
// the primary, and how long it had run when the vote was decided.
type Run struct{ Began, Ran time.Duration }

// Replay votes on samples, by launch number, as Runner.Vote would: on a simulated
// clock by which each of them takes Sample.Took. first is the time to the primary's
// first token, and never later than its end. It assumes that the gate lets every call
// in at once, and that a call takes as long whatever runs beside it. It does not
// embed: of texts, words tell which one wins. ok is false if there are fewer samples
// than the vote may take.
func (p Policy) Replay(c Comparer, samples []Sample, first time.Duration) (r Replay, ok bool) {
	if len(samples) < p.most() {
		return Replay{}, false
	}
	own := slices.Clone(samples)
	for i, s := range own {
		if s.Missing == "" {
			own[i].Empty, own[i].Flag = silent(s.Reply), p.Flags.of(c, s.Reply)
		}
	}
	r = p.replay(c, own, min(first, StartWithin), p.launch)
	if r.Voted {
		r.Vote.Changed, _ = r.Vote.Overrules(own, p.Level)
	}
	return r, true
}

// A launcher says how many calls are to have started while a vote is undecided.
type launcher func(Comparer, state) int

// replay is Replay of samples that are flagged already, with calls that start by any
// rule.
func (p Policy) replay(c Comparer, samples []Sample, first time.Duration, starts launcher) (r Replay) {
	k := clock{samples: samples, first: first, late: math.MaxInt64}
	k.launch(starts(c, k.state))
	for r.Stop == "" {
		if !k.tick(p.Wait) {
			r.Stop = StopWait
			break
		}
		if r.Stop = p.stop(c, k.state); r.Stop == "" {
			k.launch(starts(c, k.state))
		}
	}
	r.Vote, r.Voted = p.pick(c, k.state)
	r.Took = k.now
	for i, began := range k.began {
		r.Runs = append(r.Runs, Run{Began: began, Ran: min(samples[i].Took, r.Took-began)})
	}
	return r
}

// A clock is the time of a replayed vote.
type clock struct {
	state
	samples []Sample
	// began is when the calls started, by launch number; over says which have ended.
	began []time.Duration
	over  []bool
	// first is when the primary's first token comes, late when the vote is over
	// whatever has come by then.
	now, first, late time.Duration
}

// launch starts calls until there are n.
func (k *clock) launch(n int) {
	for len(k.began) < min(n, len(k.samples)) {
		k.began, k.over = append(k.began, k.now), append(k.over, false)
	}
	k.launched = len(k.began)
}

// tick goes on to what happens next: the end of a call, or that the primary warms the
// prompt cache. It is false if before that the vote has waited for too long.
func (k *clock) tick(wait time.Duration) bool {
	next := -1
	for i := range k.began {
		if !k.over[i] && (next < 0 || k.end(i) < k.end(next)) {
			next = i
		}
	}
	switch {
	case !k.warm && (next < 0 || k.first < k.end(next)):
		k.now, k.warm = k.first, true
		return true
	case next < 0 || k.end(next) > k.late:
		k.now = k.late
		return false
	}
	k.now, k.over[next] = k.end(next), true
	k.ended = append(k.ended, k.samples[next])
	if next == 0 {
		k.warm, k.late = true, k.now+min(wait, math.MaxInt64-k.now)
	}
	return true
}

// end is when a call ends that has started.
func (k *clock) end(number int) time.Duration { return k.began[number] + k.samples[number].Took }
