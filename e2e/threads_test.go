package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/anthropics/anthropic-sdk-go/option"
)

// threadsBeta is the beta that anthropic-sdk-go does not know: the API holds the
// history, and a request goes on from a reply by its id.
const threadsBeta = "message-threads-2026-08-12"

// A threadsTalk is a conversation by Anthropic's threads: only what is new is
// sent.
type threadsTalk struct {
	messagesTalk
	previous string
}

func openThread(v *visit) *threadsTalk {
	header := v.marks()
	header.Set("Anthropic-Beta", threadsBeta)
	talk := &threadsTalk{}
	talk.client = anthropic.NewClient(anthropicOptions(v.client, v.base(""), manner{header: header})...)
	talk.params.Model, talk.params.MaxTokens = "m", 4096
	for _, t := range toolbox() {
		talk.params.Tools = append(talk.params.Tools, anthropic.ToolUnionParamOfTool(anthropic.ToolInputSchemaParam{Properties: t.properties}, t.name))
	}
	return talk
}

// step implements conversation.
func (c *threadsTalk) step(ctx context.Context) (said, error) {
	thread := map[string]any{"type": "create"}
	if c.previous != "" {
		thread = map[string]any{"type": "continue", "previous_message_id": c.previous}
		c.params.Tools = nil // the API has them
	}
	c.params.Messages = []anthropic.MessageParam{anthropic.NewUserMessage(c.pending...)}
	c.pending = nil
	reply, err := c.client.Messages.New(ctx, c.params, option.WithJSONSet("thread", thread))
	if err != nil {
		return said{}, err
	}
	c.previous = reply.ID
	return saidBy(reply), nil
}

// TestThreadsAreContinuedOnce: the API refuses a second call that goes on from the
// same reply, and one that comes while the first is under way. The SDKs recover
// from that by sending the whole history again, so only the number of calls
// would tell.
func TestThreadsAreContinuedOnce(t *testing.T) {
	t.Parallel()
	c := newCorporate(t, nil)
	c.front.model(t, "", "--quota", "--steps", fmt.Sprint(taskSteps), "--parallel", "2", "--accuracy", "0.6")
	sidecars := c.modes(t)
	allowing := c.serve(t, "--mode", "ensemble", "--rate", "1", "--samples", fmt.Sprint(samples), "--config", writeConfig(t, "sampling: {allow: [stored]}\n"))
	c.everyPassage(t, append(sidecars, allowing), func(t *testing.T, p passage) {
		v := p.visit(t, sdks()[2])
		done, err := perform(t.Context(), openThread(v), fmt.Sprintf("task %s allowed %v", t.Name(), p.sidecar == allowing))
		if err != nil {
			t.Fatal(err)
		}
		if len(done.calls) != taskSteps || done.answer == "" {
			t.Errorf("%+v", done)
		}
		v.threads(t, len(done.steps), p.sidecar == allowing)
	})
}

// threads checks what a thread of as many steps did upstream, and how it was
// counted: extras are sent beside its first request alone, in observe mode as no
// thread.
func (v *visit) threads(t *testing.T, steps int, allowed bool) {
	t.Helper()
	mode, reasons := v.mode(), ""
	if mode != "" && mode != "off" {
		reasons = v.reasons(t) // known once all calls beside the client's have ended
	}
	own, others := v.calls()
	for n, call := range own {
		if want := map[bool]string{true: `"type":"create"`, false: `"type":"continue"`}[n == 0]; !strings.Contains(call.Body, want) {
			t.Errorf("turn %d: no %s in %s", n, want, call.Body)
		}
	}
	for _, call := range others {
		if kept := strings.Contains(call.Body, `"thread"`); kept != (mode == "ensemble") || strings.Contains(call.Body, "continue") {
			t.Errorf("beside the client's calls: %s", call.Body)
		}
	}
	sampled := mode == "observe" || mode == "ensemble" && allowed
	if len(own) != steps || sampled != (len(others) > 0) || len(others) > samples-1 {
		t.Errorf("%d calls and %d beside them", len(own), len(others))
	}
	if mode == "" || mode == "off" {
		return
	}
	first := map[bool]string{true: "", false: "stored"}[sampled]
	if want := first + strings.Repeat(" chain", steps-1); reasons != want {
		t.Errorf("counted as %q, want %q", reasons, want)
	}
	if got := conversationsOf(t, v); len(got) != 1 {
		t.Errorf("one thread is counted as conversations %v", got)
	}
}
