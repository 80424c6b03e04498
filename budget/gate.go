package budget

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
	settled  func(s Settlement)
}

// NewGate makes a gate. settled is told of every settlement, in the goroutine of who
// settles.
func NewGate(c Costs, now func() time.Time, settled func(Settlement)) *Gate {
	return &Gate{accounts: newAccounts(c, now), slots: newSlots(c.Budget.MaxExtraInFlight, now), settled: settled}
}

// A Refusal is why an extra must not run; empty: it may.
type Refusal string

// The refusals.
const (
	// RefusedBudget: the budget of this hour or day, or that of the route, would
	// be exceeded.
	RefusedBudget Refusal = "budget"
	// RefusedPriceUnknown: there is a budget of money, and the model has no price.
	RefusedPriceUnknown Refusal = "price_unknown"
	// RefusedQueue: no slot came free in time, or too many wait for one.
	RefusedQueue Refusal = "queue"
	// RefusedYield: the user's own quota is low, or was refused lately.
	RefusedYield Refusal = "yield"
)

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
// extra must not run: RefusedPriceUnknown, RefusedBudget and RefusedYield at once,
// RefusedQueue where no extra may run at all, or when ctx ends while waiting for a free
// place.
func (g *Gate) Enter(ctx context.Context, ask Ask) (settle Settle, refused Refusal) {
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
func (g *Gate) Refuses(ask Ask) Refusal {
	if refused := g.accounts.refuses(ask); refused != "" {
		return refused
	}
	return g.slots.bars(ask.Upstream)
}

// Reload takes over budgets and prices. What is spent, reserved or in flight
// stays so; lower limits hold for what comes next.
func (g *Gate) Reload(c config.Config) {
	g.accounts.reload(Costs{c.Budget, c.Prices, c.Routes})
	g.slots.setMax(c.Budget.MaxExtraInFlight)
}

// Hear takes in the head of an upstream's reply to any call, the user's own
// included: its status and the quota that its headers report.
func (g *Gate) Hear(upstream string, status int, q wire.Quota) {
	g.slots.hear(upstream, status, q)
}

// Running is how many extras are in flight.
func (g *Gate) Running() int { return g.slots.running() }

// Report is what is spent or reserved of the budgets of the whole sidecar.
func (g *Gate) Report() Report { return g.accounts.report() }

// RouteReport is that of a route; false if it has no budget of its own.
func (g *Gate) RouteReport(route string) (Report, bool) { return g.accounts.routeReport(route) }

// State is what is spent or reserved, of the sidecar and of routes with a budget of
// their own, for Restore after a restart.
func (g *Gate) State() (all State, routes map[string]State) { return g.accounts.state() }

// Restore takes over what was spent in this hour and day. Routes that have no budget
// any more are left out.
func (g *Gate) Restore(all State, routes map[string]State) { g.accounts.restore(all, routes) }
