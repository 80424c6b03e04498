package wire

import (
	"strings"

	"github.com/tidwall/gjson"
)

// A chatMessage is one message of a history while it is read; its strings may
// still lie in the body.
type chatMessage struct {
	role    string
	content gjson.Result
	acts    bool // holds tool calls
	rest    int  // bytes of text beside the content
}

func readChatMessages(v *View, messages gjson.Result) {
	var system strings.Builder
	var first, last gjson.Result
	messages.ForEach(func(_, m gjson.Result) bool {
		msg := readChatMessage(v, m)
		v.Messages++
		v.PromptBytes += msg.rest + contentSize(msg.content)
		switch msg.role {
		case "system", "developer":
			separate(&system)
			appendContent(&system, msg.content)
		case "user":
			if !first.Exists() {
				first = msg.content
			}
			last = msg.content
		case "assistant":
			if msg.acts {
				v.Actions++
			}
		}
		return true
	})
	v.System = system.String()
	v.FirstUser, v.LastUser = contentText(first), contentText(last)
}

// separate puts a line end between the system messages of one request.
func separate(b *strings.Builder) {
	if b.Len() > 0 {
		b.WriteByte('\n')
	}
}

func readChatMessage(v *View, m gjson.Result) chatMessage {
	var msg chatMessage
	if !m.IsObject() {
		return msg
	}
	m.ForEach(func(key, value gjson.Result) bool {
		switch key.Str {
		case "role":
			msg.role = value.String()
		case "content":
			msg.content = value
		case "refusal":
			msg.rest += len(value.String())
		case "tool_calls":
			acts, size := readChatCalls(v, value)
			msg.acts = msg.acts || acts
			msg.rest += size
		case "function_call":
			if value.IsObject() {
				msg.acts = true
				msg.rest += readChatCall(v, value)
			}
		}
		return true
	})
	return msg
}

// readChatCalls reads a tool_calls value: whether it holds calls, and the bytes
// of their names and arguments.
func readChatCalls(v *View, calls gjson.Result) (acts bool, size int) {
	if !calls.IsArray() {
		return false, 0
	}
	calls.ForEach(func(_, call gjson.Result) bool {
		acts = true
		size += readChatCall(v, call.Get("function")) + readChatCall(v, call.Get("custom"))
		return true
	})
	return acts, size
}

// readChatCall reads the name and arguments of a function, or the name and input
// of a custom tool, and gives their size.
func readChatCall(v *View, f gjson.Result) int {
	if !f.IsObject() {
		return 0
	}
	name, arguments, input := f.Get("name").String(), f.Get("arguments"), f.Get("input")
	if !arguments.Exists() {
		arguments = input
	}
	v.called(name, arguments)
	return len(name) + len(f.Get("arguments").String()) + len(input.String())
}

// contentText is the text of a message's content: a string, or a list of parts
// whose texts are joined as they stand.
func contentText(content gjson.Result) string {
	if content.Type == gjson.String {
		return strings.Clone(content.Str)
	}
	var b strings.Builder
	appendContent(&b, content)
	return b.String()
}

func appendContent(b *strings.Builder, content gjson.Result) {
	eachText(content, func(text string) { b.WriteString(text) })
}

func contentSize(content gjson.Result) int {
	size := 0
	eachText(content, func(text string) { size += len(text) })
	return size
}

// eachText calls f with every text of content. Other parts, such as images and
// sound, are skipped without being unescaped or copied.
func eachText(content gjson.Result, f func(text string)) {
	if content.Type == gjson.String {
		f(content.Str)
		return
	}
	if !content.IsArray() {
		return
	}
	content.ForEach(func(_, part gjson.Result) bool {
		if part.Type == gjson.String {
			f(part.Str)
		} else if text := part.Get("text"); text.Type == gjson.String {
			f(text.Str)
		}
		return true
	})
}
