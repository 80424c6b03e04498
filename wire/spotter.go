package wire

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/tidwall/gjson"
)

// A CallSpotter finds where the first call on the client begins in a stream of
// events, or in one that is an array, while it passes. It belongs to one
// goroutine.
type CallSpotter struct {
	grammar grammar
	dialect Dialect
	// array is set for a stream that is an array. Its elements are called events
	// here.
	array *arraySpotter
	// buf is what was taken and has not passed.
	buf []byte
	// scanned is how much of buf was looked through for ends of events; blank is
	// whether the line there is empty so far.
	scanned int
	blank   bool
	// crlf is whether an event ended in CR LF.
	crlf bool
	// found is whether a call has begun in buf.
	found bool
	// marked is whether the closing mark is in buf, unmarked where the event there
	// begins in which it is looked for next.
	marked   bool
	unmarked int
}

// NewCallSpotter makes a spotter for a stream of d; nil if d is not read.
func NewCallSpotter(d Dialect) *CallSpotter {
	g := grammars(d)
	if g == nil {
		return nil
	}
	return &CallSpotter{grammar: g, dialect: d, blank: true}
}

// Found is whether a call has begun: from its event on nothing passes.
func (s *CallSpotter) Found() bool { return s.found }

// Marked is whether the closing mark of the stream was taken behind the call: see
// ReadToMark. What is held is all that matters then. An array has no such mark.
func (s *CallSpotter) Marked() bool { return s.marked }

// Held is what was taken and has not passed. It is valid until the next Pass.
func (s *CallSpotter) Held() []byte { return s.buf }

// Pass takes the next bytes and returns those that may leave, in a slice of
// their own: whole events, up to the first one in which a call begins. An event
// that is not complete waits.
func (s *CallSpotter) Pass(p []byte) []byte {
	s.buf = append(s.buf, p...)
	passed := 0
	for !s.found {
		end := s.eventEnd()
		if end < 0 {
			break
		}
		if s.found = s.begins(s.buf[passed:end]); !s.found {
			passed = end
			continue
		}
		s.unmarked = passed
		s.look(end)
	}
	if s.found {
		s.seekMark()
	}
	if passed == 0 {
		return nil
	}
	free := bytes.Clone(s.buf[:passed])
	s.buf = s.buf[:copy(s.buf, s.buf[passed:])]
	s.scanned -= passed
	s.unmarked = max(0, s.unmarked-passed)
	return free
}

// seekMark looks for the closing mark in the events that are held.
func (s *CallSpotter) seekMark() {
	for s.array == nil && !s.marked {
		end := s.eventEnd()
		if end < 0 {
			return
		}
		s.look(end)
	}
}

// look looks at the event up to end for the closing mark.
func (s *CallSpotter) look(end int) {
	data, err := dataOf(s.buf[s.unmarked:end])
	s.marked = s.array == nil && err == nil && marks(s.grammar, data)
	s.unmarked = end
}

// dataOf is that of an event, which need not have its end.
func dataOf(event []byte) ([]byte, error) {
	return newEventReader(io.MultiReader(bytes.NewReader(event), strings.NewReader("\n\n"))).next()
}

// InKind gives events of our own the line ends of the stream: Google's SDK for Go
// fails on two kinds in one.
func (s *CallSpotter) InKind(events []byte) []byte {
	if !s.crlf {
		return events
	}
	return bytes.ReplaceAll(events, []byte("\n"), []byte("\r\n"))
}

// End looks at what is left when the stream has ended: an event need not be
// ended by an empty line. It reports whether a call has begun.
func (s *CallSpotter) End() bool {
	s.found = s.found || s.begins(s.buf)
	return s.found
}

// eventEnd is where the event of buf ends that was looked through so far, behind its
// empty line, or -1.
// After a CR it waits for the next byte: clients look for CR LF as a whole.
func (s *CallSpotter) eventEnd() int {
	if s.array != nil {
		return s.array.end(s.buf, &s.scanned)
	}
	for s.scanned < len(s.buf) {
		size := 1
		switch s.buf[s.scanned] {
		case '\r':
			if s.scanned+1 == len(s.buf) {
				return -1
			}
			if s.buf[s.scanned+1] == '\n' {
				size = 2
			}
		case '\n':
		default:
			s.blank = false
			s.scanned++
			continue
		}
		s.scanned += size
		if s.blank {
			s.crlf = size == 2
			return s.scanned
		}
		s.blank = true
	}
	return -1
}

// begins is whether a call begins in an event, or may: one that is too long to be
// read counts.
func (s *CallSpotter) begins(event []byte) bool {
	if s.array != nil {
		root, ok := parse(element(event))
		return ok && s.grammar.calls(root)
	}
	data, err := dataOf(event)
	if err != nil { // it has no data, or more than is read of an event
		return errors.Is(err, ErrTooBig)
	}
	root, ok := parse(data)
	return ok && s.grammar.calls(root)
}

// calls is whether a choice has a tool call, or a piece of one.
func (chat) calls(chunk gjson.Result) bool {
	found := false
	eachIndexed(chunk.Get("choices"), func(_ int, choice gjson.Result) {
		delta := choice.Get("delta")
		found = found || delta.Get("function_call").IsObject()
		eachOf(delta.Get("tool_calls"), func(call gjson.Result) { found = found || call.IsObject() })
	})
	return found
}

// calls is whether an item is a call on the client, or a piece of one.
func (responses) calls(event gjson.Result) bool {
	switch event.Get("type").Str {
	case "response.output_item.added", "response.output_item.done":
		item := event.Get("item")
		return callsClient(item.Get("type").Str, item)
	case "response.function_call_arguments.delta", "response.custom_tool_call_input.delta":
		return true
	case "response.completed", "response.incomplete", "response.failed":
		return firstCallItem(event.Get("response.output")) >= 0
	}
	return false
}

// firstCallItem is the position of the first call on the client in an output, or
// -1.
func firstCallItem(output gjson.Result) int {
	return firstOf(output, func(item gjson.Result) bool { return callsClient(item.Get("type").Str, item) })
}

// firstOf is the position of the first element of a list that is what is looked for,
// or -1.
func firstOf(list gjson.Result, is func(gjson.Result) bool) int {
	found, position := -1, 0
	if list.IsArray() {
		list.ForEach(func(_, element gjson.Result) bool {
			if is(element) {
				found = position
			}
			position++
			return found < 0
		})
	}
	return found
}

// calls is whether a content block is a tool call.
func (anthropic) calls(event gjson.Result) bool {
	switch member(event, "type").Str {
	case "content_block_start":
		return member(member(event, "content_block"), "type").Str == toolUse
	case "message_start":
		return firstToolUse(member(member(event, "message"), "content")) >= 0
	}
	return false
}

// toolUse is the type of a content block that is a call on the client.
const toolUse = "tool_use"

// firstToolUse is the position of the first tool call in a content, or -1.
func firstToolUse(content gjson.Result) int {
	return firstOf(content, func(block gjson.Result) bool { return member(block, "type").Str == toolUse })
}

// calls is whether a part is a function call.
func (gemini) calls(piece gjson.Result) bool {
	found := false
	eachIndexed(piece.Get("candidates"), func(_ int, candidate gjson.Result) {
		eachOf(candidate.Get("content.parts"), func(part gjson.Result) {
			found = found || part.Get("functionCall").IsObject()
		})
	})
	return found
}
