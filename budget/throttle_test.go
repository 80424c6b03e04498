package budget

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"hotmess/wire"
)

// fits is how many extras get in at once.
func fits(t *testing.T, g *Gate) (n int) {
	t.Helper()
	var settled []func(int64, bool)
	for {
		settle, refused := enter(t, g, "u", 1)
		if refused != "" {
			break
		}
		n++
		settled = append(settled, settle)
	}
	for _, settle := range settled {
		settle(1, false)
	}
	return n
}

func TestEveryRefusalPausesExtras(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		asked  time.Duration
		pause  time.Duration // 0: none
	}{
		"429":                  {http.StatusTooManyRequests, 0, time.Minute},
		"429, shorter":         {http.StatusTooManyRequests, time.Second, time.Minute},
		"429, longer":          {http.StatusTooManyRequests, 5 * time.Minute, 5 * time.Minute},
		"429, unbounded":       {http.StatusTooManyRequests, 1000 * time.Hour, maxPause},
		"529":                  {529, 0, time.Minute},
		"529 with retry-after": {529, 2 * time.Minute, 2 * time.Minute},
		"503 with retry-after": {http.StatusServiceUnavailable, time.Second, time.Minute},
		"503":                  {http.StatusServiceUnavailable, 0, 0},
		"500 with retry-after": {http.StatusInternalServerError, time.Minute, 0},
		"200 with retry-after": {http.StatusOK, time.Minute, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := tokenGate(1000, 8)
				g.slots.hear("u", c.status, wire.Quota{RetryAfter: c.asked})
				if c.pause > 0 {
					wants(t, g, 1, RefusedYield)
					time.Sleep(c.pause - time.Millisecond)
					wants(t, g, 1, RefusedYield)
					time.Sleep(time.Millisecond)
				}
				wants(t, g, 1, "")
			})
		})
	}
}

// TestRefusalHalvesAndCleanMinutesAddOne goes by the number of extras that get in,
// with and without rate-limit headers.
func TestRefusalHalvesAndCleanMinutesAddOne(t *testing.T) {
	for name, quota := range map[string]wire.Quota{"headers": ok(1), "no headers": {}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const most = 8
				g := tokenGate(1<<40, most)
				minute := func() {
					time.Sleep(time.Minute)
					g.slots.hear("u", http.StatusOK, quota)
				}
				g.slots.hear("u", http.StatusOK, quota)
				for range most {
					minute()
				}
				if n := fits(t, g); n != most {
					t.Fatalf("%d get in to begin with", n)
				}
				var running []func(int64, bool)
				for range most {
					running = append(running, wants(t, g, 1, ""))
				}
				for range 3 { // a burst is refused as a whole, and halves once
					g.slots.hear("u", http.StatusTooManyRequests, quota)
				}
				for _, settle := range running {
					settle(1, false)
				}
				wants(t, g, 1, RefusedYield)
				time.Sleep(refusedPause)
				g.slots.hear("u", http.StatusOK, quota)
				for want := most / 2; want <= most; want++ {
					if n := fits(t, g); n != want {
						t.Errorf("%d get in, want %d", n, want)
					}
					minute()
				}
			})
		})
	}
}

// TestOneExtraIsAlwaysAllowedAfterThePause: halving has an end.
func TestOneExtraIsAlwaysAllowedAfterThePause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := tokenGate(1000, 8)
		for range 5 {
			g.slots.hear("u", http.StatusTooManyRequests, wire.Quota{})
			time.Sleep(refusedPause)
		}
		if n := fits(t, g); n != 1 {
			t.Errorf("%d get in", n)
		}
	})
}

