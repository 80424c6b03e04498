package budget

import (
	"math"
	"time"
)

// unbounded is the limit of an allowance that fits everything.
const unbounded = math.MaxInt64

// An allowance bounds an amount in each UTC hour or day: the worst case is reserved
// before a call and settled after it, in the period in which it was reserved. Its
// owner guards it.
type allowance struct {
	// length is that of a period, in seconds; period counts them since the epoch.
	length   int64
	period   int64
	limit    int64
	spent    int64
	reserved int64
}

func newAllowance(length time.Duration, limit int64, now time.Time) allowance {
	a := allowance{length: int64(length / time.Second), limit: limit}
	a.period = now.Unix() / a.length
	return a
}

// room is whether an amount can be reserved. It compares by subtraction, which
// cannot overflow. A limit of 0 fits nothing.
func (a *allowance) room(amount int64, now time.Time) bool {
	a.roll(now)
	return a.limit > 0 && amount <= a.limit-a.spent-a.reserved
}

// reserve takes an amount for which there is room out of the allowance, and returns
// the period.
func (a *allowance) reserve(amount int64, now time.Time) (period int64) {
	a.roll(now)
	a.reserved += amount
	return a.period
}

// settle replaces a reservation by what was used. A reservation of a past period
// leaves this one alone.
func (a *allowance) settle(period, reserved, used int64, now time.Time) {
	a.roll(now)
	if period == a.period {
		a.reserved -= reserved
		a.spent += used
	}
}

// roll begins a new period. A clock that steps back into the period before gets
// no second allowance; one that steps back further was wrong and has been set right.
func (a *allowance) roll(now time.Time) {
	if p := now.Unix() / a.length; p > a.period || p < a.period-1 {
		a.period, a.spent, a.reserved = p, 0, 0
	}
}

// A Spent is what of an allowance is gone: the snapshot of it. What is reserved
// counts as spent, since a crash leaves it unsettled.
type Spent struct {
	// Hour is the UTC hour, since the epoch, in which the period began.
	Hour   int64 `json:"hour"`
	Amount int64 `json:"spent"`
}

func (a *allowance) state(now time.Time) Spent {
	a.roll(now)
	return Spent{Hour: a.period * a.length / int64(time.Hour/time.Second), Amount: a.spent + a.reserved}
}

// restore takes over what was spent, if it is of this period.
func (a *allowance) restore(st Spent, now time.Time) {
	if st.Hour == a.state(now).Hour && st.Amount > 0 {
		a.spent += st.Amount
	}
}
