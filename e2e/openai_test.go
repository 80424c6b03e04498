package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/shared"
)

// allModes are the modes that a client must not be able to tell apart.
var allModes = []string{"off", "observe", "ensemble"}

// inFront starts a sidecar in front of a base URL.
func inFront(t *testing.T, mode, upstream string) *sidecar {
	t.Helper()
	return serve(t, upstream, "--mode", mode, "--rate", "1", "--samples", "3")
}

func letterQuestion() openai.ChatCompletionNewParams {
	return openai.ChatCompletionNewParams{Model: "m", Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage(letterPrompt)}}
}

func TestSDKUnary(t *testing.T) {
	t.Parallel()
	model := simulate(t)
	each(t, allModes, func(t *testing.T, mode string) {
		s := inFront(t, mode, model)
		var res *http.Response
		got, err := client(s.base).Chat.Completions.New(t.Context(), letterQuestion(), option.WithResponseInto(&res))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(got.Choices[0].Message.Content, "Answer: ") || got.Usage.TotalTokens == 0 || got.ID == "" {
			t.Errorf("got %s", got.RawJSON())
		}
		if res.Header.Get("X-Hotmess-Mode") != mode || res.Header.Get("X-Request-Id") == "" {
			t.Errorf("header %v", res.Header)
		}
	})
}

func TestSDKStream(t *testing.T) {
	t.Parallel()
	model := simulate(t, "--show", "--reasoning", "40")
	each(t, allModes, func(t *testing.T, mode string) {
		s := inFront(t, mode, model)
		params := letterQuestion()
		params.StreamOptions = openai.ChatCompletionStreamOptionsParam{IncludeUsage: openai.Bool(true)}
		acc, err := collect(t.Context(), client(s.base), params)
		if err != nil {
			t.Fatal(err)
		}
		if got := acc.Choices[0]; !strings.Contains(got.Message.Content, "Answer: ") || got.FinishReason != "stop" {
			t.Errorf("got %+v", got)
		}
		if u := acc.Usage; u.CompletionTokensDetails.ReasoningTokens == 0 || u.TotalTokens != u.PromptTokens+u.CompletionTokens {
			t.Errorf("usage %+v", u)
		}
	})
}

func TestSDKReasoningContent(t *testing.T) {
	t.Parallel()
	model := simulate(t, "--show", "--reasoning", "40")
	each(t, allModes, func(t *testing.T, mode string) {
		c := client(inFront(t, mode, model).base)
		got, err := c.Chat.Completions.New(t.Context(), letterQuestion())
		if err != nil {
			t.Fatal(err)
		}
		var whole string
		if err := json.Unmarshal([]byte(got.Choices[0].Message.JSON.ExtraFields["reasoning_content"].Raw()), &whole); err != nil || whole == "" {
			t.Errorf("reasoning_content %q, %v", whole, err)
		}
		stream := c.Chat.Completions.NewStreaming(t.Context(), letterQuestion())
		defer stream.Close()
		pieces := 0
		for stream.Next() {
			for _, choice := range stream.Current().Choices {
				if choice.Delta.JSON.ExtraFields["reasoning_content"].Raw() != "" {
					pieces++
				}
			}
		}
		if stream.Err() != nil || pieces < 2 {
			t.Errorf("%d pieces of reasoning, %v", pieces, stream.Err())
		}
	})
}

func TestSDKToolLoop(t *testing.T) {
	t.Parallel()
	const steps = 6
	model := simulate(t, "--steps", "6", "--parallel", "2", "--accuracy", "0.6")
	each(t, allModes, func(t *testing.T, mode string) {
		s := inFront(t, mode, model)
		for _, stream := range []bool{false, true} {
			done, err := agent{client(s.base), stream}.run(t.Context(), "task 7")
			if err != nil {
				t.Fatal(err)
			}
			ids := map[string]bool{}
			for _, c := range done.calls {
				ids[c.ID] = true
			}
			if len(done.calls) != steps || len(ids) != steps || done.turns != steps/2 || done.answer == "" {
				t.Errorf("stream %v: %+v", stream, done)
			}
		}
	})
}

