package budget

import (
	"sync"
	"time"

	"hotmess/config"
)

// accounts are those of the sidecar and of the routes with a budget of their own.
// Every extra is booked in the first, and in that of its route if there is one.
// They guard themselves.
type accounts struct {
	now func() time.Time

	mu     sync.Mutex
	prices []config.Price
	all    *account
	routes map[string]*account
}

func newAccounts(c Costs, now func() time.Time) *accounts {
	a := &accounts{now: now, all: newAccount(now()), routes: map[string]*account{}}
	a.reload(c)
	return a
}

// Costs are what a configuration says of them. Of the routes, the budgets count.
type Costs struct {
	Budget config.Budget
	Prices []config.Price
	Routes []config.Route
}

// reload sets new limits and prices. What is spent or reserved stays so.
func (a *accounts) reload(c Costs) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.prices = c.Prices
	a.all.limit(&c.Budget.ExtraTokensPerHour, c.Budget.ExtraUSDPerDay)
	kept := map[string]*account{}
	for _, r := range c.Routes {
		if r.Budget == (config.RouteBudget{}) {
			continue
		}
		own := a.routes[r.Name]
		if own == nil {
			own = newAccount(a.now())
		}
		own.limit(r.Budget.ExtraTokensPerHour, r.Budget.ExtraUSDPerDay)
		kept[r.Name] = own
	}
	a.routes = kept
}

// of lists the accounts that a call is booked in. The lock is held.
func (a *accounts) of(route string) []*account {
	if own := a.routes[route]; own != nil {
		return []*account{a.all, own}
	}
	return []*account{a.all}
}

// refuses is why the worst case of a call cannot be reserved; empty: it can.
func (a *accounts) refuses(ask Ask) Refusal {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.check(ask.Route, tariffOf(a.prices, ask.Model).bill(ask.Worst))
}

func (a *accounts) check(route string, b Bill) Refusal {
	for _, own := range a.of(route) {
		if why := own.refuses(b, a.now()); why != "" {
			return why
		}
	}
	return ""
}

// A booking is a reservation in all accounts of a call.
type booking struct {
	tariff tariff
	worst  Bill
	parts  []bookedPart
}

type bookedPart struct {
	account   *account
	hour, day int64
}

// reserve books the worst case of a call, in all of its accounts or in none.
func (a *accounts) reserve(ask Ask) (booking, Refusal) {
	a.mu.Lock()
	defer a.mu.Unlock()
	b := booking{tariff: tariffOf(a.prices, ask.Model)}
	b.worst = b.tariff.bill(ask.Worst)
	if why := a.check(ask.Route, b.worst); why != "" {
		return booking{}, why
	}
	now := a.now()
	for _, own := range a.of(ask.Route) {
		b.parts = append(b.parts, bookedPart{own, own.tokens.reserve(b.worst.Tokens, now), own.money.reserve(b.worst.Nanos, now)})
	}
	return b, ""
}

// settle replaces what is booked by the bill of what was used.
func (a *accounts) settle(b booking, used Spend) Bill {
	a.mu.Lock()
	defer a.mu.Unlock()
	now, bill := a.now(), b.tariff.bill(used)
	for _, p := range b.parts {
		p.account.tokens.settle(p.hour, b.worst.Tokens, bill.Tokens, now)
		p.account.money.settle(p.day, b.worst.Nanos, bill.Nanos, now)
	}
	return bill
}

// state gives the sidecar's account and those of routes.
func (a *accounts) state() (all State, routes map[string]State) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for name, own := range a.routes {
		if routes == nil {
			routes = map[string]State{}
		}
		routes[name] = own.state(a.now())
	}
	return a.all.state(a.now()), routes
}

// restore takes over what was spent. Routes that have no budget any more are left
// out.
func (a *accounts) restore(all State, routes map[string]State) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.all.restore(all, a.now())
	for name, st := range routes {
		if own := a.routes[name]; own != nil {
			own.restore(st, a.now())
		}
	}
}

// routeReport is that of a route; false if it has no budget of its own.
func (a *accounts) routeReport(route string) (Report, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	own, ok := a.routes[route]
	if !ok {
		return Report{}, false
	}
	return own.report(a.now()), true
}

// report is that of the whole sidecar.
func (a *accounts) report() Report {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.all.report(a.now())
}
