package monitor

import (
	"sync"
	"time"
)

// budget bounds the tokens that extras use in one UTC hour: the worst case is
// reserved before a call and settled after it, in the hour in which it was
// reserved.
//
// What a crash leaves unsettled counts as spent: a snapshot writes reserved
// tokens down as spent. What was spent since the last snapshot, at most
// snapshotEvery ago, is forgotten by a crash.
type budget struct {
	now func() time.Time

	mu       sync.Mutex
	limit    int64
	hour     int64
	spent    int64
	reserved int64
}

func newBudget(limit int64, now func() time.Time) *budget {
	return &budget{limit: limit, now: now, hour: utcHour(now())}
}

func (b *budget) setLimit(limit int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.limit = limit
}

func utcHour(t time.Time) int64 { return t.Unix() / 3600 }

// fits is whether tokens could be reserved at this moment. A limit of 0 fits
// nothing.
func (b *budget) fits(tokens int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.roll()
	return b.room(tokens)
}

// room compares by subtraction, which cannot overflow.
func (b *budget) room(tokens int64) bool {
	return b.limit > 0 && tokens <= b.limit-b.spent-b.reserved
}

// reserve takes tokens out of the hour's budget and returns the hour; ok is
// false if they do not fit.
func (b *budget) reserve(tokens int64) (hour int64, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.roll()
	if !b.room(tokens) {
		return 0, false
	}
	b.reserved += tokens
	return b.hour, true
}

// settle replaces a reservation by what was used. A reservation of a past hour
// leaves this hour alone.
func (b *budget) settle(hour, reserved, used int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.roll()
	if hour == b.hour {
		b.reserved -= reserved
		b.spent += used
	}
}

// roll begins a new hour. A clock that steps back into the hour before gets no
// second budget; one that steps back further was wrong and has been set right.
func (b *budget) roll() {
	if hour := utcHour(b.now()); hour > b.hour || hour < b.hour-1 {
		b.hour, b.spent, b.reserved = hour, 0, 0
	}
}

// A budgetState is the snapshot of a budget.
type budgetState struct {
	Hour  int64 `json:"hour"`
	Spent int64 `json:"spent"`
}

// total is the limit of an hour.
func (b *budget) total() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.limit
}

func (b *budget) state() budgetState {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.roll()
	return budgetState{Hour: b.hour, Spent: b.spent + b.reserved}
}

// restore takes over what was spent, if it is of this hour.
func (b *budget) restore(st budgetState) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.roll()
	if st.Hour == b.hour && st.Spent > 0 {
		b.spent += st.Spent
	}
}
