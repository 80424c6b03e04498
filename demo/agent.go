package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
)

// Tools is what the agents offer the model, in the form of the request.
const Tools = `[
{"type":"function","function":{"name":"read_file","description":"Read a file","parameters":{"type":"object","properties":{"path":{"type":"string"}},"required":["path"]}}},
{"type":"function","function":{"name":"run_tests","description":"Run the tests of a package","parameters":{"type":"object","properties":{"path":{"type":"string"},"race":{"type":"boolean"}},"required":["path","race"]}}},
{"type":"function","function":{"name":"set_flag","description":"Switch a feature","parameters":{"type":"object","properties":{"flag":{"type":"string","enum":["search","export","billing","login"]},"on":{"type":"boolean"}},"required":["flag","on"]}}}
]`

// agentCount is how many agents work at the same time, each on one task after
// the other.
const agentCount = 6

// stepsPerTask is how many tool calls a task takes.
const stepsPerTask = 20

// maxReply bounds a reply.
const maxReply = 1 << 20

// errReply is wrapped by errors about replies that are not what was asked for.
var errReply = errors.New("unexpected reply")

// An office is where the agents work, over plain HTTP.
type office struct {
	url string
	// name is the agents' User-Agent, tools what they offer the model.
	name, tools string
	client      http.Client
	isRight     func(task string, step int, name, arguments string) bool
	tasks       atomic.Int64
	// open is held for reading while a call is on: who holds it for writing
	// has the agents rest.
	open sync.RWMutex
	// calls and wrong count the tool calls that the agents were given.
	calls, wrong atomic.Int64
}

// work runs the agents until ctx ends.
func (o *office) work(ctx context.Context) error {
	var agents sync.WaitGroup
	errs := make([]error, agentCount)
	for i := range agentCount {
		agents.Go(func() { errs[i] = o.agent(ctx) })
	}
	agents.Wait()
	if ctx.Err() != nil {
		return nil
	}
	return errors.Join(errs...)
}

// agent does one task after the other.
func (o *office) agent(ctx context.Context) error {
	for ctx.Err() == nil {
		if err := o.task(ctx, o.tasks.Add(1)); err != nil {
			return err
		}
	}
	return nil
}

// A message is one entry of the conversation, kept as it came.
type message = json.RawMessage

// task works through one conversation: the model proposes a call, the agent
// carries it out, and so on.
func (o *office) task(ctx context.Context, n int64) error {
	id := fmt.Sprint(n)
	history := beginning(id)
	for step := range stepsPerTask {
		reply, err := o.ask(ctx, history)
		if err != nil {
			return err
		}
		call, err := reply.call()
		if err != nil {
			return err
		}
		o.calls.Add(1)
		if !o.isRight(id, step, call.Function.Name, call.Function.Arguments) {
			o.wrong.Add(1)
		}
		history = append(history, reply.message, done(call))
	}
	return nil
}

// beginning is how the conversation about a task begins.
func beginning(task string) []message {
	return []message{
		message(`{"role":"system","content":"You are a coding agent. Use one tool at a time."}`),
		message(fmt.Sprintf(`{"role":"user","content":"Work on task %s."}`, task)),
	}
}

// done is the result of a call.
func done(call toolCall) message {
	return message(fmt.Sprintf(`{"role":"tool","tool_call_id":%q,"content":"done"}`, call.ID))
}

// A reply is what the agent reads of the API's answer.
type reply struct {
	// id is hotmess's.
	id      string
	message message
	text    string
	calls   []toolCall
}

// A toolCall is one call that the model proposes.
type toolCall struct {
	ID       string `json:"id"`
	Function struct {
		Name      string `json:"name"`
		Arguments string `json:"arguments"`
	} `json:"function"`
}

// call is the one call of a reply.
func (r reply) call() (toolCall, error) {
	if len(r.calls) == 0 {
		return toolCall{}, fmt.Errorf("%w: no tool call in %.200s", errReply, r.message)
	}
	return r.calls[0], nil
}

// ask sends the conversation to the API.
func (o *office) ask(ctx context.Context, history []message) (reply, error) {
	o.open.RLock()
	defer o.open.RUnlock()
	body, err := json.Marshal(map[string]any{"model": modelName, "messages": history, "tools": json.RawMessage(o.tools)})
	if err != nil {
		return reply{}, fmt.Errorf("encode request: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, o.url+"/chat/completions", bytes.NewReader(body))
	if err != nil {
		return reply{}, fmt.Errorf("make request: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", o.name+"/1")
	res, err := o.client.Do(req)
	if err != nil {
		return reply{}, fmt.Errorf("call the API: %w", err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxReply))
	if err != nil {
		return reply{}, fmt.Errorf("read reply: %w", err)
	}
	if res.StatusCode != http.StatusOK {
		return reply{}, fmt.Errorf("%w: %s: %.200s", errReply, res.Status, answer)
	}
	r, err := parseReply(answer)
	r.id = res.Header.Get("X-Hotmess-Id")
	return r, err
}

// parseReply reads the message of the first choice.
func parseReply(answer []byte) (reply, error) {
	var outer struct {
		Choices []struct {
			Message json.RawMessage `json:"message"`
		} `json:"choices"`
	}
	if err := json.Unmarshal(answer, &outer); err != nil || len(outer.Choices) == 0 {
		return reply{}, fmt.Errorf("%w: %.200s", errReply, answer)
	}
	var inner struct {
		Content string     `json:"content"`
		Calls   []toolCall `json:"tool_calls"`
	}
	msg := outer.Choices[0].Message
	if err := json.Unmarshal(msg, &inner); err != nil {
		return reply{}, fmt.Errorf("%w: %.200s", errReply, msg)
	}
	return reply{message: msg, text: inner.Content, calls: inner.Calls}, nil
}
