package wire

import (
	"strings"

	"github.com/tidwall/gjson"
)

// An inputFold reads the items of a request's input, the history, one by one.
type inputFold struct {
	view        *View
	system      strings.Builder
	first, last gjson.Result // content of user messages
	turn        turnState
}

// A turnState is how far an assistant turn with calls has come.
type turnState int

const (
	idle     turnState = iota // no call, or the turn is over
	calling                   // the client was called on
	answered                  // and has given results
)

// readInput reads the instructions, which are a system message of their own, and
// the input: items, or the text of one user message.
func readInput(v *View, instructions, input gjson.Result) {
	f := inputFold{view: v}
	if instructions.Type == gjson.String {
		f.message("system", instructions)
		v.PromptBytes += len(instructions.Str)
	}
	if input.Type == gjson.String {
		v.Messages++
		f.message("user", input)
		v.PromptBytes += len(input.Str)
	}
	if input.IsArray() {
		input.ForEach(func(_, item gjson.Result) bool {
			f.item(item)
			return true
		})
	}
	v.System = f.system.String()
	v.FirstUser, v.LastUser = contentText(f.first), contentText(f.last)
}

// item reads one item. A message may lack its type; a reference to an item
// upstream may too, but has no role.
func (f *inputFold) item(item gjson.Result) {
	if !item.IsObject() {
		return
	}
	it := readInputItem(item)
	f.view.PromptBytes += it.size
	if it.kind == "message" || (it.kind == "" && it.role != "") {
		f.view.Messages++
		f.message(it.role, it.content)
		return
	}
	if it.kind == "additional_tools" || it.kind == "tool_search_output" {
		readResponsesTools(f.view, item.Get("tools"))
	}
	f.act(it.kind, item)
}

func (f *inputFold) message(role string, content gjson.Result) {
	switch role {
	case "system", "developer":
		separate(&f.system)
		appendContent(&f.system, content)
	case "user":
		if !f.first.Exists() {
			f.first = content
		}
		f.last = content
	default:
		f.settle()
		return
	}
	f.turn = idle
}

// act counts assistant turns with calls on the client. Items do not say which
// turn they are of: one ends with the results of its calls. A turn whose calls
// are only referred to, or lie in the chain upstream, is counted at its results.
func (f *inputFold) act(kind string, item gjson.Result) {
	calls := callsClient(kind, item)
	if calls {
		f.view.called(readCall(kind, item))
	}
	switch {
	case calls && f.turn != calling:
		f.view.Actions++
		f.turn = calling
	case calls:
	case clientResult(kind, item):
		if f.turn == idle {
			f.view.Actions++
		}
		f.turn = answered
	default:
		f.settle()
	}
}

// settle ends a turn whose calls are answered: what follows is the model's next.
func (f *inputFold) settle() {
	if f.turn == answered {
		f.turn = idle
	}
}

// clientResult reports whether an item is what came of a call on the client.
func clientResult(kind string, item gjson.Result) bool {
	switch kind {
	case "function_call_output", "custom_tool_call_output", "local_shell_call_output",
		"shell_call_output", "apply_patch_call_output", "computer_call_output":
		return true
	case "tool_search_output":
		return clientSide(item)
	}
	return false
}

// An inputItem is one item while it is read; its strings may still lie in the
// body.
type inputItem struct {
	kind, role string
	content    gjson.Result
	// size is that of all its text that the model reads, in bytes. Summaries of
	// reasoning, which it does not, encrypted content and images are left out.
	size int
}

func readInputItem(item gjson.Result) inputItem {
	var it inputItem
	item.ForEach(func(key, value gjson.Result) bool {
		switch key.Str {
		case "type":
			it.kind = value.String()
		case "role":
			it.role = value.String()
		case "content":
			it.content = value
			it.size += partsSize(value)
		case "output":
			it.size += partsSize(value)
		case "namespace", "name", "arguments", "input", "code":
			it.size += len(value.String())
		case "action", "actions", "operation", "tools":
			if value.Type == gjson.JSON {
				it.size += len(value.Raw)
			}
		}
		return true
	})
	return it
}

// partsSize is the size of the text of a message or a result: a string, or parts
// with text, a refusal or what a shell command printed.
func partsSize(parts gjson.Result) int {
	if parts.Type == gjson.String {
		return len(parts.Str)
	}
	size := 0
	if !parts.IsArray() {
		return size
	}
	parts.ForEach(func(_, part gjson.Result) bool {
		if !part.IsObject() {
			size += len(part.Str)
			return true
		}
		part.ForEach(func(key, value gjson.Result) bool {
			switch key.Str {
			case "text", "refusal", "stdout", "stderr":
				size += len(value.Str)
			}
			return true
		})
		return true
	})
	return size
}
