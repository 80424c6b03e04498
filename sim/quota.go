package sim

import "time"

// A quota is a rate limit with plenty left.
type quota struct {
	requests, requestsLeft int
	tokens, tokensLeft     int
	// reset is when it is full again.
	reset time.Time
}

// drawQuota makes up how much is left; it does not count.
func drawQuota(t *turn) quota {
	rng := t.source("quota")
	return quota{
		requests: 10_000, requestsLeft: 9_999 - rng.IntN(100),
		tokens: 2_000_000, tokensLeft: 1_999_999 - rng.IntN(10_000),
		reset: t.at.Add(time.Second),
	}
}
