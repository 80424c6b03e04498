package sim

import (
	"fmt"
	"math/rand/v2"
)

// fingerprint is the system_fingerprint of every reply.
const fingerprint = "simulated"

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
	Index        int     `json:"index"`
	Message      reply   `json:"message"`
	Logprobs     *string `json:"logprobs"`
	FinishReason string  `json:"finish_reason"`
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

// completion is the whole reply of a turn.
func (s *Server) completion(t *turn) completion {
	c := completion{
		ID: "chatcmpl-" + hexID(t.rng), Object: "chat.completion", Created: s.now().Unix(),
		Model: s.reported(t.prompt.Model), Usage: usageOf(t), Tier: "default", Fingerprint: fingerprint,
	}
	for i, a := range t.samples {
		c.Choices = append(c.Choices, choice{Index: i, Message: messageOf(a, t.rng), FinishReason: a.finish()})
	}
	return c
}

// messageOf is the message of one choice.
func messageOf(a sample, rng *rand.Rand) reply {
	m := reply{Role: "assistant", Reasoning: a.thoughts, Annotations: []string{}}
	if a.text != "" {
		m.Content = &a.text
	}
	if a.refusal != "" {
		m.Refusal = &a.refusal
	}
	for _, c := range a.calls {
		m.ToolCalls = append(m.ToolCalls, toolCall{ID: callID(rng), Type: "function", Function: c})
	}
	return m
}

// usageOf counts the tokens of a turn: four bytes each, of the whole body of
// the request and of what the choices show, besides their reasoning.
func usageOf(t *turn) usage {
	u := usage{PromptTokens: tokens(t.prompt.size)}
	for _, a := range t.samples {
		u.CompletionDetails.ReasoningTokens += a.reasoning
		u.CompletionTokens += a.reasoning + a.visible()
	}
	u.TotalTokens = u.PromptTokens + u.CompletionTokens
	return u
}

// reported is the model id in replies to requests for asked.
func (s *Server) reported(asked string) string {
	if s.Model != "" {
		return s.Model
	}
	return asked
}

func hexID(rng *rand.Rand) string  { return fmt.Sprintf("%016x%08x", rng.Uint64(), rng.Uint32()) }
func callID(rng *rand.Rand) string { return "call_" + hexID(rng) }
