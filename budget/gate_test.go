package budget

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"hotmess/config"
	"hotmess/wire"
)

// base is a fixed time in the middle of an hour and of a day.
var base = time.Date(2026, 3, 4, 12, 30, 0, 0, time.UTC)

// tokenGate makes a gate with a budget of tokens; now is synctest's clock.
func tokenGate(limit int64, most int) *Gate {
	c := Costs{Budget: config.Budget{ExtraTokensPerHour: limit, MaxExtraInFlight: most}}
	return NewGate(c, time.Now, func(Settlement) {})
}

// spent is what a gate's budget of tokens has spent or reserved.
func (g *Gate) spent() int64 { return g.Report().SpentThisHour }

// tokens asks for an extra of so many tokens.
func tokens(upstream string, n int64) Ask {
	return Ask{Upstream: upstream, Worst: Spend{Output: n}}
}

func ok(remaining float64) wire.Quota { return wire.Quota{Remaining: remaining, Known: true} }

// enter asks with a second's patience.
func enter(t *testing.T, g *Gate, upstream string, n int64) (func(int64, bool), Refusal) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	return settling(g.Enter(ctx, tokens(upstream, n)))
}

// settling has settle take tokens.
func settling(settle Settle, refused Refusal) (func(int64, bool), Refusal) {
	if settle == nil {
		return nil, refused
	}
	return func(n int64, estimated bool) { settle(Spend{Output: n}, estimated) }, refused
}

// wants enters and checks the outcome.
func wants(t *testing.T, g *Gate, tokens int64, want Refusal) func(int64, bool) {
	t.Helper()
	settle, refused := enter(t, g, "u", tokens)
	if refused != want || (settle == nil) != (want != "") {
		t.Fatalf("refused %q, want %q", refused, want)
	}
	return settle
}

func TestBudgetIsReservedThenSettled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := tokenGate(1000, 8)
		g.slots.hear("u", 200, ok(1))
		settle := wants(t, g, 700, "")
		wants(t, g, 301, RefusedBudget)
		settle(100, false)
		settle(100, false) // a second call changes nothing
		second := wants(t, g, 900, "")
		second(900, true)
		wants(t, g, 1, RefusedBudget)
		if got := g.spent(); got != 1000 {
			t.Errorf("spent %d", got)
		}
		if n := g.slots.running(); n != 0 {
			t.Errorf("%d in flight", n)
		}
		time.Sleep(time.Hour)
		wants(t, g, 1000, "")
	})
}

func TestBudgetOfZeroRefusesEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wants(t, tokenGate(0, 8), 0, RefusedBudget)
	})
}

func TestReservationOfThePastHourLeavesThisOneAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := tokenGate(1000, 8)
		g.slots.hear("u", 200, ok(1))
		settle := wants(t, g, 1000, "")
		time.Sleep(time.Hour)
		settle(5000, false)
		if got := g.spent(); got != 0 {
			t.Errorf("spent %d of the new hour", got)
		}
	})
}

func TestClockStepDoesNotRefillTheBudget(t *testing.T) {
	now := base
	b := newAllowance(time.Hour, 100, now)
	b.reserve(100, now)
	now = now.Add(-time.Hour)
	if b.room(1, now) {
		t.Error("a step back of an hour gave a second budget")
	}
	now = now.Add(-1000 * time.Hour)
	if !b.room(100, now) {
		t.Error("after the clock was set right the budget is stuck in the future")
	}
}

func TestExtrasAreNeverStartedPastTheBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit, each = 1000, 70
		g := tokenGate(limit, 5)
		g.slots.hear("u", 200, ok(1))
		var started atomic.Int64
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				settle, refused := enter(t, g, "u", each)
				if refused != "" {
					return
				}
				if now := started.Add(each); now > limit {
					t.Errorf("%d tokens started of %d", now, limit)
				}
				time.Sleep(time.Millisecond)
				settle(each, false)
			})
		}
		wg.Wait()
		if got := started.Load(); got != limit/each*each {
			t.Errorf("%d tokens used of %d", got, limit)
		}
	})
}

