package proxy

import (
	"hotmess/config"
	"hotmess/monitor"
	"hotmess/wire"
)

// mayHold has the reply held if a rule may hold what it proposes, though the request
// allows no calls: there are servers that do not mind. One that is not held all the
// same is counted with the reason.
func (x *exchange) mayHold(in inspection) {
	if in = x.unseen(in); !x.policy.guard.MayHold(in.view) {
		return
	}
	why := in.unheld()
	if !in.readable && x.asked.mode == config.Off { // as far as is known
		why = monitor.ReasonOff
	}
	if _, refuses := x.policy.guard.Strictest(in.view); why == "" || refuses && in.refusable(why) {
		x.hold = &hold{x: x, in: in}
		return
	}
	if !in.view.CallsBarred {
		x.h.monitor.Unheld(why)
	}
}

// unheld says why a reply is held by no rule, or by none but one that refuses what
// cannot be judged: of its request not enough is known, or it is not all in what the
// client gets.
func (in inspection) unheld() monitor.Reason {
	switch {
	case !in.readable:
		return in.reason
	case in.native():
		return monitor.ReasonNativeN
	case in.view.Background:
		return monitor.ReasonBackground
	case in.view.Stored:
		return monitor.ReasonStored
	case in.livesUpstream():
		return monitor.ReasonChain
	}
	return ""
}

// livesUpstream is whether a client that was refused the reply here would still find
// it there, and go on from it.
func (in inspection) livesUpstream() bool {
	return in.view.Stored || in.view.Chain.Holds() || in.view.Chain.Once
}

// refusable is whether a reply that is not held for why may be refused all the same:
// not what lives upstream, what is fetched later by another request, what another API
// says, which cannot be read, or what is off.
func (in inspection) refusable(why monitor.Reason) bool {
	return !in.livesUpstream() && why != monitor.ReasonBackground && told(why)
}

// told is whether the guard looks at a reply that was not held for why.
func told(why monitor.Reason) bool {
	return why != monitor.ReasonDialect && why != monitor.ReasonOff
}

// leftAlone counts a request of a route in mode off whose reply a rule would hold
// elsewhere.
func (x *exchange) leftAlone(in inspection) {
	if x.policy.guard.MayHold(in.view) && !in.view.CallsBarred {
		x.h.monitor.Unheld(monitor.ReasonOff)
	}
}

// decideUnread is for a request that was to be read before it left, and was not: where
// a rule holds replies, its reply is observed all the same, and held if the rule
// refuses what it cannot judge. Its path says how to read it.
func (h *Handler) decideUnread(x *exchange) {
	if x.skipped == "" || x.skipped == monitor.ReasonOff || x.hold != nil || !x.policy.guard.Holds() {
		return
	}
	in := inspection{route: route{name: x.client + "." + unnamed, sampling: x.policy.sampling}, reason: x.skipped}
	if x.observer == nil && x.asked.mode != config.Off {
		x.mode, x.observer = modeOf(in), h.newObserver(x, &in)
	}
	x.mayHold(in)
}

// unseen is an inspection with what the path tells of a request that could not be
// read. Which tools it offers is not known, nor what repeating it would do.
func (x *exchange) unseen(in inspection) inspection {
	if in.readable {
		return in
	}
	in.view = wire.UnreadView(x.dest.target)
	in.route.voting, in.barred = x.policy.voting, in.reason
	return in
}

// everyCall are the calls of all choices of a reply.
func everyCall(r wire.Reply) []wire.Call {
	if len(r.Others) == 0 {
		return r.Calls
	}
	calls := append([]wire.Call(nil), r.Calls...)
	for _, c := range r.Others {
		calls = append(calls, c.Calls...)
	}
	return calls
}
