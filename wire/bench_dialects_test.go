package wire

import (
	"encoding/json"
	"strings"
)

// A spokenDialect makes requests and streams of one dialect, all of the same
// conversation.
type spokenDialect struct {
	target Target
	// request is what holds a system prompt, tools and the turns of a history;
	// tool and turn are one of those: a call and its result.
	request func(system string, tools, turns []any) object
	tool    func(name string, parameters object) object
	turn    func(result string) []any
	// head, word and tail are what a stream is made of.
	head, word, tail string
}

func spokenDialects() []spokenDialect {
	return []spokenDialect{spokenChat(), spokenResponses(), spokenAnthropic(), spokenGemini()}
}

// agentTurn is the request of an agent deep in a task, of about size bytes.
func (d spokenDialect) agentTurn(size int) []byte {
	system, result, tools := strings.Repeat("You are an agent.\n", 20), strings.Repeat("func main() {\n\tfmt.Println(\"hello\")\n}\n", 10), []any{}
	parameters := object{"type": "object", "properties": object{"path": object{"type": "string"}}}
	for _, name := range []string{"read", "write", "search", "run"} {
		tools = append(tools, d.tool(name, parameters))
	}
	var turns []any
	for n := len(system); n < size; n += len(result) * 12 / 10 {
		turns = append(turns, d.turn(result)...)
	}
	body, _ := json.Marshal(d.request(system, tools, turns))
	return body
}

// stream is one of about size bytes.
func (d spokenDialect) stream(size int) []byte {
	return []byte(d.head + strings.Repeat(d.word, size/len(d.word)) + d.tail)
}

func spokenChat() spokenDialect {
	return spokenDialect{
		target: chatTarget,
		request: func(system string, tools, turns []any) object {
			first := []any{object{"role": "system", "content": system}, object{"role": "user", "content": "Fix the test."}}
			return object{"model": "m", "stream": true, "messages": append(first, turns...), "tools": tools}
		},
		tool: func(name string, parameters object) object {
			return object{"type": "function", "function": object{"name": name, "parameters": parameters}}
		},
		turn: func(result string) []any {
			call := object{"id": "c", "type": "function", "function": object{"name": "read", "arguments": `{"path":"main.go"}`}}
			return []any{object{"role": "assistant", "content": nil, "tool_calls": []any{call}}, object{"role": "tool", "tool_call_id": "c", "content": result}}
		},
		word: `data: {"id":"r","object":"chat.completion.chunk","created":1741569952,"model":"m","system_fingerprint":"fp","choices":[{"index":0,"delta":{"content":" word"},"logprobs":null,"finish_reason":null}],"usage":null}` + "\n\n",
		tail: finishChunk + doneEvent,
	}
}

func spokenResponses() spokenDialect {
	return spokenDialect{
		target: Target{Provider: ProviderOpenAI, Dialect: OpenAIResponses},
		request: func(system string, tools, turns []any) object {
			first := []any{object{"role": "user", "content": "Fix the test."}}
			return object{"model": "m", "stream": true, "instructions": system, "input": append(first, turns...), "tools": tools}
		},
		tool: func(name string, parameters object) object {
			return object{"type": "function", "name": name, "parameters": parameters}
		},
		turn: func(result string) []any {
			return []any{
				object{"type": "function_call", "call_id": "c", "name": "read", "arguments": `{"path":"main.go"}`},
				object{"type": "function_call_output", "call_id": "c", "output": result},
			}
		},
		head: `event: response.created` + "\n" + `data: {"type":"response.created","response":{"id":"r","model":"m","status":"in_progress","output":[]}}` + "\n\n",
		word: "event: response.output_text.delta\n" + `data: {"type":"response.output_text.delta","sequence_number":4,"item_id":"msg_1","output_index":0,"content_index":0,"delta":" word","logprobs":[],"obfuscation":"x0x0x0"}` + "\n\n",
		tail: "event: response.completed\n" + `data: {"type":"response.completed","response":{"id":"r","model":"m","status":"completed","output":[{"type":"message","id":"msg_1","role":"assistant","content":[{"type":"output_text","text":"word"}]}],"usage":{"input_tokens":1,"output_tokens":1}}}` + "\n\n",
	}
}

func spokenAnthropic() spokenDialect {
	return spokenDialect{
		target: Target{Provider: ProviderAnthropic, Dialect: AnthropicMessages},
		request: func(system string, tools, turns []any) object {
			first := []any{object{"role": "user", "content": "Fix the test."}}
			return object{"model": "m", "max_tokens": 9, "stream": true, "system": system, "messages": append(first, turns...), "tools": tools}
		},
		tool: func(name string, parameters object) object {
			return object{"name": name, "input_schema": parameters}
		},
		turn: func(result string) []any {
			call := object{"type": "tool_use", "id": "c", "name": "read", "input": object{"path": "main.go"}}
			return []any{
				object{"role": "assistant", "content": []any{call}},
				object{"role": "user", "content": []any{object{"type": "tool_result", "tool_use_id": "c", "content": result}}},
			}
		},
		head: `data: {"type":"message_start","message":{"id":"r","type":"message","role":"assistant","model":"m","content":[],"usage":{"input_tokens":1,"output_tokens":1}}}` + "\n\n" +
			`data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}` + "\n\n",
		word: "event: content_block_delta\n" + `data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":" word"}}` + "\n\n",
		tail: `data: {"type":"content_block_stop","index":0}` + "\n\n" + `data: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":1}}` + "\n\n" +
			`data: {"type":"message_stop"}` + "\n\n",
	}
}

func spokenGemini() spokenDialect {
	return spokenDialect{
		target: Target{Provider: ProviderGemini, Dialect: GeminiGenerate, Model: "m", Framing: Events},
		request: func(system string, tools, turns []any) object {
			first := []any{object{"role": "user", "parts": []any{object{"text": "Fix the test."}}}}
			return object{
				"systemInstruction": object{"parts": []any{object{"text": system}}}, "contents": append(first, turns...),
				"tools": []any{object{"functionDeclarations": tools}},
			}
		},
		tool: func(name string, parameters object) object {
			return object{"name": name, "parameters": parameters}
		},
		turn: func(result string) []any {
			return []any{
				object{"role": "model", "parts": []any{object{"functionCall": object{"name": "read", "args": object{"path": "main.go"}}}}},
				object{"role": "user", "parts": []any{object{"functionResponse": object{"name": "read", "response": object{"output": result}}}}},
			}
		},
		word: `data: {"candidates":[{"content":{"parts":[{"text":" word"}],"role":"model"},"index":0}],"usageMetadata":{"promptTokenCount":1,"candidatesTokenCount":1,"totalTokenCount":2},"modelVersion":"m","responseId":"r"}` + "\n\n",
		tail: `data: {"candidates":[{"content":{"parts":[{"text":"."}],"role":"model"},"finishReason":"STOP","index":0}],"modelVersion":"m","responseId":"r"}` + "\n\n",
	}
}
