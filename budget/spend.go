package budget

import (
	"math"

	"hotmess/config"
)

const (
	// cachedShare is what cached input weighs where no price says so. It is the
	// dearest ratio that providers with automatic prompt caches have listed (1/2
	// for OpenAI's gpt-4o, 1/4 for gpt-4.1, 1/10 for gpt-5), so that a budget is
	// never overspent where the true ratio is lower.
	cachedShare = 0.5
	// nanos is the unit that money is counted in: 1e-9 USD, whole numbers of
	// which merge exactly.
	nanos = 1e9
	// nanosPerToken is how many a token costs at 1 USD per million.
	nanosPerToken = nanos / 1e6
	// maxBill bounds one bill, in tokens and in 1e-9 USD, so that sums of them
	// cannot overflow.
	maxBill = 1e15
)

// A Spend is what calls used, in tokens. Input is the whole prompt, its cached
// part included; Output all that was generated, reasoning included.
type Spend struct {
	Input       int64 `json:"input"`
	CachedInput int64 `json:"cached_input"`
	Output      int64 `json:"output"`
	// Reasoning is as far as the upstream reports it.
	Reasoning int64 `json:"reasoning"`
}

// Add adds what another call used.
func (s *Spend) Add(o Spend) {
	s.Input += o.Input
	s.CachedInput += o.CachedInput
	s.Output += o.Output
	s.Reasoning += o.Reasoning
}

// bounded is s without numbers that cannot be.
func (s Spend) bounded() Spend {
	within := func(n int64) int64 { return min(max(0, n), maxBill) }
	s.Input, s.Output = within(s.Input), within(s.Output)
	s.CachedInput, s.Reasoning = min(within(s.CachedInput), s.Input), min(within(s.Reasoning), s.Output)
	return s
}

// A Bill is what calls cost.
type Bill struct {
	// Tokens is their weight in tokens at the price of fresh ones: cached input
	// counts by its price ratio, or half where none is known.
	Tokens int64
	// Nanos is the price in 1e-9 USD; 0 unless Priced.
	Nanos int64
	// Priced is whether the model has a price.
	Priced bool
}

// A tariff is what the tokens of one model cost, in USD per million.
type tariff struct {
	input, cached, output float64
	known                 bool
}

// tariffOf finds the price of a model: the first that fits.
func tariffOf(prices []config.Price, model string) tariff {
	for _, p := range prices {
		if !config.Fits(p.Model, model) || p.Input == nil || p.Output == nil {
			continue
		}
		t := tariff{input: *p.Input, cached: *p.Input, output: *p.Output, known: true}
		if p.CachedInput != nil {
			t.cached = *p.CachedInput
		}
		return t
	}
	return tariff{}
}

// bill is what s costs.
func (t tariff) bill(s Spend) Bill {
	s = s.bounded()
	b := Bill{Tokens: s.Input - int64(float64(s.CachedInput)*(1-t.ratio())) + s.Output, Priced: t.known}
	if t.known {
		usd := float64(s.Input-s.CachedInput)*t.input + float64(s.CachedInput)*t.cached + float64(s.Output)*t.output
		b.Nanos = int64(min(math.Ceil(usd*nanosPerToken-1e-6), maxBill)) // a rounding error is no part of a price
	}
	return b
}

// ratio is the price of cached input to that of fresh input, 0..1.
func (t tariff) ratio() float64 {
	if !t.known || t.input == 0 {
		return cachedShare
	}
	return t.cached / t.input
}

// USD is an amount of 1e-9 USD in USD.
func USD(nano int64) float64 { return float64(nano) / nanos }

// Nanos is an amount of USD in 1e-9 USD, to the nearest.
func Nanos(dollars float64) int64 { return int64(math.Round(dollars * nanos)) }
