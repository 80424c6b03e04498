package monitor

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

func newAccounts(c costs, now func() time.Time) *accounts {
	a := &accounts{now: now, all: newAccount(now()), routes: map[string]*account{}}
	a.reload(c)
	return a
}

// costs is what a configuration says of them.
type costs struct {
	budget config.Budget
	prices []config.Price
	routes []config.Route
}

// reload sets new limits and prices. What is spent or reserved stays so.
func (a *accounts) reload(c costs) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.prices = c.prices
	a.all.limitsOf(c.budget)
	kept := map[string]*account{}
	for _, r := range c.routes {
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
func (a *accounts) refuses(ask Ask) Reason {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.check(ask.Route, tariffOf(a.prices, ask.Model).bill(ask.Worst))
}

func (a *accounts) check(route string, b Bill) Reason {
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
func (a *accounts) reserve(ask Ask) (booking, Reason) {
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

// An accountState is the snapshot of an account.
type accountState struct {
	Tokens budgetState `json:"tokens"`
	// Money is in 1e-9 USD.
	Money budgetState `json:"money"`
}

func (a *account) state(now time.Time) accountState {
	return accountState{a.tokens.state(now), a.money.state(now)}
}

func (a *account) restore(st accountState, now time.Time) {
	a.tokens.restore(st.Tokens, now)
	a.money.restore(st.Money, now)
}

// state gives the sidecar's account and those of routes.
func (a *accounts) state() (all accountState, routes map[string]accountState) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for name, own := range a.routes {
		if routes == nil {
			routes = map[string]accountState{}
		}
		routes[name] = own.state(a.now())
	}
	return a.all.state(a.now()), routes
}

// restore takes over what was spent. Routes that have no budget any more are left
// out.
func (a *accounts) restore(all accountState, routes map[string]accountState) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.all.restore(all, a.now())
	for name, st := range routes {
		if own := a.routes[name]; own != nil {
			own.restore(st, a.now())
		}
	}
}

// report is what an account has spent or reserved, and its limits.
func (a *account) report(now time.Time) BudgetReport {
	st := a.state(now)
	r := BudgetReport{SpentThisHour: st.Tokens.Spent, USDToday: usd(st.Money.Spent)}
	if a.tokens.limit < unbounded {
		r.TokensPerHour = new(a.tokens.limit)
	}
	if a.money.limit < unbounded {
		r.USDPerDay = new(usd(a.money.limit))
	}
	return r
}

// A BudgetReport is what is spent or reserved of a budget.
type BudgetReport struct {
	// SpentThisHour is of this UTC hour, in tokens; TokensPerHour its limit,
	// nil: none of its own.
	SpentThisHour int64  `json:"spent_this_hour"`
	TokensPerHour *int64 `json:"tokens_per_hour,omitempty"`
	// USDToday is of this UTC day, of models with a price alone; USDPerDay its
	// limit, nil: none.
	USDToday  float64  `json:"usd_today"`
	USDPerDay *float64 `json:"usd_per_day,omitempty"`
}

// report is that of the sidecar, or of a route; false if the route has no budget
// of its own.
func (a *accounts) report(route string) (BudgetReport, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	own, ok := a.routes[route]
	if !ok {
		return BudgetReport{}, false
	}
	return own.report(a.now()), true
}

// total is the report of the whole sidecar.
func (a *accounts) total() BudgetReport {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.all.report(a.now())
}
