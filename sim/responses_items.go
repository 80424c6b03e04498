package sim

import (
	"encoding/json"
	"strings"
)

// An item is one entry of input or output, as far as it is looked at.
type item struct {
	Type      string          `json:"type"`
	ID        string          `json:"id"`
	Role      string          `json:"role"`
	Content   json.RawMessage `json:"content"`
	CallID    string          `json:"call_id"`
	Name      string          `json:"name"`
	Arguments string          `json:"arguments"`
	Input     string          `json:"input"`
	Encrypted string          `json:"encrypted_content"`
}

// itemsOf reads items that were seen to be ones.
func itemsOf(list []json.RawMessage) []item {
	items := make([]item, len(list))
	for n, raw := range list {
		if json.Unmarshal(raw, &items[n]) != nil {
			items[n] = item{Type: "unknown"}
		}
	}
	return items
}

// message is what an item says, in no dialect's form.
func (i item) message() message {
	switch i.Type {
	case "", "message":
		return message{role: i.Role, text: contentText(i.Content)}
	case "function_call":
		return message{role: roleModel, calls: []call{{Name: i.Name, Arguments: i.Arguments}}}
	case "custom_tool_call":
		return message{role: roleModel, calls: []call{{Name: i.Name, Arguments: i.Input}}}
	}
	if i.isResult() {
		return message{role: roleTool}
	}
	return message{role: i.Type}
}

func (i item) isCall() bool { return i.Type == "function_call" || i.Type == "custom_tool_call" }

func (i item) isResult() bool {
	return i.Type == "function_call_output" || i.Type == "custom_tool_call_output"
}

// isModels reports whether the model made the item, besides reasoning.
func (i item) isModels() bool {
	return i.isCall() || ((i.Type == "" || i.Type == "message") && i.Role == roleModel)
}

// Ids of items tell the draw that they come from: a prefix, 24 hex digits, one
// that is 1 if the draw has a reasoning item, and two for the place in the
// output.
const (
	drawDigits  = 25
	placeDigits = 2
)

// drawOf is the draw that an id of this package's tells.
func drawOf(id string) (draw string, ok bool) {
	_, rest, _ := strings.Cut(id, "_")
	if len(rest) != drawDigits+placeDigits || strings.Trim(rest, "0123456789abcdef") != "" {
		return "", false
	}
	return rest[:drawDigits], true
}

// reasoned reports whether a draw has a reasoning item, which is its first.
func reasoned(draw string) bool { return draw[drawDigits-1] == '1' }

func reasoningID(draw string) string { return "rs_" + draw + "00" }

// draw is the draw that an item is of, by its id or that of its call.
func (i item) draw() (draw string, ok bool) {
	if draw, ok = drawOf(i.ID); ok || !i.isCall() {
		return draw, ok
	}
	return drawOf(i.CallID)
}
