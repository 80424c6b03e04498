package proxy

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"hotmess/monitor"
	"hotmess/wire"
)

const arrayAsks = `{"tools":[{"functionDeclarations":[{"name":"bash","parameters":{"type":"OBJECT","properties":{"command":{"type":"STRING"}}}}]}],` +
	`"contents":[{"role":"user","parts":[{"text":"tidy up"}]}]}`

// callPart is the rest of an array that begins with firstPart: a call.
func callPart(command string) string {
	return ",\r\n" + fmt.Sprintf(`{"responseId":"p","candidates":[{"index":0,"content":{"role":"model","parts":[{"functionCall":{"name":"bash","args":{"command":%q}}}]},"finishReason":"STOP"}],`+
		`"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":1,"totalTokenCount":4}}]`, command)
}

// TestHeldArraysPassUpToTheirFirstCall reads the first element before the model
// goes on, and white space before the samples of the quorum answer. What comes
// then is one array.
func TestHeldArraysPassUpToTheirFirstCall(t *testing.T) {
	for name, other := range map[string]string{"agreed": wrongTree, "split": rightTree} {
		t.Run(name, func(t *testing.T) {
			goOn, answer := make(chan struct{}), make(chan struct{})
			u := &script{
				primary: func(w http.ResponseWriter, r *http.Request) {
					array(firstPart)(w, r)
					<-goOn
					send(w, callPart(wrongTree))
				},
				extra: func(n int, w http.ResponseWriter, r *http.Request) {
					<-answer
					id := fmt.Sprintf(`"e%d"`, n)
					array(strings.ReplaceAll(firstPart+callPart(other), `"p"`, id))(w, r)
				},
			}
			r := guardedRig(t, u, holding(nil))
			res := r.do(http.MethodPost, arrayPath, arrayAsks, firstCall, "1")
			first := make([]byte, len(firstPart))
			if _, err := io.ReadFull(res.Body, first); err != nil || string(first) != firstPart {
				t.Fatalf("%q, %v", first, err)
			}
			close(goOn)
			signs := make([]byte, 2)
			if _, err := io.ReadFull(res.Body, signs); err != nil || strings.Trim(string(signs), "\n") != "" {
				t.Fatalf("%q, %v; want signs of life", signs, err)
			}
			close(answer)
			rest := read(t, res)
			var elements []json.RawMessage
			if err := json.Unmarshal([]byte(firstPart+rest), &elements); err != nil || len(elements) != 2 {
				t.Fatalf("%v: %q", err, rest)
			}
			g := r.observation().Guard
			if g == nil || g.Decision != name || g.HeldSeconds <= 0 {
				t.Fatalf("%+v", g)
			}
			if name == "agreed" {
				if got := strings.TrimLeft(rest, "\n"); got != callPart(wrongTree) || g.Outcome != monitor.GuardReleased {
					t.Errorf("%s: %q", g.Outcome, got)
				}
				return
			}
			reply := folded(t, wire.GeminiGenerate, false, firstPart+rest)
			if len(reply.Calls) > 0 || !strings.HasPrefix(reply.Text, "y[hotmess]") || g.Outcome != monitor.GuardRefused || !reply.Usage.HasTotals {
				t.Errorf("%s: %+v", g.Outcome, reply)
			}
		})
	}
}
