package wire

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/tidwall/gjson"
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

// TestRefusedResponsesHaveItemsOfTheirOwn: clients send them back, and no two may have
// one id.
func TestRefusedResponsesHaveItemsOfTheirOwn(t *testing.T) {
	seen := map[string]bool{}
	for _, id := range []string{"resp_1", "resp_2", "resp_" + strings.Repeat("3", 400)} {
		body := fmt.Sprintf(`{"id":%q,"object":"response","status":"completed","output":[{"type":"function_call","id":"fc","call_id":"c","name":"f","arguments":"{}"}]}`, id)
		whole, err := RefuseBody(OpenAIResponses, []byte(body), "[x]")
		if err != nil {
			t.Fatal(err)
		}
		held := `data: {"type":"response.output_item.added","output_index":0,"item":{"type":"function_call"}}` + "\n\n" +
			`data: {"type":"response.completed","response":` + body + "}\n\n"
		closing, err := RefuseStream(OpenAIResponses, []byte(held), "[x]")
		if err != nil {
			t.Fatal(err)
		}
		item := gjson.GetBytes(whole, "output.0.id").Str
		if n := strings.Count(string(closing), item); len(item) < 5 || len(item) > 64 || seen[item] || n != 7 {
			t.Errorf("item %q, %d times in %s", item, n, closing)
		}
		seen[item] = true
	}
}
