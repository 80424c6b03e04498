package monitor

import "hotmess/budget"

// Charge adds what one extra cost. The cost of all is known only if each has a
// price.
func (o *Observation) Charge(s budget.Settlement) {
	if s == (budget.Settlement{}) { // it did not run
		return
	}
	o.ExtraTokens += s.Tokens
	o.ExtraTokensEstimated = o.ExtraTokensEstimated || s.Estimated
	if o.ExtraUsed == nil {
		o.ExtraUsed, o.ExtraUSD = &budget.Spend{}, new(0.0)
	}
	o.ExtraUsed.Add(s.Spend)
	if !s.Priced {
		o.ExtraUSD, o.ExtraUSDMissing = nil, ReasonPriceUnknown
	}
	if o.ExtraUSD != nil {
		o.ExtraUSD = new(budget.USD(budget.Nanos(*o.ExtraUSD) + s.Nanos))
	}
}
