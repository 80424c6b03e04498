package proxy

import (
	"hotmess/config"
	"hotmess/ensemble"
	"hotmess/monitor"
	"hotmess/wire"
)

// pairSize is the N of a plain measurement set.
const pairSize = 2

// tells is whether more samples than a pair would tell something: they are
// compared at a headline level, and not made alike by the client.
func (in inspection) tells() bool {
	return in.readable && !in.native() && !in.view.Pinned && in.compare.Headline() != ""
}

// size is the number of samples that a request gets, the primary included, and
// the probability that it was drawn for more than a pair. Of measured requests a
// share, drawn beforehand, gets more. Who asks for another N, in the
// configuration or by header, gets just that, of every measured request. A vote
// may stop samples, so that its are no such set.
func (x *exchange) size(in inspection) (samples int, deep float64) {
	s := in.route.sampling
	switch {
	case !in.drawn || !in.tells() || s.Mode != config.Observe:
		return s.Samples, 0
	case s.Samples > pairSize:
		return s.Samples, in.rate
	case s.Samples == pairSize && x.asked.samples == 0 && x.deeper < s.Deep.Share:
		return s.Deep.Samples, in.rate * s.Deep.Share
	}
	return s.Samples, 0
}

// escalate has more samples taken of a request whose primary reasoned for long.
// As that depends on the primary and on what was before alone, such a request
// is in with probability 1, drawn or not. A set that was drawn beforehand keeps its
// size: its figures rest on all of its samples, so their number must not depend on
// the first. It returns the channel that gives the samples beyond those that run
// already; nil if there are none.
func (o *observer) escalate(in inspection, primary ensemble.Sample) (inspection, chan []ensemble.Sample) {
	if primary.Missing != "" || !o.x.escalates(in, primary.Reply) {
		return in, nil
	}
	first := 1
	if in.added = !in.drawn; !in.added {
		first += in.extras()
	}
	if in.deep == 0 {
		in.samples = max(in.samples, in.route.sampling.Escalate.Samples)
	}
	in.drawn, in.rate, in.reason, in.escalated = true, 1, "", true
	if first >= in.samples {
		return in, nil
	}
	return in, o.launch(in, first, in.samples-first)
}

// escalates decides whether the reply calls for more samples.
func (x *exchange) escalates(in inspection, primary wire.Reply) bool {
	s := in.route.sampling
	eligible := in.tells() && !in.retry && (in.reason == "" || in.reason == monitor.ReasonNotDrawn)
	if !eligible || s.Mode != config.Observe || s.Escalate.ReasoningOverMedian == 0 {
		return false
	}
	var r monitor.SampleRecord
	x.lengths(&r, in.view, primary)
	return x.h.monitor.Escalate(in.route.name, r.Reasoning, s.Escalate.ReasoningOverMedian)
}
