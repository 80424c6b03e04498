package sim

// Bounds of what OpenAI's cache keeps unasked, in tokens: the shortest prompt, and
// the steps in which the cached part of one is told.
const (
	minPrefix  = 1024
	prefixStep = 128
)

// beginnings are those of a prompt after each of its messages. Another model, other
// tools or another prompt_cache_key make another prompt of it.
func (p *prompt) beginnings() []prefix {
	tools := ""
	if len(p.tools) > 0 {
		tools = encode(p.tools)
	}
	last := prefix{hash: digestOf(p.model, p.cacheKey, tools), size: len(tools)}
	list := make([]prefix, 0, len(p.messages))
	for _, m := range p.messages {
		calls := ""
		if len(m.calls) > 0 {
			calls = encode(m.calls)
		}
		last = prefix{hash: digestOf(last.hash.String(), m.role, m.text, calls), size: last.size + len(m.text) + len(calls)}
		if tokens(last.size) >= minPrefix {
			list = append(list, last)
		}
	}
	return list
}

// lookUp finds the longest beginning of the prompt that the cache holds.
func (s *Server) lookUp(t *turn) {
	if _, own := t.prompt.form.(*messagesForm); own || !s.PrefixCache {
		return
	}
	t.beginnings = t.prompt.beginnings()
	s.memory.mu.Lock()
	defer s.memory.mu.Unlock()
	for _, p := range t.beginnings {
		if _, held := s.memory.prefixes.get(p.hash.String()); held {
			t.cached = min(tokens(p.size), tokens(t.prompt.size)) / prefixStep * prefixStep
		}
	}
}

// warm keeps what of the prompt is to be cached: it has been read whole once the
// first token comes.
func (s *Server) warm(t *turn) {
	list := t.beginnings
	if f, ok := t.prompt.form.(*messagesForm); ok {
		list = f.marked
	}
	if len(list) == 0 {
		return
	}
	s.memory.mu.Lock()
	defer s.memory.mu.Unlock()
	for _, p := range list {
		s.memory.prefixes.put(p.hash.String(), struct{}{}, 0)
	}
}
