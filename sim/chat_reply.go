package sim

import "strconv"

// fingerprint is the system_fingerprint of every chat completion.
const fingerprint = "simulated"

// A chatForm is how a chat request wants its answer.
type chatForm struct {
	// usage is told at the end of a stream.
	usage bool
	// logprobs of the text's tokens, each with so many of the top.
	logprobs bool
	top      int
}

// A completion is an unstreamed reply.
type completion struct {
	ID          string   `json:"id"`
	Object      string   `json:"object"`
	Created     int64    `json:"created"`
	Model       string   `json:"model"`
	Choices     []choice `json:"choices"`
	Usage       usage    `json:"usage"`
	Tier        string   `json:"service_tier"`
	Fingerprint string   `json:"system_fingerprint"`
}

type choice struct {
	Index        int       `json:"index"`
	Message      reply     `json:"message"`
	Logprobs     *logprobs `json:"logprobs"`
	FinishReason string    `json:"finish_reason"`
}

type reply struct {
	Role        string     `json:"role"`
	Content     *string    `json:"content"`
	Reasoning   string     `json:"reasoning_content,omitempty"`
	Refusal     *string    `json:"refusal"`
	ToolCalls   []toolCall `json:"tool_calls,omitempty"`
	Annotations []string   `json:"annotations"`
}

type toolCall struct {
	ID       string `json:"id"`
	Type     string `json:"type"`
	Function call   `json:"function"`
}

// logprobs are of a text or of a refusal.
type logprobs struct {
	Content []tokenProb `json:"content"`
	Refusal []tokenProb `json:"refusal"`
}

type usage struct {
	PromptTokens     int `json:"prompt_tokens"`
	CompletionTokens int `json:"completion_tokens"`
	TotalTokens      int `json:"total_tokens"`
	PromptDetails    struct {
		CachedTokens int `json:"cached_tokens"`
		AudioTokens  int `json:"audio_tokens"`
	} `json:"prompt_tokens_details"`
	CompletionDetails struct {
		ReasoningTokens int `json:"reasoning_tokens"`
		AudioTokens     int `json:"audio_tokens"`
	} `json:"completion_tokens_details"`
}

func (f chatForm) whole(t *turn) string {
	c := completion{
		ID: "chatcmpl-" + t.id(), Object: "chat.completion", Created: t.created(),
		Model: t.model(), Usage: chatUsage(t), Tier: "default", Fingerprint: fingerprint,
	}
	for i, a := range t.samples {
		c.Choices = append(c.Choices, choice{
			Index: i, Message: chatMessageOf(t, i), Logprobs: f.probabilities(t, i), FinishReason: chatFinish(a),
		})
	}
	return encode(c)
}

// chatMessageOf is the message of one choice.
func chatMessageOf(t *turn, index int) reply {
	a := t.samples[index]
	m := reply{Role: "assistant", Reasoning: a.thoughts, Annotations: []string{}}
	if a.text != "" {
		m.Content = &a.text
	}
	if a.refusal != "" {
		m.Refusal = &a.refusal
	}
	for i, c := range a.calls {
		m.ToolCalls = append(m.ToolCalls, toolCall{ID: "call_" + t.callID(index, i), Type: "function", Function: c})
	}
	return m
}

// probabilities is the logprobs of one choice, if they are asked for and it has
// a text.
func (f chatForm) probabilities(t *turn, index int) *logprobs {
	a := t.samples[index]
	if !f.logprobs || len(a.calls) > 0 {
		return nil
	}
	rng := t.source("logprobs", strconv.Itoa(index))
	if a.refusal != "" {
		return &logprobs{Refusal: tokenProbs(rng, a.refusal, f.top)}
	}
	return &logprobs{Content: tokenProbs(rng, a.text, f.top)}
}

func chatFinish(a sample) string {
	switch a.ending() {
	case calling:
		return "tool_calls"
	case short:
		return "length"
	}
	return "stop"
}

// chatUsage counts the tokens of a turn: four bytes each, of the whole body of
// the request and of what the choices show, besides their reasoning.
func chatUsage(t *turn) usage {
	u := usage{PromptTokens: tokens(t.prompt.size)}
	u.PromptDetails.CachedTokens = t.cached
	for _, a := range t.samples {
		u.CompletionDetails.ReasoningTokens += a.reasoning
		u.CompletionTokens += a.reasoning + a.visible()
	}
	u.TotalTokens = u.PromptTokens + u.CompletionTokens
	return u
}
