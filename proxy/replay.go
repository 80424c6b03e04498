package proxy

import (
	"slices"
	"time"

	"hotmess/config"
	"hotmess/ensemble"
	"hotmess/monitor"
)

// voting is how a request votes, or would, by configuration and route.
func (x *exchange) voting(in inspection) ensemble.Policy {
	c := in.route.voting
	p := ensemble.Policy{
		Rules: ensemble.Rules{
			Method: ensemble.MethodMajority, Level: votingLevel(in.compare),
			Min: c.Samples.Min, Max: c.Samples.Max, Launch: ensemble.Launch(c.Launch),
			Confidence: c.Stop.Confidence.By(c.Launch), Lead: c.Stop.Lead, First: c.Stop.First,
		},
		Flags: x.flags(in),
		Wait:  time.Duration(c.Wait),
	}
	if c.Method == config.MethodAuto {
		p.Method = in.compare.Method()
	}
	return p
}

// replays are what votes of the route would have done with the samples of a request
// that was drawn for all of them, while their replies are at hand: an observation
// has only their keys. first is the time to the primary's first token.
func (x *exchange) replays(in inspection, samples []ensemble.Sample, first time.Duration) (all []monitor.ReplayRecord) {
	if in.deep == 0 {
		return nil
	}
	whole := slices.IndexFunc(samples, func(s ensemble.Sample) bool { return s.Missing != "" })
	if whole < 0 {
		whole = len(samples)
	}
	for _, n := range monitor.VoteSizes() {
		if n > whole {
			break
		}
		own := in
		own.route.voting.Samples = own.route.voting.Samples.AtMost(n)
		r, ok := x.voting(own).Replay(in.compare, samples[:n], first)
		if !ok {
			break
		}
		all = append(all, monitor.ReplayRecord{
			Samples: n, Launched: len(r.Runs), Winner: r.Vote.Winner, Stop: string(r.Stop),
			AddedSeconds: max(0, r.Took-samples[0].Took).Seconds(),
			ExtraTokens:  replayedTokens(samples, r.Runs, in.view.StopsWhenLeft()),
		})
	}
	return all
}

// replayedTokens is what the extras of a replayed vote would have cost. Of one that
// the decision would have cancelled, where upstreams stop then, the output counts as
// far as it had come, as if it came evenly. The extras of a measured set start when
// the primary has left the prompt in the upstream's cache; one that starts with the
// primary finds there no more than the primary does.
func replayedTokens(samples []ensemble.Sample, runs []ensemble.Run, stops bool) (sum int64) {
	known := samples[0].Reply.Usage
	for i, run := range runs {
		s := samples[i]
		if i == 0 || s.Tokens == 0 {
			continue
		}
		sum += s.Tokens
		if stops && run.Ran < s.Took {
			sum -= s.Output - int64(float64(s.Output)*(float64(run.Ran)/float64(s.Took)))
		}
		if cached := int64(known.CachedInput); run.Began == 0 && known.HasTotals && cached < s.CachedInput {
			saved := float64(s.Input + s.Output - s.Tokens)
			sum += int64(saved * (1 - float64(cached)/float64(s.CachedInput)))
		}
	}
	return sum
}
