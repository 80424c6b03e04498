package sim

import (
	"encoding/json"
	"slices"
)

// A storedResponse is a response that can be fetched and built upon.
type storedResponse struct {
	// states are what is still to be seen of it, one with each look; the last
	// one stays.
	states []responseObject
	// history, input and output are the items of the conversation up to it.
	history, input, output []json.RawMessage
}

// items is the conversation up to and with the response.
func (r *storedResponse) items() []json.RawMessage {
	return slices.Concat(r.history, r.input, r.output)
}

// look is the response as it is now. It moves on with each look, not with
// time, so that what a client sees depends on what it did.
func (r *storedResponse) look() responseObject {
	now := r.states[0]
	if len(r.states) > 1 {
		r.states = r.states[1:]
	}
	return now
}

// recall finds the history that the request builds on. What it claims is to be
// released.
func (f *responsesForm) recall() *failure {
	m := &f.server.memory
	m.mu.Lock()
	defer m.mu.Unlock()
	if id := f.request.Previous; id != "" {
		previous, ok := m.responses.get(id)
		if !ok {
			return &failure{
				kind: invalid, param: "previous_response_id", code: "previous_response_not_found",
				message: "previous response '" + id + "' not found",
			}
		}
		f.history = previous.items()
	}
	if id := f.request.conversationID(); id != "" {
		return f.claim(id)
	}
	return nil
}

// keep stores the response and adds to its conversation.
func (f *responsesForm) keep(t *turn) {
	final := f.final(t)
	stored := &storedResponse{states: []responseObject{final}, history: f.history, input: f.input}
	for _, i := range final.Output {
		stored.output = append(stored.output, json.RawMessage(encode(i)))
	}
	if f.request.Background && !f.request.Stream {
		stored.states = []responseObject{f.object(t, "in_progress"), final}
	}
	m := &f.server.memory
	m.mu.Lock()
	defer m.mu.Unlock()
	if f.request.stored() {
		m.responses.put(final.ID, stored, sizeOf(stored.items()))
	}
	if f.claimed == nil {
		return
	}
	f.claimed.items = stored.items()
	if _, ok := m.conversations.get(f.claimed.id); ok { // else it was deleted meanwhile
		m.conversations.put(f.claimed.id, f.claimed, sizeOf(f.claimed.items))
	}
}

// storedItem is an output item of a stored response.
func (s *Server) storedItem(id string) (json.RawMessage, bool) {
	draw, ok := drawOf(id)
	if !ok {
		return nil, false
	}
	s.memory.mu.Lock()
	defer s.memory.mu.Unlock()
	r, ok := s.memory.responses.get("resp_" + draw)
	if !ok {
		return nil, false
	}
	for n, i := range itemsOf(r.output) {
		if i.ID == id {
			return r.output[n], true
		}
	}
	return nil, false
}

// fetchResponse serves a stored response.
func (s *Server) fetchResponse(x *exchange) {
	s.withResponse(x, func(r *storedResponse) (any, *failure) { return r.look(), nil })
}

// cancelResponse ends one that is still to be waited for.
func (s *Server) cancelResponse(x *exchange) {
	s.withResponse(x, func(r *storedResponse) (any, *failure) {
		now := r.states[0]
		if !now.Background {
			return nil, badRequest("", "only a background response can be cancelled")
		}
		if len(r.states) > 1 {
			now.Status = "cancelled"
			r.states, r.output = []responseObject{now}, nil
		}
		return now, nil
	})
}

// inputOfResponse lists the items of a stored response's input, the last
// first, as the real API does by default.
func (s *Server) inputOfResponse(x *exchange) {
	s.withResponse(x, func(r *storedResponse) (any, *failure) {
		list := slices.Clone(r.input)
		slices.Reverse(list)
		return itemList(list, x), nil
	})
}

// withResponse answers with what is made of a stored response.
func (s *Server) withResponse(x *exchange, with func(*storedResponse) (any, *failure)) {
	made, fail := func() (any, *failure) {
		s.memory.mu.Lock()
		defer s.memory.mu.Unlock()
		r, ok := s.memory.responses.get(x.vars[0])
		if !ok {
			return nil, notFound("", "response '%s' not found", x.vars[0])
		}
		return with(r)
	}()
	if fail != nil {
		s.refuse(x, fail)
		return
	}
	s.reply(x, made)
}

func (s *Server) deleteResponse(x *exchange) {
	s.withResponse(x, func(*storedResponse) (any, *failure) {
		s.memory.responses.remove(x.vars[0])
		return map[string]any{"id": x.vars[0], "object": "response", "deleted": true}, nil
	})
}
