package main_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"hotmess/config"
	"hotmess/monitor"
)

// A cloudCall is a request as a cloud or a login makes it.
type cloudCall struct {
	what string
	call calling
	// reply is the body of a reply, with a verb for its id.
	reply string
}

const (
	signature   = "AWS4-HMAC-SHA256 Credential=k/20260101/us-east-1/bedrock/aws4_request, SignedHeaders=host;x-amz-date, Signature=s"
	chatBody    = `{"id":"%d","choices":[{"index":0,"finish_reason":"stop","message":{"content":"Answer: A"}}],"usage":{"prompt_tokens":9,"completion_tokens":5}}`
	messageBody = `{"id":"%d","type":"message","content":[{"type":"text","text":"Answer: A"}],"stop_reason":"end_turn","usage":{"input_tokens":9,"output_tokens":5}}`
	outputBody  = `{"id":"%d","status":"completed","output":[{"type":"message","content":[{"type":"output_text","text":"Answer: A"}]}],"usage":{"input_tokens":9,"output_tokens":5}}`
	geminiBody  = `{"responseId":"%d","candidates":[{"content":{"parts":[{"text":"Answer: A"}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":9,"candidatesTokenCount":5}}`
)

func cloudCalls(t *testing.T) []cloudCall {
	chat := object{"model": "m", "messages": []object{{"role": "user", "content": letterQuestion}}}
	claude := object{"anthropic_version": "v", "max_tokens": 9, "messages": chat["messages"]}
	messages := object{"model": "m", "max_tokens": 9, "messages": chat["messages"]}
	input := object{"model": "m", "input": letterQuestion, "store": false}
	contents := object{"contents": []object{{"role": "user", "parts": []object{{"text": letterQuestion}}}}}
	vertex := "/v1/projects/p/locations/l/publishers/"
	return []cloudCall{
		{"OpenAI, key", post(t, "", "/v1/chat/completions", chat, "Authorization", "Bearer sk-1"), chatBody},
		{"Azure OpenAI, deployments", post(t, "", "/openai/deployments/m/chat/completions?api-version=2024-10-21", chat, "Api-Key", "k"), chatBody},
		{"Azure OpenAI, v1 Responses, Entra ID", post(t, "", "/openai/v1/responses", input, "Authorization", "Bearer eyJh.e30.s"), outputBody},
		{"Claude on Azure", post(t, "", "/anthropic/v1/messages", messages, "X-Api-Key", "k", "Anthropic-Version", "2023-06-01"), messageBody},
		{"Gemini on Vertex AI", post(t, "", vertex+"google/models/m:generateContent", contents, "Authorization", "Bearer ya29.t"), geminiBody},
		{"Claude on Vertex AI", post(t, "", vertex+"anthropic/models/m:rawPredict", claude, "Authorization", "Bearer ya29.t"), messageBody},
		{"Mistral on Vertex AI", post(t, "", vertex+"mistralai/models/m:rawPredict", chat, "Authorization", "Bearer ya29.t"), chatBody},
		{"Bedrock, InvokeModel of Claude, SigV4", post(t, "", "/model/anthropic.m/invoke", claude, "Authorization", signature), messageBody},
		{"Bedrock, InvokeModel of Claude, API key", post(t, "", "/model/anthropic.m/invoke", claude, "Authorization", "Bearer bedrock-api-key-x"), messageBody},
		{"Bedrock, OpenAI's form, SigV4", post(t, "", "/openai/v1/chat/completions", chat, "Authorization", signature), chatBody},
		{"Bedrock, InvokeModel of others", post(t, "", "/model/amazon.titan/invoke", object{"inputText": "x"}, "Authorization", signature), `{"results":[],"id":%d}`},
		{"Bedrock, event streams", post(t, "", "/model/anthropic.m/invoke-with-response-stream", claude, "Authorization", signature), "%d"},
		{"Bedrock, Converse", post(t, "", "/model/anthropic.m/converse", object{"messages": []object{}}, "Authorization", signature), `{"id":%d}`},
		{"Claude, a person's login", post(t, "", "/v1/messages?beta=true", messages, "Authorization", "Bearer sk-ant-oat01-x", "Anthropic-Beta", "oauth-2025-04-20"), messageBody},
		{"ChatGPT, a person's login (codex)", post(t, "", "/backend-api/codex/responses", input, "Authorization", "Bearer x", "Chatgpt-Account-Id", "a"), outputBody},
		{"Gemini CLI, a person's login", post(t, "", "/v1internal:generateContent", object{"request": contents}, "Authorization", "Bearer ya29.t"), `{"id":%d}`},
	}
}

// answer replies to every call with another id.
func (c cloudCall) answer() http.Handler {
	var n atomic.Int64
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // read by noting
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, c.reply, n.Add(1))
	})
}

// fate is what becomes of a call in a mode and a way.
func (c cloudCall) fate(t *testing.T, mode config.Mode, w way) string {
	t.Helper()
	p := newPort(t, mode, c.answer(), w.secure)
	client, base := w.client(t, p)
	if got := ask(t, client, base, c.call); got.Status != http.StatusOK || got.Broke {
		t.Errorf("%s: %+v", c.what, got)
	}
	p.settle(t)
	for reason := range p.monitor.Unmeasured() {
		return p.unmeasured(t, reason)
	}
	if mode == config.Ensemble {
		return "voted"
	}
	return "measured"
}

// settle waits until what was asked is counted, and takes the observation of it
// if there is one.
func (p *port) settle(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); p.monitor.Totals().Requests == 0 || p.handler.Observing() > 0; {
		if time.Now().After(deadline) {
			t.Fatal("the call was not counted")
		}
		if err := p.monitor.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	select {
	case o := <-p.observed:
		p.last = &o
	default:
	}
}

// unmeasured says why a call was not measured, and whether its lengths were.
func (p *port) unmeasured(t *testing.T, reason monitor.Reason) string {
	t.Helper()
	if reason == monitor.ReasonDialect || p.last == nil {
		return fmt.Sprintf("relayed (`%s`)", reason)
	}
	if len(p.last.Samples) != 1 || p.last.Samples[0].Output.Tokens != 5 {
		t.Errorf("lengths: %+v", p.last.Samples)
	}
	return fmt.Sprintf("lengths only (`%s`)", reason)
}

// cloudTable is the generated table.
func cloudTable(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("| | observe, base URL | observe, proxy | ensemble, proxy |\n|---|---|---|---|\n")
	for _, c := range cloudCalls(t) {
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", c.what,
			c.fate(t, config.Observe, way{}), c.fate(t, config.Observe, way{secure: true}), c.fate(t, config.Ensemble, way{secure: true}))
	}
	return b.String()
}

func TestCloudTableIsWhatTheCodeDoes(t *testing.T) {
	holdGenerated(t, "clouds", cloudTable(t))
}