func TestWaiterIsRefusedIfTheBudgetWentWhileItWaited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := tokenGate(100, 1)
		settle := wants(t, g, 10, "")
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, refused := enter(t, g, "u", 50); refused != RefusedBudget {
				t.Errorf("refused %q", refused)
			}
		})
		synctest.Wait()
		settle(100, false)
		wg.Wait()
		if n := g.slots.running(); n != 0 {
			t.Errorf("%d in flight after the refusal", n)
		}
	})
}

func TestHugeReservationDoesNotOverflow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := tokenGate(1000, 8)
		g.slots.hear("u", 200, ok(1))
		settle := wants(t, g, 10, "")
		wants(t, g, 1<<63-1, RefusedBudget)
		settle(-5, false)
		if got := g.spent(); got != 0 {
			t.Errorf("spent %d", got)
		}
	})
}

func TestExtrasInFlightAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := tokenGate(1000, 2)
		for _, u := range []string{"u", "v"} {
			g.slots.hear(u, 200, ok(1))
		}
		first := wants(t, g, 1, "")
		_, _ = enter(t, g, "v", 1)
		began := time.Now()
		wants(t, g, 1, RefusedQueue)
		if waited := time.Since(began); waited != time.Second {
			t.Errorf("gave up after %v, not at the end of its context", waited)
		}
		first(1, false)
		wants(t, g, 1, "")
	})
}

// TestNobodyWaitsWhereNoExtraMayRun: clients wait for votes, and those for extras.
func TestNobodyWaitsWhereNoExtraMayRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		wants(t, tokenGate(1000, 0), 1, RefusedQueue)
		if why := tokenGate(1000, 0).Refuses(tokens("u", 1)); why != RefusedQueue {
			t.Errorf("refuses with %q", why)
		}
		g := tokenGate(1000, 1)
		settle := wants(t, g, 1, "")
		var waiting sync.WaitGroup
		waiting.Go(func() { wants(t, g, 1, RefusedQueue) })
		synctest.Wait()
		g.Reload(config.Config{Budget: config.Budget{ExtraTokensPerHour: 1000, MaxExtraInFlight: 0}})
		waiting.Wait()
		settle(1, false)
		if waited := time.Since(began); waited != 0 {
			t.Errorf("waited %v", waited)
		}
	})
}

func TestWaiterGetsTheFreedSlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := tokenGate(1000, 1)
		settle := wants(t, g, 1, "")
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, refused := enter(t, g, "u", 1); refused != "" {
				t.Errorf("refused %q", refused)
			}
		})
		synctest.Wait()
		settle(1, false)
		wg.Wait()
	})
}

func TestExtrasYieldWhileTheUsersQuotaIsLow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := tokenGate(1000, 8)
		g.slots.hear("u", 200, ok(0.24))
		wants(t, g, 1, RefusedYield)
		if _, refused := enter(t, g, "v", 1); refused != "" {
			t.Errorf("another upstream refused: %q", refused)
		}
		g.slots.hear("u", 200, ok(0.25))
		wants(t, g, 1, "")
	})
}

func TestLowQuotaIsForgottenAfterAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := tokenGate(1000, 8)
		g.slots.hear("u", 200, ok(0.1))
		g.slots.hear("u", 500, wire.Quota{}) // an error page without headers changes nothing
		wants(t, g, 1, RefusedYield)
		time.Sleep(time.Minute)
		wants(t, g, 1, "")
	})
}

func TestA429RefusesThoseWhoWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := tokenGate(1000, 8)
		wants(t, g, 1, "") // without headers one in flight
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, refused := enter(t, g, "u", 1); refused != RefusedYield {
				t.Errorf("waiter refused with %q", refused)
			}
		})
		synctest.Wait()
		g.slots.hear("u", http.StatusTooManyRequests, wire.Quota{})
		wg.Wait()
		if n := g.slots.running(); n != 1 || len(g.slots.waiting) != 0 {
			t.Errorf("%d in flight, %d waiting", n, len(g.slots.waiting))
		}
	})
}

