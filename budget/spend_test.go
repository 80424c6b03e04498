package budget

import (
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"hotmess/config"
)

// price is one of USD per million tokens; cached below 0: left out.
func price(model string, input, cached, output float64) config.Price {
	p := config.Price{Model: model, Input: &input, Output: &output}
	if cached >= 0 {
		p.CachedInput = &cached
	}
	return p
}

func TestBillsByHand(t *testing.T) {
	prices := []config.Price{price("gpt-5*", 1.25, .125, 10), price("plain", 3, -1, 15), price("free", 0, -1, 0), price("gpt-*", 99, 99, 99)}
	for _, c := range []struct {
		name, model string
		used        Spend
		want        Bill
	}{
		// 1,000 × 1.25 + 50 × 10 = 1,750 millionths of a dollar.
		{"fresh", "gpt-5-mini", Spend{Input: 1000, Output: 50, Reasoning: 40}, Bill{1050, 1_750_000, true}},
		// 100 × 1.25 + 900 × .125 + 500 = 737.5; 900 cached tokens weigh a tenth.
		{"cached", "gpt-5", Spend{Input: 1000, CachedInput: 900, Output: 50}, Bill{240, 737_500, true}},
		{"no price of the cache", "plain", Spend{Input: 10, CachedInput: 10}, Bill{10, 30_000, true}},
		{"free", "free", Spend{Input: 1000, CachedInput: 900, Output: 50}, Bill{600, 0, true}},
		{"unknown", "other", Spend{Input: 1000, CachedInput: 900, Output: 50}, Bill{600, 0, false}},
		{"unknown, odd", "other", Spend{Input: 1001, CachedInput: 1001}, Bill{501, 0, false}},
		{"more cached than there is", "other", Spend{Input: 10, CachedInput: 900, Output: 5}, Bill{10, 0, false}},
		{"less than nothing", "plain", Spend{Input: -10, CachedInput: -4, Output: 5}, Bill{5, 75_000, true}},
		{"beyond all bounds", "plain", Spend{Input: math.MaxInt64, Output: math.MaxInt64}, Bill{2 * maxBill, maxBill, true}},
	} {
		if got := tariffOf(prices, c.model).bill(c.used); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

// dollars is a gate with a budget of money a day, and 10 USD a million output
// tokens for the model m.
func dollars(limit float64, routes ...config.Route) *Gate {
	return NewGate(Costs{
		config.Budget{ExtraTokensPerHour: 1 << 40, ExtraUSDPerDay: &limit, MaxExtraInFlight: 8},
		[]config.Price{price("m", 1, -1, 10)},
		routes,
	}, time.Now, func(Settlement) {})
}

// asks enters for output tokens of a model on a route, and checks the outcome.
func asks(t *testing.T, g *Gate, route, model string, output int64, want Refusal) Settle {
	t.Helper()
	g.slots.hear("u", 200, ok(1))
	settle, refused := g.Enter(t.Context(), Ask{Upstream: "u", Route: route, Model: model, Worst: Spend{Output: output}})
	if refused != want {
		t.Fatalf("refused %q, want %q", refused, want)
	}
	return settle
}

func TestMoneyIsReservedThenSettledByUTCDays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // its clock begins at midnight UTC
		g := dollars(1) // 100,000 output tokens
		settle := asks(t, g, "r", "m", 80_000, "")
		asks(t, g, "r", "m", 20_001, RefusedBudget)
		if bill := settle(Spend{Output: 30_000}, false); bill.Nanos != 300_000_000 {
			t.Errorf("bill %+v", bill)
		}
		if bill := settle(Spend{Output: 30_000}, false); bill != (Bill{}) {
			t.Errorf("a second settlement cost %+v", bill)
		}
		asks(t, g, "r", "m", 70_000, "")(Spend{Output: 70_000}, true)
		time.Sleep(24*time.Hour - time.Second)
		asks(t, g, "r", "m", 1, RefusedBudget)
		time.Sleep(time.Second)
		asks(t, g, "r", "m", 100_000, "")
	})
}

func TestUnpricedModelRunsNoExtrasOnABudgetOfMoney(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asks(t, dollars(1), "r", "other", 1, RefusedPriceUnknown)
		asks(t, tokenGate(1000, 8), "r", "other", 1, "")
		asks(t, dollars(0), "r", "m", 1, RefusedBudget) // none is none
		own := 1.0
		g := NewGate(Costs{
			config.Budget{ExtraTokensPerHour: 1000, MaxExtraInFlight: 8},
			nil,
			[]config.Route{{Name: "r", Budget: config.RouteBudget{ExtraUSDPerDay: &own}}},
		}, time.Now, func(Settlement) {})
		asks(t, g, "r", "other", 1, RefusedPriceUnknown)
		asks(t, g, "another", "other", 1, "")
	})
}

// TestRouteHasItsBudgetBesideTheCommonOne: neither lends to the other.
func TestRouteHasItsBudgetBesideTheCommonOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hour, day := int64(50_000), .2 // 20,000 tokens of m
		g := dollars(1,
			config.Route{Name: "by tokens", Budget: config.RouteBudget{ExtraTokensPerHour: &hour}},
			config.Route{Name: "by money", Budget: config.RouteBudget{ExtraUSDPerDay: &day}},
			config.Route{Name: "plain"})
		asks(t, g, "by tokens", "m", 50_001, RefusedBudget)
		asks(t, g, "by tokens", "m", 50_000, "")
		asks(t, g, "by money", "m", 20_001, RefusedBudget)
		asks(t, g, "by money", "m", 20_000, "")
		asks(t, g, "plain", "m", 30_001, RefusedBudget) // of the common one 30,000 are left
		asks(t, g, "plain", "m", 30_000, "")
		r, ok := g.RouteReport("by money")
		if want := (Report{SpentThisHour: 20_000, USDToday: .2, USDPerDay: &day}); !ok || !cmp.Equal(r, want) {
			t.Errorf("report %+v", r)
		}
		if _, ok := g.RouteReport("plain"); ok {
			t.Error("a route without a budget reports one")
		}
		// A refusal by one account leaves nothing booked in the other.
		if total := g.Report(); total.USDToday != 1 {
			t.Errorf("%v USD of 1 are booked", total.USDToday)
		}
	})
}

// TestReloadKeepsWhatRoutesHaveSpent as long as they have a budget of their own.
func TestReloadKeepsWhatRoutesHaveSpent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hour, more := int64(100), int64(150)
		route := config.Route{Name: "r", Budget: config.RouteBudget{ExtraTokensPerHour: &hour}}
		g := dollars(1, route)
		asks(t, g, "r", "m", 100, "")
		route.Budget.ExtraTokensPerHour = &more
		c := config.Config{Budget: config.Budget{ExtraTokensPerHour: 1 << 40, MaxExtraInFlight: 8}, Routes: []config.Route{route}}
		g.Reload(c)
		asks(t, g, "r", "m", 51, RefusedBudget)
		asks(t, g, "r", "any model, now that money has no bound", 50, "")
		c.Routes = nil
		g.Reload(c)
		asks(t, g, "r", "any model, now that the route has no budget", 1000, "")
		if _, ok := g.RouteReport("r"); ok {
			t.Error("a route without a budget reports one")
		}
		c.Routes = []config.Route{route}
		g.Reload(c)
		asks(t, g, "r", "any model, for what was spent is forgotten", 150, "")
	})
}
