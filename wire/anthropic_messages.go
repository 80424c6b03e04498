package wire

import (
	"strings"

	"github.com/tidwall/gjson"
)

// maxNesting is how deep the text of a message is looked for: the deepest that
// the API has is the text of a document in a tool's result, five levels below.
const maxNesting = 8

// An anthropicMessage is one message of a history while it is read; its content
// still lies in the body.
type anthropicMessage struct {
	role    string
	content gjson.Result
	// calls is whether it holds calls of tools that the client executes,
	// results whether it holds what came of them.
	calls, results bool
}

func readAnthropicMessages(v *View, system, messages gjson.Result) {
	var prompt strings.Builder
	appendContent(&prompt, system)
	v.PromptBytes += contentSize(system)
	var first, last gjson.Result
	acting := false // in a turn that is counted: it may be several messages
	messages.ForEach(func(_, m gjson.Result) bool {
		msg := readAnthropicMessage(v, m)
		v.Messages++
		v.PromptBytes += textSize(msg.content, 0)
		switch {
		case msg.role == "system":
			if contentSize(msg.content) > 0 {
				separate(&prompt)
				appendContent(&prompt, msg.content)
			}
		case msg.typed():
			if !first.Exists() {
				first = msg.content
			}
			last = msg.content
		case msg.acts() && !acting:
			v.Actions++
		}
		acting = msg.acts() || acting && msg.role == "assistant"
		return true
	})
	v.System = prompt.String()
	v.FirstUser, v.LastUser = contentText(first), contentText(last)
}

func readAnthropicMessage(v *View, m gjson.Result) anthropicMessage {
	msg := anthropicMessage{role: member(m, "role").Str, content: member(m, "content")}
	eachBlock(msg.content, func(kind string, block gjson.Result) {
		switch kind {
		case "tool_use":
			msg.calls = true
			v.called(member(block, "name").Str, member(block, "input"))
		case "tool_result":
			msg.results = true
		default:
			readToolChange(v, kind, block)
		}
	})
	return msg
}

// readToolChange reads the tools that a block adds. A summary of messages says
// which of them were added there.
func readToolChange(v *View, kind string, block gjson.Result) {
	switch kind {
	case "tool_addition":
		readAddedTool(v, member(block, "tool"))
	case "compaction":
		eachBlock(member(block, "tool_changes"), func(kind string, change gjson.Result) {
			if kind == "tool_addition" {
				readAddedTool(v, member(change, "tool"))
			}
		})
	}
}

// typed reports whether a person wrote the message: the results of tools come
// under the user's role too.
func (m anthropicMessage) typed() bool {
	return m.role == "user" && (!m.results || contentSize(m.content) > 0)
}

// acts reports whether the model made calls in the message.
func (m anthropicMessage) acts() bool { return m.role == "assistant" && m.calls }

// eachBlock calls f with every block of content and its type.
func eachBlock(content gjson.Result, f func(kind string, block gjson.Result)) {
	if !content.IsArray() {
		return
	}
	content.ForEach(func(_, block gjson.Result) bool {
		if block.IsObject() {
			f(block.Get("type").Str, block)
		}
		return true
	})
}

// textSize is the size of the text in content that the model reads, in bytes.
// Reasoning, signatures and all that is encoded or encrypted count nothing.
func textSize(content gjson.Result, depth int) int {
	size := 0
	switch {
	case content.Type == gjson.String:
		return len(content.Str)
	case depth == maxNesting:
		return 0
	case content.IsArray():
		content.ForEach(func(_, block gjson.Result) bool {
			size += textSize(block, depth+1)
			return true
		})
	case content.IsObject():
		content.ForEach(func(key, value gjson.Result) bool {
			size += memberSize(key.Str, value, depth+1)
			return true
		})
	}
	return size
}

// memberSize is textSize for a member of a block: of the API's blocks these
// alone hold text, whatever the type of the block.
func memberSize(key string, value gjson.Result, depth int) int {
	switch key {
	case "text", "name":
		return len(value.Str)
	case "input": // of a call
		return len(value.Raw)
	case "content": // of a result, a document or a summary
		return textSize(value, depth)
	case "source": // of a document or an image
		return sourceSize(value, depth)
	}
	return 0
}

// sourceSize tells a document's text from bytes of other media.
func sourceSize(source gjson.Result, depth int) int {
	switch member(source, "type").Str {
	case "text":
		return len(member(source, "data").Str)
	case "content":
		return textSize(member(source, "content"), depth)
	}
	return 0
}
