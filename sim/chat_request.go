package sim

import (
	"encoding/json"
	"strings"
)

// maxChoices is the largest n of a request, as in OpenAI's reference.
const maxChoices = 128

// maxTop is the largest top_logprobs of a request, as in OpenAI's reference.
const maxTop = 20

// A chatRequest is the body of a chat completion; raw parts enter the hash.
type chatRequest struct {
	Model         string          `json:"model"`
	RawMessages   json.RawMessage `json:"messages"`
	RawTools      json.RawMessage `json:"tools"`
	RawChoice     json.RawMessage `json:"tool_choice"`
	RawFormat     json.RawMessage `json:"response_format"`
	Effort        string          `json:"reasoning_effort"`
	Logprobs      bool            `json:"logprobs"`
	Top           int             `json:"top_logprobs"`
	Stream        bool            `json:"stream"`
	StreamOptions struct {
		IncludeUsage bool `json:"include_usage"`
	} `json:"stream_options"`
	N        *int   `json:"n"`
	CacheKey string `json:"prompt_cache_key"`
}

// A chatMessage is one entry of messages.
type chatMessage struct {
	Role      string          `json:"role"`
	Content   json.RawMessage `json:"content"`
	ToolCalls []struct {
		Function call `json:"function"`
	} `json:"tool_calls"`
}

// readChat reads and checks a chat request.
func readChat(_ *Server, x *exchange) (*prompt, *failure) {
	var r chatRequest
	if json.Unmarshal(x.body, &r) != nil {
		return nil, badJSON()
	}
	if r.Model == "" && len(x.vars) > 0 {
		r.Model = x.vars[0] // Azure's deployment stands for the model
	}
	if fail := r.check(); fail != nil {
		return nil, fail
	}
	p := &prompt{
		dialect: DialectChat, model: r.Model, stream: r.Stream, choices: 1, mute: r.Effort == "none", size: len(x.body), cacheKey: r.CacheKey,
		hash: digestOf(r.Model, string(r.RawMessages), string(r.RawTools), string(r.RawChoice), string(r.RawFormat)),
		form: chatForm{usage: r.StreamOptions.IncludeUsage, logprobs: r.Logprobs, top: r.Top},
	}
	if r.N != nil {
		p.choices = *r.N
	}
	if r.decode(p) != nil {
		return nil, badJSON()
	}
	if len(p.messages) == 0 {
		return nil, badRequest("messages", "empty array: 'messages' needs at least one message")
	}
	return p, p.choose(r.choice())
}

func (r *chatRequest) check() *failure {
	switch {
	case r.Model == "":
		return badRequest("model", "you must provide a model parameter")
	case len(r.RawMessages) == 0:
		return badRequest("messages", "missing required parameter: 'messages'")
	case r.N != nil && (*r.N < 1 || *r.N > maxChoices):
		return badRequest("n", "n must be from 1 to %d", maxChoices)
	case r.Top < 0 || r.Top > maxTop:
		return badRequest("top_logprobs", "top_logprobs must be from 0 to %d", maxTop)
	}
	return nil
}

// decode reads the parts that are kept raw for the hash.
func (r *chatRequest) decode(p *prompt) error {
	var list []chatMessage
	if err := json.Unmarshal(r.RawMessages, &list); err != nil {
		return err
	}
	for _, m := range list {
		p.messages = append(p.messages, m.message())
	}
	if len(r.RawTools) > 0 {
		if err := json.Unmarshal(r.RawTools, &p.tools); err != nil {
			return err
		}
	}
	if len(r.RawFormat) == 0 {
		return nil
	}
	var asked openAIFormat
	err := json.Unmarshal(r.RawFormat, &asked)
	p.format = asked.format(asked.JSONSchema.Schema)
	return err
}

func (m chatMessage) message() message {
	made := message{role: m.Role, text: contentText(m.Content)}
	for _, c := range m.ToolCalls {
		made.calls = append(made.calls, c.Function)
	}
	return made
}

// choice is what tool_choice says.
func (r *chatRequest) choice() toolChoice {
	var named struct {
		Function struct {
			Name string `json:"name"`
		} `json:"function"`
	}
	if json.Unmarshal(r.RawChoice, &named) == nil {
		return onlyTool(named.Function.Name)
	}
	return toolChoice{none: string(r.RawChoice) == `"none"`}
}

// contentText is the text of a content, which is a string or a list of parts,
// in the dialects of OpenAI and Anthropic.
func contentText(content json.RawMessage) string {
	var text string
	if json.Unmarshal(content, &text) == nil {
		return text
	}
	var parts []struct {
		Text string `json:"text"`
	}
	if json.Unmarshal(content, &parts) != nil {
		return ""
	}
	var all strings.Builder
	for _, part := range parts {
		all.WriteString(part.Text)
	}
	return all.String()
}
