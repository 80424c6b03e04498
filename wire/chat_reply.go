package wire

import (
	"fmt"

	"github.com/tidwall/gjson"
)

const (
	// maxIndex bounds the indices of choices and tool calls.
	maxIndex = 1024
	// maxWord bounds ids, names of models, finish reasons and the like, in
	// bytes.
	maxWord = 1024
)

// A chatFold gathers one Chat Completions reply, from one body or from chunks:
// a message and a delta have the same fields, so that both fold alike.
type chatFold struct {
	reply   Reply
	text    []byte
	refusal []byte
	calls   callFold
	// seen holds the indices of the choices; mine is whether the first is
	// among them, done whether the stream or the first choice has ended.
	seen    [maxIndex]bool
	mine    bool
	done    bool
	size    int // what is kept, in bytes
	started func()
}

func newChatFold(started func()) *chatFold {
	if started == nil {
		started = func() {}
	}
	return &chatFold{started: started}
}

// begin reports the first token, once.
func (f *chatFold) begin() {
	f.started()
	f.started = func() {}
}

// event folds the data of one stream event.
func (f *chatFold) event(data []byte) error {
	if string(data) == "[DONE]" {
		f.done = true
		return nil
	}
	root, ok := parse(data)
	if !ok || !root.IsObject() {
		return fmt.Errorf("stream event is no JSON object: %w", ErrNotDialect)
	}
	f.fields(root, "delta")
	if f.size > maxReply {
		return fmt.Errorf("streamed reply: %w", ErrTooBig)
	}
	return nil
}

// body folds a unary reply.
func (f *chatFold) body(data []byte) error {
	root, ok := parse(data)
	if !ok || !root.IsObject() {
		return fmt.Errorf("body is no JSON object: %w", ErrNotDialect)
	}
	if !present(root.Get("error")) && !root.Get("choices").IsArray() {
		return fmt.Errorf("neither choices nor error: %w", ErrNotDialect)
	}
	f.fields(root, "message")
	if f.mine {
		f.done = true
		f.begin()
	}
	return nil
}

// fields folds the top level of a body or chunk; part names what a choice
// holds.
func (f *chatFold) fields(root gjson.Result, part string) {
	root.ForEach(func(key, value gjson.Result) bool {
		switch key.Str {
		case "id":
			keep(&f.reply.ID, value)
		case "model":
			keep(&f.reply.Model, value)
		case "system_fingerprint":
			keep(&f.reply.Fingerprint, value)
		case "usage":
			readChatUsage(&f.reply.Usage, value)
		case "error":
			f.fail(value)
		case "choices":
			f.choices(value, part)
		}
		return true
	})
}

// keep takes over a word; later chunks repeat it or leave it empty.
func keep(word *string, v gjson.Result) {
	if v.Type == gjson.String && v.Str != "" && v.Str != *word {
		*word = clip(v.Str, maxWord)
	}
}

func (f *chatFold) fail(v gjson.Result) {
	if !present(v) {
		return
	}
	f.reply.Failure = &Failure{
		Type: clip(v.Get("type").String(), maxWord),
		Code: clip(v.Get("code").String(), maxWord),
	}
	f.done = true
}

func (f *chatFold) choices(list gjson.Result, part string) {
	if !list.IsArray() {
		return
	}
	position := -1
	list.ForEach(func(_, choice gjson.Result) bool {
		position++
		f.choice(choice, position, part)
		return true
	})
}

// choice folds the choice of index 0 and counts the others. One without an
// index has that of its position.
func (f *chatFold) choice(choice gjson.Result, position int, part string) {
	index, ok := count(choice.Get("index"))
	if !ok {
		index = position
	}
	if index >= maxIndex {
		return
	}
	if !f.seen[index] {
		f.seen[index] = true
		f.reply.Choices++
	}
	if index > 0 {
		return
	}
	f.mine = true
	f.message(choice.Get(part))
	if reason := choice.Get("finish_reason"); reason.Type == gjson.String {
		keep(&f.reply.Finish, reason)
		f.done = true
		if f.reply.Failure == nil {
			f.begin()
		}
	}
}

// message folds a message or a delta.
func (f *chatFold) message(m gjson.Result) {
	if !m.IsObject() {
		return
	}
	var long, short int // sizes of the two names that reasoning goes by
	m.ForEach(func(key, value gjson.Result) bool {
		switch key.Str {
		case "content":
			f.content(value)
		case "refusal":
			f.keepText(&f.refusal, value.String())
		case "reasoning_content":
			long = len(value.String())
		case "reasoning":
			short = len(value.String())
		case "tool_calls":
			f.toolCalls(value)
		case "function_call":
			f.functionCall(value)
		}
		return true
	})
	if n := max(long, short); n > 0 { // some servers send both, equal
		f.reply.ReasoningBytes += n
		f.begin()
	}
}

func (f *chatFold) content(v gjson.Result) {
	eachText(v, func(text string) { f.keepText(&f.text, text) })
}

func (f *chatFold) keepText(to *[]byte, text string) {
	if text == "" {
		return
	}
	*to = append(*to, text...)
	f.size += len(text)
	f.begin()
}

// result is the reply; whole is whether it was read to its end without an
// error.
func (f *chatFold) result(whole bool) Reply {
	r := f.reply
	r.Text, r.Refusal = string(f.text), string(f.refusal)
	r.Calls = f.calls.list()
	r.Truncated = !whole || !f.done || (!f.mine && r.Failure == nil)
	return r
}

// readChatUsage keeps the last counts: some servers send running ones.
func readChatUsage(u *Usage, v gjson.Result) {
	if !v.IsObject() {
		return
	}
	input, hasInput := count(v.Get("prompt_tokens"))
	output, hasOutput := count(v.Get("completion_tokens"))
	*u = Usage{Input: input, Output: output, HasTotals: hasInput && hasOutput}
	u.CachedInput, _ = count(v.Get("prompt_tokens_details.cached_tokens"))
	u.Reasoning, u.HasReasoning = count(v.Get("completion_tokens_details.reasoning_tokens"))
}
