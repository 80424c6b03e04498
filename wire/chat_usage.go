package wire

import "github.com/tidwall/gjson"

// readChatUsage keeps the last counts: some servers send running ones.
//
// Compatible servers count in ways of their own. To xAI, and to Gemini behind this
// API, reasoning is no part of completion_tokens: what of the total is neither
// prompt nor completion is output too. Cached input goes by three names, of which
// DeepSeek and Moonshot have one each.
func readChatUsage(u *Usage, v gjson.Result) {
	if !v.IsObject() {
		return
	}
	input, hasInput := count(v.Get("prompt_tokens"))
	output, hasOutput := count(v.Get("completion_tokens"))
	*u = Usage{Input: input, Output: output, HasTotals: hasInput && hasOutput}
	for _, name := range [...]string{"prompt_tokens_details.cached_tokens", "prompt_cache_hit_tokens", "cached_tokens"} {
		if n, ok := count(v.Get(name)); ok {
			u.CachedInput = n
			break
		}
	}
	u.Reasoning, u.HasReasoning = count(v.Get("completion_tokens_details.reasoning_tokens"))
	u.reconcile(v.Get("total_tokens"))
}

// reconcile adds to the output what is billed apart from it: what the total leaves,
// or else reasoning that cannot be a part of it.
func (u *Usage) reconcile(total gjson.Result) {
	if !u.HasTotals {
		return
	}
	all, told := count(total)
	switch {
	case told:
		u.Output = max(u.Output, min(all-u.Input, maxNumber))
	case u.Reasoning > u.Output:
		u.Output = min(u.Output+u.Reasoning, maxNumber)
	}
}
