package sim

import (
	"math/rand/v2"
	"time"
)

// DefaultSlowBy is what the zero value of Faults.SlowBy stands for.
const DefaultSlowBy = 5 * time.Second

// Faults are the rates, 0..1, at which requests to generate go wrong; one
// request has at most one fault, so the rates should add up to at most 1. Which
// requests it hits is drawn from the seed, anew for each occurrence of a
// request, so that a retry may succeed. Errors have the form of the dialect.
type Faults struct {
	// RateLimited answers 429 with Retry-After.
	RateLimited float64
	// ServerError answers 500.
	ServerError float64
	// Overloaded answers 503, in Anthropic's dialect 529.
	Overloaded float64
	// Cut breaks the connection in the middle of the body.
	Cut float64
	// Stall stops in the middle of a stream, or before a whole reply, until
	// the client leaves.
	Stall float64
	// Slow delays the first byte by SlowBy.
	Slow float64
	// Malformed breaks the JSON: of one event in the middle of a stream, or
	// of a whole reply.
	Malformed float64
	// Failed ends a stream in its middle with what its dialect has to say that
	// the model failed; a whole reply is a 500 instead.
	Failed float64
	// Length cuts the answer off as if it had reached the token limit, and
	// says so. It counts as a fault since the answer is lost.
	Length float64

	// RetryAfter is told with 429, in whole seconds, rounded up; 0 stands
	// for one second.
	RetryAfter time.Duration
	// SlowBy is the delay of Slow; 0 stands for DefaultSlowBy.
	SlowBy time.Duration
}

// Hostile is a little of every fault, for tests of clients that must cope.
func Hostile() Faults {
	return Faults{
		RateLimited: .05, ServerError: .03, Overloaded: .02, Cut: .02, Stall: .005, Slow: .02, Malformed: .01,
		Failed: .01, Length: .01,
	}
}

// A fault is the name of what goes wrong; empty: nothing.
type fault string

const (
	noFault     fault = ""
	rateLimit   fault = "rate_limit"
	serverFault fault = "server_error"
	overloading fault = "overloaded"
	cut         fault = "cut"
	stall       fault = "stall"
	slow        fault = "slow"
	malformed   fault = "malformed"
	failing     fault = "failed"
	length      fault = "length"
)

// draw picks the fault of one request.
func (k Faults) draw(rng *rand.Rand) fault {
	u := rng.Float64()
	for _, kind := range []struct {
		rate float64
		name fault
	}{
		{k.RateLimited, rateLimit},
		{k.ServerError, serverFault},
		{k.Cut, cut},
		{k.Stall, stall},
		{k.Slow, slow},
		{k.Malformed, malformed},
		{k.Overloaded, overloading},
		{k.Failed, failing},
		{k.Length, length},
	} {
		if u -= kind.rate; u < 0 {
			return kind.name
		}
	}
	return noFault
}

// failure is what a turn gets instead of an answer; nil: it gets one.
func (k Faults) failure(t *turn) *failure {
	switch {
	case t.fault == rateLimit:
		return rateLimited(k.retrySeconds())
	case t.fault == serverFault, t.fault == failing && !t.prompt.stream && !t.prompt.later:
		return serverError()
	case t.fault == overloading:
		return overloaded()
	}
	return nil
}

// retrySeconds is the value of Retry-After.
func (k Faults) retrySeconds() int {
	return max(1, int((k.RetryAfter+time.Second-1)/time.Second))
}

// slowBy is the delay of slow, or 0 for other faults.
func (k Faults) slowBy(f fault) time.Duration {
	switch {
	case f != slow:
		return 0
	case k.SlowBy <= 0:
		return DefaultSlowBy
	}
	return k.SlowBy
}

// whole reports whether an answer with this fault arrives as it should.
func (f fault) whole() bool { return f == noFault || f == slow }
