package wire

// AtLimit reports whether generation stopped at a limit of tokens, the request's
// or the model's: what is there is a beginning.
func (c Choice) AtLimit() bool {
	switch c.Finish {
	case "length", // OpenAI Chat
		"max_output_tokens",                           // OpenAI Responses
		"max_tokens", "model_context_window_exceeded", // Anthropic
		"MAX_TOKENS": // Gemini
		return true
	}
	return false
}
