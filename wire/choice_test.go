package wire

import "testing"

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
