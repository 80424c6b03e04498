package ensemble

import (
	"slices"

	"hotmess/estimate"
)

// A Launch says when the calls of a vote start.
type Launch string

// The launch policies.
const (
	// LaunchAtOnce starts all calls with the primary.
	LaunchAtOnce Launch = "at-once"
	// LaunchStaged starts the fewest calls that can decide, at least Rules.Min, and
	// the rest once those have ended without a decision, or cannot decide any more.
	LaunchStaged Launch = "staged"
	// LaunchLeader starts the primary, and the rest once it has warmed the prompt
	// cache: at its first token, at its end, or StartWithin after its start.
	LaunchLeader Launch = "leader"
)

// A Stop says why a vote ended.
type Stop string

// The reasons, of which the first that holds is given.
const (
	// StopFirst: the first Rules.First samples have voted.
	StopFirst Stop = "first"
	// StopAll: all samples have ended.
	StopAll Stop = "all"
	// StopSettled: nothing outstanding can change the winning answer.
	StopSettled Stop = "settled"
	// StopConfidence: Vote.Confidence has reached Rules.Confidence.
	StopConfidence Stop = "confidence"
	// StopLead: the winning answer leads its rival by Rules.Lead votes.
	StopLead Stop = "lead"
	// StopWait: Policy.Wait is over; the winner is the best so far.
	StopWait Stop = "wait"
)

// Rules say how many calls a vote makes, when they start, and when it is over.
type Rules struct {
	Method Method
	// Level is the level at which answers are the same, for MethodMajority.
	Level Level
	// Min is how many samples vote before evidence (Confidence, Lead) may end the
	// vote; Max is how many there are at most. Both count the primary,
	// 1..config.MaxSamples.
	Min, Max int
	Launch   Launch
	// Confidence ends the vote when the winning answer is, with that probability,
	// the most frequent one (Adaptive-Consistency); 0: never.
	Confidence float64
	// Lead ends the vote when the winning answer leads by so many votes
	// (first-to-ahead-by-k); 0: never.
	Lead int
	// First ends the vote when so many samples have voted, and no others count;
	// 0: never.
	First int
}

// most is how many samples there are at most. Texts are rarely equal, so that no
// evidence ends their vote: they get Min, unless the first few are enough.
func (r Rules) most() int {
	if r.Method == MethodMedoid && r.First == 0 {
		return max(1, min(r.Min, r.Max))
	}
	return max(1, r.Max)
}

// A state is how far a vote has come.
type state struct {
	// ended are the samples that have ended, in the order in which they did.
	ended []Sample
	// launched is how many have started.
	launched int
	// warm is whether the primary has warmed the prompt cache.
	warm bool
}

// next decides what a vote does next: end, with stop set, or have launch calls
// started in all. It is pure.
func (r Rules) next(c Comparer, s state) (stop Stop, launch int) {
	if stop := r.stop(c, s); stop != "" {
		return stop, s.launched
	}
	return "", r.launch(c, s)
}

// stop says why the vote is over; empty: it is not.
func (r Rules) stop(c Comparer, s state) Stop {
	if r.First > 0 {
		if _, enough := First(s.ended, r.Level, r.First); enough {
			return StopFirst
		}
	}
	outstanding := r.most() - len(s.ended)
	if outstanding <= 0 {
		return StopAll
	}
	able := unflagged(s.ended)
	v, ok := c.Vote(r.Method, able, r.Level)
	switch {
	case !ok:
		return ""
	case r.First == 0 && c.settled(r.Method, able, r.Level, outstanding):
		return StopSettled
	case v.Votes < r.Min:
		return ""
	}
	return r.weigh(r.opposed(v, able))
}

// opposed is a vote as evidence weighs it: an action has those as its rival that call the
// same other tools, whatever their targets, since the tool is voted on first.
func (r Rules) opposed(v Vote, able []Sample) Vote {
	if r.Method != MethodCalls {
		return v
	}
	if tools := countVotes(electorate(able, LevelTarget), LevelTool); len(tools.Parties) > 1 {
		v.Rival = max(v.Rival, tools.Parties[1].Votes)
	}
	return v
}

// weigh says which evidence ends the vote.
func (r Rules) weigh(v Vote) Stop {
	e := estimate.Evidence{Confidence: r.Confidence, Ahead: r.Lead}
	switch {
	case e.Confident(v.Agreed, v.Rival):
		return StopConfidence
	case e.Leads(v.Agreed, v.Rival):
		return StopLead
	}
	return ""
}

// launch is how many calls are to have started while the vote is undecided.
func (r Rules) launch(c Comparer, s state) int {
	target := r.most()
	switch {
	case r.Launch == LaunchStaged && (s.launched == 0 || len(s.ended) < s.launched && !r.lost(c, s)):
		target = r.stage()
	case r.Launch == LaunchLeader && !s.warm:
		target = 1
	}
	return max(s.launched, target)
}

// stage is the size of the first stage: the fewest calls, Min at least, that end
// the vote if all agree.
func (r Rules) stage() int {
	most := r.most()
	for n := max(1, r.Min); n < most; n++ {
		decided := r.First > 0 && n >= r.First || r.First == 0 && 2*n >= most
		if decided || r.weigh(Vote{Votes: n, Agreed: n}) != "" {
			return n
		}
	}
	return most
}

// lost is whether a dissent or a failure keeps the calls that were launched from
// deciding the vote among themselves, even if all that still run agree with the
// leading answer.
func (r Rules) lost(c Comparer, s state) bool {
	running := s.launched - len(s.ended)
	able := unflagged(s.ended)
	v, _ := c.Vote(r.Method, able, r.Level)
	v = r.opposed(v, able)
	v.Agreed, v.Votes = v.Agreed+running, v.Votes+running
	if r.First > 0 || v.Agreed >= s.launched || v.Votes >= r.Min && r.weigh(v) != "" {
		return false
	}
	reach := v.Rival + r.most() - s.launched
	return v.Agreed < reach || v.Agreed == reach && !v.mayWinTies(s.ended)
}

// mayWinTies is whether the primary gave the leading answer, or still may.
func (v Vote) mayWinTies(ended []Sample) bool {
	primary := slices.ContainsFunc(ended, func(s Sample) bool { return s.Number == 0 })
	return !primary || len(v.Parties) > 0 && v.Parties[0].First == 0
}

// pick finds the winner among the samples that have ended. Vote.Changed is against
// the primary's answer even if that was set aside.
func (r Rules) pick(c Comparer, s state) (Vote, bool) {
	v, ok := c.Vote(r.Method, r.counted(s), r.Level)
	if ok {
		v.Changed, _ = v.Overrules(s.ended, r.Level)
	}
	return v, ok
}

// counted are the samples that count, of those that have ended.
func (r Rules) counted(s state) []Sample {
	if r.First > 0 {
		if first, _ := First(s.ended, r.Level, r.First); len(first) > 0 {
			return first
		}
	}
	return s.ended
}
