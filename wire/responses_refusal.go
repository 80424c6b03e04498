package wire

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"

	"github.com/tidwall/gjson"
)

// refusalItem is the id of the message that stands in place of the calls of a
// response. Clients send it back with all others, of which no two may be the same,
// and none longer than 64 characters.
func refusalItem(response gjson.Result) string {
	sum := sha256.Sum256([]byte(response.Get("id").Str))
	return "msg_hotmess_" + hex.EncodeToString(sum[:12])
}

// refusalMessage is an item of an output with a text.
func refusalMessage(id, status string, content ...any) members {
	if content == nil {
		content = []any{}
	}
	return members{"type": messageItem, "id": id, "status": status, "role": "assistant", "content": content}
}

// refusalPart is the content of such an item.
func refusalPart(text string) members {
	return members{"type": "output_text", "text": text, "annotations": []any{}, "logprobs": []any{}}
}

// refuse keeps what stands before the first call. What was cut short for its
// length is complete then.
func (responses) refuse(root gjson.Result, text string) (any, error) {
	output := root.Get("output")
	at := firstCallItem(output)
	if at < 0 {
		return nil, errNoRefusal
	}
	reply := edited(root)
	reply["output"] = append(listOf(output, at), refusalMessage(refusalItem(root), "completed", refusalPart(text)))
	reply["status"], reply["incomplete_details"] = "completed", nil
	return reply, nil
}

func (g responses) refuseStream(events []gjson.Result, text string) ([]byte, error) {
	end, ok := finalResponse(events)
	if !ok {
		return nil, errNoRefusal
	}
	refused, err := g.refuse(end, text)
	if err != nil {
		return nil, err
	}
	index := firstCallItem(end.Get("output"))
	if given, ok := count(events[0].Get("output_index")); ok {
		index = given
	}
	first, numbered := count(events[0].Get("sequence_number"))
	id := refusalItem(end)
	in := func(name string, more members) members {
		e := members{"type": name, "item_id": id, "output_index": index, "content_index": 0}
		maps.Copy(e, more)
		return e
	}
	item := func(name string, message members) members {
		return members{"type": name, "output_index": index, "item": message}
	}
	var out []byte
	for i, e := range []members{
		item("response.output_item.added", refusalMessage(id, "in_progress")),
		in("response.content_part.added", members{"part": refusalPart("")}),
		in("response.output_text.delta", members{"delta": text, "logprobs": []any{}}),
		in("response.output_text.done", members{"text": text, "logprobs": []any{}}),
		in("response.content_part.done", members{"part": refusalPart(text)}),
		item("response.output_item.done", refusalMessage(id, "completed", refusalPart(text))),
		{"type": "response.completed", "response": refused},
	} {
		if numbered {
			e["sequence_number"] = first + i
		}
		out = append(out, event(e.name(), marshal(e))...)
	}
	return out, nil
}

// finalResponse is the whole response at the end of a stream. Where a server
// leaves its output out there, it is made of the finished items.
func finalResponse(events []gjson.Result) (gjson.Result, bool) {
	for _, e := range slices.Backward(events) {
		response := e.Get("response")
		switch e.Get("type").Str {
		case "response.completed", "response.incomplete":
			if firstCallItem(response.Get("output")) >= 0 {
				return response, true
			}
			whole := edited(response)
			whole["output"] = doneItems(events)
			return gjson.ParseBytes(marshal(whole)), response.IsObject()
		}
	}
	return gjson.Result{}, false
}

func doneItems(events []gjson.Result) []any {
	items := []any{}
	for _, e := range events {
		if e.Get("type").Str == "response.output_item.done" {
			items = append(items, json.RawMessage(e.Get("item").Raw))
		}
	}
	return items
}
