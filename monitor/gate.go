package monitor

import (
	"context"
	"sync/atomic"
	"time"

	"hotmess/config"
	"hotmess/wire"
)

// A Gate lets extras through: within the budgets, at most so many at one time,
// and never at the expense of the user's own quota. It is safe for concurrent
// use.
type Gate struct {
	accounts *accounts
	slots    *slots
	// settled is told of every settlement.
	settled func(s Settlement)
}

func newGate(c costs, now func() time.Time, settled func(Settlement)) *Gate {
	return &Gate{accounts: newAccounts(c, now), slots: newSlots(c.budget.MaxExtraInFlight, now), settled: settled}
}

// An Ask is one extra that wants to run.
type Ask struct {
	// Upstream names whose rate limits it shares, Route whose budget beside
	// that of the sidecar, Model its price.
	Upstream, Route, Model string
	// Worst is the most that it is expected to use.
	Worst Spend
}

// A Settlement is what one extra used and cost. Estimated is whether that is not
// from usage.
type Settlement struct {
	Spend
	Bill
	Estimated bool
}

// Settle says what an extra used once it has ended, and gives what that costs. It
// is to be called once; a further call changes nothing and costs nothing.
type Settle func(used Spend, estimated bool) Bill

// Enter asks to run one extra. It returns either settle, or the reason why the
// extra must not run: ReasonPriceUnknown, ReasonBudget and ReasonYield at once,
// ReasonQueue where no extra may run at all, or when ctx ends while waiting for a free
// place.
func (g *Gate) Enter(ctx context.Context, ask Ask) (settle Settle, refused Reason) {
	if refused := g.accounts.refuses(ask); refused != "" {
		return nil, refused
	}
	t, refused := g.slots.acquire(ctx, ask.Upstream)
	if refused != "" {
		return nil, refused
	}
	booked, refused := g.accounts.reserve(ask)
	if refused != "" {
		g.slots.release(t)
		return nil, refused
	}
	var once atomic.Bool
	return func(used Spend, estimated bool) Bill {
		if once.Swap(true) {
			return Bill{}
		}
		bill := g.accounts.settle(booked, used)
		g.slots.release(t)
		g.settled(Settlement{used.bounded(), bill, estimated})
		return bill
	}, ""
}

// Refuses says why an extra would not be let in at this moment, however long it
// waited; empty: it may.
func (g *Gate) Refuses(ask Ask) Reason {
	if refused := g.accounts.refuses(ask); refused != "" {
		return refused
	}
	return g.slots.bars(ask.Upstream)
}

// Reload takes over budgets and prices. What is spent, reserved or in flight
// stays so; lower limits hold for what comes next.
func (g *Gate) Reload(c config.Config) {
	g.accounts.reload(costs{c.Budget, c.Prices, c.Routes})
	g.slots.setMax(c.Budget.MaxExtraInFlight)
}

// Gate is what every extra has to pass.
func (m *Monitor) Gate() *Gate { return m.gate }

// Heard takes in the head of an upstream's reply to any call, the user's own
// included: its status and the quota that its headers report.
func (m *Monitor) Heard(upstream string, status int, q wire.Quota) {
	m.gate.slots.hear(upstream, status, q)
}
