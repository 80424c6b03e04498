package sim

import (
	"encoding/json"
	"fmt"
)

// A responsesForm is how a request to the Responses API wants its answer, and
// what it builds on.
type responsesForm struct {
	server  *Server
	request responsesRequest
	// history is the items before input, from what is stored.
	history []json.RawMessage
	input   []json.RawMessage
	// claimed is the conversation that waits for this answer.
	claimed *conversation
}

// A responseObject is a response, in whatever state.
type responseObject struct {
	ID           string            `json:"id"`
	Object       string            `json:"object"`
	CreatedAt    int64             `json:"created_at"`
	Status       string            `json:"status"`
	CompletedAt  *int64            `json:"completed_at"`
	Background   bool              `json:"background"`
	Error        *responseError    `json:"error"`
	Incomplete   *incomplete       `json:"incomplete_details"`
	Instructions json.RawMessage   `json:"instructions"`
	MaxTokens    *int              `json:"max_output_tokens"`
	MaxToolCalls *int              `json:"max_tool_calls"`
	Model        string            `json:"model"`
	Output       []any             `json:"output"`
	Parallel     bool              `json:"parallel_tool_calls"`
	Previous     *string           `json:"previous_response_id"`
	Conversation *conversationRef  `json:"conversation,omitempty"`
	Reasoning    reasoningEcho     `json:"reasoning"`
	Tier         string            `json:"service_tier"`
	Store        bool              `json:"store"`
	Temperature  float64           `json:"temperature"`
	Text         textEcho          `json:"text"`
	ToolChoice   json.RawMessage   `json:"tool_choice"`
	Tools        json.RawMessage   `json:"tools"`
	TopLogprobs  int               `json:"top_logprobs"`
	TopP         float64           `json:"top_p"`
	Truncation   string            `json:"truncation"`
	Usage        *responsesUsage   `json:"usage"`
	User         *string           `json:"user"`
	Metadata     json.RawMessage   `json:"metadata"`
	Access       map[string]string `json:"access_programs"`
}

type responseError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

type incomplete struct {
	Reason string `json:"reason"`
}

type conversationRef struct {
	ID string `json:"id"`
}

type reasoningEcho struct {
	Effort  *string `json:"effort"`
	Summary *string `json:"summary"`
}

type textEcho struct {
	Format    json.RawMessage `json:"format"`
	Verbosity string          `json:"verbosity"`
}

type responsesUsage struct {
	InputTokens  int `json:"input_tokens"`
	InputDetails struct {
		CachedTokens     int `json:"cached_tokens"`
		CacheWriteTokens int `json:"cache_write_tokens"`
	} `json:"input_tokens_details"`
	OutputTokens  int `json:"output_tokens"`
	OutputDetails struct {
		ReasoningTokens int `json:"reasoning_tokens"`
	} `json:"output_tokens_details"`
	TotalTokens int `json:"total_tokens"`
}

// Output items.
type (
	reasoningItem struct {
		ID        string        `json:"id"`
		Type      string        `json:"type"`
		Summary   []summaryPart `json:"summary"`
		Encrypted string        `json:"encrypted_content,omitempty"`
	}
	messageItem struct {
		ID      string `json:"id"`
		Type    string `json:"type"`
		Status  string `json:"status"`
		Role    string `json:"role"`
		Content []any  `json:"content"`
	}
	callItem struct {
		ID        string `json:"id"`
		Type      string `json:"type"`
		Status    string `json:"status"`
		Arguments string `json:"arguments"`
		CallID    string `json:"call_id"`
		Name      string `json:"name"`
	}
)

// Parts of items.
type (
	summaryPart struct {
		Type string `json:"type"`
		Text string `json:"text"`
	}
	textPart struct {
		Type        string      `json:"type"`
		Text        string      `json:"text"`
		Annotations []string    `json:"annotations"`
		Logprobs    []tokenProb `json:"logprobs"`
	}
	refusalPart struct {
		Type    string `json:"type"`
		Refusal string `json:"refusal"`
	}
)

// whole is the final state, or, where it is fetched later, the first.
func (f *responsesForm) whole(t *turn) string {
	if f.request.Background {
		return encode(f.object(t, "queued"))
	}
	return encode(f.final(t))
}

