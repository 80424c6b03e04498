package wire

import (
	"cmp"
	"fmt"

	"github.com/tidwall/gjson"
)

// An anthropicFold gathers one reply of the Messages API, from one body or from
// events. The start of a stream holds a message without content, so that both
// fold alike.
type anthropicFold struct {
	gathering
	blocks anthropicBlocks
	usage  anthropicUsage
}

func (anthropic) fold(started func()) folder {
	return &anthropicFold{gathering: newGathering(started)}
}

// event folds an event of a stream. Its end mark is message_stop or an error:
// what stops short of them, though its stop_reason be known, is a partial
// message to Anthropic's SDKs. Compatible servers send [DONE] behind the end and
// events without data, which the SDKs skip.
func (f *anthropicFold) event(data []byte) error {
	if len(data) == 0 || string(data) == "[DONE]" {
		return nil
	}
	root, ok := parse(data)
	if !ok || !root.IsObject() {
		return fmt.Errorf("stream event is no JSON object: %w", ErrNotDialect)
	}
	if err := f.piece(root); err != nil {
		return err
	}
	return f.bounded()
}

// piece folds an event by its type. Those that are not listed, among them ping
// and content_block_stop, say nothing that is kept.
func (f *anthropicFold) piece(root gjson.Result) error {
	switch kind := member(root, "type"); kind.Str {
	case "message_start":
		return f.message(member(root, "message"))
	case "content_block_start":
		return f.open(member(root, "index"), member(root, "content_block"))
	case "content_block_delta":
		f.grow(f.blocks.at(member(root, "index")), member(root, "delta"))
	case "message_delta":
		f.stop(member(root, "delta"))
		f.usage.all(member(root, "usage"))
	case "message_stop":
		f.ended, f.closed = true, true
	case "error":
		f.failed(member(root, "error"))
	default:
		if e := member(root, "error"); present(e) && !kind.Exists() { // a gateway's own
			f.failed(e)
		}
	}
	return nil
}

func (f *anthropicFold) body(data []byte) error {
	root, ok := parse(data)
	if !ok || !root.IsObject() {
		return fmt.Errorf("body is no JSON object: %w", ErrNotDialect)
	}
	if e := member(root, "error"); present(e) {
		f.failed(e)
		return nil
	}
	if !member(root, "content").IsArray() {
		return fmt.Errorf("neither content nor error: %w", ErrNotDialect)
	}
	if err := f.message(root); err != nil {
		return err
	}
	f.stop(root)
	f.usage.all(member(root, "usage"))
	f.ended = true
	f.begin()
	return nil
}

// failed notes an error. The code, which newer errors have, names its cause.
func (f *anthropicFold) failed(e gjson.Result) {
	f.fail(member(e, "type"), member(member(e, "details"), "error_code"))
}

// message folds what a message has from its start: all but the stop reason and
// the count of what was generated.
func (f *anthropicFold) message(m gjson.Result) error {
	if !m.IsObject() {
		return nil
	}
	f.choice(0)
	var err error
	m.ForEach(func(key, value gjson.Result) bool {
		switch key.Str {
		case "id":
			keep(&f.reply.ID, value)
		case "model":
			keep(&f.reply.Model, value)
		case "usage":
			f.usage.prompt(value)
		case "content":
			err = f.content(value)
		}
		return err == nil
	})
	return err
}

// stop notes why the message ended. What was said before a refusal is no part
// of it: its own text is the explanation that newer models give.
func (f *anthropicFold) stop(m gjson.Result) {
	reason := member(m, "stop_reason")
	if reason.Str == "" {
		return
	}
	c := f.choice(0)
	c.end(reason)
	if reason.Str == "refusal" {
		c.refusal = nil
		c.refuse(cmp.Or(member(member(m, "stop_details"), "explanation").Str, reason.Str))
	}
}

func (f *anthropicFold) result(whole bool) Reply {
	if len(f.blocks) > 0 {
		f.blocks.addTo(f.choice(0))
	}
	f.reply.Usage = f.usage.total()
	return f.gathering.result(whole)
}
