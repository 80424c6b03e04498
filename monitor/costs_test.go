package monitor

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hotmess/budget"
	"hotmess/config"
	"hotmess/wire"
)

// ok is a quota of which a share remains.
func ok(remaining float64) wire.Quota { return wire.Quota{Remaining: remaining, Known: true} }

// price is one of USD per million tokens; cached below 0: left out.
func price(model string, input, cached, output float64) config.Price {
	p := config.Price{Model: model, Input: &input, Output: &output}
	if cached >= 0 {
		p.CachedInput = &cached
	}
	return p
}

// asks enters for output tokens of a model on a route, and checks the outcome.
func asks(t *testing.T, m *Monitor, route, model string, output int64, want Reason) budget.Settle {
	t.Helper()
	m.Gate().Hear("u", 200, ok(1))
	settle, refused := m.Gate().Enter(t.Context(), budget.Ask{Upstream: "u", Route: route, Model: model, Worst: budget.Spend{Output: output}})
	if Reason(refused) != want {
		t.Fatalf("refused %q, want %q", refused, want)
	}
	return settle
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
	asks(t, m, "r", "m", 900, "")(budget.Spend{Output: 800}, false)
	asks(t, m, "s", "m", 50_000, "")
	m.save()
	again := open()
	if got := again.Totals(); got.USDToday != .508 || got.SpentThisHour != 50_800 {
		t.Errorf("totals %+v", got)
	}
	asks(t, again, "r", "m", 201, ReasonBudget)
	asks(t, again, "s", "m", 49_201, ReasonBudget)
	clock.advance(time.Hour)
	later := open()
	asks(t, later, "r", "m", 1000, "") // a new hour
	asks(t, later, "s", "m", 49_200, ReasonBudget)
	clock.advance(24 * time.Hour)
	asks(t, open(), "s", "m", 100_000, "")
}

func TestSnapshotWithoutMoneyIsRead(t *testing.T) {
	dir, clock := t.TempDir(), &testClock{at: base}
	snap := snapshot{Version: snapshotVersion, Budget: budget.Spent{Hour: base.Unix() / 3600, Amount: 7}}
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
	priced := budget.Settlement{
		Spend: budget.Spend{Input: 10, CachedInput: 5, Output: 2, Reasoning: 1},
		Bill:  budget.Bill{Tokens: 10, Nanos: 1500, Priced: true},
	}
	var o Observation
	o.Charge(budget.Settlement{}) // did not run
	if o.ExtraUsed != nil || o.ExtraUSD != nil || o.ExtraUSDMissing != "" {
		t.Errorf("without extras: %+v", o)
	}
	o.Charge(priced)
	o.Charge(priced)
	want := Observation{ExtraTokens: 20, ExtraUsed: &budget.Spend{Input: 20, CachedInput: 10, Output: 4, Reasoning: 2}, ExtraUSD: new(3e-6)}
	if diff := cmp.Diff(want, o); diff != "" {
		t.Error(diff)
	}
	o.Charge(budget.Settlement{Spend: budget.Spend{Output: 4}, Bill: budget.Bill{Tokens: 4}, Estimated: true})
	o.Charge(priced)
	want = Observation{ExtraTokens: 34, ExtraTokensEstimated: true, ExtraUsed: &budget.Spend{Input: 30, CachedInput: 15, Output: 10, Reasoning: 3}, ExtraUSDMissing: ReasonPriceUnknown}
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
			o.ExtraTokens, o.ExtraUsed = 100, &budget.Spend{Input: 90, CachedInput: 60, Output: 40, Reasoning: 30}
		}
		m.take(o)
		w := m.Routes()[0].Windows[windowHour]
		if i == 0 && (*w.ExtraUSD != .25 || w.UnpricedTokens != 0) {
			t.Errorf("after the first: %v USD, %d without a price", *w.ExtraUSD, w.UnpricedTokens)
		}
	}
	w := m.Routes()[0].Windows[windowHour]
	if *w.ExtraUSD != .250000001 || w.UnpricedTokens != 100 || w.ExtraUsed != (budget.Spend{Input: 270, CachedInput: 180, Output: 120, Reasoning: 90}) {
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
	asks(t, m, "r", "other", 100, "")(budget.Spend{Output: 7}, false)
	if got := m.Totals(); got.ExtraUSD != nil || got.UnpricedTokens != 7 {
		t.Errorf("%v USD of %d unpriced tokens", *got.ExtraUSD, got.UnpricedTokens)
	}
}

func TestCostsAreCountedInMetrics(t *testing.T) {
	m, _ := newTest(t)
	m.Gate().Reload(config.Config{Budget: config.Default().Budget, Prices: []config.Price{price("m", 1, .5, 10)}})
	asks(t, m, "r", "m", 100, "")(budget.Spend{Input: 1000, CachedInput: 800, Output: 100, Reasoning: 60}, false)
	asks(t, m, "r", "other", 100, "")(budget.Spend{Output: 7}, true)
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

func TestSettlementsAreCounted(t *testing.T) {
	m, _ := newTest(t)
	m.Gate().Hear("u", 200, ok(1))
	for _, estimated := range []bool{false, true} {
		settle, refused := m.Gate().Enter(t.Context(), budget.Ask{Upstream: "u", Worst: budget.Spend{Output: 100}})
		if refused != "" {
			t.Fatal(refused)
		}
		settle(budget.Spend{Output: 30}, estimated)
	}
	if got := m.Totals(); got.ExtraTokens != 60 || got.EstimatedTokens != 30 || got.SpentThisHour != 60 {
		t.Errorf("totals %+v", got)
	}
}

// TestPacesAreBounded: routes beyond the bound share one pace, that of the pool.
func TestPacesAreBounded(t *testing.T) {
	m, _ := newTest(t)
	for i := range 3 * maxRoutes {
		m.LearnPace(fmt.Sprint("r", i), 200, 100, time.Second)
	}
	for route, want := range map[string]int64{
		"r0":              1000, // the worst case: it has one reply
		"beyond the rest": 100,
	} {
		p := budget.Partial{Route: route, Ending: budget.EndedWhole, Shown: 200, Worst: budget.Spend{Output: 1000}}
		if got := m.Likely(p).Output; got != want {
			t.Errorf("%s: %d tokens, want %d", route, got, want)
		}
	}
}
