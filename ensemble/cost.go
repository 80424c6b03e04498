package ensemble

import (
	"errors"
	"net"
	"net/http"
	"sync"

	"hotmess/budget"
	"hotmess/monitor"
	"hotmess/wire"
)

// A prompt is what the samples of one request, which share it, were told of what
// it took.
type prompt struct {
	mu   sync.Mutex
	told budget.Spend
}

// hear takes in what one sample was told. Later samples find no less of it in the
// prompt cache than earlier ones did, so that the most counts.
func (p *prompt) hear(u wire.Usage) {
	if p == nil || u.Input <= 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.told.Input = int64(u.Input)
	p.told.CachedInput = max(p.told.CachedInput, int64(u.CachedInput))
}

func (p *prompt) heard() budget.Spend {
	if p == nil {
		return budget.Spend{}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.told
}

// used is what an extra that was sent has cost: what its usage says, if it is that
// of the whole reply, else an estimate.
func (a attempt) used(res result) (used budget.Spend, estimated bool) {
	u := res.Reply.Usage
	if u.HasTotals && !res.Reply.Truncated {
		return spendOf(u), false
	}
	if a.runner.Likely == nil {
		return a.call.Worst, true
	}
	p := budget.Partial{
		Route: a.call.Route, Ending: a.ending(res), Worst: a.call.Worst, Prompt: a.call.prompt.heard(),
		Shown: res.Reply.Size() + res.Reply.ReasoningBytes, Took: res.Took,
	}
	if u.Input > 0 { // in the head of this reply
		p.Prompt = budget.Spend{Input: int64(u.Input), CachedInput: int64(u.CachedInput)}
	}
	if u.HasTotals {
		p.Counted = int64(u.Output)
	}
	return a.runner.Likely(p), true
}

// ending is how a call ended that told no whole usage.
func (a attempt) ending(res result) budget.Ending {
	var dial *net.OpError
	switch {
	case errors.As(res.err, &dial) && dial.Op == "dial":
		return budget.EndedRefused
	case res.Status != 0 && (res.Status < 200 || res.Status > 299):
		return refusal(res.Status)
	case res.read() && !res.Reply.Truncated:
		return budget.EndedWhole
	case a.call.View.StopsWhenLeft():
		return budget.EndedCut
	}
	return budget.EndedUnseen
}

// read is whether the body came to its end.
func (r result) read() bool {
	return r.Recording != nil && r.Recording.Err == nil && r.Missing != monitor.ReasonTooBig && r.Missing != monitor.ReasonMemory
}

// refusal tells errors before which nothing is billed from those before which the
// prompt may have been, as where a filter read it and turned it down, and from those
// of gateways that would wait no longer.
func refusal(status int) budget.Ending {
	switch status {
	case http.StatusUnauthorized, http.StatusPaymentRequired, http.StatusForbidden, http.StatusNotFound:
		return budget.EndedRefused
	case http.StatusGatewayTimeout, statusGatewayTimeout:
		return budget.EndedUnseen
	}
	if wire.TurnsAway(status) {
		return budget.EndedRefused
	}
	return budget.EndedRead
}

// statusGatewayTimeout is Cloudflare's status of an origin that took too long.
const statusGatewayTimeout = 524
