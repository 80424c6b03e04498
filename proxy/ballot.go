package proxy

import (
	"context"
	"net/http"
	"strconv"

	"hotmess/config"
	"hotmess/ensemble"
	"hotmess/monitor"
	"hotmess/wire"
)

// policy is how the request votes, by configuration and route.
func (v *vote) policy() ensemble.Policy {
	p := v.x.voting(v.in)
	p.Embed, p.Measure, p.Done = v.embed(), v.in.drawn, v.x.h.running.Done()
	return p
}

// embed is what embeds the texts of the vote; nil where words decide. They go where
// texts of measured pairs go, or nowhere.
func (v *vote) embed() ensemble.Embed {
	o := v.x.observer
	if v.in.route.voting.Likeness != config.LikenessEmbeddings || !o.embeds(v.in) {
		return nil
	}
	return func(ctx context.Context, texts []string) (vectors [][]float64, missing monitor.Reason) {
		if missing = o.bars(v.in); missing != "" {
			return nil, missing
		}
		for i, text := range texts {
			texts[i] = ensemble.Ends(text, maxEmbedded)
		}
		vectors, v.embedded, missing = o.embed(ctx, v.x.policy.embeddings.Model, v.in.route.name, texts)
		return vectors, missing
	}
}

// votingLevel is the level at which samples agree. Text has no headline: there
// only equal texts do.
func votingLevel(c ensemble.Comparer) ensemble.Level {
	if level := c.Headline(); level != "" {
		return level
	}
	return ensemble.LevelExact
}

// flags say which replies are set aside. Before the route's p99 is known, none is
// too long for it.
func (x *exchange) flags(in inspection) (f ensemble.Flags) {
	c := in.route.voting.RedFlag
	most := c.OutputOver.Tokens
	if c.OutputOver.P99 {
		if p99, ok := x.h.monitor.OutputP99(in.route.name); ok {
			most = p99
		}
	}
	if most > 0 {
		f.Overlong = func(r wire.Reply) bool {
			var lengths monitor.SampleRecord
			x.lengths(&lengths, in.view, r)
			return lengths.Output.Tokens > most
		}
	}
	if c.Malformed {
		f.Malformed = func(r wire.Reply) bool { return wire.Misfits(in.view, in.plain, r.Calls) > 0 }
	}
	return f
}

// mark adds what the vote found to the reply's headers.
func (v *vote) mark(h http.Header) {
	found := v.outcome.Vote
	h.Set(headerSamples, strconv.Itoa(found.Votes))
	if v.outcome.Voted {
		h.Set(headerAgreement, share(float64(found.Agreed)/float64(found.Votes)))
		h.Set(headerMethod, string(found.Method))
		h.Set(headerMargin, share(found.Margin()))
		h.Set(headerConfidence, share(found.Confidence()))
		h.Set(headerStop, string(v.outcome.Stop))
	}
}

func share(f float64) string { return strconv.FormatFloat(f, 'f', 2, 64) }

// record is what the observation keeps of the vote; nil if there was none.
// samples are those that finish gave.
func (v *vote) record(samples []ensemble.Sample) *monitor.VoteRecord {
	if !v.outcome.Voted {
		return nil
	}
	o, found, level := v.outcome, v.outcome.Vote, votingLevel(v.in.compare)
	r := &monitor.VoteRecord{
		Method: string(found.Method), Winner: found.Winner, Votes: found.Votes, Agreed: found.Agreed,
		WaitSeconds: o.Waited.Seconds(), EmbeddingsMissing: o.Unembedded,
		Stop: string(o.Stop), Margin: found.Margin(), Confidence: found.Confidence(), Sampled: found.Sampled,
	}
	if changed, known := found.Overrules(samples, level); known {
		r.Changed = &changed
	}
	for _, p := range found.Parties {
		r.Parties = append(r.Parties, monitor.PartyRecord{Key: v.x.h.seal.sample(string(level), p.Key), Votes: p.Votes})
	}
	for _, s := range samples {
		if s.Flag != "" {
			r.Flagged++
		}
		if s.Number > 0 && s.Missing == monitor.ReasonCancelled {
			r.Cancelled++
			r.CancelledTokens += s.Tokens
		}
	}
	return r
}
