package sim

import (
	"encoding/json"
	"slices"
)

// A messagesTurn is one entry of messages, as far as it is looked at.
type messagesTurn struct {
	Role    string `json:"role"`
	Content blocks `json:"content"`
}

// blocks are the content of a message.
type blocks []block

// A block is one block of content.
type block struct {
	Type      string          `json:"type"`
	Text      string          `json:"text"`
	Thinking  string          `json:"thinking"`
	Signature string          `json:"signature"`
	Data      string          `json:"data"`
	ID        string          `json:"id"`
	Name      string          `json:"name"`
	Input     json.RawMessage `json:"input"`
	ToolUseID string          `json:"tool_use_id"`
}

// UnmarshalJSON also reads a string, which is one text block.
func (b *blocks) UnmarshalJSON(raw []byte) error {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		*b = blocks{{Type: "text", Text: text}}
		return nil
	}
	return json.Unmarshal(raw, (*[]block)(b))
}

// ids is those of the tools that are called, or whose results are told.
func (b blocks) ids(kind string) []string {
	var list []string
	for _, one := range b {
		if one.Type == kind {
			list = append(list, one.ID+one.ToolUseID) // a block has one of them
		}
	}
	return list
}

// messages is what an entry says, in no dialect's form: the results of tools,
// then the rest.
func (t messagesTurn) messages() []message {
	var list []message
	rest, other := message{role: t.Role}, false
	for _, b := range t.Content {
		switch b.Type {
		case "tool_result":
			list = append(list, message{role: roleTool})
			continue
		case "text":
			rest.text += b.Text
		case "tool_use":
			rest.calls = append(rest.calls, call{Name: b.Name, Arguments: string(b.Input)})
		}
		other = true
	}
	if other || len(list) == 0 {
		list = append(list, rest)
	}
	return list
}

// readTurns reads messages and refuses what the real API refuses of them:
// thinking that was altered, and tools used without results or the reverse.
func (s *Server) readTurns(raw []json.RawMessage) ([]messagesTurn, *failure) {
	turns := make([]messagesTurn, len(raw))
	for n := range raw {
		if json.Unmarshal(raw[n], &turns[n]) != nil {
			return nil, badRequest("messages", "messages.%d: no message of the expected form", n)
		}
		if role := turns[n].Role; role != roleUser && role != roleModel && role != "system" {
			return nil, badRequest("messages", "messages.%d.role: must be 'user' or 'assistant'", n)
		}
		for at, b := range turns[n].Content {
			if !s.genuine(b) {
				return nil, badRequest("messages", "messages.%d.content.%d: invalid `signature` in `thinking` block", n, at)
			}
		}
	}
	return turns, checkToolUse(turns)
}

// genuine reports whether a block is not one of thinking that was altered.
func (s *Server) genuine(b block) bool {
	ok := true
	switch b.Type {
	case "thinking":
		_, ok = s.unseal(b.Signature, b.Type, b.Thinking)
	case "redacted_thinking":
		_, ok = s.unseal(b.Data, b.Type)
	}
	return ok
}

// checkToolUse sees that the results of tools come right after their use.
func checkToolUse(turns []messagesTurn) *failure {
	var open []string
	for n, t := range turns {
		results := t.Content.ids("tool_result")
		for _, id := range results {
			if !slices.Contains(open, id) {
				return badRequest("messages", "messages.%d: `tool_result` of '%s' without a `tool_use` in the message before", n, id)
			}
		}
		for _, id := range open {
			if !slices.Contains(results, id) {
				return badRequest("messages", "messages.%d: `tool_use` '%s' without a `tool_result` right after", n-1, id)
			}
		}
		open = t.Content.ids("tool_use")
	}
	if len(open) > 0 {
		return badRequest("messages", "messages.%d: `tool_use` '%s' without a `tool_result` right after", len(turns)-1, open[0])
	}
	return nil
}
