package wire

// A Reply is one whole answer of an upstream, folded to the same value whether
// it was streamed or not.
type Reply struct {
	// ID and Model as the upstream reports them. Fingerprint is the
	// upstream's own mark of its configuration (system_fingerprint).
	ID, Model, Fingerprint string
	// Choice is the first choice.
	Choice
	// Others are the further choices, in the order of their indices.
	Others []Choice
	// Choices is how many choices the reply holds, at most 1,024.
	Choices int
	// Usage is what the upstream reports of its tokens.
	Usage Usage
	// Truncated is whether the reply broke off: the stream ended without an
	// end mark, the body before it was whole, or either without a first
	// choice or an error. A truncated reply is a missing sample, not an
	// answer.
	Truncated bool
	// Failure is the error that the upstream reported in the body of the
	// reply, or nil.
	Failure *Failure
}

// A Choice is one completion.
type Choice struct {
	Text    string
	Refusal string
	Calls   []Call
	// Finish is why generation ended, in the dialect's own word: stop,
	// length, tool_calls, content_filter; end_turn, MAX_TOKENS, ….
	Finish string
	// Reasoned is whether the reply holds reasoning: whole, summarised or
	// sealed.
	Reasoned bool
	// ReasoningBytes is the size of the reasoning text that was shown, in
	// bytes. Summaries, which are shorter than what they stand for, do not
	// count. The text itself is not kept.
	ReasoningBytes int
}

// A Call is one tool call that the model proposes.
type Call struct {
	ID, Name string
	// Arguments is the raw JSON text as the model wrote it; it may be
	// malformed. A custom tool's input is free text.
	Arguments string
}

// Size is how much of a choice is shown beside its reasoning, in bytes.
func (c Choice) Size() int {
	n := len(c.Text) + len(c.Refusal)
	for _, call := range c.Calls {
		n += len(call.Name) + len(call.Arguments)
	}
	return n
}

// Usage counts tokens. A count that the upstream does not report is absent:
// see the Has fields. Input is the whole prompt, its cached part included;
// Output is all that was generated, reasoning included, of all choices.
type Usage struct {
	Input, CachedInput, Output, Reasoning int
	// HasTotals is whether Input and Output were reported; HasReasoning
	// whether Reasoning was. Without totals Input may be known still, if it is
	// above 0: some streams tell it in their first event. The totals of a
	// truncated stream are those of its part.
	HasTotals, HasReasoning bool
}

// A Failure is an error as an upstream reports it in a body.
type Failure struct {
	// Type and Code in the dialect's own words. The message is left out:
	// providers quote prompts and keys in it.
	Type, Code string
}
