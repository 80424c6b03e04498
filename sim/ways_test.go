package sim

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/tidwall/gjson"
)

func responsesWay() way {
	return way{
		dialect: DialectResponses, path: "/v1/responses", stream: "/v1/responses",
		body: func(question string, thinking bool) map[string]any {
			body := map[string]any{"model": "m", "input": []any{map[string]any{"role": "user", "content": question}}}
			if thinking {
				body["reasoning"], body["include"] = map[string]any{"summary": "auto"}, []any{"reasoning.encrypted_content"}
			}
			return body
		},
		offer: func(body map[string]any, list []Tool) {
			var offered []any
			for _, t := range list {
				offered = append(offered, map[string]any{"type": "function", "name": t.Name, "parameters": t.Parameters})
			}
			body["tools"] = offered
		},
		structure: func(body map[string]any, schema any) {
			body["text"] = map[string]any{"format": map[string]any{"type": "json_schema", "name": "x", "schema": schema}}
		},
		whole: wholeResponse,
		fold: func(t *testing.T, body string) said {
			t.Helper()
			names, data := sse(t, body, "\n")
			var text, thoughts strings.Builder
			for n, e := range data {
				if e.Get("type").String() != names[n] || e.Get("sequence_number").Int() != int64(n) {
					t.Fatalf("event %d is %s: %s", n, names[n], e)
				}
				switch names[n] {
				case "response.output_text.delta", "response.refusal.delta":
					text.WriteString(e.Get("delta").String())
				case "response.reasoning_summary_text.delta":
					thoughts.WriteString(e.Get("delta").String())
				}
			}
			a := wholeResponse(data[len(data)-1].Get("response"))
			a.Text, a.Thoughts = text.String(), thoughts.String()
			return a
		},
		reply: func(body map[string]any, reply gjson.Result) {
			list := body["input"].([]any)
			for _, i := range reply.Get("output").Array() {
				list = append(list, i.Value())
			}
			for _, id := range reply.Get("output.#.call_id").Array() {
				list = append(list, map[string]any{"type": "function_call_output", "call_id": id.String(), "output": "ok"})
			}
			body["input"] = list
		},
	}
}

func wholeResponse(reply gjson.Result) said {
	a := said{
		ID: reply.Get("id").String(), Finish: reply.Get("status").String() + reply.Get("incomplete_details.reason").String(),
		In: reply.Get("usage.input_tokens").Int(), Out: reply.Get("usage.output_tokens").Int(),
		Reasoning: reply.Get("usage.output_tokens_details.reasoning_tokens").Int(),
	}
	for _, i := range reply.Get("output").Array() {
		switch i.Get("type").String() {
		case "reasoning":
			a.Thoughts, a.Seal = i.Get("summary.0.text").String(), i.Get("encrypted_content").String()
		case "message":
			a.Text = i.Get("content.0.text").String() + i.Get("content.0.refusal").String()
			a.Refused = i.Get("content.0.type").String() == "refusal"
		case "function_call":
			a.Calls = append(a.Calls, saidCall{i.Get("call_id").String(), i.Get("name").String(), i.Get("arguments").String()})
		}
	}
	return a
}

func messagesWay() way {
	return way{
		dialect: DialectMessages, path: "/v1/messages", stream: "/v1/messages",
		body: func(question string, thinking bool) map[string]any {
			body := map[string]any{
				"model": "m", "max_tokens": 4096, "messages": []any{map[string]any{"role": "user", "content": question}},
			}
			if thinking {
				body["thinking"] = map[string]any{"type": "adaptive"}
			}
			return body
		},
		offer: func(body map[string]any, list []Tool) {
			var offered []any
			for _, t := range list {
				offered = append(offered, map[string]any{"name": t.Name, "input_schema": t.Parameters})
			}
			body["tools"] = offered
		},
		structure: func(body map[string]any, schema any) {
			body["output_config"] = map[string]any{"format": map[string]any{"type": "json_schema", "schema": schema}}
		},
		whole: wholeMessage,
		fold:  foldMessage,
		reply: func(body map[string]any, reply gjson.Result) {
			list := append(body["messages"].([]any), map[string]any{"role": "assistant", "content": reply.Get("content").Value()})
			var results []any
			for _, id := range reply.Get(`content.#(type=="tool_use")#.id`).Array() {
				results = append(results, map[string]any{"type": "tool_result", "tool_use_id": id.String(), "content": "ok"})
			}
			if results != nil {
				list = append(list, map[string]any{"role": "user", "content": results})
			}
			body["messages"] = list
		},
	}
}

func wholeMessage(reply gjson.Result) said {
	a := said{
		ID: reply.Get("id").String(), Finish: reply.Get("stop_reason").String(), In: reply.Get("usage.input_tokens").Int(),
		Out: reply.Get("usage.output_tokens").Int(), Reasoning: reply.Get("usage.output_tokens_details.thinking_tokens").Int(),
		Refused: reply.Get("stop_details.type").String() == "refusal",
	}
	for _, b := range reply.Get("content").Array() {
		a.Text += b.Get("text").String()
		a.Thoughts += b.Get("thinking").String()
		a.Seal += b.Get("signature").String() + b.Get("data").String()
		if b.Get("type").String() == "tool_use" {
			a.Calls = append(a.Calls, saidCall{b.Get("id").String(), b.Get("name").String(), b.Get("input").Raw})
		}
	}
	return a
}

