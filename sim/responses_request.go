package sim

import (
	"encoding/json"
	"slices"
	"strings"
)

// A responsesRequest is the body of a request to the Responses API; raw parts
// enter the hash or are told back.
type responsesRequest struct {
	Model        string          `json:"model"`
	RawInput     json.RawMessage `json:"input"`
	Instructions json.RawMessage `json:"instructions"`
	RawTools     json.RawMessage `json:"tools"`
	RawChoice    json.RawMessage `json:"tool_choice"`
	Text         struct {
		RawFormat json.RawMessage `json:"format"`
	} `json:"text"`
	Reasoning struct {
		Effort  *string `json:"effort"`
		Summary *string `json:"summary"`
	} `json:"reasoning"`
	Include      []string        `json:"include"`
	TopLogprobs  int             `json:"top_logprobs"`
	MaxTokens    *int            `json:"max_output_tokens"`
	Metadata     json.RawMessage `json:"metadata"`
	Store        *bool           `json:"store"`
	Background   bool            `json:"background"`
	Stream       bool            `json:"stream"`
	Previous     string          `json:"previous_response_id"`
	Conversation json.RawMessage `json:"conversation"`
	CacheKey     string          `json:"prompt_cache_key"`
}

// A responsesTool is one entry of tools; those that the provider runs itself
// are not simulated.
type responsesTool struct {
	Type        string          `json:"type"`
	Name        string          `json:"name"`
	Description string          `json:"description"`
	Parameters  json.RawMessage `json:"parameters"`
}

// readResponses reads and checks a request to the Responses API, with the
// history that it builds on.
func readResponses(s *Server, x *exchange) (*prompt, *failure) {
	f := &responsesForm{server: s}
	if json.Unmarshal(x.body, &f.request) != nil {
		return nil, badJSON()
	}
	r := &f.request
	if fail := r.check(); fail != nil {
		return nil, fail
	}
	if fail := f.recall(); fail != nil {
		return nil, fail
	}
	p := &prompt{
		dialect: DialectResponses, model: r.Model, stream: r.Stream, choices: 1, later: r.Background,
		mute: r.Reasoning.Effort != nil && *r.Reasoning.Effort == "none", form: f, size: len(x.body) + sizeOf(f.history), cacheKey: r.CacheKey,
	}
	if fail := f.read(p); fail != nil {
		f.release()
		return nil, fail
	}
	return p, nil
}

func (r *responsesRequest) check() *failure {
	switch {
	case r.Model == "":
		return badRequest("model", "missing required parameter: 'model'")
	case r.TopLogprobs < 0 || r.TopLogprobs > maxTop:
		return badRequest("top_logprobs", "top_logprobs must be from 0 to %d", maxTop)
	case r.Background && !r.stored():
		return badRequest("background", "a background response has to be stored")
	case r.Previous != "" && r.conversationID() != "":
		return badRequest("previous_response_id", "previous_response_id and conversation exclude each other")
	}
	return nil
}

// stored is what store says; it is true by default.
func (r *responsesRequest) stored() bool { return r.Store == nil || *r.Store }

func (r *responsesRequest) includes(what string) bool { return slices.Contains(r.Include, what) }

// conversationID is the id in conversation: a string or {"id": …}.
func (r *responsesRequest) conversationID() string {
	var id string
	if json.Unmarshal(r.Conversation, &id) == nil {
		return id
	}
	var object struct {
		ID string `json:"id"`
	}
	if json.Unmarshal(r.Conversation, &object) != nil {
		return ""
	}
	return object.ID
}

// read fills in what p asks, from history and input.
func (f *responsesForm) read(p *prompt) *failure {
	input, fail := f.server.inputItems(f.request.RawInput)
	if fail != nil {
		return fail
	}
	f.input = input
	past, present := itemsOf(f.history), itemsOf(f.input)
	if fail := f.server.checkItems(past, present); fail != nil {
		return fail
	}
	for _, i := range slices.Concat(past, present) {
		p.messages = append(p.messages, i.message())
	}
	if len(p.messages) == 0 {
		return badRequest("input", "missing required parameter: 'input'")
	}
	if f.request.decode(p) != nil {
		return badJSON()
	}
	p.hash = f.hash()
	return p.choose(f.request.choice())
}

// decode reads tools and text.format.
func (r *responsesRequest) decode(p *prompt) error {
	if len(r.RawTools) > 0 {
		var list []responsesTool
		if err := json.Unmarshal(r.RawTools, &list); err != nil {
			return err
		}
		for _, t := range list {
			if t.Type == "function" {
				p.tools = append(p.tools, Tool{Name: t.Name, Description: t.Description, Parameters: t.Parameters})
			}
		}
	}
	if len(r.Text.RawFormat) == 0 {
		return nil
	}
	var asked openAIFormat
	err := json.Unmarshal(r.Text.RawFormat, &asked)
	p.format = asked.format(asked.Schema)
	return err
}

// choice is what tool_choice says.
func (r *responsesRequest) choice() toolChoice {
	var named struct {
		Type string `json:"type"`
		Name string `json:"name"`
	}
	if json.Unmarshal(r.RawChoice, &named) == nil && named.Type == "function" {
		return onlyTool(named.Name)
	}
	return toolChoice{none: string(r.RawChoice) == `"none"`}
}

// hash covers the history as it is, not the id under which it was found.
func (f *responsesForm) hash() digest {
	r := &f.request
	parts := []string{
		DialectResponses, r.Model, string(r.Instructions), string(r.RawTools), string(r.RawChoice), string(r.Text.RawFormat),
	}
	for _, raw := range slices.Concat(f.history, f.input) {
		parts = append(parts, string(raw))
	}
	return digestOf(parts...)
}

// sizeOf is the bytes of all texts.
func sizeOf(list []json.RawMessage) int {
	n := 0
	for _, raw := range list {
		n += len(raw)
	}
	return n
}

// inputItems is the items of input; a string is one message.
func (s *Server) inputItems(input json.RawMessage) ([]json.RawMessage, *failure) {
	var text string
	if json.Unmarshal(input, &text) == nil && text != "" {
		return []json.RawMessage{json.RawMessage(encode(map[string]string{"type": "message", "role": roleUser, "content": text}))}, nil
	}
	var list []json.RawMessage
	if len(input) > 0 && json.Unmarshal(input, &list) != nil {
		return nil, badRequest("input", "input must be a string or a list of items")
	}
	for n, raw := range list {
		var i item
		if json.Unmarshal(raw, &i) != nil {
			return nil, badRequest("input", "input[%d] is no item", n)
		}
		if i.Type != "item_reference" {
			continue
		}
		stored, ok := s.storedItem(i.ID)
		if !ok {
			return nil, itemNotFound(i.ID)
		}
		list[n] = stored
	}
	return list, nil
}

func itemNotFound(id string) *failure {
	return &failure{kind: missing, param: "input", message: "item '" + strings.ToValidUTF8(id, "") +
		"' not found; items are kept only of responses with 'store' true"}
}
