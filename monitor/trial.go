package monitor

import (
	"hash/fnv"
	"maps"
	"slices"
	"time"

	"hotmess/estimate"
)

const (
	// trialConversations is how many of each half make a trial complete. Of ten
	// pairs each, at an intraclass correlation of .1, a rise of D from .2 to .35
	// has a standard error of √(1.9·(.2·.8 + .35·.65)/300) = .05, and is found in
	// 84 of 100 trials (simulated).
	trialConversations = 30
	// trialLevel is how often halves that are alike are called different in favour
	// of the votes. It is held by a permutation test: conversations have very
	// unequal numbers of pairs, and the halves need not have as many
	// conversations, where the interval by t of their difference does not hold.
	trialLevel = 0.025
	// trialShuffles are drawn for it, by a fixed seed so that it can be repeated.
	trialShuffles = 1999
	trialSeed     = 1
	// maxTrial and maxSeen bound what is remembered.
	maxTrial = 1000
	maxSeen  = 5000
)

// seenConversations are those with a request in the stay, by their hash. What does
// not fit any more is forgotten, which can only blur a trial.
type seenConversations map[uint64]struct{}

func (s seenConversations) add(conversation string) {
	if len(s) < maxSeen {
		s[seenHash(conversation)] = struct{}{}
	}
}

func (s seenConversations) has(conversation string) bool {
	_, ok := s[seenHash(conversation)]
	return ok
}

func seenHash(conversation string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(conversation)) // never fails
	return h.Sum64()
}

// A trial compares the half of the conversations that votes with the one that
// stepped back: by the pair disagreement of their measured requests and, where there
// are labels, by the error of what their clients got.
type trial struct {
	Conversations map[string]trialPart `json:"conversations,omitempty"`
}

// A trialPart is one conversation: X of N pairs differ, and of Labelled requests
// the client got what adds up to Wrong wrong replies, in gradeScale.
type trialPart struct {
	Voting   bool  `json:"v,omitempty"`
	X        int64 `json:"x"`
	N        int64 `json:"n"`
	Wrong    int64 `json:"e,omitempty"`
	Labelled int64 `json:"l,omitempty"`
}

// take takes in the measured pair of a request, at its headline level. One that
// could not vote, as where that would do harm, is left out of either half: else the
// one that stepped back would have requests that the other has not.
func (t *trial) take(o *Observation, h half, seen seenConversations) {
	part, known := t.Conversations[o.Conversation]
	if !known && (seen.has(o.Conversation) || len(t.Conversations) >= maxTrial) {
		return
	}
	part.Voting = h.votes(o.Conversation)
	if !part.follows(o) {
		seen.add(o.Conversation)
		return
	}
	differ, ok := o.Differ[o.Headline]
	if ok && o.Drawn && !o.Added && part.N < unitPairs {
		part.X += boolInt(differ)
		part.N++
	}
	if t.Conversations == nil {
		t.Conversations = map[string]trialPart{}
	}
	t.Conversations[o.Conversation] = part
}

// judge takes in a label, in place of what was said of the request before; nil:
// nothing was. A request that did not go the way of its half is left out.
func (t *trial) judge(o *Observation, before, now *judgedRequest) {
	part, known := t.Conversations[o.Conversation]
	if !known || !part.follows(o) {
		return
	}
	part.label(before, -1)
	part.label(now, 1)
	t.Conversations[o.Conversation] = part
}

// follows is whether a request went the way of its half.
func (p trialPart) follows(o *Observation) bool {
	if p.Voting {
		return o.Mitigated
	}
	return o.SteppedBack
}

// label counts what the client got, or takes it away.
func (p *trialPart) label(j *judgedRequest, sign int64) {
	if j == nil {
		return
	}
	for _, z := range j.Parts {
		if z.Cell == cellAccuracy {
			p.Labelled += sign * z.Z[0]
			p.Wrong += sign * (z.Z[0]*gradeScale - z.Z[1])
		}
	}
}

// measured counts the conversations with a pair, by half.
func (t *trial) measured() (voting, back int64) {
	for _, p := range t.Conversations {
		if p.N > 0 {
			voting += boolInt(p.Voting)
			back += boolInt(!p.Voting)
		}
	}
	return voting, back
}

func (t *trial) enough() bool {
	voting, back := t.measured()
	return min(voting, back) >= trialConversations
}

func (t *trial) copied() *trial {
	if t == nil {
		return nil
	}
	return &trial{maps.Clone(t.Conversations)}
}

// Halves are a figure of the half that votes and of the one that stepped back.
type Halves struct {
	// Difference is Back − Voting, with a 95 % interval over conversations.
	Voting     estimate.Figure `json:"voting"`
	Back       estimate.Figure `json:"back"`
	Difference estimate.Figure `json:"difference"`
	// P is the probability of so large a Difference, or a larger one, between halves
	// that are alike (estimate.Relabel); nil below ten conversations in either half.
	P *float64 `json:"p,omitempty"`
}

// A TrialReport is what a trial came to.
type TrialReport struct {
	Ended time.Time `json:"ended"`
	// The disagreement of the halves, by the pairs of their conversations.
	Halves
	// Labelled is the error of what their clients got, 0..1, by labelled requests;
	// nil: none is labelled.
	Labelled *Halves `json:"labelled,omitempty"`
	// Worse is whether P, of either, is trialLevel or less; FiredAgain whether the
	// trial ended because an alert fired.
	Worse      bool `json:"worse"`
	FiredAgain bool `json:"fired_again"`
}

// report compares the halves. The tests are looked at once, when the trial ends.
func (t *trial) report(now time.Time) TrialReport {
	r := TrialReport{Ended: now}
	r.Halves, r.Worse = t.compare(func(p trialPart) estimate.Pair { return estimate.Pair{Num: float64(p.X), Den: float64(p.N)} })
	labelled, worse := t.compare(func(p trialPart) estimate.Pair {
		return estimate.Pair{Num: float64(p.Wrong) / gradeScale, Den: float64(p.Labelled)}
	})
	if labelled.Voting.Clusters+labelled.Back.Clusters > 0 {
		r.Labelled, r.Worse = &labelled, r.Worse || worse
	}
	return r
}

// compare compares the halves by a ratio; conversations without a denominator have
// no part in it. worse is whether the one that stepped back has the larger one.
func (t *trial) compare(ratio func(trialPart) estimate.Pair) (h Halves, worse bool) {
	var x [][]float64
	var y, w []float64
	var of [2][]estimate.Pair
	for _, name := range slices.Sorted(maps.Keys(t.Conversations)) {
		p := t.Conversations[name]
		pair := ratio(p)
		if pair.Den <= 0 {
			continue
		}
		back := boolInt(!p.Voting)
		of[back] = append(of[back], pair)
		x = append(x, []float64{1, float64(back)})
		y, w = append(y, pair.Num/pair.Den), append(w, pair.Den)
	}
	h.Voting, h.Back = estimate.RatioOf(of[0], 1), estimate.RatioOf(of[1], 1)
	h.Difference = estimate.Figure{Absent: estimate.AbsentNone}
	if coef, _ := estimate.OLS(x, y, w, nil); len(coef) > 1 {
		h.Difference = coef[1]
	}
	if min(len(of[0]), len(of[1])) >= estimate.MinClusters {
		if p, ok := estimate.Relabel(of[0], of[1], trialShuffles, trialSeed); ok {
			h.P, worse = &p, p <= trialLevel
		}
	}
	return h, worse
}
