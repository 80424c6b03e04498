package monitor

import (
	"github.com/VictoriaMetrics/metrics"

	"hotmess/budget"
)

// costMeters count what settled extras used and cost.
type costMeters struct {
	// tokens and estimated count their weight.
	tokens, estimated *metrics.Counter
	// By kind: all input, its cached part, all output, its reasoning.
	input, cached, output, reasoning *metrics.Counter
	// usd is of models with a price, unpriced the weight of the others.
	usd      *metrics.FloatCounter
	unpriced *metrics.Counter
}

func newCostMeters(s *metrics.Set) costMeters {
	return costMeters{
		tokens:    s.NewCounter(`hotmess_extra_tokens_total{estimated="false"}`),
		estimated: s.NewCounter(`hotmess_extra_tokens_total{estimated="true"}`),
		input:     s.NewCounter(`hotmess_extra_usage_tokens_total{type="input"}`),
		cached:    s.NewCounter(`hotmess_extra_usage_tokens_total{type="cached_input"}`),
		output:    s.NewCounter(`hotmess_extra_usage_tokens_total{type="output"}`),
		reasoning: s.NewCounter(`hotmess_extra_usage_tokens_total{type="reasoning"}`),
		usd:       s.NewFloatCounter("hotmess_extra_cost_usd_total"),
		unpriced:  s.NewCounter("hotmess_extra_unpriced_tokens_total"),
	}
}

// settled counts one extra.
func (c *costMeters) settled(s budget.Settlement) {
	if s.Estimated {
		c.estimated.AddInt64(s.Tokens)
	} else {
		c.tokens.AddInt64(s.Tokens)
	}
	c.input.AddInt64(s.Input)
	c.cached.AddInt64(s.CachedInput)
	c.output.AddInt64(s.Output)
	c.reasoning.AddInt64(s.Reasoning)
	if s.Priced {
		c.usd.Add(budget.USD(s.Nanos))
	} else {
		c.unpriced.AddInt64(s.Tokens)
	}
}

func (c *costMeters) extraTokens() (all, estimated int64) {
	estimated = int64(c.estimated.Get())
	return int64(c.tokens.Get()) + estimated, estimated
}
