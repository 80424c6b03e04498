package ensemble

import (
	"errors"
	"net"
	"net/http"
	"sync"

	"hotmess/monitor"
	"hotmess/wire"
)

// A prompt is what the samples of one request, which share it, were told of what
// it took.
type prompt struct {
	mu   sync.Mutex
	told monitor.Spend
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

func (p *prompt) heard() monitor.Spend {
	if p == nil {
		return monitor.Spend{}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.told
}

// used is what an extra that was sent has cost: what its usage says, if it is that
// of the whole reply, else an estimate.
func (a attempt) used(res result) (used monitor.Spend, estimated bool) {
	u := res.Reply.Usage
	if u.HasTotals && !res.Reply.Truncated {
		return spendOf(u), false
	}
	if a.runner.Likely == nil {
		return a.call.Worst, true
	}
	p := monitor.Partial{
		Route: a.call.Route, Ending: a.ending(res), Worst: a.call.Worst, Prompt: a.call.prompt.heard(),
		Shown: res.Reply.Size() + res.Reply.ReasoningBytes, Took: res.Took,
	}
	if u.Input > 0 { // in the head of this reply
		p.Prompt = monitor.Spend{Input: int64(u.Input), CachedInput: int64(u.CachedInput)}
	}
	if u.HasTotals {
		p.Counted = int64(u.Output)
	}
	return a.runner.Likely(p), true
}

// ending is how a call ended that told no whole usage.
func (a attempt) ending(res result) monitor.Ending {
	var dial *net.OpError
	switch {
	case errors.As(res.err, &dial) && dial.Op == "dial":
		return monitor.EndedRefused
	case res.Status != 0 && (res.Status < 200 || res.Status > 299):
		return refusal(res.Status)
	case res.read() && !res.Reply.Truncated:
		return monitor.EndedWhole
	case a.call.View.StopsWhenLeft():
		return monitor.EndedCut
	}
	return monitor.EndedUnseen
}

// read is whether the body came to its end.
func (r result) read() bool {
	return r.Recording != nil && r.Recording.Err == nil && r.Missing != monitor.ReasonTooBig && r.Missing != monitor.ReasonMemory
}

// refusal tells errors before which nothing is billed from those before which the
// prompt may have been, as where a filter read it and turned it down, and from those
// of gateways that would wait no longer.
func refusal(status int) monitor.Ending {
	switch status {
	case http.StatusUnauthorized, http.StatusPaymentRequired, http.StatusForbidden, http.StatusNotFound:
		return monitor.EndedRefused
	case http.StatusGatewayTimeout, statusGatewayTimeout:
		return monitor.EndedUnseen
	}
	if monitor.Refuses(status) {
		return monitor.EndedRefused
	}
	return monitor.EndedRead
}

// statusGatewayTimeout is Cloudflare's status of an origin that took too long.
const statusGatewayTimeout = 524