// foldMessage puts a message together again, as the reference says: start, then
// blocks of deltas, then what the end changes.
func foldMessage(t *testing.T, body string) said {
	t.Helper()
	var a said
	names, data := sse(t, body, "\n")
	for n, e := range data {
		if e.Get("type").String() != names[n] {
			t.Fatalf("event %s: %s", names[n], e)
		}
		d := e.Get("delta")
		switch names[n] {
		case "message_start":
			a.ID, a.In = e.Get("message.id").String(), e.Get("message.usage.input_tokens").Int()
		case "content_block_start":
			b := e.Get("content_block")
			a.Seal += b.Get("data").String()
			if b.Get("type").String() == "tool_use" {
				a.Calls = append(a.Calls, saidCall{ID: b.Get("id").String(), Name: b.Get("name").String()})
			}
		case "content_block_delta":
			a.Text += d.Get("text").String()
			a.Thoughts += d.Get("thinking").String()
			a.Seal += d.Get("signature").String()
			if d.Get("type").String() == "input_json_delta" {
				a.Calls[len(a.Calls)-1].Arguments += d.Get("partial_json").String()
			}
		case "message_delta":
			a.Finish, a.Refused = d.Get("stop_reason").String(), d.Get("stop_details.type").String() == "refusal"
			a.Out, a.Reasoning = e.Get("usage.output_tokens").Int(), e.Get("usage.output_tokens_details.thinking_tokens").Int()
		}
	}
	return a
}

func geminiWay() way {
	return way{
		dialect: DialectGemini, path: "/v1beta/models/m:generateContent", stream: "/v1beta/models/m:streamGenerateContent?alt=sse",
		body: func(question string, thinking bool) map[string]any {
			return map[string]any{
				"contents":         []any{map[string]any{"role": "user", "parts": []any{map[string]any{"text": question}}}},
				"generationConfig": map[string]any{"thinkingConfig": map[string]any{"includeThoughts": thinking}},
			}
		},
		offer: func(body map[string]any, list []Tool) {
			var offered []any
			for _, t := range list {
				upper := strings.NewReplacer(`"object"`, `"OBJECT"`, `"string"`, `"STRING"`, `"integer"`, `"INTEGER"`, `"boolean"`, `"BOOLEAN"`)
				offered = append(offered, map[string]any{"name": t.Name, "parameters": json.RawMessage(upper.Replace(string(t.Parameters)))})
			}
			body["tools"] = []any{map[string]any{"functionDeclarations": offered}}
		},
		structure: func(body map[string]any, schema any) {
			body["generationConfig"] = map[string]any{"responseMimeType": "application/json", "responseJsonSchema": schema}
		},
		whole: func(reply gjson.Result) said {
			var a said
			a.addGemini(reply)
			return a
		},
		fold: func(t *testing.T, body string) said {
			t.Helper()
			var a said
			_, data := sse(t, body, "\r\n")
			for _, e := range data {
				a.addGemini(e)
			}
			return a
		},
		reply: func(body map[string]any, reply gjson.Result) {
			content := reply.Get("candidates.0.content")
			list := append(body["contents"].([]any), content.Value())
			var results []any
			for _, c := range content.Get("parts.#.functionCall").Array() {
				results = append(results, map[string]any{"functionResponse": map[string]any{
					"id": c.Get("id").String(), "name": c.Get("name").String(), "response": map[string]any{"output": "ok"},
				}})
			}
			if results != nil {
				list = append(list, map[string]any{"role": "user", "parts": results})
			}
			body["contents"] = list
		},
	}
}

// addGemini adds a reply, or what a part of a stream tells of it.
func (a *said) addGemini(reply gjson.Result) {
	a.ID = reply.Get("responseId").String()
	u := reply.Get("usageMetadata")
	a.In, a.Reasoning = u.Get("promptTokenCount").Int(), u.Get("thoughtsTokenCount").Int()
	a.Out = u.Get("candidatesTokenCount").Int() + a.Reasoning
	if r := reply.Get("promptFeedback.blockReason"); r.Exists() {
		a.Finish, a.Refused = "blocked: "+r.String(), true
	}
	c := reply.Get("candidates.0")
	a.Finish += c.Get("finishReason").String()
	a.Refused = a.Refused || a.Finish == "SAFETY"
	for _, p := range c.Get("content.parts").Array() {
		a.Seal += p.Get("thoughtSignature").String()
		switch {
		case p.Get("functionCall").Exists():
			f := p.Get("functionCall")
			a.Calls = append(a.Calls, saidCall{f.Get("id").String(), f.Get("name").String(), f.Get("args").Raw})
		case p.Get("thought").Bool():
			a.Thoughts += p.Get("text").String()
		default:
			a.Text += p.Get("text").String()
		}
	}
}

// wayOf is the way of one dialect.
func wayOf(dialect string) way {
	for _, w := range ways() {
		if w.dialect == dialect {
			return w
		}
	}
	panic(fmt.Sprintf("no way of %s", dialect))
}
