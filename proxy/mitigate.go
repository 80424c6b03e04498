package proxy

import (
	"net/http"

	"hotmess/budget"
	"hotmess/config"
)

// mitigable is whether requests of the exchange may have to vote because an alert
// fires: then they are read before they leave. What a client asks for holds.
func (x *exchange) mitigable() bool {
	return x.reading == readBeside && x.asked.mode == "" && x.h.monitor.Mitigates()
}

// mitigate has a request of a route in observe mode vote while an alert fires
// there that says so. It goes on as before where votes are not allowed, or where
// the gate would let no extra in: a client that waits for a vote is to get one.
func (x *exchange) mitigate(in *inspection, h http.Header) {
	s := in.route.sampling
	if x.reading != readFirst || x.asked.mode != "" || s.Mode != config.Observe || in.native() {
		return
	}
	votes, steppedBack := x.h.monitor.Mitigating(in.route.name, func() string { return x.conversation(in.view) })
	if !votes && !steppedBack {
		return
	}
	voting := *in
	voting.route.sampling.Mode = config.Ensemble
	voting.barred, voting.loyal = x.harm(voting, h)
	if why, _ := x.exclusion(voting); why != "" {
		return
	}
	if x.h.monitor.Gate().Refuses(x.mostCost(voting)) != "" {
		return
	}
	if in.mitigated, in.steppedBack = votes, steppedBack; votes {
		in.route.sampling = voting.route.sampling
	}
}

// mostCost is what all extras of a vote may ask for, by what is known without a lock
// that others hold for long: the request itself.
func (x *exchange) mostCost(in inspection) budget.Ask {
	output := in.view.OutputCap
	if output == 0 {
		output = defaultOutput
	}
	n := int64(in.route.voting.Samples.Max - 1)
	return budget.Ask{
		Upstream: x.dest.upstream.name, Route: in.route.name, Model: in.view.Model,
		Worst: budget.Spend{Input: n * int64(x.h.monitor.EstimateTokens(in.view.Model, in.view.PromptBytes)), Output: n * int64(output)},
	}
}
