package monitor

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
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
	return newGate(costs{
		config.Budget{ExtraTokensPerHour: 1 << 40, ExtraUSDPerDay: &limit, MaxExtraInFlight: 8},
		[]config.Price{price("m", 1, -1, 10)},
		routes,
	}, time.Now, func(Settlement) {})
}

// asks enters for output tokens of a model on a route, and checks the outcome.
func asks(t *testing.T, g *Gate, route, model string, output int64, want Reason) Settle {
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
		asks(t, g, "r", "m", 20_001, ReasonBudget)
		if bill := settle(Spend{Output: 30_000}, false); bill.Nanos != 300_000_000 {
			t.Errorf("bill %+v", bill)
		}
		if bill := settle(Spend{Output: 30_000}, false); bill != (Bill{}) {
			t.Errorf("a second settlement cost %+v", bill)
		}
		asks(t, g, "r", "m", 70_000, "")(Spend{Output: 70_000}, true)
		time.Sleep(24*time.Hour - time.Second)
		asks(t, g, "r", "m", 1, ReasonBudget)
		time.Sleep(time.Second)
		asks(t, g, "r", "m", 100_000, "")
	})
}

func TestUnpricedModelRunsNoExtrasOnABudgetOfMoney(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asks(t, dollars(1), "r", "other", 1, ReasonPriceUnknown)
		asks(t, tokenGate(1000, 8), "r", "other", 1, "")
		asks(t, dollars(0), "r", "m", 1, ReasonBudget) // none is none
		own := 1.0
		g := newGate(costs{
			config.Budget{ExtraTokensPerHour: 1000, MaxExtraInFlight: 8},
			nil,
			[]config.Route{{Name: "r", Budget: config.RouteBudget{ExtraUSDPerDay: &own}}},
		}, time.Now, func(Settlement) {})
		asks(t, g, "r", "other", 1, ReasonPriceUnknown)
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
		asks(t, g, "by tokens", "m", 50_001, ReasonBudget)
		asks(t, g, "by tokens", "m", 50_000, "")
		asks(t, g, "by money", "m", 20_001, ReasonBudget)
		asks(t, g, "by money", "m", 20_000, "")
		asks(t, g, "plain", "m", 30_001, ReasonBudget) // of the common one 30,000 are left
		asks(t, g, "plain", "m", 30_000, "")
		r, ok := g.accounts.report("by money")
		if want := (BudgetReport{SpentThisHour: 20_000, USDToday: .2, USDPerDay: &day}); !ok || !cmp.Equal(r, want) {
			t.Errorf("report %+v", r)
		}
		if _, ok := g.accounts.report("plain"); ok {
			t.Error("a route without a budget reports one")
		}
		// A refusal by one account leaves nothing booked in the other.
		if total := g.accounts.total(); total.USDToday != 1 {
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
		asks(t, g, "r", "m", 51, ReasonBudget)
		asks(t, g, "r", "any model, now that money has no bound", 50, "")
		c.Routes = nil
		g.Reload(c)
		asks(t, g, "r", "any model, now that the route has no budget", 1000, "")
		if _, ok := g.accounts.report("r"); ok {
			t.Error("a route without a budget reports one")
		}
		c.Routes = []config.Route{route}
		g.Reload(c)
		asks(t, g, "r", "any model, for what was spent is forgotten", 150, "")
	})
}

