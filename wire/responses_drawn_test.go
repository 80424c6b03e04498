package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// TestDrawnResponsesFoldAlikeStreamedOrNot draws items, writes them as a body
// and as a stream whose items come interleaved, their texts cut at random and
// the last event with or without its output, and wants what was drawn from both.
func TestDrawnResponsesFoldAlikeStreamedOrNot(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		items, want := drawItems(t)
		response := object{"id": want.ID, "model": want.Model, "status": "completed", "output": items, "usage": responsesUsageOf(want)}
		body, _ := json.Marshal(response)
		for stream, body := range map[bool][]byte{false: body, true: responsesStream(t, items, response)} {
			got, err := Fold(OpenAIResponses, stream, bytes.NewReader(body), nil)
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Fatalf("stream %v: %v (-want +got):\n%s\n%s", stream, err, diff, body)
			}
		}
	})
}

// drawItems draws the output of a response and what it must fold to.
func drawItems(t *rapid.T) ([]object, Reply) {
	words := rapid.StringMatching(`[a-z0-9_-]{1,12}`)
	r := Reply{ID: words.Draw(t, "id"), Model: words.Draw(t, "model"), Choices: 1}
	r.Finish = "completed"
	items := []object{}
	for i := range rapid.IntRange(0, 6).Draw(t, "items") {
		items = append(items, drawItem(t, fmt.Sprintf("item_%d", i), &r))
	}
	if rapid.Bool().Draw(t, "usage") {
		r.Usage = Usage{
			Input: rapid.IntRange(0, 1e6).Draw(t, "input"), CachedInput: rapid.IntRange(0, 1e6).Draw(t, "cached"),
			Output: rapid.IntRange(1, 1e6).Draw(t, "output"), HasTotals: true, HasReasoning: true,
		}
		r.Usage.Reasoning = rapid.IntRange(1, r.Usage.Output).Draw(t, "reasoned")
	}
	return items, r
}

// drawItem draws an item of any kind and adds what it means to r.
func drawItem(t *rapid.T, id string, r *Reply) object {
	text := rapid.String()
	item := object{"id": id, "type": rapid.SampledFrom([]string{
		"message", "reasoning", "function_call", "custom_tool_call", "shell_call", "web_search_call",
	}).Draw(t, "type")}
	switch item["type"] {
	case "message":
		said, refused := text.Draw(t, "text"), text.Draw(t, "refusal")
		item["content"] = []object{{"type": "output_text", "text": said}, {"type": "refusal", "refusal": refused}}
		r.Text += said
		r.Refusal += refused
	case "reasoning":
		thought := text.Draw(t, "thought")
		item["content"] = []object{{"type": "reasoning_text", "text": thought}}
		item["summary"] = []object{{"type": "summary_text", "text": text.Draw(t, "summary")}}
		r.Reasoned = true
		r.ReasoningBytes += len(thought)
	case "function_call", "custom_tool_call":
		with := text.Draw(t, "arguments")
		item["call_id"], item["name"] = "call_"+id, "f"
		item[argumentsKey(item)] = with
		r.Calls = append(r.Calls, Call{ID: "call_" + id, Name: "f", Arguments: with})
	case "shell_call":
		item["call_id"], item["action"] = "call_"+id, object{"commands": []string{"ls"}}
		r.Calls = append(r.Calls, Call{ID: "call_" + id, Name: "shell", Arguments: `{"commands":["ls"]}`})
	}
	return item
}

// argumentsKey is what a call's arguments go by.
func argumentsKey(item object) string {
	if item["type"] == "custom_tool_call" {
		return "input"
	}
	return "arguments"
}

func responsesUsageOf(r Reply) any {
	if !r.Usage.HasTotals {
		return nil
	}
	return object{
		"input_tokens": r.Usage.Input, "input_tokens_details": object{"cached_tokens": r.Usage.CachedInput},
		"output_tokens": r.Usage.Output, "output_tokens_details": object{"reasoning_tokens": r.Usage.Reasoning},
	}
}

// responsesStream writes the events of a response. Items that hold more than
// deltas can carry end with themselves; the others may.
func responsesStream(t *rapid.T, items []object, response object) []byte {
	var queues [][]object
	for i, item := range items {
		events := []object{{"type": "response.output_item.added", "item": bare(item)}}
		events = append(events, itemDeltas(t, item)...)
		if item["type"] == "shell_call" || rapid.Bool().Draw(t, "done") {
			events = append(events, object{"type": "response.output_item.done", "item": item})
		}
		for _, event := range events {
			event["output_index"] = i
		}
		queues = append(queues, events)
	}
	events := shuffle(t, queues)
	end := object{"id": response["id"], "model": response["model"], "usage": response["usage"]}
	if output := rapid.SampledFrom([]any{items, []object{}, nil}).Draw(t, "output"); output != nil {
		end["output"] = output
	}
	events = append(events, object{"type": "response.completed", "response": end})
	var out bytes.Buffer
	for _, event := range events {
		data, _ := json.Marshal(event)
		fmt.Fprintf(&out, "event: %s\ndata: %s\n\n", event["type"], data)
	}
	return out.Bytes()
}

// bare is an item as it is added: it holds nothing yet.
func bare(item object) object {
	added := object{}
	for key, value := range item {
		switch key {
		case "content", "summary", "arguments", "input", "action":
		default:
			added[key] = value
		}
	}
	return added
}

// itemDeltas cuts what an item holds into deltas.
func itemDeltas(t *rapid.T, item object) []object {
	var events []object
	add := func(name, text string) {
		events = append(events, deltas(t, text, func(piece string) object {
			return object{"type": "response." + name + ".delta", "item_id": item["id"], "delta": piece}
		})...)
	}
	for _, key := range []string{"summary", "content"} {
		parts, _ := item[key].([]object)
		for _, part := range parts {
			switch part["type"] {
			case "output_text":
				add("output_text", part["text"].(string))
			case "refusal":
				add("refusal", part["refusal"].(string))
			case "reasoning_text":
				add("reasoning_text", part["text"].(string))
			case "summary_text":
				add("reasoning_summary_text", part["text"].(string))
			}
		}
	}
	switch with, _ := item[argumentsKey(item)].(string); item["type"] {
	case "function_call":
		add("function_call_arguments", with)
	case "custom_tool_call":
		add("custom_tool_call_input", with)
	}
	return events
}
