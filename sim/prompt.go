package sim

import "slices"

// A prompt is a request to generate, in no dialect's form.
type prompt struct {
	// dialect is one of the constants of that name.
	dialect string
	model   string
	stream  bool
	// choices is how many answers are asked for.
	choices  int
	messages []message
	tools    []Tool
	format   format
	// mute means that the model is told not to reason.
	mute bool
	// later means that the reply is not waited for: it is fetched later.
	later bool
	// hash identifies what the answer depends on: model, conversation, tools,
	// tool choice and format, as sent; not whether it is streamed or stored.
	hash digest
	// recorded is the question that is asked, where samples are replayed.
	recorded *record
	// cacheKey is prompt_cache_key.
	cacheKey string
	// size is that of the body and of stored history, in bytes.
	size int
	// form writes the answer.
	form form
}

// Roles of messages. One with another role matters for the hash alone.
const (
	roleUser  = "user"
	roleModel = "assistant"
	roleTool  = "tool"
)

// A message is one entry of a conversation: a text, the calls that the model
// proposed with it, or the result of one tool.
type message struct {
	role  string
	text  string
	calls []call
}

// A format is what a request says of the form of its answer.
type format struct {
	// structured means that the answer is to be JSON, by schema if there is
	// one.
	structured bool
	schema     *schema
}

// firstUser and lastUser are the texts of the first and last user message.
func (p *prompt) firstUser() string {
	for _, m := range p.messages {
		if m.role == roleUser {
			return m.text
		}
	}
	return ""
}

func (p *prompt) lastUser() string {
	for _, m := range slices.Backward(p.messages) {
		if m.role == roleUser {
			return m.text
		}
	}
	return ""
}
