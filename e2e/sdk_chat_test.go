package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/shared"
)

// openAIOptions are those of a client of openai-go.
func openAIOptions(c *http.Client, base string, m manner) []option.RequestOption {
	opts := []option.RequestOption{option.WithAPIKey("sk-test")}
	if m.once {
		opts = append(opts, option.WithMaxRetries(0))
	}
	if c != nil {
		opts = append(opts, option.WithHTTPClient(c))
	}
	if base != "" {
		opts = append(opts, option.WithBaseURL(base))
	}
	for name := range m.header {
		opts = append(opts, option.WithHeader(name, m.header.Get(name)))
	}
	return opts
}

func complainOpenAI(err error) (complaint, bool) {
	var e *openai.Error
	if !errors.As(err, &e) {
		return complaint{}, false
	}
	return complaint{e.StatusCode, e.Type, e.Code, e.Message, e.Response.Header.Get("X-Request-Id")}, true
}

// A chatTalk is a conversation by Chat Completions.
type chatTalk struct {
	client openai.Client
	params openai.ChatCompletionNewParams
	stream bool
}

func openChat(c *http.Client, base string, m manner) (conversation, error) {
	talk := &chatTalk{client: openai.NewClient(openAIOptions(c, base, m)...), stream: m.stream}
	talk.params.Model = "m"
	if m.tools {
		for _, t := range toolbox() {
			talk.params.Tools = append(talk.params.Tools, openai.ChatCompletionFunctionTool(shared.FunctionDefinitionParam{Name: t.name, Parameters: t.schema()}))
		}
	}
	if m.schema != nil {
		talk.params.ResponseFormat = openai.ChatCompletionNewParamsResponseFormatUnion{OfJSONSchema: &shared.ResponseFormatJSONSchemaParam{
			JSONSchema: shared.ResponseFormatJSONSchemaJSONSchemaParam{Name: "verdict", Strict: openai.Bool(true), Schema: m.schema},
		}}
	}
	if m.choices > 1 {
		talk.params.N = openai.Int(int64(m.choices))
	}
	if m.stream {
		talk.params.StreamOptions = openai.ChatCompletionStreamOptionsParam{IncludeUsage: openai.Bool(true)}
	}
	return talk, nil
}

func (c *chatTalk) say(text string) {
	c.params.Messages = append(c.params.Messages, openai.UserMessage(text))
}

func (c *chatTalk) tell(call toolCall, result string) {
	c.params.Messages = append(c.params.Messages, openai.ToolMessage(result, call.ID))
}

func (c *chatTalk) step(ctx context.Context) (said, error) {
	reply, thoughts, err := c.ask(ctx)
	if err != nil {
		return said{}, err
	}
	if len(reply.Choices) == 0 {
		return said{}, errors.New("no choices")
	}
	message := reply.Choices[0].Message
	c.params.Messages = append(c.params.Messages, message.ToParam())
	s := said{
		ID: reply.ID, Text: message.Content, Refusal: message.Refusal, Finish: reply.Choices[0].FinishReason, Thoughts: thoughts,
		Input: reply.Usage.PromptTokens, Output: reply.Usage.CompletionTokens,
		Reasoning: reply.Usage.CompletionTokensDetails.ReasoningTokens, Choices: len(reply.Choices),
	}
	for _, one := range message.ToolCalls {
		s.Calls = append(s.Calls, toolCall{one.ID, one.Function.Name, one.Function.Arguments})
	}
	return s, nil
}

// ask makes the call. Reasoning is in a field that the SDK does not know.
func (c *chatTalk) ask(ctx context.Context) (reply *openai.ChatCompletion, thoughts string, err error) {
	if !c.stream {
		reply, err := c.client.Chat.Completions.New(ctx, c.params)
		if err == nil && len(reply.Choices) > 0 {
			thoughts = textOf(reply.Choices[0].Message.JSON.ExtraFields["reasoning_content"].Raw())
		}
		return reply, thoughts, err
	}
	stream := c.client.Chat.Completions.NewStreaming(ctx, c.params)
	defer stream.Close()
	acc := &openai.ChatCompletionAccumulator{}
	for stream.Next() {
		chunk := stream.Current()
		if !acc.AddChunk(chunk) {
			return nil, "", errors.New("the accumulator refuses a chunk")
		}
		for _, choice := range chunk.Choices {
			thoughts += textOf(choice.Delta.JSON.ExtraFields["reasoning_content"].Raw())
		}
	}
	return &acc.ChatCompletion, thoughts, stream.Err()
}

// textOf is a JSON string as text; empty for anything else.
func textOf(raw string) string {
	var text string
	_ = json.Unmarshal([]byte(raw), &text) // absent or null
	return text
}
