package config

import (
	"math"
	"strings"
	"testing"
)

// priced has one price for every model.
func priced(edit func(*Price)) Config {
	c := Default()
	p := Price{Model: "*", Input: new(2.0), Output: new(8.0)}
	edit(&p)
	c.Prices = []Price{p}
	return c
}

func TestPricesAreChecked(t *testing.T) {
	for _, c := range []struct {
		name string
		edit func(*Price)
		want string // in the problem; empty: valid
	}{
		{"plain", func(*Price) {}, ""},
		{"cached", func(p *Price) { p.CachedInput = new(0.5) }, ""},
		{"free", func(p *Price) { p.Input, p.Output = new(0.0), new(0.0) }, ""},
		{"no model", func(p *Price) { p.Model = "" }, "prices[0].model: is missing"},
		{"pattern", func(p *Price) { p.Model = "gpt-?" }, "prices[0].model: "},
		{"no input", func(p *Price) { p.Input = nil }, "prices[0].input: is missing"},
		{"no output", func(p *Price) { p.Output = nil }, "prices[0].output: is missing"},
		{"negative", func(p *Price) { p.Output = new(-1.0) }, "prices[0].output: -1 is not a price"},
		{"not a number", func(p *Price) { p.Input = new(math.NaN()) }, "prices[0].input: NaN"},
		{"another unit", func(p *Price) { p.Output = new(2e6) }, "prices[0].output: 2e+06 is not a price"},
		{"cache dearer than input", func(p *Price) { p.CachedInput = new(2.5) }, "prices[0].cached_input: 2.5 is above"},
	} {
		err := priced(c.edit).Validate()
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

func TestPriceThatNeverFitsIsWarnedOf(t *testing.T) {
	c := priced(func(p *Price) { p.Model = "gpt-*" })
	c.Prices = append(c.Prices, Price{Model: "claude-*", Input: new(3.0), Output: new(15.0)})
	if w := c.Warnings(); len(w) != 0 {
		t.Errorf("warnings: %v", w)
	}
	c.Prices = append(c.Prices, Price{Model: "gpt-5*", Input: new(3.0), Output: new(15.0)})
	if w := c.Warnings(); len(w) != 1 || w[0].Key != "prices[2]" {
		t.Errorf("warnings: %v", w)
	}
}

func TestBudgetsOfMoneyNeedPricesAndAnAmount(t *testing.T) {
	for _, c := range []struct {
		name     string
		usd      float64
		unpriced bool
		want     string
	}{
		{"some", 20, false, ""},
		{"none", 0, false, ""},
		{"negative", -1, false, "-1 is not an amount"},
		{"not a number", math.NaN(), false, "NaN is not an amount"},
		{"without prices", 20, true, "needs prices"},
	} {
		for key, set := range map[string]func(*Config){
			"budget.": func(k *Config) { k.Budget.ExtraUSDPerDay = &c.usd },
			"routes[0].budget.": func(k *Config) {
				k.Routes = []Route{{Name: "r", Match: Match{Model: "*"}, Budget: RouteBudget{ExtraUSDPerDay: &c.usd}}}
			},
		} {
			config := priced(func(*Price) {})
			if c.unpriced {
				config.Prices = nil
			}
			set(&config)
			err := config.Validate()
			want := key + "extra_usd_per_day: " + c.want
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q", c.name, err, want)
			}
		}
	}
}

func TestRouteBudgetOfTokensIsChecked(t *testing.T) {
	c := Default()
	c.Routes = []Route{{Name: "r", Match: Match{Model: "*"}, Budget: RouteBudget{ExtraTokensPerHour: new(int64(-1))}}}
	if err := c.Validate(); err == nil || !strings.Contains(err.Error(), "routes[0].budget.extra_tokens_per_hour: -1") {
		t.Error(err)
	}
}
