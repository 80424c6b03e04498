package wire

import (
	"errors"
	"net/http"
	"strconv"
	"time"
)

// maxRetryAfter bounds Quota.RetryAfter.
const maxRetryAfter = 24 * time.Hour

// A Quota is what the head of a reply tells of the rate limits behind it.
type Quota struct {
	// Remaining is the smallest share of any limit that is left, 0..1. It is
	// meaningful only if Known.
	Remaining float64
	// Known is whether the reply named a limit and what is left of it.
	Known bool
	// RetryAfter is how long the upstream asks to wait, at most a day; 0: it
	// does not ask.
	RetryAfter time.Duration
}

// limits pairs the headers that name a limit and what is left of it.
var limits = []struct{ limit, remaining string }{
	// OpenAI, Azure OpenAI, Groq and most compatible servers.
	{"X-Ratelimit-Limit-Requests", "X-Ratelimit-Remaining-Requests"},
	{"X-Ratelimit-Limit-Tokens", "X-Ratelimit-Remaining-Tokens"},
	// OpenRouter.
	{"X-Ratelimit-Limit", "X-Ratelimit-Remaining"},
	// Anthropic. The tokens pair is the most restrictive of its token limits.
	{"Anthropic-Ratelimit-Requests-Limit", "Anthropic-Ratelimit-Requests-Remaining"},
	{"Anthropic-Ratelimit-Tokens-Limit", "Anthropic-Ratelimit-Tokens-Remaining"},
	{"Anthropic-Ratelimit-Input-Tokens-Limit", "Anthropic-Ratelimit-Input-Tokens-Remaining"},
	{"Anthropic-Ratelimit-Output-Tokens-Limit", "Anthropic-Ratelimit-Output-Tokens-Remaining"},
}

// statusOverloaded is Anthropic's status of a service without room.
const statusOverloaded = 529

// TurnsAway reports whether a status may say that an upstream takes no more calls
// for now: 429, 529, or 503, which says so only with a Quota.RetryAfter.
func TurnsAway(status int) bool {
	return status == http.StatusTooManyRequests || status == statusOverloaded || status == http.StatusServiceUnavailable
}

// ReadQuota reads the rate-limit headers of a reply. Values that are malformed
// or negative are ignored. Nothing left is known whatever the limit. A Retry-After
// that is a date counts from the Date header of the same reply, and is ignored
// without one.
func ReadQuota(h http.Header) Quota {
	q := Quota{RetryAfter: retryAfter(h)}
	for _, pair := range limits {
		remaining, ok := amount(h.Get(pair.remaining))
		if !ok {
			continue
		}
		limit, named := amount(h.Get(pair.limit))
		share := 0.0
		switch {
		case limit > 0:
			share = min(1, remaining/limit)
		case named || remaining > 0: // some write 0 of 0 where there is no limit
			continue
		}
		if !q.Known || share < q.Remaining {
			q.Remaining, q.Known = share, true
		}
	}
	return q
}

// amount is a number from 0 to maxNumber.
func amount(s string) (float64, bool) {
	if s == "" { // most replies have none: spare them the error
		return 0, false
	}
	n, err := strconv.ParseFloat(s, 64)
	if err != nil || !(n >= 0 && n <= maxNumber) {
		return 0, false
	}
	return n, true
}

// retryAfter prefers the header in milliseconds, as SDKs do.
func retryAfter(h http.Header) time.Duration {
	if ms, ok := amount(h.Get("Retry-After-Ms")); ok {
		return wait(ms, time.Millisecond)
	}
	value := h.Get("Retry-After")
	if value == "" {
		return 0
	}
	if s, err := strconv.ParseFloat(value, 64); s >= 0 && (err == nil || errors.Is(err, strconv.ErrRange)) {
		return wait(s, time.Second)
	}
	until, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	sent, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return 0
	}
	return min(max(0, until.Sub(sent)), maxRetryAfter)
}

func wait(n float64, unit time.Duration) time.Duration {
	return time.Duration(min(n*float64(unit), float64(maxRetryAfter)))
}
