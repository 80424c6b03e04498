package wire

import (
	"fmt"

	"github.com/tidwall/gjson"
)

// A chatFold gathers one Chat Completions reply, from one body or from chunks:
// a message and a delta have the same fields, so that both fold alike.
type chatFold struct{ gathering }

func (chat) fold(started func()) folder { return &chatFold{newGathering(started)} }

// event folds a chunk of a stream. Its end mark is [DONE], the finish reason of
// the first choice (compatible servers leave [DONE] out), or an error.
func (f *chatFold) event(data []byte) error {
	if string(data) == "[DONE]" {
		f.ended, f.closed = true, true
		return nil
	}
	root, ok := parse(data)
	if !ok || !root.IsObject() {
		return fmt.Errorf("stream event is no JSON object: %w", ErrNotDialect)
	}
	f.fields(root, "delta")
	return f.bounded()
}

func (f *chatFold) body(data []byte) error {
	root, ok := parse(data)
	if !ok || !root.IsObject() {
		return fmt.Errorf("body is no JSON object: %w", ErrNotDialect)
	}
	if !present(root.Get("error")) && !root.Get("choices").IsArray() {
		return fmt.Errorf("neither choices nor error: %w", ErrNotDialect)
	}
	f.fields(root, "message")
	f.only()
	if _, ok := f.choices[0]; ok {
		f.ended = true
		f.begin()
	}
	return f.bounded()
}

// only takes a choice that is the only one for the first, whatever its index:
// clients go by its position.
func (f *chatFold) only() {
	for index, c := range f.choices {
		if len(f.choices) == 1 && index != 0 {
			delete(f.choices, index)
			f.choices[0] = c
			f.ended = f.ended || c.finish != ""
		}
	}
}

func (f *chatFold) result(whole bool) Reply {
	f.only()
	return f.gathering.result(whole)
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
			if present(value) {
				f.fail(value.Get("type"), value.Get("code"))
			}
		case "choices":
			eachIndexed(value, func(index int, choice gjson.Result) { f.oneOf(index, choice, part) })
		}
		return true
	})
}

// eachIndexed calls do with every element of a list and its index; one without
// has that of its position.
func eachIndexed(list gjson.Result, do func(index int, element gjson.Result)) {
	if !list.IsArray() {
		return
	}
	position := -1
	list.ForEach(func(_, element gjson.Result) bool {
		position++
		index, ok := count(element.Get("index"))
		if !ok {
			index = position
		}
		do(index, element)
		return true
	})
}

// oneOf folds a choice, or what has come of it.
func (f *chatFold) oneOf(index int, choice gjson.Result, part string) {
	c := f.choice(index)
	if c == nil {
		return
	}
	c.message(choice.Get(part))
	readChatUsage(&f.reply.Usage, choice.Get("usage")) // Moonshot's place for it
	if reason := choice.Get("finish_reason"); reason.Type == gjson.String {
		c.end(reason)
		f.ended = f.ended || index == 0
	}
}

// message folds a message or a delta.
func (c *choiceFold) message(m gjson.Result) {
	if !m.IsObject() {
		return
	}
	var long, short int // sizes of the two names that reasoning goes by
	m.ForEach(func(key, value gjson.Result) bool {
		switch key.Str {
		case "content":
			eachText(value, c.say)
		case "refusal":
			c.refuse(value.Str)
		case "reasoning_content":
			long = len(value.Str)
		case "reasoning":
			short = len(value.Str)
		case "tool_calls":
			eachIndexed(value, c.chatCall)
		case "function_call": // the legacy form of a single call
			if value.IsObject() {
				c.call(0, gjson.Result{}, value.Get("name"), value.Get("arguments"))
			}
		}
		return true
	})
	c.reason(max(long, short)) // some servers send both, equal
}

// chatCall folds a tool call, or a fragment of it.
func (c *choiceFold) chatCall(index int, fragment gjson.Result) {
	if !fragment.IsObject() {
		return
	}
	body, arguments := fragment.Get("function"), "arguments"
	if custom := fragment.Get("custom"); custom.IsObject() {
		body, arguments = custom, "input"
	}
	c.call(index, fragment.Get("id"), body.Get("name"), body.Get(arguments))
}
