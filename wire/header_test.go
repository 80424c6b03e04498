package wire

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// header builds a header from alternating names and values.
func header(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Add(pairs[i], pairs[i+1])
	}
	return h
}

func TestReadQuota(t *testing.T) {
	const date = "Date"
	tests := []struct {
		name string
		h    http.Header
		want Quota
	}{
		{"none", header(), Quota{}},
		{"openai, tokens scarcer", header(
			"x-ratelimit-limit-requests", "10000", "x-ratelimit-remaining-requests", "9999",
			"x-ratelimit-limit-tokens", "1000", "x-ratelimit-remaining-tokens", "250"), Quota{Remaining: .25, Known: true}},
		{"openai, requests alone", header(
			"x-ratelimit-limit-requests", "60", "x-ratelimit-remaining-requests", "0"), Quota{Known: true}},
		{
			"anthropic, output tokens scarcest", header(
				"anthropic-ratelimit-requests-limit", "50", "anthropic-ratelimit-requests-remaining", "49",
				"anthropic-ratelimit-tokens-limit", "100", "anthropic-ratelimit-tokens-remaining", "90",
				"anthropic-ratelimit-input-tokens-limit", "100", "anthropic-ratelimit-input-tokens-remaining", "80",
				"anthropic-ratelimit-output-tokens-limit", "100", "anthropic-ratelimit-output-tokens-remaining", "10"),
			Quota{Remaining: .1, Known: true},
		},
		{"openrouter", header("X-RateLimit-Limit", "20", "X-RateLimit-Remaining", "10"), Quota{Remaining: .5, Known: true}},
		{"more than the limit", header("x-ratelimit-limit-tokens", "5", "x-ratelimit-remaining-tokens", "9"), Quota{Remaining: 1, Known: true}},
		{"limit alone", header("x-ratelimit-limit-tokens", "5"), Quota{}},
		{"no limit", header("x-ratelimit-limit-tokens", "0", "x-ratelimit-remaining-tokens", "0"), Quota{}},
		{"none left, whatever the limit", header("x-ratelimit-remaining-requests", "0"), Quota{Known: true}},
		{"some left, of what is not told", header("x-ratelimit-remaining-requests", "5"), Quota{}},
		{"no limit of one kind", header(
			"x-ratelimit-limit-tokens", "0", "x-ratelimit-remaining-tokens", "0",
			"x-ratelimit-limit-requests", "10", "x-ratelimit-remaining-requests", "4"), Quota{Remaining: .4, Known: true}},
		{
			"dates in the place of numbers", header(
				"anthropic-ratelimit-requests-limit", "50", "anthropic-ratelimit-requests-remaining", "20",
				"anthropic-ratelimit-requests-reset", "2026-11-22T10:00:30Z",
				"anthropic-ratelimit-tokens-limit", "100", "anthropic-ratelimit-tokens-remaining", "2026-11-22T10:00:30Z",
				"anthropic-ratelimit-input-tokens-limit", "2026-11-22T10:00:30Z", "anthropic-ratelimit-input-tokens-remaining", "7"),
			Quota{Remaining: .4, Known: true},
		},
		{"malformed", header("x-ratelimit-limit-tokens", "many", "x-ratelimit-remaining-tokens", "1",
			"x-ratelimit-limit-requests", "NaN", "x-ratelimit-remaining-requests", "-1",
			"retry-after", "soon", "retry-after-ms", "-5"), Quota{}},
		{"infinite", header("x-ratelimit-limit-tokens", "Inf", "x-ratelimit-remaining-tokens", "Inf"), Quota{}},
		{"seconds", header("retry-after", "7"), Quota{RetryAfter: 7 * time.Second}},
		{"part of a second", header("retry-after", "0.5"), Quota{RetryAfter: 500 * time.Millisecond}},
		{"milliseconds first", header("retry-after", "7", "retry-after-ms", "1500"), Quota{RetryAfter: 1500 * time.Millisecond}},
		{"a month", header("retry-after", "2678400"), Quota{RetryAfter: 24 * time.Hour}},
		{"for ever", header("retry-after", "1e400"), Quota{RetryAfter: 24 * time.Hour}},
		{"no number of milliseconds, but of seconds", header("retry-after", "7", "retry-after-ms", "soon"), Quota{RetryAfter: 7 * time.Second}},
		{"milliseconds of a month", header("retry-after-ms", "2678400000"), Quota{RetryAfter: 24 * time.Hour}},
		{"less than nothing", header("retry-after", "-7"), Quota{}},
		{"at once", header("retry-after", "0"), Quota{}},
		{"no number", header("retry-after", "NaN"), Quota{}},
		{"date of another clock", header("retry-after", "Tue, 22 Nov 2126 10:00:30 GMT", date, "Sun, 22 Nov 2026 10:00:00 GMT"), Quota{RetryAfter: 24 * time.Hour}},
		{"date, the old way", header("retry-after", "Sunday, 22-Nov-26 10:00:30 GMT", date, "Sun, 22 Nov 2026 10:00:00 GMT"), Quota{RetryAfter: 30 * time.Second}},
		{"date", header("retry-after", "Sun, 22 Nov 2026 10:00:30 GMT", date, "Sun, 22 Nov 2026 10:00:00 GMT"), Quota{RetryAfter: 30 * time.Second}},
		{"date gone by", header("retry-after", "Sun, 22 Nov 2026 10:00:00 GMT", date, "Sun, 22 Nov 2026 10:00:09 GMT"), Quota{}},
		{"date without a clock", header("retry-after", "Sun, 22 Nov 2026 10:00:30 GMT"), Quota{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, ReadQuota(test.h)); diff != "" {
				t.Errorf("quota (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCacheHit(t *testing.T) {
	hits := []http.Header{
		header("x-litellm-cache-hit", "True"),
		header("cf-aig-cache-status", "HIT"),
		header("cf-cache-status", "HIT"),
		header("Helicone-Cache", "HIT"),
		header("x-portkey-cache-status", "SEMANTIC HIT"),
		header("X-OpenRouter-Cache-Status", "HIT"),
		header("X-Cache-Status", "Hit"),
		header("X-Cache", "MISS, HIT"),
		header("X-Cache", "Hit from cloudfront"),
		header("X-Cache", "TCP_HIT from a-1"),
		header("X-Cache", "MISS", "X-Cache", "HIT"),
		header("Cache-Status", "Origin; fwd=miss, CDN; hit; ttl=30"),
		header("Cache-Status", "CDN;hit=?1"),
	}
	for _, h := range hits {
		if !CacheHit(h) {
			t.Errorf("%v: no hit", h)
		}
	}
	misses := []http.Header{
		header(),
		header("x-litellm-cache-hit", "False"),
		header("cf-cache-status", "DYNAMIC"),
		header("x-portkey-cache-status", "SEMANTIC MISS"),
		header("X-Cache", "MISS, MISS"),
		header("X-Cache", "WHITE"),
		header("X-Cache-Hits", "0"),
		header("Cache-Status", "CDN; fwd=miss; stored, hit"),
		header("Cache-Status", "CDN; hit=?0"),
	}
	for _, h := range misses {
		if CacheHit(h) {
			t.Errorf("%v: hit", h)
		}
	}
}

// jwt makes an unsigned token with the given claims.
func jwt(claims string) string {
	part := base64.RawURLEncoding.EncodeToString
	return part([]byte(`{"alg":"RS256"}`)) + "." + part([]byte(claims)) + ".c2ln"
}

func TestCredential(t *testing.T) {
	tests := []struct {
		name string
		h    http.Header
		want CredentialKind
	}{
		{"none", header("Accept", "*/*"), CredentialNone},
		{"openai key", header("Authorization", "Bearer sk-proj-abc"), CredentialKey},
		{"anthropic key", header("x-api-key", "sk-ant-api03-abc"), CredentialKey},
		{"anthropic key as bearer", header("Authorization", "Bearer sk-ant-api03-abc"), CredentialKey},
		{"gemini key", header("x-goog-api-key", "AIza"), CredentialKey},
		{"azure key", header("api-key", "0123"), CredentialKey},
		{"anthropic login", header("Authorization", "Bearer sk-ant-oat01-abc"), CredentialSubscription},
		{"anthropic login, odd spelling", header("Authorization", "bearer  sk-ant-oat01-abc"), CredentialSubscription},
		{"anthropic login by beta", header("Authorization", "Bearer x", "anthropic-beta", "a-1,oauth-2025-04-20"), CredentialSubscription},
		{"beta without a token", header("x-api-key", "k", "anthropic-beta", "oauth-2025-04-20"), CredentialKey},
		{"chatgpt login by issuer", header("Authorization", "Bearer "+jwt(`{"iss":"https://auth.openai.com"}`)), CredentialSubscription},
		{"chatgpt login by claim", header("Authorization", "Bearer "+jwt(`{"https://api.openai.com/auth":{"chatgpt_account_id":"a"}}`)), CredentialSubscription},
		{"chatgpt login by header", header("Authorization", "Bearer x", "ChatGPT-Account-ID", "a"), CredentialSubscription},
		{"entra id", header("Authorization", "Bearer "+jwt(`{"iss":"https://sts.windows.net/t/"}`)), CredentialKey},
		{"broken token", header("Authorization", "Bearer a.%%%.c"), CredentialKey},
		{"token without claims", header("Authorization", "Bearer "+jwt(`[]`)), CredentialKey},
		{"huge token", header("Authorization", "Bearer "+jwt(`{"iss":"https://auth.openai.com","x":"`+strings.Repeat("x", maxJWT)+`"}`)), CredentialKey},
		{"signed", header("Authorization", "AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=c"), CredentialSigned},
		{"signed for many regions", header("Authorization", "AWS4-ECDSA-P256-SHA256 Credential=a"), CredentialSigned},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := Credential(test.h); got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
		})
	}
}

func TestScrubExtraKeepsTheRest(t *testing.T) {
	h := header("idempotency-key", "1", "X-Client-Request-Id", "2", "x-request-id", "3", "X-Request-Id", "4",
		"Authorization", "Bearer k", "x-session-affinity", "s", "x-stainless-retry-count", "0")
	ScrubExtra(h)
	want := header("Authorization", "Bearer k", "x-session-affinity", "s", "x-stainless-retry-count", "0")
	if diff := cmp.Diff(want, h); diff != "" {
		t.Errorf("header (-want +got):\n%s", diff)
	}
}
