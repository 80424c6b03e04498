package wire

import (
	"net/http"
	"slices"
	"strings"
	"unicode"
)

// cacheHeaders are the headers by which gateways tell that a reply came from
// their response cache. A provider's prompt cache is another thing: it spares
// reading the prompt, not the drawing of an answer.
var cacheHeaders = []struct {
	name string
	hit  func(value string) bool
}{
	{"X-Litellm-Cache-Hit", saysTrue},      // LiteLLM proxy: True or False
	{"Cf-Aig-Cache-Status", saysHit},       // Cloudflare AI Gateway: HIT, MISS
	{"Cf-Cache-Status", saysHit},           // Cloudflare's CDN: HIT, MISS, DYNAMIC, …
	{"Helicone-Cache", saysHit},            // Helicone: HIT, MISS
	{"X-Portkey-Cache-Status", saysHit},    // Portkey: HIT, SEMANTIC HIT, MISS, …
	{"X-Openrouter-Cache-Status", saysHit}, // OpenRouter response caching: HIT, MISS
	{"X-Cache-Status", saysHit},            // Kong's and nginx's habit: Hit, MISS, …
	{"X-Cache", saysHit},                   // CDNs: "HIT, MISS", "Hit from …", TCP_HIT
	{"Cache-Status", hasHitParameter},      // RFC 9211: "name; hit; ttl=5"
}

// CacheHit reports whether a known header says that the reply came from a
// response cache, so that it is no sample of its own.
func CacheHit(h http.Header) bool {
	for _, header := range cacheHeaders {
		if slices.ContainsFunc(h[header.name], header.hit) {
			return true
		}
	}
	return false
}

func saysTrue(value string) bool {
	return strings.EqualFold(strings.TrimSpace(value), "true")
}

// saysHit looks for the word hit.
func saysHit(value string) bool {
	for word := range strings.FieldsFuncSeq(value, func(r rune) bool { return !unicode.IsLetter(r) }) {
		if strings.EqualFold(word, "hit") {
			return true
		}
	}
	return false
}

// hasHitParameter looks for the boolean parameter hit of any cache in the list.
func hasHitParameter(value string) bool {
	for cache := range strings.SplitSeq(value, ",") {
		_, parameters, _ := strings.Cut(cache, ";")
		for p := range strings.SplitSeq(parameters, ";") {
			if p = strings.TrimSpace(p); p == "hit" || p == "hit=?1" {
				return true
			}
		}
	}
	return false
}
