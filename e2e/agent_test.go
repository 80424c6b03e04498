package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/shared"
)

// agentVariable makes the test binary an agent instead of a test: it works on
// one task and ends with the exit code that the variable holds.
const agentVariable = "E2E_AGENT_EXIT"

// maxTurns bounds an agent's loop.
const maxTurns = 100

// errEndless is an agent that never comes to an answer.
var errEndless = errors.New("the agent did not come to an end")

// client is a client of the published SDK. base has no /v1.
func client(base string, opts ...option.RequestOption) *openai.Client {
	c := openai.NewClient(append([]option.RequestOption{option.WithBaseURL(base + "/v1"), option.WithAPIKey("sk-test")}, opts...)...)
	return &c
}

// tools are what the agent may call.
func tools() []openai.ChatCompletionToolUnionParam {
	define := func(name string, properties map[string]any) openai.ChatCompletionToolUnionParam {
		return openai.ChatCompletionFunctionTool(shared.FunctionDefinitionParam{
			Name: name, Parameters: shared.FunctionParameters{"type": "object", "properties": properties},
		})
	}
	return []openai.ChatCompletionToolUnionParam{
		define("get_record", map[string]any{"id": map[string]any{"type": "integer"}}),
		define("set_state", map[string]any{"state": map[string]any{"type": "string", "enum": []string{"open", "held", "closed"}}}),
		define("read_file", map[string]any{"path": map[string]any{"type": "string"}}),
	}
}

// An agent works on tasks by calling tools until the model answers.
type agent struct {
	client *openai.Client
	stream bool
}

// A work is what an agent did on one task.
type work struct {
	turns  int
	calls  []openai.ChatCompletionMessageToolCallUnion
	answer string
}

// run works on one task, as one conversation of that name.
func (a agent) run(ctx context.Context, task string) (work, error) {
	var done work
	params := openai.ChatCompletionNewParams{
		Model: "agent-model", Tools: tools(),
		Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("Please do " + task + ".")},
	}
	for range maxTurns {
		reply, err := a.step(ctx, params, option.WithHeader("X-Hotmess-Session", task))
		if err != nil {
			return done, err
		}
		message := reply.Choices[0].Message
		if len(message.ToolCalls) == 0 {
			done.answer = message.Content
			return done, nil
		}
		done.turns++
		params.Messages = append(params.Messages, message.ToParam())
		for _, c := range message.ToolCalls {
			if !json.Valid([]byte(c.Function.Arguments)) {
				return done, fmt.Errorf("arguments of %s are not JSON: %q", c.ID, c.Function.Arguments)
			}
			done.calls = append(done.calls, c)
			params.Messages = append(params.Messages, openai.ToolMessage("done", c.ID))
		}
	}
	return done, errEndless
}

// step asks the model once.
func (a agent) step(ctx context.Context, params openai.ChatCompletionNewParams, opts ...option.RequestOption) (*openai.ChatCompletion, error) {
	if !a.stream {
		return a.client.Chat.Completions.New(ctx, params, opts...)
	}
	params.StreamOptions = openai.ChatCompletionStreamOptionsParam{IncludeUsage: openai.Bool(true)}
	acc, err := collect(ctx, a.client, params, opts...)
	return &acc.ChatCompletion, err
}

// collect reads a whole stream.
func collect(ctx context.Context, c *openai.Client, params openai.ChatCompletionNewParams, opts ...option.RequestOption) (*openai.ChatCompletionAccumulator, error) {
	stream := c.Chat.Completions.NewStreaming(ctx, params, opts...)
	defer stream.Close()
	acc := &openai.ChatCompletionAccumulator{}
	for stream.Next() {
		if !acc.AddChunk(stream.Current()) {
			return acc, errors.New("the accumulator refuses a chunk")
		}
	}
	return acc, stream.Err()
}

// beAgent is the test binary as a wrapped command. The SDK finds the sidecar
// by OPENAI_BASE_URL alone.
func beAgent() int {
	c := openai.NewClient(option.WithAPIKey("sk-test"))
	done, err := agent{client: &c}.run(context.Background(), "task 1")
	if err != nil {
		fmt.Fprintln(os.Stderr, "agent:", err)
		return 99
	}
	var code int
	if _, err := fmt.Sscan(os.Getenv(agentVariable), &code); err != nil {
		fmt.Fprintln(os.Stderr, "agent:", err)
		return 98
	}
	fmt.Printf("agent: %d turns by %s\n", done.turns, os.Getenv("OPENAI_BASE_URL"))
	return code
}
