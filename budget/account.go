package budget

import "time"

// An account is what the extras of the sidecar, or of one route, may cost: tokens
// by the hour and money by the day.
type account struct{ tokens, money allowance }

func newAccount(now time.Time) *account {
	return &account{newAllowance(time.Hour, unbounded, now), newAllowance(24*time.Hour, unbounded, now)}
}

// limit sets the limits; nil: none.
func (a *account) limit(tokens *int64, dollars *float64) {
	a.tokens.limit, a.money.limit = unbounded, unbounded
	if tokens != nil {
		a.tokens.limit = *tokens
	}
	if dollars != nil {
		a.money.limit = int64(*dollars * nanos)
	}
}

// refuses is why a bill does not fit; empty: it does.
func (a *account) refuses(b Bill, now time.Time) Refusal {
	switch {
	case a.money.limit < unbounded && !b.Priced:
		return RefusedPriceUnknown
	case !a.tokens.room(b.Tokens, now) || !a.money.room(b.Nanos, now):
		return RefusedBudget
	}
	return ""
}

// A State is the snapshot of an account.
type State struct {
	Tokens Spent `json:"tokens"`
	// Money is in 1e-9 USD.
	Money Spent `json:"money"`
}

func (a *account) state(now time.Time) State {
	return State{a.tokens.state(now), a.money.state(now)}
}

func (a *account) restore(st State, now time.Time) {
	a.tokens.restore(st.Tokens, now)
	a.money.restore(st.Money, now)
}

// report is what an account has spent or reserved, and its limits.
func (a *account) report(now time.Time) Report {
	st := a.state(now)
	r := Report{SpentThisHour: st.Tokens.Amount, USDToday: USD(st.Money.Amount)}
	if a.tokens.limit < unbounded {
		r.TokensPerHour = new(a.tokens.limit)
	}
	if a.money.limit < unbounded {
		r.USDPerDay = new(USD(a.money.limit))
	}
	return r
}

// A Report is what is spent or reserved of the budgets of an account.
type Report struct {
	// SpentThisHour is of this UTC hour, in tokens; TokensPerHour its limit,
	// nil: none of its own.
	SpentThisHour int64  `json:"spent_this_hour"`
	TokensPerHour *int64 `json:"tokens_per_hour,omitempty"`
	// USDToday is of this UTC day, of models with a price alone; USDPerDay its
	// limit, nil: none.
	USDToday  float64  `json:"usd_today"`
	USDPerDay *float64 `json:"usd_per_day,omitempty"`
}
