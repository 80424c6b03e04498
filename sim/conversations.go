package sim

import (
	"encoding/json"
	"fmt"
	"strconv"
)

// A conversation is what is said under one id; the Responses API adds to it.
type conversation struct {
	id       string
	created  int64
	metadata json.RawMessage
	items    []json.RawMessage
	// busy means that an answer is being made, which locks it.
	busy bool
}

// claim locks the conversation that the answer will be added to. The caller
// holds the lock of the memory.
func (f *responsesForm) claim(id string) *failure {
	c, ok := f.server.memory.conversations.get(id)
	if !ok {
		return conversationNotFound(id)
	}
	if c.busy {
		return &failure{
			kind: invalid, param: "conversation", code: "conversation_locked",
			message: "another request is adding to this conversation",
		}
	}
	c.busy, f.claimed, f.history = true, c, c.items
	return nil
}

func (f *responsesForm) release() {
	if f.claimed == nil {
		return
	}
	f.server.memory.mu.Lock()
	defer f.server.memory.mu.Unlock()
	f.claimed.busy = false
}

func conversationNotFound(id string) *failure {
	return notFound("", "conversation with id '%s' not found", id)
}

func (s *Server) createConversation(x *exchange) {
	var request struct {
		Items    []json.RawMessage `json:"items"`
		Metadata json.RawMessage   `json:"metadata"`
	}
	if len(x.body) > 0 && json.Unmarshal(x.body, &request) != nil {
		s.refuse(x, badJSON())
		return
	}
	s.identify(x)
	c := &conversation{
		id: "conv_" + hexID(x.source("conversation")), created: s.now().Unix(),
		metadata: orElse(request.Metadata, "{}"), items: request.Items,
	}
	s.memory.mu.Lock()
	s.memory.conversations.put(c.id, c, sizeOf(c.items))
	s.memory.mu.Unlock()
	s.reply(x, c.object())
}

func (s *Server) fetchConversation(x *exchange) {
	s.withConversation(x, func(c *conversation) any { return c.object() })
}

func (s *Server) updateConversation(x *exchange) {
	var request struct {
		Metadata json.RawMessage `json:"metadata"`
	}
	if json.Unmarshal(x.body, &request) != nil {
		s.refuse(x, badJSON())
		return
	}
	s.withConversation(x, func(c *conversation) any {
		c.metadata = orElse(request.Metadata, "{}")
		return c.object()
	})
}

func (s *Server) deleteConversation(x *exchange) {
	s.withConversation(x, func(c *conversation) any {
		s.memory.conversations.remove(c.id)
		return map[string]any{"id": c.id, "object": "conversation.deleted", "deleted": true}
	})
}

func (s *Server) itemsOfConversation(x *exchange) {
	s.withConversation(x, func(c *conversation) any { return itemList(c.items, x) })
}

// withConversation answers with what is made of a conversation.
func (s *Server) withConversation(x *exchange, with func(*conversation) any) {
	s.memory.mu.Lock()
	c, ok := s.memory.conversations.get(x.vars[0])
	var made any
	if ok {
		made = with(c)
	}
	s.memory.mu.Unlock()
	if !ok {
		s.refuse(x, conversationNotFound(x.vars[0]))
		return
	}
	s.reply(x, made)
}

func (c *conversation) object() map[string]any {
	return map[string]any{"id": c.id, "object": "conversation", "created_at": c.created, "metadata": c.metadata}
}

// itemList is a list of items, whole; those of a client without an id get one.
func itemList(items []json.RawMessage, x *exchange) map[string]any {
	data, ids := []any{}, []string{}
	for n, raw := range items {
		var fields map[string]any
		if json.Unmarshal(raw, &fields) != nil || fields == nil {
			continue
		}
		id, ok := fields["id"].(string)
		if !ok {
			id = fmt.Sprintf("msg_%s%02x", digestOf(x.vars[0], strconv.Itoa(n)), n)
			fields["id"] = id
		}
		if text, ok := fields["content"].(string); ok {
			fields["content"] = []any{map[string]any{"type": "input_text", "text": text}}
		}
		data, ids = append(data, fields), append(ids, id)
	}
	list := map[string]any{"object": "list", "data": data, "has_more": false, "first_id": nil, "last_id": nil}
	if len(ids) > 0 {
		list["first_id"], list["last_id"] = ids[0], ids[len(ids)-1]
	}
	return list
}
