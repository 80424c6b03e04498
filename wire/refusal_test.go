package wire

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// TestRefusedChatRepliesKeepWhatWasSaid: what came before the call passes on a
// stream, and so stays in a whole reply. Servers differ in the form of the text.
func TestRefusedChatRepliesKeepWhatWasSaid(t *testing.T) {
	for content, want := range map[string]string{
		`null`:                                "[x]",
		`"I shall."`:                          "I shall.[x]",
		`[{"type":"text","text":"I shall."}]`: "I shall.[x]",
	} {
		body := fmt.Sprintf(`{"id":"p","model":"m","choices":[{"index":0,"finish_reason":"tool_calls","message":{"role":"assistant","content":%s,"reasoning_content":"Hm.",`+
			`"function_call":{"name":"f","arguments":"{}"},"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]}}]}`, content)
		refused, err := RefuseBody(OpenAIChat, []byte(body), "[x]")
		if err != nil {
			t.Fatal(err)
		}
		got, err := Fold(OpenAIChat, false, bytes.NewReader(refused), nil)
		if err != nil || got.Text != want || got.ReasoningBytes != len("Hm.") || len(got.Calls) > 0 || got.Finish != "stop" || strings.Contains(string(refused), `"f"`) {
			t.Errorf("%s: %+v, %v in %s", content, got, err, refused)
		}
	}
}
