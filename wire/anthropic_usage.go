package wire

import "github.com/tidwall/gjson"

// An anthropicUsage gathers the counts of one reply. A stream tells them in two
// places, some in one only, and each is that of the whole message, so that a
// later one replaces an earlier one.
type anthropicUsage struct {
	// The tokens of the prompt come in three parts that do not overlap.
	uncached, written, read          int
	output, thinking                 int
	hasInput, hasOutput, hasThinking bool
}

// prompt takes the counts that are known from the start.
func (u *anthropicUsage) prompt(v gjson.Result) {
	u.hasInput = replaceCount(&u.uncached, member(v, "input_tokens")) || u.hasInput
	replaceCount(&u.written, member(v, "cache_creation_input_tokens"))
	replaceCount(&u.read, member(v, "cache_read_input_tokens"))
}

// all takes the counts of a message that has ended. At its start output_tokens
// is a token or none, so it is read here alone.
func (u *anthropicUsage) all(v gjson.Result) {
	u.prompt(v)
	u.hasOutput = replaceCount(&u.output, member(v, "output_tokens")) || u.hasOutput
	thinking := member(member(v, "output_tokens_details"), "thinking_tokens")
	u.hasThinking = replaceCount(&u.thinking, thinking) || u.hasThinking
}

// replaceCount puts a count, if v is one, in the place of an earlier one.
func replaceCount(earlier *int, v gjson.Result) bool {
	n, ok := count(v)
	if ok {
		*earlier = n
	}
	return ok
}

func (u *anthropicUsage) total() Usage {
	return Usage{
		Input:        min(u.uncached+u.written+u.read, maxNumber),
		CachedInput:  u.read,
		Output:       u.output,
		Reasoning:    u.thinking,
		HasTotals:    u.hasInput && u.hasOutput,
		HasReasoning: u.hasThinking,
	}
}
