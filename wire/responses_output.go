package wire

import (
	"cmp"
	"slices"

	"github.com/tidwall/gjson"
)

// The types of items that are made of deltas.
const (
	messageItem   = "message"
	reasoningItem = "reasoning"
	functionCall  = "function_call"
	customCall    = "custom_tool_call"
)

// An outputItem is what has come of one item of a reply: a message, reasoning,
// or a call on the client.
type outputItem struct {
	index    int
	id, kind string
	// phase tells comments that a model makes on its way from its final answer.
	phase string
	// whole is whether the item came as a whole: nothing more is added to it.
	whole         bool
	text, refusal []byte
	reasoning     int // bytes of reasoning text
	// shown is whether any reasoning can be seen, whole or summarised.
	shown bool
	call  partialCall
}

// say keeps a piece of text.
func (it *outputItem) say(text string) { it.text = append(it.text, text...) }

// refuse keeps a piece of a refusal.
func (it *outputItem) refuse(text string) { it.refusal = append(it.refusal, text...) }

// reason counts a piece of reasoning text, which is not kept.
func (it *outputItem) reason(text string) {
	it.reasoning += len(text)
	it.shown = true
}

// summarise takes a piece of a summary of reasoning, which does not count.
func (it *outputItem) summarise(string) { it.shown = true }

// argue keeps a piece of what a tool is called with.
func (it *outputItem) argue(text string) {
	it.call.arguments = append(it.call.arguments, text...)
}

// size is that of what is kept, in bytes.
func (it *outputItem) size() int {
	return len(it.text) + len(it.refusal) + len(it.call.arguments)
}

// describe reads what an item is, but not what it holds: of one that has only
// been added, that comes in deltas.
func (it *outputItem) describe(item gjson.Result) {
	keep(&it.id, item.Get("id"))
	keep(&it.phase, item.Get("phase"))
	if callsClient(it.kind, item) {
		it.call.name, _ = readCall(it.kind, item)
		keep(&it.call.id, item.Get("call_id"))
	}
}

// read reads a whole item, in place of what had come of it.
func (it *outputItem) read(item gjson.Result) {
	it.describe(item)
	it.whole = true
	it.text, it.refusal, it.reasoning = nil, nil, 0
	content := item.Get("content")
	switch it.kind {
	case messageItem:
		eachText(content, it.say)
		eachRefusal(content, it.refuse)
	case reasoningItem:
		it.reasoning = contentSize(content)
		it.shown = it.reasoning+contentSize(item.Get("summary")) > 0
	default:
		_, with := readCall(it.kind, item)
		it.call.arguments = jsonText(with)
	}
}

// eachRefusal calls f with every refusal of a message's content.
func eachRefusal(content gjson.Result, f func(text string)) {
	if !content.IsArray() {
		return
	}
	content.ForEach(func(_, part gjson.Result) bool {
		if refusal := part.Get("refusal"); refusal.Type == gjson.String {
			f(refusal.Str)
		}
		return true
	})
}

// aside reports whether a message is a comment on the way, not the answer.
func (it *outputItem) aside() bool {
	return it.phase != "" && it.phase != "final_answer"
}

// compose makes a choice of the items of an output. Its text is that of all
// messages in their order, joined as it stands, as OpenAI's SDKs join it; comments
// on the way are left out where there is another message.
func compose(c *choiceFold, items []*outputItem) {
	slices.SortStableFunc(items, func(a, b *outputItem) int { return cmp.Compare(a.index, b.index) })
	final := slices.ContainsFunc(items, func(it *outputItem) bool {
		return it.kind == messageItem && !it.aside()
	})
	for i, it := range items {
		switch it.kind {
		case messageItem:
			c.refuse(string(it.refusal))
			if !final || !it.aside() {
				c.say(string(it.text))
			}
		case reasoningItem:
			c.reasonUnseen()
			c.reasoning += it.reasoning
		default:
			it.call.index = i
			c.calls.calls = append(c.calls.calls, it.call)
		}
	}
}
