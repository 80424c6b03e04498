package proxy

import (
	"hotmess/config"
	"hotmess/ensemble"
	"hotmess/monitor"
	"hotmess/wire"
)

// pairSize is the N of a plain measurement set.
const pairSize = 2

// size is the number of samples that a request gets, the primary included. Of
// measured requests a share, drawn beforehand, gets more than a pair. Who asks
// for another N, in the configuration or by header, gets just that.
func (x *exchange) size(in inspection) int {
	s := in.route.sampling
	deep := in.drawn && !in.native() && s.Mode == config.Observe && s.Samples == pairSize && x.asked.samples == 0 &&
		x.deeper < s.Deep.Share
	if deep {
		return s.Deep.Samples
	}
	return s.Samples
}

// escalate has more samples taken of a request whose primary reasoned for long.
// As that depends on the primary and on what was before alone, such a request
// is in with probability 1, drawn or not. It returns the channel that gives the
// samples beyond those that run already; nil if there are none.
func (o *observer) escalate(in inspection, primary ensemble.Sample) (inspection, chan []ensemble.Sample) {
	if primary.Missing != "" || !o.x.escalates(in, primary.Reply) {
		return in, nil
	}
	first := 1
	if in.drawn {
		first += in.extras()
	}
	in.samples = max(in.samples, in.route.sampling.Escalate.Samples)
	in.drawn, in.rate, in.reason, in.escalated = true, 1, "", true
	if first >= in.samples {
		return in, nil
	}
	return in, o.launch(in, first, in.samples-first)
}

// escalates decides whether the reply calls for more samples.
func (x *exchange) escalates(in inspection, primary wire.Reply) bool {
	s := in.route.sampling
	eligible := in.readable && !in.retry && !in.native() && (in.reason == "" || in.reason == monitor.ReasonNotDrawn)
	if !eligible || s.Mode != config.Observe || s.Escalate.ReasoningOverMedian == 0 {
		return false
	}
	var r monitor.SampleRecord
	x.lengths(&r, in.view, primary)
	return x.h.monitor.Escalate(in.route.name, r.Reasoning, s.Escalate.ReasoningOverMedian)
}
