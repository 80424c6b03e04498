package sim

import "encoding/json"

// A messagesForm is how a request to the Messages API wants its answer, and
// what it builds on.
type messagesForm struct {
	server  *Server
	request messagesRequest
	// history is the messages before those of the request, from its thread;
	// held is the bytes of all that the thread holds.
	history []json.RawMessage
	held    int
	claimed *thread
	cached  cacheUsage
	// marked are the beginnings that are held once the answer begins.
	marked []prefix
}

// A messageObject is a reply, whole or as a stream begins.
type messageObject struct {
	ID           string        `json:"id"`
	Type         string        `json:"type"`
	Role         string        `json:"role"`
	Model        string        `json:"model"`
	Content      []any         `json:"content"`
	StopReason   *string       `json:"stop_reason"`
	StopSequence *string       `json:"stop_sequence"`
	StopDetails  *stopDetails  `json:"stop_details"`
	Container    *string       `json:"container"`
	Usage        messagesUsage `json:"usage"`
}

type stopDetails struct {
	Type        string `json:"type"`
	Category    string `json:"category"`
	Explanation string `json:"explanation"`
}

type messagesUsage struct {
	InputTokens   int           `json:"input_tokens"`
	Written       int           `json:"cache_creation_input_tokens"`
	Read          int           `json:"cache_read_input_tokens"`
	Creation      cacheCreation `json:"cache_creation"`
	OutputTokens  int           `json:"output_tokens"`
	OutputDetails outputDetails `json:"output_tokens_details"`
	ServerTools   *string       `json:"server_tool_use"`
	Tier          string        `json:"service_tier"`
}

type cacheCreation struct {
	Minutes int `json:"ephemeral_5m_input_tokens"`
	Hour    int `json:"ephemeral_1h_input_tokens"`
}

type outputDetails struct {
	ThinkingTokens int `json:"thinking_tokens"`
}

// Blocks of a reply.
type (
	thinkingBlock struct {
		Type      string `json:"type"`
		Thinking  string `json:"thinking"`
		Signature string `json:"signature"`
	}
	redactedBlock struct {
		Type string `json:"type"`
		Data string `json:"data"`
	}
	textBlock struct {
		Type      string  `json:"type"`
		Text      string  `json:"text"`
		Citations *string `json:"citations"`
	}
	toolUseBlock struct {
		Type   string            `json:"type"`
		ID     string            `json:"id"`
		Name   string            `json:"name"`
		Input  json.RawMessage   `json:"input"`
		Caller map[string]string `json:"caller"`
	}
)

func messageID(t *turn) string { return "msg_" + t.id() }

func (f *messagesForm) whole(t *turn) string {
	m := f.begun(t)
	a := t.samples[0]
	reason := messagesStop(a)
	m.Content, m.StopReason, m.StopDetails, m.Usage = f.content(t), &reason, refusalDetails(a), f.usage(t)
	return encode(m)
}

// begun is the reply as its stream begins.
func (f *messagesForm) begun(t *turn) messageObject {
	m := messageObject{ID: messageID(t), Type: "message", Role: roleModel, Model: t.model(), Content: []any{}, Usage: f.usage(t)}
	m.Usage.OutputTokens, m.Usage.OutputDetails = 1, outputDetails{}
	return m
}

// content is the blocks of the answer: its thinking, then its text or calls. A
// refusal has nothing to say; see stop_details.
func (f *messagesForm) content(t *turn) []any {
	a, list := t.samples[0], []any{}
	if thinking := f.thinking(t); thinking != nil {
		list = append(list, thinking)
	}
	if a.text != "" {
		list = append(list, textBlock{Type: "text", Text: a.text})
	}
	for i, c := range a.calls {
		list = append(list, toolUseBlock{
			Type: "tool_use", ID: "toolu_" + t.callID(0, i), Name: c.Name, Input: json.RawMessage(c.Arguments),
			Caller: map[string]string{"type": "direct"},
		})
	}
	return list
}

// thinking is the block of the answer's reasoning; nil if there is none, it is
// not asked for, or the server does not show it.
func (f *messagesForm) thinking(t *turn) any {
	text := t.samples[0].thoughts
	if kind := f.request.Thinking.Type; text == "" || kind == "" || kind == "disabled" {
		return nil
	}
	if t.source("redacted").Float64() < t.server.Reasoning.Redacted {
		const kind = "redacted_thinking"
		return redactedBlock{Type: kind, Data: t.server.seal(t.id(), kind)}
	}
	if f.request.Thinking.Display == "omitted" {
		text = ""
	}
	const kind = "thinking"
	return thinkingBlock{Type: kind, Thinking: text, Signature: t.server.seal(t.id(), kind, text)}
}

func messagesStop(a sample) string {
	switch a.ending() {
	case calling:
		return "tool_use"
	case refusing:
		return "refusal"
	case short:
		return "max_tokens"
	}
	return "end_turn"
}

func refusalDetails(a sample) *stopDetails {
	if a.refusal == "" {
		return nil
	}
	return &stopDetails{Type: "refusal", Category: "general_harms", Explanation: a.refusal}
}

// usage counts tokens like chatUsage; those in the cache are apart from the
// rest of the input.
func (f *messagesForm) usage(t *turn) messagesUsage {
	a := t.samples[0]
	return messagesUsage{
		InputTokens: max(0, tokens(t.prompt.size)-f.cached.read-f.cached.written),
		Written:     f.cached.written, Read: f.cached.read, Creation: cacheCreation{Minutes: f.cached.written},
		OutputTokens: a.reasoning + a.visible(), OutputDetails: outputDetails{ThinkingTokens: a.reasoning}, Tier: "standard",
	}
}