// TestSpentBudgetsOutlastARestart: money and the budgets of routes, until the day
// and the hour are over; a reservation counts as spent.
func TestSpentBudgetsOutlastARestart(t *testing.T) {
	dir, clock := t.TempDir(), &testClock{at: base}
	hour, day := int64(1000), 1.0
	settings := Settings{
		Budget: config.Budget{ExtraTokensPerHour: 1 << 40, ExtraUSDPerDay: &day, MaxExtraInFlight: 8},
		Prices: []config.Price{price("m", 1, -1, 10)}, Dir: dir, Now: clock.now,
		Routes: []config.Route{{Name: "r", Budget: config.RouteBudget{ExtraTokensPerHour: &hour}}},
	}
	open := func() *Monitor {
		m, err := New(settings)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	m := open()
	asks(t, m.gate, "r", "m", 900, "")(Spend{Output: 800}, false)
	asks(t, m.gate, "s", "m", 50_000, "")
	m.save()
	again := open()
	if got := again.Totals(); got.USDToday != .508 || got.SpentThisHour != 50_800 {
		t.Errorf("totals %+v", got)
	}
	asks(t, again.gate, "r", "m", 201, ReasonBudget)
	asks(t, again.gate, "s", "m", 49_201, ReasonBudget)
	clock.advance(time.Hour)
	later := open()
	asks(t, later.gate, "r", "m", 1000, "") // a new hour
	asks(t, later.gate, "s", "m", 49_200, ReasonBudget)
	clock.advance(24 * time.Hour)
	asks(t, open().gate, "s", "m", 100_000, "")
}

func TestSnapshotWithoutMoneyIsRead(t *testing.T) {
	dir, clock := t.TempDir(), &testClock{at: base}
	snap := snapshot{Version: snapshotVersion, Budget: budgetState{Hour: base.Unix() / 3600, Spent: 7}}
	b, err := json.Marshal(snap)
	if err != nil || strings.Contains(string(b), "spend") {
		t.Fatalf("%s, %v", b, err)
	}
	if err := os.WriteFile(filepath.Join(dir, SnapshotFile), b, 0o600); err != nil {
		t.Fatal(err)
	}
	m, err := New(Settings{Budget: config.Default().Budget, Dir: dir, Now: clock.now})
	if err != nil || m.Totals().SpentThisHour != 7 {
		t.Errorf("%v, totals %+v", err, m.Totals())
	}
}

func TestObservationIsChargedForEachExtra(t *testing.T) {
	priced := Settlement{Spend{Input: 10, CachedInput: 5, Output: 2, Reasoning: 1}, Bill{10, 1500, true}, false}
	var o Observation
	o.Charge(Settlement{}) // did not run
	if o.ExtraUsed != nil || o.ExtraUSD != nil || o.ExtraUSDMissing != "" {
		t.Errorf("without extras: %+v", o)
	}
	o.Charge(priced)
	o.Charge(priced)
	want := Observation{ExtraTokens: 20, ExtraUsed: &Spend{20, 10, 4, 2}, ExtraUSD: new(3e-6)}
	if diff := cmp.Diff(want, o); diff != "" {
		t.Error(diff)
	}
	o.Charge(Settlement{Spend{Output: 4}, Bill{Tokens: 4}, true})
	o.Charge(priced)
	want = Observation{ExtraTokens: 34, ExtraTokensEstimated: true, ExtraUsed: &Spend{30, 15, 10, 3}, ExtraUSDMissing: ReasonPriceUnknown}
	if diff := cmp.Diff(want, o); diff != "" {
		t.Error(diff)
	}
}

func TestWindowsSumWhatExtrasCost(t *testing.T) {
	m, _ := newTest(t)
	for i, usd := range []*float64{new(.25), new(1e-9), nil, nil} {
		o := measured("c", base.Add(time.Duration(i)*time.Second), false)
		o.ExtraUSD = usd
		if i < 3 { // the last had no extras
			o.ExtraTokens, o.ExtraUsed = 100, &Spend{Input: 90, CachedInput: 60, Output: 40, Reasoning: 30}
		}
		m.take(o)
		w := m.Routes()[0].Windows[windowHour]
		if i == 0 && (*w.ExtraUSD != .25 || w.UnpricedTokens != 0) {
			t.Errorf("after the first: %v USD, %d without a price", *w.ExtraUSD, w.UnpricedTokens)
		}
	}
	w := m.Routes()[0].Windows[windowHour]
	if *w.ExtraUSD != .250000001 || w.UnpricedTokens != 100 || w.ExtraUsed != (Spend{270, 180, 120, 90}) {
		t.Errorf("%v USD, %d without a price, used %+v", *w.ExtraUSD, w.UnpricedTokens, w.ExtraUsed)
	}
}

func TestWindowWithoutAnyPriceSaysSo(t *testing.T) {
	m, _ := newTest(t)
	o := measured("c", base, false)
	o.ExtraTokens = 100
	m.take(o)
	if w := m.Routes()[0].Windows[windowHour]; w.ExtraUSD != nil || w.ExtraUSDMissing != ReasonPriceUnknown {
		t.Errorf("%+v", w)
	}
}

func TestTotalsWithoutAnyPriceSayNoCost(t *testing.T) {
	m, _ := newTest(t)
	if got := m.Totals().ExtraUSD; got == nil || *got != 0 {
		t.Errorf("before any extra: %v", got)
	}
	asks(t, m.gate, "r", "other", 100, "")(Spend{Output: 7}, false)
	if got := m.Totals(); got.ExtraUSD != nil || got.UnpricedTokens != 7 {
		t.Errorf("%v USD of %d unpriced tokens", *got.ExtraUSD, got.UnpricedTokens)
	}
}

func TestCostsAreCountedInMetrics(t *testing.T) {
	m, _ := newTest(t)
	m.gate.Reload(config.Config{Budget: config.Default().Budget, Prices: []config.Price{price("m", 1, .5, 10)}})
	asks(t, m.gate, "r", "m", 100, "")(Spend{Input: 1000, CachedInput: 800, Output: 100, Reasoning: 60}, false)
	asks(t, m.gate, "r", "other", 100, "")(Spend{Output: 7}, true)
	var b strings.Builder
	m.WriteMetrics(&b)
	for _, line := range []string{
		`hotmess_extra_cost_usd_total 0.0016`, `hotmess_extra_unpriced_tokens_total 7`,
		`hotmess_extra_usage_tokens_total{type="input"} 1000`, `hotmess_extra_usage_tokens_total{type="cached_input"} 800`,
		`hotmess_extra_usage_tokens_total{type="output"} 107`, `hotmess_extra_usage_tokens_total{type="reasoning"} 60`,
		`hotmess_extra_tokens_total{estimated="false"} 700`, `hotmess_extra_tokens_total{estimated="true"} 7`,
		`hotmess_budget_spent_usd 0.0016`,
	} {
		if !strings.Contains(b.String(), line+"\n") {
			t.Errorf("no line %s", line)
		}
	}
	if got := m.Totals(); got.ExtraUSD == nil || *got.ExtraUSD != .0016 || got.UnpricedTokens != 7 || got.USDPerDay != nil {
		t.Errorf("totals %+v", got)
	}
}
