package sim

import (
	"math"
	"math/rand/v2"
	"time"
)

// DefaultReasoningMedian and DefaultReasoningSigma are what the zero values of
// Reasoning stand for.
const (
	DefaultReasoningMedian = 256
	DefaultReasoningSigma  = .6
)

// maxReasoning bounds the reasoning tokens of one answer.
const maxReasoning = 1 << 16

// Reasoning says how long the model thinks: log-normal in tokens.
type Reasoning struct {
	// Median in tokens; 0 stands for DefaultReasoningMedian, a negative
	// value for a model that does not reason.
	Median int
	// Sigma is the standard deviation of the logarithm; 0 stands for
	// DefaultReasoningSigma, a negative value for no spread.
	Sigma float64
	// WhenWrong multiplies the median of wrong answers; 0 stands for 1.
	WhenWrong float64
	// Show sends a reasoning text where the dialect has a place for it: as
	// reasoning_content, the field that OpenAI-compatible servers of open
	// models added; elsewhere, where the request asks for it, as a reasoning
	// summary (Responses), a thinking block (Messages) or a thought (Gemini).
	Show bool
	// Redacted is the probability that a thinking block that would be shown is
	// a redacted_thinking block instead; Messages alone has those.
	Redacted float64
}

// tokens draws the length of one answer's reasoning.
func (k Reasoning) tokens(rng *rand.Rand, right bool) int {
	if k.Median < 0 {
		return 0
	}
	median := float64(k.Median)
	if k.Median == 0 {
		median = DefaultReasoningMedian
	}
	if !right && k.WhenWrong > 0 {
		median *= k.WhenWrong
	}
	n := math.Round(median * math.Exp(k.sigma()*rng.NormFloat64()))
	return int(min(n, maxReasoning))
}

func (k Reasoning) sigma() float64 {
	if k.Sigma == 0 {
		return DefaultReasoningSigma
	}
	return max(k.Sigma, 0)
}

// Latency says how long an answer takes: First + PerToken × tokens, the
// reasoning tokens included, the choices of one request side by side. The
// zero value answers at once.
type Latency struct {
	// First is the time before the first token.
	First time.Duration
	// PerToken is the time of each generated token.
	PerToken time.Duration
	// Jitter j multiplies all times of one request by a factor drawn evenly
	// from 1−j..1+j. From 0 to 1.
	Jitter float64
}

// factor draws the jitter of one request.
func (k Latency) factor(rng *rand.Rand) float64 {
	return 1 + share(k.Jitter)*(2*rng.Float64()-1)
}

// stretch is d times factor.
func stretch(d time.Duration, factor float64) time.Duration {
	return time.Duration(float64(d) * factor)
}
