package wire

import (
	"strings"

	"github.com/tidwall/gjson"
)

// A geminiContent is one message of a history while it is read.
type geminiContent struct {
	role    string
	parts   gjson.Result
	speaks  bool // holds text
	acts    bool // holds function calls
	answers bool // holds results of function calls
	size    int  // bytes of text
}

func readGeminiContents(v *View, contents gjson.Result) {
	var first, last gjson.Result
	acting := false
	eachOf(contents, func(message gjson.Result) {
		content := readGeminiContent(v, message)
		v.Messages++
		v.PromptBytes += content.size
		if content.acts && !acting { // parallel calls may come in several contents
			v.Actions++
		}
		acting = content.acts
		if !content.users() {
			return
		}
		if !first.Exists() {
			first = content.parts
		}
		last = content.parts
	})
	v.FirstUser, v.LastUser = geminiText(first), geminiText(last)
}

// users reports whether a user wrote c: the results of calls have a user's role
// too. A request of one turn may leave the role out.
func (c geminiContent) users() bool {
	if c.role != "" && !strings.EqualFold(c.role, "user") {
		return false
	}
	return c.speaks || !c.answers
}

func readGeminiContent(v *View, message gjson.Result) geminiContent {
	var c geminiContent
	message.ForEach(func(key, value gjson.Result) bool {
		switch key.Str {
		case "role":
			c.role = value.String()
		case "parts":
			c.parts = value
		}
		return true
	})
	eachOf(c.parts, func(p gjson.Result) {
		part := readGeminiPart(p)
		c.speaks = c.speaks || part.text != ""
		if part.acts {
			c.acts = true
			v.called(field(part.call, "name").String(), geminiArguments(part.call))
		}
		c.answers = c.answers || part.answers
		c.size += len(part.text) + part.rest
	})
	return c
}

// geminiArguments are those of a call in the history; as they came, if in pieces.
func geminiArguments(call gjson.Result) gjson.Result {
	if args := field(call, "args"); present(args) {
		return args
	}
	return field(call, "partialArgs")
}

// A geminiPart is one part of a message while it is read; its text may still
// lie in the body.
type geminiPart struct {
	text          string // that of a thought is left out
	acts, answers bool
	call          gjson.Result // the function call, where acts
	rest          int          // bytes of text beside text
}

// readGeminiPart skips images, sound and files without looking into them.
func readGeminiPart(p gjson.Result) geminiPart {
	var part geminiPart
	if !p.IsObject() {
		return part
	}
	thought := false
	p.ForEach(func(key, value gjson.Result) bool {
		switch protoName(key.Str) {
		case "text":
			if value.Type == gjson.String {
				part.text = value.Str
			}
		case "thought":
			thought = value.Type == gjson.True
		case "functionCall":
			part.acts, part.call = true, value
			part.rest += sizeOfData(value)
		case "functionResponse":
			part.answers = true
			part.rest += sizeOfData(value)
		case "executableCode", "codeExecutionResult", "toolCall", "toolResponse":
			part.rest += sizeOfData(value)
		}
		return true
	})
	if thought {
		part.text = ""
	}
	return part
}

// sizeOfData is the size of what the model reads of a call, of code, or of the
// result of either.
func sizeOfData(data gjson.Result) int {
	size := 0
	data.ForEach(func(key, value gjson.Result) bool {
		switch protoName(key.Str) {
		case "name", "args", "partialArgs", "response", "code", "output":
			size += len(value.String())
		}
		return true
	})
	return size
}

// geminiText is the text of a content, of parts, or of a plain string; the
// texts of several parts are joined as they stand.
func geminiText(v gjson.Result) string {
	if v.Type == gjson.String {
		return strings.Clone(v.Str)
	}
	if parts := field(v, "parts"); parts.Exists() {
		v = parts
	}
	var b strings.Builder
	eachOf(v, func(part gjson.Result) { b.WriteString(readGeminiPart(part).text) })
	return b.String()
}
