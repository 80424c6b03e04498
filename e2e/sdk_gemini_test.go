package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"google.golang.org/genai"
)

func complainGemini(err error) (complaint, bool) {
	var e genai.APIError
	if !errors.As(err, &e) {
		return complaint{}, false
	}
	return complaint{Status: e.Code, Code: e.Status, Message: e.Message}, true
}

// A geminiTalk is a conversation by Gemini's generateContent. The SDK keeps the
// history.
type geminiTalk struct {
	chat    *genai.Chat
	stream  bool
	pending []*genai.Part
}

// geminiClient makes a client of genai.
func geminiClient(c *http.Client, base string, header http.Header) (*genai.Client, error) {
	return genai.NewClient(context.Background(), &genai.ClientConfig{
		APIKey: "key", Backend: genai.BackendGeminiAPI, HTTPClient: c, HTTPOptions: genai.HTTPOptions{BaseURL: base, Headers: header},
	})
}

func openGemini(c *http.Client, base string, m manner) (conversation, error) {
	config := &genai.GenerateContentConfig{CandidateCount: int32(m.choices)}
	if m.think {
		config.ThinkingConfig = &genai.ThinkingConfig{IncludeThoughts: true}
	}
	if m.tools {
		functions := &genai.Tool{}
		for _, one := range toolbox() {
			functions.FunctionDeclarations = append(functions.FunctionDeclarations, &genai.FunctionDeclaration{Name: one.name, ParametersJsonSchema: one.schema()})
		}
		config.Tools = []*genai.Tool{functions}
	}
	if m.schema != nil {
		config.ResponseMIMEType, config.ResponseJsonSchema = "application/json", m.schema
	}
	client, err := geminiClient(c, base, m.header)
	if err != nil {
		return nil, err
	}
	chat, err := client.Chats.Create(context.Background(), "m", config, nil)
	return &geminiTalk{chat: chat, stream: m.stream}, err
}

func (g *geminiTalk) say(text string) { g.pending = append(g.pending, genai.NewPartFromText(text)) }

func (g *geminiTalk) tell(call toolCall, result string) {
	g.pending = append(g.pending, &genai.Part{FunctionResponse: &genai.FunctionResponse{
		ID: call.ID, Name: call.Name, Response: map[string]any{"output": result},
	}})
}

func (g *geminiTalk) step(ctx context.Context) (said, error) {
	parts := g.pending
	g.pending = nil
	var s said
	if !g.stream {
		reply, err := g.chat.Send(ctx, parts...)
		if err != nil {
			return said{}, err
		}
		return s, s.take(reply)
	}
	for chunk, err := range g.chat.SendStream(ctx, parts...) {
		if err != nil {
			return said{}, err
		}
		if err := s.take(chunk); err != nil {
			return said{}, err
		}
	}
	if s.Finish == "" && s.Refusal == "" {
		return said{}, errUnfinished
	}
	return s, nil
}

// take adds a reply, or a piece of one.
func (s *said) take(reply *genai.GenerateContentResponse) error {
	s.ID = reply.ResponseID
	if u := reply.UsageMetadata; u != nil {
		s.Input, s.Reasoning = int64(u.PromptTokenCount), int64(u.ThoughtsTokenCount)
		s.Output = int64(u.CandidatesTokenCount) + s.Reasoning
	}
	if f := reply.PromptFeedback; f != nil {
		s.Refusal = string(f.BlockReason)
	}
	for _, c := range reply.Candidates {
		s.Choices = max(s.Choices, int(c.Index)+1)
		if c.Index > 0 {
			continue
		}
		if c.FinishReason != "" {
			s.Finish = string(c.FinishReason)
		}
		if c.FinishReason == genai.FinishReasonSafety {
			s.Refusal = s.Finish
		}
		if c.Content == nil {
			continue
		}
		for _, p := range c.Content.Parts {
			if err := s.part(p); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *said) part(p *genai.Part) error {
	if len(p.ThoughtSignature) > 0 {
		s.Signed++
	}
	switch {
	case p.FunctionCall != nil:
		arguments, err := json.Marshal(p.FunctionCall.Args)
		if err != nil {
			return err
		}
		s.Calls = append(s.Calls, toolCall{p.FunctionCall.ID, p.FunctionCall.Name, string(arguments)})
	case p.Thought:
		s.Thoughts += p.Text
	default:
		s.Text += p.Text
	}
	return nil
}
