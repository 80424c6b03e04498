package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/packages/param"
	"github.com/openai/openai-go/v3/responses"
	"github.com/openai/openai-go/v3/shared"
)

// A responsesTalk is a conversation by the Responses API.
type responsesTalk struct {
	client openai.Client
	params responses.ResponseNewParams
	// input is the whole history, or, where replies are kept, what was said
	// since the last one.
	input  responses.ResponseInputParam
	stream bool
	kept   bool
}

func openResponses(c *http.Client, base string, m manner) (conversation, error) {
	talk := &responsesTalk{client: openai.NewClient(openAIOptions(c, base, m)...), stream: m.stream, kept: m.kept}
	talk.params.Model = "m"
	if !m.kept {
		talk.params.Store = openai.Bool(false)
	}
	if m.think {
		talk.params.Reasoning = shared.ReasoningParam{Summary: shared.ReasoningSummaryAuto}
	}
	if m.think && !m.kept {
		talk.params.Include = []responses.ResponseIncludable{responses.ResponseIncludableReasoningEncryptedContent}
	}
	if m.tools {
		for _, t := range toolbox() {
			talk.params.Tools = append(talk.params.Tools, responses.ToolParamOfFunction(t.name, t.schema(), false))
		}
	}
	if m.schema != nil {
		talk.params.Text.Format = responses.ResponseFormatTextConfigUnionParam{
			OfJSONSchema: &responses.ResponseFormatTextJSONSchemaConfigParam{Name: "verdict", Strict: openai.Bool(true), Schema: m.schema},
		}
	}
	return talk, nil
}

func (r *responsesTalk) say(text string) {
	r.input = append(r.input, responses.ResponseInputItemParamOfMessage(text, responses.EasyInputMessageRoleUser))
}

func (r *responsesTalk) tell(call toolCall, result string) {
	item := responses.ResponseInputItemParamOfFunctionCallOutput(result)
	item.OfFunctionCallOutput.CallID = param.NewOpt(call.ID)
	r.input = append(r.input, item)
}

func (r *responsesTalk) step(ctx context.Context) (said, error) {
	r.params.Input = responses.ResponseNewParamsInputUnion{OfInputItemList: r.input}
	reply, err := r.ask(ctx)
	if err != nil {
		return said{}, err
	}
	r.remember(reply)
	s := said{
		ID: reply.ID, Text: reply.OutputText(), Finish: string(reply.Status), Choices: 1,
		Input: reply.Usage.InputTokens, Output: reply.Usage.OutputTokens, Reasoning: reply.Usage.OutputTokensDetails.ReasoningTokens,
	}
	for _, item := range reply.Output {
		s.add(item)
	}
	return s, nil
}

// remember keeps what the next step goes on from.
func (r *responsesTalk) remember(reply *responses.Response) {
	if r.kept {
		r.params.PreviousResponseID, r.input = openai.String(reply.ID), nil
		return
	}
	for _, item := range reply.Output {
		switch v := item.AsAny().(type) {
		case responses.ResponseOutputMessage:
			p := v.ToParam()
			r.input = append(r.input, responses.ResponseInputItemUnionParam{OfOutputMessage: &p})
		case responses.ResponseReasoningItem:
			p := v.ToParam()
			r.input = append(r.input, responses.ResponseInputItemUnionParam{OfReasoning: &p})
		case responses.ResponseFunctionToolCall:
			p := v.ToParam()
			r.input = append(r.input, responses.ResponseInputItemUnionParam{OfFunctionCall: &p})
		}
	}
}

// add takes one output item in.
func (s *said) add(item responses.ResponseOutputItemUnion) {
	switch v := item.AsAny().(type) {
	case responses.ResponseOutputMessage:
		for _, content := range v.Content {
			s.Refusal += content.Refusal
		}
	case responses.ResponseReasoningItem:
		for _, part := range v.Summary {
			s.Thoughts += part.Text
		}
		if v.EncryptedContent != "" {
			s.Signed++
		}
	case responses.ResponseFunctionToolCall:
		s.Calls = append(s.Calls, toolCall{v.CallID, v.Name, v.Arguments})
	}
}

// errUnfinished is a stream that ended before the response did.
var errUnfinished = errors.New("the stream has no end of the response")

// ask makes the call. A stream's last event holds the whole response.
func (r *responsesTalk) ask(ctx context.Context) (*responses.Response, error) {
	if !r.stream {
		return r.client.Responses.New(ctx, r.params)
	}
	stream := r.client.Responses.NewStreaming(ctx, r.params)
	defer stream.Close()
	var done *responses.Response
	for stream.Next() {
		switch e := stream.Current().AsAny().(type) {
		case responses.ResponseCompletedEvent:
			done = &e.Response
		case responses.ResponseIncompleteEvent:
			done = &e.Response
		case responses.ResponseErrorEvent:
			return nil, fmt.Errorf("event of an error: %s: %s", e.Code, e.Message)
		}
	}
	if err := stream.Err(); err != nil {
		return nil, err
	}
	if done == nil {
		return nil, errUnfinished
	}
	return done, nil
}