func TestSDKParallelFragments(t *testing.T) {
	t.Parallel()
	u := scripted(t, streamReply(parallelStream(), 5).ServeHTTP)
	each(t, allModes, func(t *testing.T, mode string) {
		s := inFront(t, mode, u.URL)
		params := letterQuestion()
		params.Tools = tools()
		acc, err := collect(t.Context(), client(s.base), params)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, c := range acc.Choices[0].Message.ToolCalls {
			got = append(got, c.ID+" "+c.Function.Name+c.Function.Arguments)
		}
		same(t, "tool calls", []string{`call_a get_weather{"city":"Oslo"}`, `call_b get_time{"zone":"UTC"}`}, got)
	})
}

func TestSDKStructuredOutput(t *testing.T) {
	t.Parallel()
	model := simulate(t)
	each(t, allModes, func(t *testing.T, mode string) {
		params := letterQuestion()
		params.ResponseFormat = openai.ChatCompletionNewParamsResponseFormatUnion{OfJSONSchema: &shared.ResponseFormatJSONSchemaParam{
			JSONSchema: shared.ResponseFormatJSONSchemaJSONSchemaParam{Name: "verdict", Strict: openai.Bool(true), Schema: map[string]any{
				"type": "object", "additionalProperties": false, "required": []string{"verdict", "score"},
				"properties": map[string]any{
					"verdict": map[string]any{"type": "string", "enum": []string{"yes", "no"}},
					"score":   map[string]any{"type": "integer"},
				},
			}},
		}}
		got, err := client(inFront(t, mode, model).base).Chat.Completions.New(t.Context(), params)
		if err != nil {
			t.Fatal(err)
		}
		var verdict struct {
			Verdict string `json:"verdict"`
			Score   *int   `json:"score"`
		}
		if err := json.Unmarshal([]byte(got.Choices[0].Message.Content), &verdict); err != nil || verdict.Score == nil || (verdict.Verdict != "yes" && verdict.Verdict != "no") {
			t.Errorf("%v in %q", err, got.Choices[0].Message.Content)
		}
	})
}

func TestSDKRefusal(t *testing.T) {
	t.Parallel()
	u := scripted(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Streamed") != "" {
			streamReply(refusalStream(), 29).ServeHTTP(w, r)
			return
		}
		jsonReply(200, refusalBody).ServeHTTP(w, r)
	})
	each(t, allModes, func(t *testing.T, mode string) {
		c := client(inFront(t, mode, u.URL).base)
		got, err := c.Chat.Completions.New(t.Context(), letterQuestion())
		if err != nil || got.Choices[0].Message.Refusal != "I can't help with that." {
			t.Errorf("%+v, %v", got, err)
		}
		acc, err := collect(t.Context(), c, letterQuestion(), option.WithHeader("X-Streamed", "1"))
		if err != nil || acc.Choices[0].Message.Refusal != "I can't help with that." {
			t.Errorf("%+v, %v", acc.Choices, err)
		}
	})
}

// TestSDKErrorsAndRetries counts how often the client's own call reaches the
// upstream: extras do not carry its Idempotency-Key.
func TestSDKErrorsAndRetries(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		status int
		body   string
		header http.Header
	}{
		{"unauthorised", 401, `{"error":{"message":"Incorrect API key provided.","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}`, nil},
		{"limited", 429, `{"error":{"message":"Rate limit reached.","type":"tokens","param":null,"code":"rate_limit_exceeded"}}`, http.Header{"Retry-After-Ms": {"1"}}},
		{"limited, told not to retry", 429, `{"error":{"message":"No quota.","type":"insufficient_quota","param":null,"code":"insufficient_quota"}}`, http.Header{"X-Should-Retry": {"false"}}},
		{"failing", 500, errorBody, http.Header{"Retry-After-Ms": {"1"}}},
		{"not JSON", 502, "<html>Bad Gateway</html>", http.Header{"Retry-After-Ms": {"1"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			reply := jsonReply(c.status, c.body)
			maps.Copy(reply.header, c.header)
			u := scripted(t, reply.ServeHTTP)
			want := failure(t, u, u.URL)
			for _, mode := range allModes {
				same(t, mode, want, failure(t, u, inFront(t, mode, u.URL).base))
			}
		})
	}
}

