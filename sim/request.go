package sim

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
)

// maxChoices is the largest n of a request, as in OpenAI's reference.
const maxChoices = 128

// A prompt is a decoded chat request.
type prompt struct {
	Model         string          `json:"model"`
	RawMessages   json.RawMessage `json:"messages"`
	RawTools      json.RawMessage `json:"tools"`
	RawChoice     json.RawMessage `json:"tool_choice"`
	RawFormat     json.RawMessage `json:"response_format"`
	Stream        bool            `json:"stream"`
	StreamOptions struct {
		IncludeUsage bool `json:"include_usage"`
	} `json:"stream_options"`
	N *int `json:"n"`

	messages []message
	tools    []Tool
	format   format
	hash     digest
	// recorded is the question that is asked, where samples are replayed.
	recorded *record
	// size of the body in bytes.
	size int
}

// A message is one entry of a conversation.
type message struct {
	Role      string          `json:"role"`
	Content   json.RawMessage `json:"content"`
	ToolCalls []struct {
		Function call `json:"function"`
	} `json:"tool_calls"`
}

// A format is what a request says of the form of its answer.
type format struct {
	Type       string `json:"type"`
	JSONSchema struct {
		Schema schema `json:"schema"`
	} `json:"json_schema"`
}

// readPrompt reads and checks the body of a chat request.
func (s *Server) readPrompt(w http.ResponseWriter, r *http.Request) (*prompt, *apiError) {
	body, fail := s.readBody(w, r)
	if fail != nil {
		return nil, fail
	}
	p := &prompt{size: len(body)}
	if err := json.Unmarshal(body, p); err != nil {
		return nil, badJSON()
	}
	if fail := p.check(); fail != nil {
		return nil, fail
	}
	if err := p.decode(); err != nil {
		return nil, badJSON()
	}
	p.hash = digestOf(p.Model, string(p.RawMessages), string(p.RawTools), string(p.RawChoice), string(p.RawFormat))
	return p, p.choose()
}

// readBody reads a whole request body within MaxBody.
func (s *Server) readBody(w http.ResponseWriter, r *http.Request) ([]byte, *apiError) {
	limit := s.MaxBody
	if limit <= 0 {
		limit = DefaultMaxBody
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, bodyTooLarge(limit)
	case err != nil:
		return nil, badJSON()
	}
	return body, nil
}

func (p *prompt) check() *apiError {
	switch {
	case p.Model == "":
		return badRequest("model", "you must provide a model parameter")
	case len(p.RawMessages) == 0:
		return badRequest("messages", "missing required parameter: 'messages'")
	case p.N != nil && (*p.N < 1 || *p.N > maxChoices):
		return badRequest("n", "n must be from 1 to 128")
	}
	return nil
}

// decode reads the parts that are kept raw for the hash.
func (p *prompt) decode() error {
	for _, part := range []struct {
		raw  json.RawMessage
		into any
	}{{p.RawMessages, &p.messages}, {p.RawTools, &p.tools}, {p.RawFormat, &p.format}} {
		if len(part.raw) == 0 {
			continue
		}
		if err := json.Unmarshal(part.raw, part.into); err != nil {
			return err
		}
	}
	return nil
}

// choose narrows the tools to what tool_choice leaves.
func (p *prompt) choose() *apiError {
	if len(p.messages) == 0 {
		return badRequest("messages", "empty array: 'messages' needs at least one message")
	}
	var mode string
	if json.Unmarshal(p.RawChoice, &mode) == nil {
		if mode == "none" {
			p.tools = nil
		}
		return nil
	}
	var named struct {
		Function struct {
			Name string `json:"name"`
		} `json:"function"`
	}
	if json.Unmarshal(p.RawChoice, &named) != nil {
		return nil
	}
	p.tools = keepTool(p.tools, named.Function.Name)
	if len(p.tools) == 0 {
		return badRequest("tool_choice", "tool_choice names a function that tools does not offer")
	}
	return nil
}

// choices is the number of completions asked for.
func (p *prompt) choices() int {
	if p.N == nil {
		return 1
	}
	return *p.N
}

// firstUser and lastUser are the texts of the first and last user message.
func (p *prompt) firstUser() string {
	for _, m := range p.messages {
		if m.Role == "user" {
			return m.text()
		}
	}
	return ""
}

func (p *prompt) lastUser() string {
	for _, v := range slices.Backward(p.messages) {
		if v.Role == "user" {
			return v.text()
		}
	}
	return ""
}

// text is the text of a message, whose content is a string or a list of parts.
func (m message) text() string {
	var text string
	if json.Unmarshal(m.Content, &text) == nil {
		return text
	}
	var parts []struct {
		Text string `json:"text"`
	}
	if json.Unmarshal(m.Content, &parts) != nil {
		return ""
	}
	var all strings.Builder
	for _, part := range parts {
		all.WriteString(part.Text)
	}
	return all.String()
}
