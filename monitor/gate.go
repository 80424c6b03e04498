package monitor

import (
	"context"
	"sync/atomic"

	"hotmess/config"
	"hotmess/wire"
)

// A Gate lets extras through: within the hour's token budget, at most so many
// at one time, and never at the expense of the user's own quota. It is safe
// for concurrent use.
type Gate struct {
	budget *budget
	slots  *slots
	// settled is told of every settlement.
	settled func(tokens int64, estimated bool)
}

// Enter asks to run one extra that may use up to so many tokens. It returns
// either settle, which the caller must call once when the extra has ended, with
// the tokens it used and whether they are an estimate, or the reason why the
// extra must not run: ReasonBudget and ReasonYield at once, ReasonQueue when
// ctx ends while waiting for a free place.
func (g *Gate) Enter(ctx context.Context, upstream string, tokens int64) (settle func(tokens int64, estimated bool), refused Reason) {
	tokens = max(0, tokens)
	if !g.budget.fits(tokens) {
		return nil, ReasonBudget
	}
	t, refused := g.slots.acquire(ctx, upstream)
	if refused != "" {
		return nil, refused
	}
	hour, ok := g.budget.reserve(tokens)
	if !ok {
		g.slots.release(t)
		return nil, ReasonBudget
	}
	var once atomic.Bool
	return func(used int64, estimated bool) {
		if once.Swap(true) {
			return
		}
		used = max(0, used)
		g.budget.settle(hour, tokens, used)
		g.slots.release(t)
		g.settled(used, estimated)
	}, ""
}

// Reload sets new limits. What is spent, reserved or in flight stays so; lower
// limits hold for what comes next.
func (g *Gate) Reload(b config.Budget) {
	g.budget.setLimit(b.ExtraTokensPerHour)
	g.slots.setMax(b.MaxExtraInFlight)
}

// Gate is what every extra has to pass.
func (m *Monitor) Gate() *Gate { return m.gate }

// Heard takes in the head of an upstream's reply to any call, the user's own
// included: its status and the quota that its headers report.
func (m *Monitor) Heard(upstream string, status int, q wire.Quota) {
	m.gate.slots.hear(upstream, status, q)
}
