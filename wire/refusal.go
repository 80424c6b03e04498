package wire

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"github.com/tidwall/gjson"
)

// errNoRefusal is why a reply cannot be closed by a message.
var errNoRefusal = errors.New("the reply has no place for a message")

// RefuseBody is a unary reply of d, decoded, with a text in place of its calls
// on the client. It ends as a reply without calls does; ids, usage and what was
// said before the first call stay.
func RefuseBody(d Dialect, body []byte, text string) ([]byte, error) {
	g := grammars(d)
	root, ok := parse(body)
	if g == nil || !ok || !root.IsObject() {
		return nil, fmt.Errorf("refuse %s reply: %w", d.name(), ErrNotDialect)
	}
	refused, err := g.refuse(root, text)
	if err != nil {
		return nil, fmt.Errorf("refuse %s reply: %w", d, err)
	}
	return marshal(refused), nil
}

// RefuseStream is how a stream of d ends with a text in place of its calls on
// the client: it follows the events that CallSpotter let pass. held are all
// others, to the end of the stream.
func RefuseStream(d Dialect, held []byte, text string) ([]byte, error) {
	g := grammars(d)
	if g == nil {
		return nil, fmt.Errorf("refuse %s stream: %w", d.name(), ErrNotDialect)
	}
	var events []gjson.Result
	reader := newEventReader(bytes.NewReader(held))
	for {
		data, err := reader.next()
		if err != nil {
			break
		}
		if root, ok := parse(bytes.Clone(data)); ok && root.IsObject() {
			events = append(events, root)
		}
	}
	closing, err := g.refuseStream(events, text)
	if err != nil {
		return nil, fmt.Errorf("refuse %s stream: %w", d, err)
	}
	return closing, nil
}

// Members are those of a JSON object of which a few are changed.
type members map[string]any

// edited takes over an object's members as they stand.
func edited(v gjson.Result) members {
	o := members{}
	if v.IsObject() {
		v.ForEach(func(key, value gjson.Result) bool {
			o[key.String()] = json.RawMessage(value.Raw)
			return true
		})
	}
	return o
}

// listOf takes over the first n elements of a list.
func listOf(v gjson.Result, n int) []any {
	list := []any{}
	if v.IsArray() {
		v.ForEach(func(_, element gjson.Result) bool {
			if len(list) < n {
				list = append(list, json.RawMessage(element.Raw))
			}
			return len(list) < n
		})
	}
	return list
}

// last is the latest event with something present at a path; ok is false if
// there is none.
func last(events []gjson.Result, path string) (value gjson.Result, ok bool) {
	for _, e := range events {
		if v := e.Get(path); present(v) {
			value, ok = v, true
		}
	}
	return value, ok
}

func (chat) refuse(root gjson.Result, text string) (any, error) {
	choice := root.Get("choices.0")
	if !choice.IsObject() {
		return nil, errNoRefusal
	}
	reply, first, message := edited(root), edited(choice), edited(choice.Get("message"))
	delete(message, "tool_calls")
	delete(message, "function_call")
	message["role"], message["content"] = "assistant", saidThen(choice.Get("message.content"), text)
	first["message"], first["finish_reason"] = message, "stop"
	reply["choices"] = []any{first}
	return reply, nil
}

// saidThen is the content of a message with a text after it, as the pieces of a
// stream add up. Some servers give a list of parts.
func saidThen(content gjson.Result, text string) any {
	if content.IsArray() {
		return append(listOf(content, math.MaxInt), members{"type": "text", "text": text})
	}
	return content.Str + text
}

func (chat) refuseStream(events []gjson.Result, text string) ([]byte, error) {
	if len(events) == 0 {
		return nil, errNoRefusal
	}
	chunk := func(delta members, finish any, usage any) []byte {
		c := edited(events[0])
		c["choices"] = []any{members{"index": 0, "delta": delta, "finish_reason": finish}}
		delete(c, "usage")
		if usage != nil {
			c["usage"] = usage
		}
		return event("", marshal(c))
	}
	delta := members{"content": text}
	if role := events[0].Get("choices.0.delta.role"); role.Type == gjson.String {
		delta["role"] = role.Str
	}
	var atEnd any
	var apart []byte
	if usage, ok := last(events, "usage"); ok {
		latest := events[len(events)-1]
		if choices := latest.Get("choices"); choices.IsArray() && len(choices.Array()) == 0 {
			apart = event("", []byte(latest.Raw))
		} else {
			atEnd = json.RawMessage(usage.Raw)
		}
	}
	out := append(chunk(delta, nil, nil), chunk(members{}, "stop", atEnd)...)
	out = append(out, apart...)
	return append(out, "data: [DONE]\n\n"...), nil
}