// object is the response in a state in which nothing is there yet.
func (f *responsesForm) object(t *turn, status string) responseObject {
	r := &f.request
	o := responseObject{
		ID: "resp_" + responseDraw(t), Object: "response", CreatedAt: t.created(), Status: status, Background: r.Background,
		Instructions: orElse(r.Instructions, "null"), MaxTokens: r.MaxTokens, Model: t.model(), Output: []any{}, Parallel: true,
		Reasoning: reasoningEcho{Effort: r.Reasoning.Effort, Summary: r.Reasoning.Summary}, Tier: "default", Store: r.stored(),
		Temperature: 1, Text: textEcho{Format: orElse(r.Text.RawFormat, `{"type":"text"}`), Verbosity: "medium"},
		ToolChoice: orElse(r.RawChoice, `"auto"`), Tools: orElse(r.RawTools, "[]"), TopLogprobs: r.TopLogprobs, TopP: 1,
		Truncation: "disabled", Metadata: orElse(r.Metadata, "{}"), Access: map[string]string{"cyber": "standard"},
	}
	if r.Previous != "" {
		o.Previous = &r.Previous
	}
	if f.claimed != nil {
		o.Conversation = &conversationRef{ID: f.claimed.id}
	}
	return o
}

// final is the response when the answer is there, or when it failed.
func (f *responsesForm) final(t *turn) responseObject {
	o := f.object(t, "completed")
	switch {
	case t.fault == failing:
		o.Status, o.Error = "failed", &responseError{Code: "server_error", Message: serverError().message}
		return o
	case t.samples[0].short:
		o.Status, o.Incomplete = "incomplete", &incomplete{Reason: "max_output_tokens"}
	default:
		o.CompletedAt = &o.CreatedAt
	}
	o.Output, o.Usage = f.output(t), responsesUsageOf(t)
	return o
}

// output is the items of the answer: its reasoning, then its text or calls.
func (f *responsesForm) output(t *turn) []any {
	a, draw, list := t.samples[0], responseDraw(t), []any{}
	id := func(prefix string) string { return fmt.Sprintf("%s_%s%02x", prefix, draw, len(list)) }
	if a.reasoning > 0 {
		list = append(list, f.reasoningItem(t, id("rs")))
	}
	status := "completed"
	if a.short {
		status = "incomplete"
	}
	for _, c := range a.calls {
		list = append(list, callItem{
			ID: id("fc"), Type: "function_call", Status: status, Arguments: c.Arguments, CallID: id("call"), Name: c.Name,
		})
	}
	if len(a.calls) == 0 {
		list = append(list, messageItem{
			ID: id("msg"), Type: "message", Status: status, Role: roleModel, Content: []any{f.contentPart(t)},
		})
	}
	return list
}

// reasoningItem has a summary where the request asks for one and thoughts are
// shown, and is sealed where it asks for that.
func (f *responsesForm) reasoningItem(t *turn, id string) reasoningItem {
	made := reasoningItem{ID: id, Type: "reasoning", Summary: []summaryPart{}}
	if text := t.samples[0].thoughts; text != "" && f.request.Reasoning.Summary != nil {
		made.Summary = append(made.Summary, summaryPart{Type: "summary_text", Text: text})
	}
	if f.request.includes("reasoning.encrypted_content") {
		made.Encrypted = t.server.seal(responseDraw(t), "reasoning")
	}
	return made
}

func (f *responsesForm) contentPart(t *turn) any {
	a := t.samples[0]
	if a.refusal != "" {
		return refusalPart{Type: "refusal", Refusal: a.refusal}
	}
	made := textPart{Type: "output_text", Text: a.text, Annotations: []string{}, Logprobs: []tokenProb{}}
	if f.request.includes("message.output_text.logprobs") {
		made.Logprobs = tokenProbs(t.source("logprobs"), a.text, f.request.TopLogprobs)
	}
	return made
}

// responseDraw is what the ids of a response and its items have in common.
func responseDraw(t *turn) string {
	if t.samples[0].reasoning > 0 {
		return t.id() + "1"
	}
	return t.id() + "0"
}

func responsesUsageOf(t *turn) *responsesUsage {
	a := t.samples[0]
	u := &responsesUsage{InputTokens: tokens(t.prompt.size), OutputTokens: a.reasoning + a.visible()}
	u.InputDetails.CachedTokens = t.cached
	u.OutputDetails.ReasoningTokens = a.reasoning
	u.TotalTokens = u.InputTokens + u.OutputTokens
	return u
}

// orElse is raw, or what stands for it where it is missing or null.
func orElse(raw json.RawMessage, other string) json.RawMessage {
	if len(raw) == 0 || string(raw) == "null" {
		return json.RawMessage(other)
	}
	return raw
}
