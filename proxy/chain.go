package proxy

import (
	"sync"

	"hotmess/wire"
)

// maxChained bounds the replies whose conversation is remembered.
const maxChained = 20_000

// chains remembers to which conversation the replies belong that later requests
// may name instead of repeating the history. The oldest are forgotten first.
type chains struct {
	mu sync.Mutex
	// of maps sealed ids of replies to conversations; ring holds those ids in
	// the order of their arrival, next being the oldest once it is full.
	of   map[string]string
	ring []string
	next int
}

// add remembers the conversation of a reply.
func (c *chains) add(reply, conversation string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, known := c.of[reply]; known {
		return
	}
	if c.of == nil {
		c.of = make(map[string]string)
	}
	c.of[reply] = conversation
	if len(c.ring) < maxChained {
		c.ring = append(c.ring, reply)
		return
	}
	delete(c.of, c.ring[c.next])
	c.ring[c.next] = reply
	c.next = (c.next + 1) % maxChained
}

// find is the conversation of a reply, if it is remembered.
func (c *chains) find(reply string) (conversation string, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	conversation, ok = c.of[reply]
	return conversation, ok
}

// follow remembers a reply that the next request may go on from.
func (x *exchange) follow(in inspection, r wire.Reply) {
	if r.ID == "" || !in.view.Stored && !in.view.Chain.Holds() {
		return
	}
	x.h.chains.add(x.h.seal.reply(r.ID), x.conversation(in.view))
}

// conversation identifies the task that a request belongs to: by the session
// that the client names, the conversation upstream, the chain of replies that it
// goes on from, else by client, model and first user message.
func (x *exchange) conversation(v wire.View) string {
	seal := x.h.seal
	switch {
	case x.named != "":
		return seal.seal("session", x.client, x.named)
	case v.Chain.Conversation != "":
		return seal.seal("conversation", v.Chain.Conversation)
	case v.Chain.Previous != "":
		if known, ok := x.h.chains.find(seal.reply(v.Chain.Previous)); ok {
			return known
		}
		return seal.reply(v.Chain.Previous)
	}
	return seal.seal("first", x.client, v.Model, v.FirstUser)
}
