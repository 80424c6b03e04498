package ensemble

import (
	"testing"

	"hotmess/wire"
)

func TestCachedInputIsBilledByHalf(t *testing.T) {
	for _, c := range []struct {
		usage wire.Usage
		want  int64
	}{
		{wire.Usage{Input: 1000, Output: 50}, 1050},
		{wire.Usage{Input: 1000, CachedInput: 900, Output: 50}, 600},
		{wire.Usage{Input: 1001, CachedInput: 1001}, 501},
		{wire.Usage{Input: 10, CachedInput: 900, Output: 5}, 10}, // more cached than there is
		{wire.Usage{Input: 10, CachedInput: -4, Output: 5}, 15},
	} {
		if got := billed(c.usage); got != c.want {
			t.Errorf("%+v: %d, want %d", c.usage, got, c.want)
		}
	}
}

func TestExtraIsSettledAtWhatIsBilled(t *testing.T) {
	s := &script{extras: []reply{{body: `{"id":"c","choices":[{"index":0,"finish_reason":"stop","message":{"content":"a"}}],` +
		`"usage":{"prompt_tokens":1000,"completion_tokens":50,"prompt_tokens_details":{"cached_tokens":800}}}`}}}
	samples := newRunner(s, &turnstile{}).Extras(t.Context(), newCall(t), 1, 1)
	if samples[0].Tokens != 650 || samples[0].Estimated {
		t.Errorf("settled at %d, estimated %v", samples[0].Tokens, samples[0].Estimated)
	}
}
