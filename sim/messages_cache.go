package sim

import (
	"encoding/json"
	"slices"
)

// A cacheUsage is how many tokens of a prompt were read from the cache, and
// how many written.
type cacheUsage struct{ read, written int }

// A prefix is the beginning of a prompt up to some block.
type prefix struct {
	hash digest
	// size in bytes.
	size int
	// marked for the cache with cache_control.
	marked bool
}

// prefixes is the beginnings of the prompt, in the order tools, system,
// messages. They are the same wherever cache_control stands.
func (f *messagesForm) prefixes() []prefix {
	var list []prefix
	add := func(kind string, raw json.RawMessage) {
		for _, b := range blocksOf(raw) {
			list = append(list, extend(list, kind, b, min(len(b), len(raw))))
		}
	}
	add("tool", f.request.RawTools)
	add("system", f.request.RawSystem)
	for _, raw := range slices.Concat(f.history, f.request.RawMessages) {
		var m struct {
			Role    string          `json:"role"`
			Content json.RawMessage `json:"content"`
		}
		if json.Unmarshal(raw, &m) == nil {
			add(m.Role, m.Content)
		}
	}
	if len(list) > 0 && len(f.request.CacheControl) > 0 {
		list[len(list)-1].marked = true
	}
	return list
}

// blocksOf is the entries of a list, or a text as its only one.
func blocksOf(raw json.RawMessage) []json.RawMessage {
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) == nil || len(raw) == 0 {
		return list
	}
	return []json.RawMessage{json.RawMessage(encode(map[string]any{"type": "text", "text": raw}))}
}

// extend is the prefix that one more block, of a size as sent, makes of the
// last one.
func extend(list []prefix, kind string, raw json.RawMessage, size int) prefix {
	var last prefix
	if len(list) > 0 {
		last = list[len(list)-1]
	}
	var fields map[string]any
	if json.Unmarshal(raw, &fields) != nil {
		fields = map[string]any{}
	}
	_, marked := fields["cache_control"]
	delete(fields, "cache_control")
	return prefix{hash: digestOf(last.hash.String(), kind, encode(fields)), size: last.size + size, marked: marked}
}

// cache reads the longest beginning that it holds, up to the last mark, and counts
// the rest up to there as written; marked are those to hold. The caller holds the
// lock.
func (m *memory) cache(list []prefix) (u cacheUsage, marked []prefix) {
	end := 0
	for n, p := range list {
		if p.marked {
			end = n + 1
			marked = append(marked, p)
		}
	}
	if end == 0 {
		return u, nil
	}
	for _, p := range list[:end] {
		if _, ok := m.prefixes.get(p.hash.String()); ok {
			u.read = tokens(p.size)
		}
	}
	u.written = tokens(list[end-1].size) - u.read
	return u, marked
}
