package wire

import (
	"fmt"
	"strings"
	"testing"
)

func TestBarredCallsAreSeen(t *testing.T) {
	for choice, want := range map[string]bool{
		``:                          false,
		`,"tool_choice":"auto"`:     false,
		`,"tool_choice":"none"`:     true,
		`,"tool_choice":null`:       false,
		`,"function_call":"none"`:   true,
		`,"tool_choice":"required"`: false,
		`,"tool_choice":{"type":"function","function":{"name":"none"}}`: false,
	} {
		v, err := ReadView(chatTarget, []byte(`{"messages":[],"tools":[{"type":"function","function":{"name":"f"}}]`+choice+`}`))
		if err != nil || v.CallsBarred != want || len(v.Tools) != 1 {
			t.Errorf("%s: barred %v with %d tools, %v", choice, v.CallsBarred, len(v.Tools), err)
		}
	}
}

// TestTheOnlyChoiceIsTheFirst whatever index a server gives it.
func TestTheOnlyChoiceIsTheFirst(t *testing.T) {
	call := `"tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":"{}"}}]`
	for body, events := range map[string]bool{
		`{"choices":[{"index":1,"message":{` + call + `},"finish_reason":"tool_calls"}]}`:              false,
		`data: {"choices":[{"index":1,"delta":{` + call + `},"finish_reason":"tool_calls"}]}` + "\n\n": true,
	} {
		r, err := Fold(OpenAIChat, events, strings.NewReader(body), nil)
		if err != nil || r.Truncated || r.Choices != 1 || len(r.Calls) != 1 || r.Finish != "tool_calls" || len(r.Others) != 0 {
			t.Errorf("%v, %+v", err, r)
		}
	}
}

// TestNamesOfCallsMayComeInPieces, or again with each, or grow.
func TestNamesOfCallsMayComeInPieces(t *testing.T) {
	for _, pieces := range [][]string{{"delete_tree"}, {"delete", "_tree"}, {"delete_tree", "delete_tree"}, {"delete", "delete_tree"}, {"", "delete_tree", ""}} {
		body := ""
		for i, piece := range pieces {
			id := ""
			if i == 0 {
				id = "c"
			}
			body += fmt.Sprintf(`data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":%q,"function":{"name":%q,"arguments":""}}]}}]}`+"\n\n", id, piece)
		}
		r, err := Fold(OpenAIChat, true, strings.NewReader(body+"data: [DONE]\n\n"), nil)
		if err != nil || len(r.Calls) != 1 || r.Calls[0].Name != "delete_tree" {
			t.Errorf("%q: %v, %+v", pieces, err, r.Calls)
		}
	}
}
