package sim

import (
	"encoding/json"
	"slices"
)

// A geminiContent is one entry of contents, or of what is answered.
type geminiContent struct {
	Role  string       `json:"role,omitempty"`
	Parts []geminiPart `json:"parts"`
}

// A geminiPart is one part of a content.
type geminiPart struct {
	Text      *string         `json:"text,omitempty"`
	Thought   bool            `json:"thought,omitempty"`
	Call      *geminiCall     `json:"functionCall,omitempty"`
	Response  json.RawMessage `json:"functionResponse,omitempty"`
	Signature string          `json:"thoughtSignature,omitempty"`
}

type geminiCall struct {
	ID   string          `json:"id,omitempty"`
	Name string          `json:"name"`
	Args json.RawMessage `json:"args,omitempty"`
}

// unsigned are the signatures that Google's documentation offers for histories
// that another model made; they are not checked.
func unsigned(signature string) bool {
	return signature == "skip_thought_signature_validator" || signature == "context_engineering_is_the_way_to_go"
}

// readContents reads contents and refuses what the real API refuses of them:
// signatures that were altered, and responses that are not as many as the
// calls before them.
func (s *Server) readContents(raw json.RawMessage) ([]geminiContent, *failure) {
	var list []geminiContent
	if len(raw) > 0 && json.Unmarshal(raw, &list) != nil {
		return nil, badRequest("", "contents: not of the expected form")
	}
	if len(list) == 0 {
		return nil, badRequest("", "contents: must not be empty")
	}
	for n, c := range list {
		for at, p := range c.Parts {
			if p.Signature == "" || unsigned(p.Signature) {
				continue
			}
			if _, ok := s.unseal(p.Signature, "thought", p.name()); !ok {
				return nil, badRequest("", "contents[%d].parts[%d]: thought signature is not valid", n, at)
			}
		}
	}
	return list, checkResponses(list)
}

// name is that of the function that a part calls; empty if none.
func (p geminiPart) name() string {
	if p.Call == nil {
		return ""
	}
	return p.Call.Name
}

// checkResponses counts responses against the calls that they follow. Contents
// of the model in a row are one turn: the SDKs' chats keep each part of a stream
// as a content of its own, of which the last has the end alone.
func checkResponses(list []geminiContent) *failure {
	calls, responses := 0, 0
	for n, c := range list {
		made, told := c.count()
		responses += told
		last := n == len(list)-1
		if (last || c.Role == "model") && responses > 0 && responses != calls {
			return badRequest("", "contents[%d]: %d function responses follow %d function calls", n, responses, calls)
		}
		switch {
		case c.Role != "model":
		case n > 0 && list[n-1].Role == "model":
			calls += made
		default:
			calls, responses = made, 0
		}
	}
	return nil
}

// count is how many functions a content calls, and how many responses it has.
func (c geminiContent) count() (calls, responses int) {
	for _, p := range c.Parts {
		if p.Call != nil {
			calls++
		}
		if p.Response != nil {
			responses++
		}
	}
	return calls, responses
}

// messages is what a content says, in no dialect's form: the results of
// tools, then the rest.
func (c geminiContent) messages() []message {
	_, results := c.count()
	list := slices.Repeat([]message{{role: roleTool}}, results)
	if results > 0 && results == len(c.Parts) {
		return list
	}
	rest := message{role: roleUser}
	if c.Role == "model" {
		rest.role = roleModel
	}
	for _, p := range c.Parts {
		if p.Call != nil {
			rest.calls = append(rest.calls, call{Name: p.Call.Name, Arguments: string(orElse(p.Call.Args, "{}"))})
		}
		if p.Text != nil && !p.Thought {
			rest.text += *p.Text
		}
	}
	return append(list, rest)
}
