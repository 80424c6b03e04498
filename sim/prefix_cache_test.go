package sim

import (
	"context"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"
)

// cachedOf are the prompt and its cached part in tokens, in any dialect.
func cachedOf(reply gjson.Result) (prompt, cached int64) {
	for _, names := range [][2]string{
		{"usage.prompt_tokens", "usage.prompt_tokens_details.cached_tokens"},
		{"usage.input_tokens", "usage.input_tokens_details.cached_tokens"},
		{"usageMetadata.promptTokenCount", "usageMetadata.cachedContentTokenCount"},
	} {
		if p := reply.Get(names[0]); p.Exists() {
			return p.Int(), reply.Get(names[1]).Int()
		}
	}
	return 0, 0
}

func TestLongPromptsAreCachedUnasked(t *testing.T) {
	long := strings.Repeat("word ", 2000) // 2,500 tokens
	for name, w := range map[string]way{"chat": chatWay(), "responses": responsesWay(), "gemini": geminiWay()} {
		t.Run(name, func(t *testing.T) {
			s := &Server{PrefixCache: true}
			cached := func(s *Server, body map[string]any) int64 {
				t.Helper()
				p, c := cachedOf(w.ask(t, s, body))
				if c > p || c%prefixStep != 0 {
					t.Errorf("%d of %d tokens", c, p)
				}
				return c
			}
			body := w.body(long, false)
			if c := cached(s, body); c != 0 {
				t.Errorf("the first time %d", c)
			}
			if c := cached(s, body); c < 2300 || c > 2560 {
				t.Errorf("the second time %d", c)
			}
			if c := cached(s, w.body("x"+long, false)); c != 0 {
				t.Errorf("another prompt %d", c)
			}
			short := w.body("What is 2 + 2?", false)
			cached(s, short)
			if c := cached(s, short); c != 0 {
				t.Errorf("a short prompt %d", c)
			}
			plain := &Server{}
			cached(plain, body)
			if c := cached(plain, body); c != 0 {
				t.Errorf("without the knob %d", c)
			}
			if name == "gemini" {
				return // has no such key
			}
			keyed := maps.Clone(body)
			keyed["prompt_cache_key"] = "k"
			if c := cached(s, keyed); c != 0 {
				t.Errorf("with another key %d", c)
			}
			if c := cached(s, keyed); c == 0 {
				t.Error("a key keeps from caching")
			}
		})
	}
}

// TestCachesAreWarmFromTheFirstTokenOn: whoever comes while a prompt is read finds
// nothing, in all dialects.
func TestCachesAreWarmFromTheFirstTokenOn(t *testing.T) {
	long := strings.Repeat("word ", 2000)
	for name, w := range map[string]way{"chat": chatWay(), "responses": responsesWay(), "gemini": geminiWay(), "messages": messagesWay()} {
		t.Run(name, func(t *testing.T) {
			s := &Server{PrefixCache: true, Latency: Latency{First: time.Second}}
			body := w.body(long, false)
			if name == "messages" {
				body["cache_control"] = map[string]any{"type": "ephemeral"}
			}
			cached := func() int64 {
				r := w.ask(t, s, body)
				_, c := cachedOf(r)
				return c + r.Get("usage.cache_read_input_tokens").Int()
			}
			reading, nested := true, int64(-1)
			s.Sleep = func(context.Context, time.Duration) {
				if reading {
					reading = false
					nested = cached() // comes meanwhile, and is the first to be read
				}
			}
			if c := cached(); c != 0 || nested != 0 {
				t.Errorf("the first found %d cached, one that came meanwhile %d", c, nested)
			}
			if c := cached(); c < 2300 {
				t.Errorf("a later one finds %d cached", c)
			}
		})
	}
}
