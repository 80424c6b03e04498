package config

import "fmt"

// MaxPrice bounds a price, in USD per million tokens: beyond it is a mistake in
// the unit.
const MaxPrice = 100_000

// A Price is what the tokens of some models cost, in USD per million.
type Price struct {
	// Model is a glob over the models that requests ask for; the first price
	// that fits holds.
	Model string `yaml:"model"`
	// Input and Output are required. Reasoning counts as output.
	Input  *float64 `yaml:"input"`
	Output *float64 `yaml:"output"`
	// CachedInput is the price of input that the provider had in its prompt
	// cache; nil: that of Input.
	CachedInput *float64 `yaml:"cached_input"`
}

// prices checks the price table.
func (k *checker) prices() {
	for i, p := range k.cfg.Prices {
		key := fmt.Sprintf("prices[%d]", i)
		if p.Model == "" {
			k.fail(key+".model", "is missing; write * for every model")
		}
		k.glob(key+".model", p.Model)
		k.price(key+".input", p.Input, true)
		k.price(key+".cached_input", p.CachedInput, false)
		k.price(key+".output", p.Output, true)
		if p.Input != nil && p.CachedInput != nil && *p.CachedInput > *p.Input {
			k.fail(key+".cached_input", "%v is above the price of fresh input, %v", *p.CachedInput, *p.Input)
		}
		for j, earlier := range k.cfg.Prices[:i] {
			if p.Model != "" && Fits(earlier.Model, p.Model) {
				k.warn(key, "is never used: prices[%d] (%s) fits first", j, earlier.Model)
				break
			}
		}
	}
}

// price checks one price. The negated form refuses NaN as well.
func (k *checker) price(key string, p *float64, required bool) {
	switch {
	case p == nil && required:
		k.fail(key, "is missing; write USD per million tokens, 0 for none")
	case p != nil && !(*p >= 0 && *p <= MaxPrice):
		k.fail(key, "%v is not a price in USD per million tokens, 0 to %d", *p, MaxPrice)
	}
}

// budget checks what extras may cost.
func (k *checker) budget() {
	b := k.cfg.Budget
	k.tokensPerHour("budget.extra_tokens_per_hour", b.ExtraTokensPerHour)
	k.usdPerDay("budget.extra_usd_per_day", b.ExtraUSDPerDay)
	if b.MaxExtraInFlight < 0 {
		k.fail("budget.max_extra_in_flight", "%d must not be negative", b.MaxExtraInFlight)
	}
	if !k.any(Observe, Ensemble) {
		return
	}
	if b.ExtraTokensPerHour == 0 {
		k.warn("budget.extra_tokens_per_hour", "0 allows no extras, so nothing is measured")
	}
	if b.MaxExtraInFlight == 0 {
		k.warn("budget.max_extra_in_flight", "0 allows no extras, so nothing is measured")
	}
}

// routeBudget checks the share of one route.
func (k *checker) routeBudget(key string, b RouteBudget) {
	if n := b.ExtraTokensPerHour; n != nil {
		k.tokensPerHour(key+".extra_tokens_per_hour", *n)
	}
	k.usdPerDay(key+".extra_usd_per_day", b.ExtraUSDPerDay)
}

func (k *checker) tokensPerHour(key string, n int64) {
	if n < 0 {
		k.fail(key, "%d must not be negative", n)
	}
}

// maxUSD bounds a budget of money, so that it can be counted in whole 1e-9 USD.
const maxUSD = 1e9

// usdPerDay checks a budget of money. The negated form refuses NaN as well.
func (k *checker) usdPerDay(key string, usd *float64) {
	switch {
	case usd == nil:
	case !(*usd >= 0 && *usd <= maxUSD):
		k.fail(key, "%v is not an amount in USD, 0 to %v", *usd, maxUSD)
	case len(k.cfg.Prices) == 0:
		k.fail(key, "needs prices: the cost of a model without one is unknown, and extras of unknown cost do not run")
	}
}
