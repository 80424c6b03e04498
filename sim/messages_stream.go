package sim

import "encoding/json"

func (f *messagesForm) stream(t *turn) stream {
	made := stream{contentType: eventStream}
	add := func(name string, fields map[string]any) {
		fields["type"] = name
		made.parts = append(made.parts, event(name, fields))
	}
	add("message_start", map[string]any{"message": f.begun(t)})
	cuts := t.cutter()
	for at, b := range f.content(t) {
		add("content_block_start", map[string]any{"index": at, "content_block": begunBlock(b)})
		if at == 0 {
			add("ping", map[string]any{})
		}
		for _, d := range blockDeltas(b, cuts) {
			add("content_block_delta", map[string]any{"index": at, "delta": d})
		}
		add("content_block_stop", map[string]any{"index": at})
	}
	a, u := t.samples[0], f.usage(t)
	add("message_delta", map[string]any{
		"delta": map[string]any{
			"stop_reason": messagesStop(a), "stop_sequence": nil, "stop_details": refusalDetails(a), "container": nil,
		},
		"usage": map[string]any{
			"input_tokens": u.InputTokens, "cache_creation_input_tokens": u.Written, "cache_read_input_tokens": u.Read,
			"output_tokens": u.OutputTokens, "output_tokens_details": u.OutputDetails, "server_tool_use": nil,
		},
	})
	add("message_stop", map[string]any{})
	return made
}

// breakdown is an error event.
func (*messagesForm) breakdown(*turn, int) []part {
	return []part{event("error", map[string]any{"type": "error", "error": serverError().anthropic()})}
}

// begunBlock is a block before its deltas.
func begunBlock(b any) any {
	switch b := b.(type) {
	case thinkingBlock:
		return thinkingBlock{Type: b.Type}
	case textBlock:
		return textBlock{Type: b.Type}
	case toolUseBlock:
		b.Input = json.RawMessage("{}")
		return b
	}
	return b // redacted thinking comes whole
}

// blockDeltas is what makes a block whole.
func blockDeltas(b any, cuts cutter) []map[string]string {
	var list []map[string]string
	deltas := func(kind, field string, pieces ...string) {
		for _, piece := range pieces {
			list = append(list, map[string]string{"type": kind, field: piece})
		}
	}
	switch b := b.(type) {
	case thinkingBlock:
		deltas("thinking_delta", "thinking", cuts.cut(b.Thinking)...)
		deltas("signature_delta", "signature", b.Signature)
	case textBlock:
		deltas("text_delta", "text", cuts.cut(b.Text)...)
	case toolUseBlock:
		deltas("input_json_delta", "partial_json", "")
		deltas("input_json_delta", "partial_json", cuts.cut(string(b.Input))...)
	}
	return list
}
