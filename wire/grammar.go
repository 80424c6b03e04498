package wire

import "github.com/tidwall/gjson"

// A grammar is what one dialect is read by. Every dialect has a file or some of
// its own; nothing else asks which dialect it is.
type grammar interface {
	// view reads the top level of a request; the Target has what its path
	// says. The error wraps ErrNotDialect.
	view(t Target, fields map[string]gjson.Result) (View, error)
	// schema is that of the arguments of a tool which the top level of a request
	// offers; it does not exist for one that is not offered there, or without a
	// schema.
	schema(fields map[string]gjson.Result, tool string) gjson.Result
	// edits are the splices that make the body of an extra in observe mode out
	// of a request's, which is root. The error wraps ErrNotDialect.
	edits(v View, root gjson.Result) ([]splice, error)
	// fold begins to fold a reply; started is never nil.
	fold(started func()) folder
	// failure is the body of an error.
	failure(f ownFailure) any
	// streamFailure is the event by which an error is reported in a stream of
	// events whose head has been sent: its name, which may be empty, and data.
	streamFailure(f ownFailure) (name string, data any)
	// relayFailure is such an event for an error of the upstream's own: the body of
	// its reply, and the error that is in it.
	relayFailure(root, said gjson.Result) (name string, data any)
	// calls is whether a call on the client begins, or goes on, in one piece of
	// a stream.
	calls(piece gjson.Result) bool
	// refuse is a whole reply with a text in place of its calls on the client.
	refuse(root gjson.Result, text string) (any, error)
	// refuseStream is the end of a stream with such a text; events are those
	// from the first call on.
	refuseStream(events []gjson.Result, text string) ([]byte, error)
	// ping is what may be sent into a stream of events at any time between
	// them, to show that the connection lives.
	ping() []byte
}

// A folder gathers one reply. It belongs to one goroutine.
type folder interface {
	// event folds one piece of a stream: the data of an event, or an element
	// of an array.
	event(data []byte) error
	// body folds a unary reply.
	body(data []byte) error
	// result is the reply; whole is whether it was read to its end without an
	// error.
	result(whole bool) Reply
	// marked is whether a closing mark was among the pieces: see ReadToMark.
	marked() bool
}

// grammars is the grammar of d; nil if d is not read.
func grammars(d Dialect) grammar {
	switch d {
	case OpenAIChat:
		return chat{}
	case OpenAIResponses:
		return responses{}
	case AnthropicMessages:
		return anthropic{}
	case GeminiGenerate:
		return gemini{}
	}
	return nil
}
