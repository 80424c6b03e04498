package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
)

// allModes are the modes that a client must not be able to tell apart.
var allModes = []string{"off", "observe", "ensemble"}

// An sdk is a published client of one API.
type sdk struct {
	name string
	// open begins a conversation. No client and no base stand for the SDK's own
	// defaults, from the environment or the vendor's.
	open func(c *http.Client, base string, m manner) (conversation, error)
	// complain reads an error of the API off an error of the SDK; false: it is
	// none.
	complain func(err error) (complaint, bool)
	// path is what its base URL has behind that of the sidecar.
	path string
	// signs is whether reasoning comes with what proves whose it is.
	signs bool
	// unreachable is what it tells where hotmess reaches no upstream.
	unreachable string
	// native is whether several choices can be asked of one call.
	native bool
}

// sdks are those that are tested.
func sdks() []sdk {
	const ours = "hotmess_upstream_unreachable"
	return []sdk{
		{name: "openai-go Chat", open: openChat, complain: complainOpenAI, path: "/v1", native: true, unreachable: ours},
		{name: "openai-go Responses", open: openResponses, complain: complainOpenAI, path: "/v1", signs: true, unreachable: ours},
		{name: "anthropic-sdk-go", open: openMessages, complain: complainAnthropic, signs: true, unreachable: ours},
		{name: "genai", open: openGemini, complain: complainGemini, signs: true, native: true, unreachable: "UNAVAILABLE"},
	}
}

// A manner is how a conversation is held.
type manner struct {
	stream bool
	tools  bool
	// think asks for reasoning that can be seen and handed back.
	think bool
	// schema asks for JSON in this form.
	schema map[string]any
	// choices asks for several replies at once, if above 1.
	choices int
	// kept has the API keep the replies, and goes on from them instead of
	// repeating what was said; Responses alone can.
	kept bool
	// once is whether the SDK is told not to ask again.
	once bool
	// header is sent with every request.
	header http.Header
}

// A conversation is one of an agent with a model. It keeps the history in the
// SDK's own types and hands back what it was given.
type conversation interface {
	// say adds what the user says, tell the result of a tool.
	say(text string)
	tell(c toolCall, result string)
	// step asks the model once.
	step(ctx context.Context) (said, error)
}

// A said is what a model said in one step, in no SDK's own form.
type said struct {
	ID, Text, Refusal, Finish string
	Calls                     []toolCall
	// Thoughts is reasoning that is shown; Signed counts what proves whose
	// reasoning it is.
	Thoughts string
	Signed   int
	// Input, Output and Reasoning are tokens of usage.
	Input, Output, Reasoning int64
	Choices                  int
}

// A toolCall is one call of a tool.
type toolCall struct {
	ID, Name, Arguments string
}

// A complaint is an error of an API as an SDK tells it.
type complaint struct {
	Status                         int
	Type, Code, Message, RequestID string
}

// A tool is what an agent may call.
type tool struct {
	name       string
	properties map[string]any
}

// toolbox is what every agent may call.
func toolbox() []tool {
	return []tool{
		{"get_record", map[string]any{"id": map[string]any{"type": "integer"}}},
		{"set_state", map[string]any{"state": map[string]any{"type": "string", "enum": []string{"open", "held", "closed"}}}},
		{"read_file", map[string]any{"path": map[string]any{"type": "string"}}},
	}
}

// schema is that of the tool's arguments.
func (t tool) schema() map[string]any {
	return map[string]any{"type": "object", "properties": t.properties, "required": slices.Sorted(maps.Keys(t.properties))}
}

// maxTurns bounds an agent's loop.
const maxTurns = 100

// errEndless is an agent that never comes to an answer.
var errEndless = errors.New("the agent did not come to an end")

// A work is what an agent did on one task.
type work struct {
	turns  int
	calls  []toolCall
	steps  []said
	answer string
}

// perform works on a task until the model calls no more tools.
func perform(ctx context.Context, c conversation, task string) (work, error) {
	var done work
	c.say("Please do " + task + ".")
	for range maxTurns {
		s, err := c.step(ctx)
		if err != nil {
			return done, fmt.Errorf("turn %d: %w", done.turns+1, err)
		}
		done.steps = append(done.steps, s)
		if len(s.Calls) == 0 {
			done.answer = s.Text
			return done, nil
		}
		done.turns++
		for _, one := range s.Calls {
			if !json.Valid([]byte(one.Arguments)) {
				return done, fmt.Errorf("arguments of %s are not JSON: %q", one.ID, one.Arguments)
			}
			done.calls = append(done.calls, one)
			c.tell(one, "done")
		}
	}
	return done, errEndless
}
