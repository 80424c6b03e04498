package ensemble

import "hotmess/wire"

// cachedDivisor is what cached input is divided by in a bill. It is the dearest
// ratio that providers with automatic prompt caches have listed (1/2 for
// OpenAI's gpt-4o, 1/4 for gpt-4.1, 1/10 for gpt-5), so that a budget is never
// overspent where the true ratio is lower.
const cachedDivisor = 2

// billed is the weight of what a call used, in tokens at the price of fresh
// ones: extras run behind a primary that has just warmed the prompt cache, so
// that most of their input is often cached.
func billed(u wire.Usage) int64 {
	cached := min(max(u.CachedInput, 0), u.Input)
	return int64(u.Input) - int64(cached/cachedDivisor) + int64(u.Output)
}
