package e2e

import (
	"context"
	"errors"
	"net/http"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/anthropics/anthropic-sdk-go/option"
)

// anthropicOptions are those of a client of anthropic-sdk-go.
func anthropicOptions(c *http.Client, base string, m manner) []option.RequestOption {
	opts := []option.RequestOption{option.WithAPIKey("sk-ant-api-test")}
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

func complainAnthropic(err error) (complaint, bool) {
	var e *anthropic.Error
	if !errors.As(err, &e) {
		return complaint{}, false
	}
	return complaint{Status: e.StatusCode, Type: string(e.Type()), Message: e.RawJSON(), RequestID: e.RequestID}, true
}

// A messagesTalk is a conversation by Anthropic's Messages.
type messagesTalk struct {
	client anthropic.Client
	params anthropic.MessageNewParams
	stream bool
	// pending is what was said since the last step, as one user message.
	pending []anthropic.ContentBlockParamUnion
}

func openMessages(c *http.Client, base string, m manner) (conversation, error) {
	talk := &messagesTalk{client: anthropic.NewClient(anthropicOptions(c, base, m)...), stream: m.stream}
	talk.params.Model, talk.params.MaxTokens = "m", 4096
	if m.think {
		talk.params.Thinking = anthropic.ThinkingConfigParamOfEnabled(2048)
	}
	if m.tools {
		for _, t := range toolbox() {
			schema := anthropic.ToolInputSchemaParam{Properties: t.properties}
			talk.params.Tools = append(talk.params.Tools, anthropic.ToolUnionParamOfTool(schema, t.name))
		}
	}
	if m.schema != nil {
		talk.params.OutputConfig = anthropic.OutputConfigParam{Format: anthropic.JSONOutputFormatParam{Schema: m.schema}}
	}
	return talk, nil
}

func (c *messagesTalk) say(text string) {
	c.pending = append(c.pending, anthropic.NewTextBlock(text))
}

func (c *messagesTalk) tell(call toolCall, result string) {
	c.pending = append(c.pending, anthropic.NewToolResultBlock(call.ID, result, false))
}

func (c *messagesTalk) step(ctx context.Context) (said, error) {
	c.params.Messages = append(c.params.Messages, anthropic.NewUserMessage(c.pending...))
	c.pending = nil
	reply, err := c.ask(ctx)
	if err != nil {
		return said{}, err
	}
	c.params.Messages = append(c.params.Messages, reply.ToParam())
	return saidBy(reply), nil
}

func saidBy(reply *anthropic.Message) said {
	s := said{
		ID: reply.ID, Finish: string(reply.StopReason), Choices: 1,
		Input: reply.Usage.InputTokens + reply.Usage.CacheReadInputTokens + reply.Usage.CacheCreationInputTokens,
		// A refusal has nothing to say but why.
		Output: reply.Usage.OutputTokens, Reasoning: reply.Usage.OutputTokensDetails.ThinkingTokens, Refusal: reply.StopDetails.Explanation,
	}
	for _, block := range reply.Content {
		switch v := block.AsAny().(type) {
		case anthropic.TextBlock:
			s.Text += v.Text
		case anthropic.ThinkingBlock:
			s.Thoughts += v.Thinking
			if v.Signature != "" {
				s.Signed++
			}
		case anthropic.ToolUseBlock:
			s.Calls = append(s.Calls, toolCall{v.ID, v.Name, string(v.Input)})
		}
	}
	return s
}

func (c *messagesTalk) ask(ctx context.Context) (*anthropic.Message, error) {
	if !c.stream {
		return c.client.Messages.New(ctx, c.params)
	}
	stream := c.client.Messages.NewStreaming(ctx, c.params)
	defer stream.Close()
	var message anthropic.Message
	for stream.Next() {
		if err := message.Accumulate(stream.Current()); err != nil {
			return nil, err
		}
	}
	return &message, stream.Err()
}
