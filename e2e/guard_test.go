package e2e

import (
	"strings"
	"testing"
)

// heldConfig holds every tool call, and cannot pay for a quorum.
const heldConfig = `
budget: {extra_tokens_per_hour: 1}
ensemble: {keepalive: 1ms}
guard:
  - {name: all-tools, tool: "*", action: hold, on_failure: FAILURE}
`

// TestSDKsReadARefusedReply has every SDK ask for what a rule refuses: it gets a
// message that it can read, and can go on from.
func TestSDKsReadARefusedReply(t *testing.T) {
	t.Parallel()
	c := newCorporate(t, nil)
	c.front.model(t, "", "--quota", "--show", "--reasoning", "40", "--steps", "4", "--parallel", "2")
	refusing := c.serve(t, "--config", writeConfig(t, strings.ReplaceAll(heldConfig, "FAILURE", "refuse")))
	releasing := c.serve(t, "--config", writeConfig(t, strings.ReplaceAll(heldConfig, "FAILURE", "release")))
	everySDK(t, func(t *testing.T, s sdk) {
		for _, w := range ways() {
			bothForms(t, w.name, func(t *testing.T, stream bool) {
				m := manner{stream: stream, tools: true, think: true}
				talk := passage{c, refusing, w}.visit(t, s).open(t, m)
				talk.say("task 7")
				for range 3 { // the others go on from the messages so far
					got, err := talk.step(t.Context())
					if err != nil {
						t.Fatal(err)
					}
					if len(got.Calls) > 0 || !strings.Contains(got.Text, "[hotmess]") || got.ID == "" || got.Output == 0 || got.Choices != 1 {
						t.Errorf("got %+v", got)
					}
					talk.say("task 7")
				}
				done, err := perform(t.Context(), passage{c, releasing, w}.visit(t, s).open(t, m), "task 7")
				if err != nil || len(done.calls) != 4 || done.answer == "" {
					t.Errorf("released: %+v, %v", done, err)
				}
			})
		}
	})
}
