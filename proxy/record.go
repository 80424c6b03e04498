package proxy

import (
	"context"
	"log/slog"
	"time"

	"hotmess/ensemble"
	"hotmess/monitor"
	"hotmess/wire"
)

// observation is what one exchange gave.
func (x *exchange) observation(in inspection, samples []ensemble.Sample, vote *monitor.VoteRecord, end ending) monitor.Observation {
	o := monitor.Observation{
		V: monitor.SchemaVersion, ID: x.id, Time: x.began, Instance: x.h.instance,
		Route:    in.route.name,
		Dialect:  dialectName(x.dialect(in)),
		Upstream: x.dest.upstream.name,
		Mode:     string(modeOf(in)), Mitigated: in.mitigated, SteppedBack: in.steppedBack, Outcome: x.outcomeOf(samples[0], end), Status: end.status,
		Inclusion: in.rate, Drawn: in.drawn, Reason: in.reason,
		Deep: in.deep, Escalated: in.escalated, Added: in.added, Vote: vote,
		Seconds: end.total.Seconds(), OverheadSeconds: x.overhead().Seconds(),
	}
	if !x.firstByte.IsZero() {
		o.FirstByteSeconds = x.firstByte.Sub(x.began).Seconds()
	}
	x.describe(&o, in, samples[0].Reply)
	x.compare(&o, in, samples)
	for _, s := range samples {
		o.Samples = append(o.Samples, x.sample(in, s))
	}
	for _, s := range samples[1:] {
		o.Charge(s.Settlement)
	}
	return o
}

// outcomeOf is how the client's call ended. Who hangs up on a whole reply, at the
// mark that ends a stream, had all of it; in a vote if the winner had left up to
// there. While its reply is held it had not.
func (x *exchange) outcomeOf(primary ensemble.Sample, end ending) monitor.Outcome {
	if x.hold.left() {
		return monitor.OutcomeGone
	}
	all := primary.Missing == ""
	if x.vote != nil {
		all = x.vote.told.Load()
	}
	if all && end.outcome == monitor.OutcomeGone {
		return monitor.OutcomeOK
	}
	return end.outcome
}

// describe fills in what the request and the primary say of themselves.
func (x *exchange) describe(o *monitor.Observation, in inspection, primary wire.Reply) {
	o.ServedModel, o.Fingerprint = primary.Model, primary.Fingerprint
	if !in.readable {
		return
	}
	o.Model, o.Pinned = in.view.Model, in.view.Pinned
	if !in.view.Chain.Holds() {
		o.Actions = &in.view.Actions
	}
	o.Kind, o.Headline, o.Form = string(in.compare.Kind()), string(in.compare.Headline()), in.compare.Form()
	o.Conversation = x.conversation(in.view)
	o.System, o.Tools = x.h.seal.system(in.view), x.h.seal.tools(in.view)
	if u := primary.Usage; u.HasTotals {
		x.h.monitor.Learn(in.view.Model, in.view.PromptBytes, u.Input)
	}
}

// compare fills in whether samples 0 and 1 differ, or why that is not known.
func (x *exchange) compare(o *monitor.Observation, in inspection, samples []ensemble.Sample) {
	if !in.drawn {
		if o.Reason == "" {
			o.Reason = in.undrawn()
		}
		return
	}
	if primary := samples[0]; primary.Missing != "" {
		o.Reason = primary.Missing
		if o.Outcome == monitor.OutcomeGone {
			o.Reason = monitor.ReasonGone
		}
		return
	}
	switch {
	case len(samples) > 1:
	case in.native():
		o.Reason = monitor.ReasonNativeN
		return
	default:
		o.Reason = monitor.ReasonCancelled
		return
	}
	if second := samples[1]; second.Missing != "" {
		o.Reason = second.Missing
		return
	}
	o.Differ = make(map[string]bool, 3)
	for _, level := range in.compare.Levels() {
		o.Differ[string(level)] = samples[0].Keys[level] != samples[1].Keys[level]
	}
}

// sample is what is kept of one sample.
func (x *exchange) sample(in inspection, s ensemble.Sample) monitor.SampleRecord {
	r := monitor.SampleRecord{Number: s.Number, Missing: s.Missing, Finish: s.Reply.Finish, Seconds: s.Took.Seconds()}
	for level, key := range s.Keys {
		if r.Keys == nil {
			r.Keys = make(map[string]string, len(s.Keys))
		}
		r.Keys[string(level)] = x.h.seal.sample(string(level), key)
	}
	if s.Number == 0 && (s.Missing == monitor.ReasonCancelled || s.Missing == monitor.ReasonTimeout) { // by a vote
		x.h.monitor.LeavePace(in.route.name, s.Took, x.worstCase(in).Output)
	}
	if in.readable && s.Missing == "" {
		x.lengths(&r, in.view, s.Reply)
		if u := s.Reply.Usage; u.HasTotals && s.Reply.Choices == 1 {
			x.h.monitor.LearnPace(in.route.name, s.Reply.Size()+s.Reply.ReasoningBytes, u.Output, s.Took)
		}
	}
	return r
}

// lengths fills in the token counts of a reply: as the upstream reports them,
// else estimated from bytes and marked so. Of several choices it reports the sum.
func (x *exchange) lengths(r *monitor.SampleRecord, v wire.View, reply wire.Reply) {
	estimate := func(bytes int) monitor.Length {
		return monitor.Length{Tokens: x.h.monitor.EstimateTokens(v.Model, bytes), Source: monitor.SourceEstimate}
	}
	u, alone := reply.Usage, reply.Choices < 2
	r.Context, r.Output = estimate(v.PromptBytes), estimate(reply.Size()+reply.ReasoningBytes)
	if u.HasTotals {
		r.Context = monitor.Length{Tokens: u.Input, Source: monitor.SourceUsage}
	}
	if u.HasTotals && alone {
		r.Output = monitor.Length{Tokens: u.Output, Source: monitor.SourceUsage}
	}
	switch {
	case u.HasReasoning && alone:
		r.Reasoning = monitor.Length{Tokens: u.Reasoning, Source: monitor.SourceUsage}
	case reply.ReasoningBytes > 0:
		r.Reasoning = estimate(reply.ReasoningBytes)
	case reply.Reasoned && u.HasTotals && alone:
		// The reasoning that was billed, not the summary of it that was shown.
		r.Reasoning = estimate(reply.Size())
		r.Reasoning.Tokens = max(0, u.Output-r.Reasoning.Tokens)
	}
}

// log writes the one line of a request that was read.
func (x *exchange) log(o monitor.Observation) {
	if !x.h.log.Enabled(context.Background(), slog.LevelInfo) {
		return
	}
	attrs := append(x.attrs(o.Outcome, time.Duration(o.Seconds*float64(time.Second))),
		slog.String("route", o.Route),
		slog.String("conversation", o.Conversation),
		slog.Int("samples", len(o.Samples)),
		slog.Int64("extra_tokens", o.ExtraTokens),
	)
	if o.ExtraUSD != nil {
		attrs = append(attrs, slog.Float64("extra_usd", *o.ExtraUSD))
	}
	if o.Reason != "" {
		attrs = append(attrs, slog.String("unmeasured", string(o.Reason)))
	}
	if g := o.Guard; g != nil {
		attrs = append(attrs, slog.String("guard", g.Rule), slog.String("decision", g.Decision), slog.String("delivery", g.Outcome))
	}
	x.h.log.Info("request", attrs...)
}
