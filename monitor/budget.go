package monitor

import (
	"math"
	"time"

	"hotmess/config"
)

const (
	hourOf = time.Hour
	dayOf  = 24 * time.Hour
	// unbounded is the limit of a budget that fits everything.
	unbounded = math.MaxInt64
)

// A budget bounds an amount in each UTC hour or day: the worst case is reserved
// before a call and settled after it, in the period in which it was reserved. Its
// owner guards it.
//
// What a crash leaves unsettled counts as spent: a snapshot writes what is
// reserved down as spent. What was spent since the last snapshot, at most
// snapshotEvery ago, is forgotten by a crash.
type budget struct {
	// length is that of a period, in seconds; the period runs since the epoch.
	length   int64
	period   int64
	limit    int64
	spent    int64
	reserved int64
}

func newBudget(length time.Duration, limit int64, now time.Time) budget {
	b := budget{length: int64(length / time.Second), limit: limit}
	b.period = now.Unix() / b.length
	return b
}

// room is whether an amount can be reserved. It compares by subtraction, which
// cannot overflow. A limit of 0 fits nothing.
func (b *budget) room(amount int64, now time.Time) bool {
	b.roll(now)
	return b.limit > 0 && amount <= b.limit-b.spent-b.reserved
}

// reserve takes an amount for which there is room out of the budget, and returns
// the period.
func (b *budget) reserve(amount int64, now time.Time) (period int64) {
	b.roll(now)
	b.reserved += amount
	return b.period
}

// settle replaces a reservation by what was used. A reservation of a past period
// leaves this one alone.
func (b *budget) settle(period, reserved, used int64, now time.Time) {
	b.roll(now)
	if period == b.period {
		b.reserved -= reserved
		b.spent += used
	}
}

// roll begins a new period. A clock that steps back into the period before gets
// no second budget; one that steps back further was wrong and has been set right.
func (b *budget) roll(now time.Time) {
	if p := now.Unix() / b.length; p > b.period || p < b.period-1 {
		b.period, b.spent, b.reserved = p, 0, 0
	}
}

// A budgetState is the snapshot of a budget.
type budgetState struct {
	// Hour is the UTC hour, since the epoch, in which the period began.
	Hour  int64 `json:"hour"`
	Spent int64 `json:"spent"`
}

func (b *budget) state(now time.Time) budgetState {
	b.roll(now)
	return budgetState{Hour: b.period * b.length / int64(hourOf/time.Second), Spent: b.spent + b.reserved}
}

// restore takes over what was spent, if it is of this period.
func (b *budget) restore(st budgetState, now time.Time) {
	if st.Hour == b.state(now).Hour && st.Spent > 0 {
		b.spent += st.Spent
	}
}

// An account is what the extras of the sidecar, or of one route, may cost: tokens
// by the hour and money by the day.
type account struct{ tokens, money budget }

func newAccount(now time.Time) *account {
	return &account{newBudget(hourOf, unbounded, now), newBudget(dayOf, unbounded, now)}
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
func (a *account) refuses(b Bill, now time.Time) Reason {
	switch {
	case a.money.limit < unbounded && !b.Priced:
		return ReasonPriceUnknown
	case !a.tokens.room(b.Tokens, now) || !a.money.room(b.Nanos, now):
		return ReasonBudget
	}
	return ""
}

// limitsOf are the limits of the whole sidecar.
func (a *account) limitsOf(b config.Budget) { a.limit(&b.ExtraTokensPerHour, b.ExtraUSDPerDay) }