// TestThrottleAddsSlowlyAndHalvesOnce draws replies, extras and the time between
// them, and holds what they allow to the rule: one more for a minute without a
// refusal, half for a refusal, none in the pause after it.
func TestThrottleAddsSlowlyAndHalvesOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		most := rapid.IntRange(1, 12).Draw(t, "most")
		now := base
		th := newThrottle(now)
		grew := now // when it last grew, or might begin to
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.Int64Range(0, int64(2*time.Minute)).Draw(t, "later")))
			if rapid.Bool().Draw(t, "an extra") { // comes, or goes
				switch {
				case th.inFlight > 0 && rapid.Bool().Draw(t, "goes"):
					th.inFlight--
				case th.inFlight < most && !th.yields(now) && th.admits(now):
					if th.inFlight++; (!th.knows(now) || th.met) && th.inFlight > th.allowed {
						t.Fatalf("%d run of %d allowed", th.inFlight, th.allowed)
					}
				}
				continue
			}
			status := rapid.SampledFrom([]int{200, 200, 200, 400, 500, 503, 429, 529}).Draw(t, "status")
			q := wire.Quota{
				Known: rapid.Bool().Draw(t, "known"), Remaining: rapid.Float64Range(0, 1).Draw(t, "left"),
				RetryAfter: time.Duration(rapid.Int64Range(0, int64(30*time.Hour)).Draw(t, "asked")),
			}
			before, inFlight, paused := th.allowed, th.inFlight, now.Before(th.until)
			refused := status == 429 || status == 529 || status == 503 && q.RetryAfter > 0
			th.hear(status, q, now, most)
			switch {
			case th.allowed < 1 || th.allowed > most:
				t.Fatalf("%d allowed of %d", th.allowed, most)
			case refused && !paused:
				if th.allowed > max(1, max(before, inFlight)/2) {
					t.Fatalf("%d allowed after a refusal, %d before, %d in flight", th.allowed, before, inFlight)
				}
			case refused && th.allowed != before:
				t.Fatalf("a refusal in the pause made %d of %d", th.allowed, before)
			case !refused && th.allowed != before:
				if th.allowed != before+1 || status >= 500 || now.Sub(grew) < time.Minute {
					t.Fatalf("%d allowed after %d, by a %d, %v after the last step", th.allowed, before, status, now.Sub(grew))
				}
				grew = now
			}
			if refused {
				left := th.until.Sub(now)
				if !th.yields(now) || left < refusedPause || left > maxPause {
					t.Fatalf("a pause of %v", left)
				}
				grew = th.until
			}
			if th.knows(now) && th.remaining < quotaFloor && !th.yields(now) {
				t.Fatal("little is left, and extras do not yield")
			}
		}
	})
}

// TestRepliesWithinAMinuteAddNothing: it is minutes that are clean, not replies.
func TestRepliesWithinAMinuteAddNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := tokenGate(1000, 8)
		for range 59 {
			time.Sleep(time.Second)
			g.slots.hear("u", http.StatusOK, wire.Quota{})
		}
		if n := fits(t, g); n != 1 {
			t.Errorf("%d get in after 59 s", n)
		}
		time.Sleep(time.Second)
		g.slots.hear("u", http.StatusOK, wire.Quota{})
		if n := fits(t, g); n != 2 {
			t.Errorf("%d get in after a minute", n)
		}
	})
}

func TestAShortPauseDoesNotEndALongOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := tokenGate(1000, 8)
		g.slots.hear("u", http.StatusTooManyRequests, wire.Quota{RetryAfter: 10 * time.Minute})
		g.slots.hear("u", http.StatusTooManyRequests, wire.Quota{})
		time.Sleep(9 * time.Minute)
		wants(t, g, 1, RefusedYield)
		time.Sleep(time.Minute)
		wants(t, g, 1, "")
	})
}

// TestASecondRefusalHalvesWhatWasAllowed and not what happens to run: with headers
// of limits the first one halves what ran, for then more was allowed than that.
func TestASecondRefusalHalvesWhatWasAllowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := tokenGate(1000, 8)
		g.slots.hear("u", http.StatusOK, ok(1))
		var running []func(int64, bool)
		for range 8 {
			running = append(running, wants(t, g, 1, ""))
		}
		g.slots.hear("u", http.StatusTooManyRequests, ok(1))
		for _, settle := range running {
			settle(1, false)
		}
		time.Sleep(refusedPause)
		g.slots.hear("u", http.StatusTooManyRequests, ok(1)) // nothing runs
		time.Sleep(refusedPause)
		g.slots.hear("u", http.StatusOK, ok(1))
		if n := fits(t, g); n != 2 {
			t.Errorf("%d get in, want a quarter of 8", n)
		}
	})
}

// TestARefusalIsForgottenOnceAllAreAllowedAgain: from then on headers alone decide,
// whatever budget.max_extra_in_flight becomes.
func TestARefusalIsForgottenOnceAllAreAllowedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := tokenGate(1000, 2)
		g.slots.hear("u", http.StatusTooManyRequests, ok(1))
		time.Sleep(refusedPause)
		for range 2 {
			time.Sleep(time.Minute)
			g.slots.hear("u", http.StatusOK, ok(1))
		}
		g.slots.setMax(6)
		if n := fits(t, g); n != 6 {
			t.Errorf("%d get in, want 6", n)
		}
	})
}