func TestWithoutHeadersOneMoreInFlightForEachCleanMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := tokenGate(1000, 3)
		allowed := func() int { return g.slots.upstreams["u"].allowed }
		g.slots.hear("u", 200, wire.Quota{})
		if allowed() != 1 {
			t.Errorf("%d allowed at the start", allowed())
		}
		for minute, want := range []int{2, 3, 3} {
			time.Sleep(time.Minute)
			g.slots.hear("u", 200, wire.Quota{})
			if allowed() != want {
				t.Errorf("%d allowed after %d clean minutes, want %d", allowed(), minute+1, want)
			}
		}
		g.slots.hear("u", http.StatusTooManyRequests, wire.Quota{})
		time.Sleep(time.Minute)
		g.slots.hear("u", 200, wire.Quota{})
		if allowed() != 1 {
			t.Errorf("%d allowed after a 429", allowed())
		}
		time.Sleep(10 * time.Minute) // idle, or only errors
		g.slots.hear("u", 503, wire.Quota{})
		if allowed() != 1 {
			t.Errorf("%d allowed after errors", allowed())
		}
		g.slots.hear("u", 200, wire.Quota{})
		if allowed() != 2 {
			t.Errorf("%d allowed: idle minutes earn one step, not ten", allowed())
		}
	})
}

func TestNobodyWaitsBehindAnotherUpstreamsLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := tokenGate(1000, 8)
		g.slots.hear("v", 200, ok(1))
		wants(t, g, 1, "")
		var wg sync.WaitGroup
		wg.Go(func() { _, _ = enter(t, g, "u", 1) })
		synctest.Wait()
		began := time.Now()
		if _, refused := enter(t, g, "v", 1); refused != "" || time.Since(began) != 0 {
			t.Errorf("refused %q after %v", refused, time.Since(began))
		}
		wg.Wait()
	})
}

func TestUpstreamsBeyondTheBoundShareOneThrottle(t *testing.T) {
	s := newSlots(8, time.Now)
	for i := range maxUpstreams * 2 {
		s.hear(string(rune('A'+i)), 200, wire.Quota{})
	}
	if len(s.upstreams) > maxUpstreams+1 {
		t.Errorf("%d upstreams", len(s.upstreams))
	}
}

// TestReloadedLimitsHoldForWhatComesNext raises both limits under a waiter, and
// lowers them under what is running.
func TestReloadedLimitsHoldForWhatComesNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := tokenGate(100, 1)
		g.slots.hear("u", http.StatusOK, ok(1))
		settle := wants(t, g, 60, "")
		wants(t, g, 60, RefusedBudget)
		wants(t, g, 30, RefusedQueue)
		g.Reload(config.Config{Budget: config.Budget{ExtraTokensPerHour: 200, MaxExtraInFlight: 2}})
		second := wants(t, g, 100, "")
		g.Reload(config.Config{Budget: config.Budget{ExtraTokensPerHour: 0, MaxExtraInFlight: 2}})
		settle(60, false)
		second(100, false)
		wants(t, g, 1, RefusedBudget)
		g.Reload(config.Config{Budget: config.Budget{ExtraTokensPerHour: 161, MaxExtraInFlight: 2}})
		wants(t, g, 1, "")(1, false)
	})
}

// TestLongQueueRefusesAtOnce fills the queue and asks once more, with all
// patience.
func TestLongQueueRefusesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := tokenGate(1<<40, 1)
		settle := wants(t, g, 1, "")
		ctx, cancel := context.WithCancel(t.Context())
		var waiting sync.WaitGroup
		for range maxWaiting {
			waiting.Go(func() {
				if _, refused := g.Enter(ctx, tokens("u", 1)); refused != RefusedQueue {
					t.Errorf("waiter: refused %q, want %q", refused, RefusedQueue)
				}
			})
		}
		synctest.Wait()
		if _, refused := g.Enter(t.Context(), tokens("u", 1)); refused != RefusedQueue {
			t.Errorf("beyond the queue: refused %q, want %q", refused, RefusedQueue)
		}
		cancel()
		waiting.Wait()
		settle(1, false)
	})
}
