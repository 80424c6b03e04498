package wire

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tidwall/gjson"
)

// anthropicBlocks are the content blocks of one reply in the order of their
// starts; their pieces may come interleaved.
type anthropicBlocks []*anthropicBlock

// An anthropicBlock is what has come of one content block.
type anthropicBlock struct {
	index int
	kind  blockKind
	text  []byte // the text, or the pieces of a call's input
	// call is that of a tool; its Arguments are the input that it began with.
	call Call
}

// A blockKind is what is done with a content block.
type blockKind int

const (
	// skippedBlock is reasoning, what the provider does itself, and anything
	// new.
	skippedBlock blockKind = iota
	textBlock
	callBlock
)

// content folds the blocks of a whole message.
func (f *anthropicFold) content(list gjson.Result) error {
	var err error
	if list.IsArray() {
		list.ForEach(func(position, block gjson.Result) bool {
			err = f.open(position, block)
			return err == nil
		})
	}
	return err
}

// open begins a block. One that repeats an index, or has none, is a block of its
// own, as some servers number them. More than maxIndex blocks are no reply that
// could be compared with another.
func (f *anthropicFold) open(position, block gjson.Result) error {
	index, _ := count(position)
	if index >= maxIndex || len(f.blocks) >= maxIndex {
		return fmt.Errorf("content block %d: %w", index, ErrTooBig)
	}
	b := &anthropicBlock{index: index}
	f.blocks = append(f.blocks, b)
	switch member(block, "type").Str {
	case "text":
		b.kind = textBlock
		f.add(b, member(block, "text").Str)
	case "tool_use":
		b.kind = callBlock
		f.call(b, block)
	case "thinking", "redacted_thinking":
		f.choice(0).reasonUnseen() // summaries, or nothing that can be read
	case "fallback":
		keep(&f.reply.Model, member(member(block, "to"), "model")) // that of a whole body
	}
	return nil
}

// call begins a tool call.
func (f *anthropicFold) call(b *anthropicBlock, block gjson.Result) {
	keep(&b.call.ID, member(block, "id"))
	keep(&b.call.Name, member(block, "name"))
	b.call.Arguments = inputText(member(block, "input"))
	f.size += len(b.call.Arguments)
	f.begin()
}

// inputText is a call's input as its JSON, or the text of a string that some
// servers send it as.
func inputText(input gjson.Result) string {
	switch {
	case input.Type == gjson.String:
		return strings.Clone(input.Str)
	case present(input):
		return strings.Clone(input.Raw)
	}
	return ""
}

// grow adds a piece to the block that it belongs to, or nil. Citations,
// signatures, summaries and pieces of other blocks are skipped.
func (f *anthropicFold) grow(b *anthropicBlock, delta gjson.Result) {
	if b == nil {
		return
	}
	switch kind := member(delta, "type").Str; {
	case kind == "text_delta" && b.kind == textBlock:
		f.add(b, member(delta, "text").Str)
	case kind == "input_json_delta" && b.kind == callBlock:
		f.add(b, member(delta, "partial_json").Str)
	}
}

func (f *anthropicFold) add(b *anthropicBlock, text string) {
	if text == "" {
		return
	}
	b.text = append(b.text, text...)
	f.size += len(text)
	f.begin()
}

// at is the latest block of an index, or without one the latest; nil if there
// is none.
func (s anthropicBlocks) at(position gjson.Result) *anthropicBlock {
	index, ok := count(position)
	for _, b := range slices.Backward(s) {
		if !ok || b.index == index {
			return b
		}
	}
	return nil
}

// addTo joins the blocks in the order of their indices.
func (s anthropicBlocks) addTo(c *choiceFold) {
	slices.SortStableFunc(s, func(a, b *anthropicBlock) int { return cmp.Compare(a.index, b.index) })
	for _, b := range s {
		switch b.kind {
		case textBlock:
			c.text = append(c.text, b.text...)
		case callBlock:
			c.calls.calls = append(c.calls.calls, partialCall{
				index: len(c.calls.calls), id: b.call.ID, name: b.call.Name, arguments: b.arguments(),
			})
		}
	}
}

// arguments are the pieces of a call's input, else the input that it began
// with: a stream begins with an empty object, which is all of a call that takes
// nothing.
func (b *anthropicBlock) arguments() []byte {
	switch {
	case len(b.text) > 0:
		return b.text
	case b.call.Arguments != "":
		return []byte(b.call.Arguments)
	}
	return []byte("{}")
}
