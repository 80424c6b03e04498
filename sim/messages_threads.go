package sim

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// threadsBeta is the beginning of the value of anthropic-beta that allows
// threads.
const threadsBeta = "message-threads-"

// A thread is a conversation that the server holds under the id of its last
// reply. It can be continued once.
type thread struct {
	system, tools json.RawMessage
	messages      []json.RawMessage
	// busy means that it is being continued, spent that it was.
	busy, spent bool
}

// A threadRequest is what a request says of its thread.
type threadRequest struct {
	Type     string `json:"type"`
	Previous string `json:"previous_message_id"`
}

// resume takes over what a thread holds, for a request that continues one.
func (f *messagesForm) resume(h http.Header) *failure {
	asked := f.request.Thread
	switch {
	case asked == nil:
		return nil
	case !strings.Contains(strings.Join(h.Values("Anthropic-Beta"), ","), threadsBeta):
		return badRequest("thread", "thread: needs '%s…' in the header anthropic-beta", threadsBeta)
	case asked.Type == "create":
		return nil
	case asked.Type != "continue" || asked.Previous == "":
		return badRequest("thread", "thread: must be a create, or a continue with previous_message_id")
	case len(f.request.RawSystem) > 0 || len(f.request.RawTools) > 0:
		return badRequest("thread", "thread: a continue must not repeat system or tools")
	}
	f.server.memory.mu.Lock()
	defer f.server.memory.mu.Unlock()
	previous, fail := f.previous()
	if fail != nil {
		return fail
	}
	f.history, f.request.RawSystem, f.request.RawTools = previous.messages, previous.system, previous.tools
	f.held = previous.bytes()
	return nil
}

// bytes is the size of what a thread holds.
func (t *thread) bytes() int { return len(t.system) + len(t.tools) + sizeOf(t.messages) }

// previous is the thread that is continued. The caller holds the lock.
func (f *messagesForm) previous() (*thread, *failure) {
	id := f.request.Thread.Previous
	previous, ok := f.server.memory.threads.get(id)
	switch {
	case !ok:
		return nil, &failure{kind: missing, detail: "thread_not_found", message: "no thread is held under '" + id + "'"}
	case previous.spent:
		return nil, &failure{detail: "thread_already_continued", message: "'" + id + "' has been continued already"}
	case previous.busy:
		return nil, &failure{detail: "thread_continue_in_flight", message: "'" + id + "' is being continued"}
	}
	return previous, nil
}

// claim keeps others from continuing the same thread.
func (f *messagesForm) claim() *failure {
	if f.request.Thread == nil || f.request.Thread.Type != "continue" {
		return nil
	}
	f.server.memory.mu.Lock()
	defer f.server.memory.mu.Unlock()
	previous, fail := f.previous()
	if fail != nil {
		return fail
	}
	previous.busy, f.claimed = true, previous
	return nil
}

// release lets the thread be continued after all, where that has failed.
func (f *messagesForm) release() {
	if f.claimed == nil {
		return
	}
	f.server.memory.mu.Lock()
	defer f.server.memory.mu.Unlock()
	f.claimed.busy = false
}

// keep counts the cache and holds the thread under the id of the reply.
func (f *messagesForm) keep(t *turn) {
	memory := &f.server.memory
	memory.mu.Lock()
	defer memory.mu.Unlock()
	f.cached, f.marked = memory.cache(f.prefixes())
	if f.claimed != nil {
		f.claimed.spent = true
	}
	if f.request.Thread == nil {
		return
	}
	said := encode(map[string]any{"role": roleModel, "content": f.content(t)})
	held := &thread{
		system: f.request.RawSystem, tools: f.request.RawTools,
		messages: slices.Concat(f.history, f.request.RawMessages, []json.RawMessage{json.RawMessage(said)}),
	}
	memory.threads.put(messageID(t), held, held.bytes())
}