func (anthropic) refuse(root gjson.Result, text string) (any, error) {
	content := member(root, "content")
	at := firstToolUse(content)
	if at < 0 {
		return nil, errNoRefusal
	}
	reply := edited(root)
	reply["content"] = append(listOf(content, at), members{"type": "text", "text": text})
	reply["stop_reason"] = "end_turn"
	return reply, nil
}

func (anthropic) refuseStream(events []gjson.Result, text string) ([]byte, error) {
	if len(events) == 0 || events[0].Get("type").Str != "content_block_start" {
		return nil, errNoRefusal
	}
	index := json.RawMessage(events[0].Get("index").Raw)
	if len(index) == 0 {
		index = json.RawMessage("0")
	}
	end := members{"type": "message_delta", "usage": members{"output_tokens": 0}}
	for _, e := range events {
		if e.Get("type").Str == "message_delta" {
			end = edited(e)
		}
	}
	end["delta"] = members{"stop_reason": "end_turn", "stop_sequence": nil}
	var out []byte
	for _, e := range []members{
		{"type": "content_block_start", "index": index, "content_block": members{"type": "text", "text": ""}},
		{"type": "content_block_delta", "index": index, "delta": members{"type": "text_delta", "text": text}},
		{"type": "content_block_stop", "index": index},
		end,
		{"type": "message_stop"},
	} {
		out = append(out, event(e.name(), marshal(e))...)
	}
	return out, nil
}

// name is the type of an event.
func (o members) name() string {
	switch name := o["type"].(type) {
	case string:
		return name
	case json.RawMessage:
		return gjson.ParseBytes(name).Str
	}
	return ""
}

func (gemini) refuse(root gjson.Result, text string) (any, error) {
	candidate := root.Get("candidates.0")
	if !candidate.IsObject() {
		return nil, errNoRefusal
	}
	parts := []any{}
	candidate.Get("content.parts").ForEach(func(_, part gjson.Result) bool {
		if part.Get("functionCall").Exists() {
			return false
		}
		parts = append(parts, json.RawMessage(part.Raw))
		return true
	})
	reply, first := edited(root), edited(candidate)
	first["content"] = members{"role": "model", "parts": append(parts, members{"text": text})}
	first["finishReason"] = "STOP"
	delete(first, "finishMessage")
	reply["candidates"] = []any{first}
	return reply, nil
}

func (g gemini) refuseStream(events []gjson.Result, text string) ([]byte, error) {
	piece, err := g.refusePiece(events, text)
	if err != nil {
		return nil, err
	}
	return event("", marshal(piece)), nil
}

// refusePiece is the piece that a stream ends with in place of these.
func (g gemini) refusePiece(pieces []gjson.Result, text string) (any, error) {
	if len(pieces) == 0 {
		return nil, errNoRefusal
	}
	refused, err := g.refuse(pieces[0], text)
	if err != nil {
		return nil, err
	}
	piece := refused.(members) //nolint:errcheck,forcetypeassert // refuse gives an object
	if usage, ok := last(pieces, "usageMetadata"); ok {
		piece["usageMetadata"] = json.RawMessage(usage.Raw)
	}
	return piece, nil
}

// arrayPieces are the elements of an array whose opening bracket is behind, as
// far as they are whole.
func arrayPieces(array []byte) []gjson.Result {
	var pieces []gjson.Result
	reader := arrayReader{r: bufio.NewReader(bytes.NewReader(array))}
	for {
		data, err := reader.next()
		if err != nil {
			return pieces
		}
		if root, ok := parse(bytes.Clone(data)); ok {
			pieces = append(pieces, root)
		}
	}
}