// A failed call is what a client learns of it, and what it costs.
type failed struct {
	Status              int
	Type, Code, Message string
	Calls               int
}

// failure makes a call that fails.
func failure(t *testing.T, u *upstream, base string) failed {
	t.Helper()
	_, err := client(base, option.WithHeader("Idempotency-Key", "k")).Chat.Completions.New(t.Context(), letterQuestion())
	f := failed{}
	var apiError *openai.Error
	if !errors.As(err, &apiError) {
		t.Fatalf("the error is %v", err)
	}
	f.Status, f.Type, f.Code, f.Message = apiError.StatusCode, apiError.Type, apiError.Code, apiError.Message
	for _, r := range u.take() {
		if r.Header.Get("Idempotency-Key") != "" {
			f.Calls++
		}
	}
	return f
}

func TestSDKStreamWithKeepAlives(t *testing.T) {
	t.Parallel()
	e := elect(t, "A", "B", "B")
	e.polled = make(chan struct{})
	s := serve(t, e.URL, "--samples", "3", "--config", writeConfig(t, "sampling: {mode: ensemble}\nensemble: {keepalive: 20ms}\n"))
	stream := client(s.base, option.WithHeader("Idempotency-Key", "k"), option.WithHeader("Accept", "text/event-stream")).
		Chat.Completions.NewStreaming(t.Context(), letterQuestion())
	defer stream.Close()
	// The head is there, so keep-alives have begun; only now come the samples.
	close(e.polled)
	var acc openai.ChatCompletionAccumulator
	for stream.Next() {
		acc.AddChunk(stream.Current())
	}
	if stream.Err() != nil || !strings.HasSuffix(acc.Choices[0].Message.Content, "Answer: B") {
		t.Errorf("%+v, %v", acc.Choices, stream.Err())
	}
}

func TestSDKSeesAnUnreachableUpstreamAsAnAPIError(t *testing.T) {
	t.Parallel()
	nobody := freeAddress(t)
	each(t, allModes, func(t *testing.T, mode string) {
		s := inFront(t, mode, "http://"+nobody+"/v1")
		_, err := client(s.base, option.WithMaxRetries(0)).Chat.Completions.New(t.Context(), letterQuestion())
		var apiError *openai.Error
		if !errors.As(err, &apiError) || apiError.StatusCode != 502 || apiError.Type != "hotmess_upstream_unreachable" {
			t.Errorf("the error is %v", err)
		}
		if apiError != nil && strings.Contains(apiError.Message, nobody) {
			t.Errorf("the message tells an address: %s", apiError.Message)
		}
		s.settled(t, 1)
	})
}

func TestSDKTimeoutOnAStallIsPassedOn(t *testing.T) {
	t.Parallel()
	each(t, allModes, func(t *testing.T, mode string) {
		cancelled := make(chan struct{}, 9)
		u := scripted(t, func(_ http.ResponseWriter, r *http.Request) {
			<-r.Context().Done()
			cancelled <- struct{}{}
		})
		s := inFront(t, mode, u.URL)
		ctx, cancel := context.WithTimeout(t.Context(), patience/40)
		defer cancel()
		_, err := client(s.base, option.WithMaxRetries(0)).Chat.Completions.New(ctx, letterQuestion())
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the error is %v", err)
		}
		s.hangsUp(t, cancelled)
	})
}
