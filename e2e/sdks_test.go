package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// samples is how many a sidecar of these tests takes of one request.
const samples = 3

// modes are sidecars of every mode in one corporate, each for all tests that
// leave no traces in it.
func (c *corporate) modes(t *testing.T, args ...string) []*sidecar {
	t.Helper()
	var all []*sidecar
	for _, mode := range allModes {
		all = append(all, c.serve(t, append([]string{"--mode", mode, "--rate", "1", "--samples", fmt.Sprint(samples)}, args...)...))
	}
	return all
}

// everySDK runs a test with every SDK.
func everySDK(t *testing.T, test func(t *testing.T, s sdk)) {
	t.Helper()
	for _, s := range sdks() {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			test(t, s)
		})
	}
}

// everyPassage runs a test without hotmess, to see that it holds then, and by all
// ways through each sidecar.
func (c *corporate) everyPassage(t *testing.T, sidecars []*sidecar, test func(t *testing.T, p passage)) {
	t.Helper()
	passages := []passage{{c, nil, directly}}
	for _, one := range sidecars {
		for _, w := range ways() {
			passages = append(passages, passage{c, one, w})
		}
	}
	for _, p := range passages {
		t.Run(p.way.name+" "+p.mode(), func(t *testing.T) {
			t.Parallel()
			test(t, p)
		})
	}
}

// bothForms runs a test whole and streamed.
func bothForms(t *testing.T, name string, test func(t *testing.T, stream bool)) {
	t.Helper()
	for _, stream := range []bool{false, true} {
		t.Run(fmt.Sprintf("%s, stream %v", name, stream), func(t *testing.T) { test(t, stream) })
	}
}

// TestSDKsWorkAsWithoutHotmess has every SDK do what agents do with it. The
// simulated models refuse what a real API would: altered signatures, calls
// without results, unknown ids.
func TestSDKsWorkAsWithoutHotmess(t *testing.T) {
	t.Parallel()
	c := newCorporate(t, nil)
	c.front.model(t, "", "--quota", "--show", "--reasoning", "40", "--steps", fmt.Sprint(taskSteps), "--parallel", "2", "--accuracy", "0.6")
	c.front.model(t, "refusing", "--quota", "--refusals", "1")
	sidecars := c.modes(t)
	everySDK(t, func(t *testing.T, s sdk) {
		c.everyPassage(t, sidecars, func(t *testing.T, p passage) {
			bothForms(t, "answer", func(t *testing.T, stream bool) { answers(t, p.visit(t, s), stream) })
			bothForms(t, "task", func(t *testing.T, stream bool) { works(t, p.visit(t, s), stream) })
			bothForms(t, "reasoning", func(t *testing.T, stream bool) { reasons(t, p.visit(t, s), stream) })
			bothForms(t, "refusal", func(t *testing.T, stream bool) { isRefused(t, p.visit(t, s), stream) })
			bothForms(t, "structured", func(t *testing.T, stream bool) { structures(t, p.visit(t, s), stream) })
			if s.native {
				bothForms(t, "choices", func(t *testing.T, stream bool) { chooses(t, p.visit(t, s), stream) })
			}
		})
	})
}

// taskSteps is how many tool calls a task takes, two at once.
const taskSteps = 6

// answers asks one question.
func answers(t *testing.T, v *visit, stream bool) {
	c := v.open(t, manner{stream: stream})
	c.say(letterPrompt)
	s, err := c.step(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if s.ID == "" || !strings.Contains(s.Text, "Answer: ") || s.Finish == "" || s.Input == 0 || s.Output <= s.Reasoning || s.Reasoning == 0 || s.Choices != 1 {
		t.Errorf("got %+v", s)
	}
	v.arrived(t, 0)
	v.measured(t)
	v.reached(t, 1, samples-1)
}

// works has an agent work on a task.
func works(t *testing.T, v *visit, stream bool) {
	done, err := perform(t.Context(), v.open(t, manner{stream: stream, tools: true, think: true}), "task 7")
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	for _, c := range done.calls {
		ids[c.ID] = true
	}
	if len(done.calls) != taskSteps || len(ids) != taskSteps || done.turns != taskSteps/2 || done.answer == "" {
		t.Errorf("%+v", done)
	}
	for _, s := range done.steps {
		if s.Thoughts == "" || (s.Signed > 0) != v.sdk.signs {
			t.Errorf("%d signatures, thoughts %q", s.Signed, s.Thoughts)
		}
	}
	v.arrived(t, 0)
	v.measured(t)
	v.reached(t, done.turns+1, samples-1)
}

// reasons has the model's reasoning handed back in the next question.
func reasons(t *testing.T, v *visit, stream bool) {
	c := v.open(t, manner{stream: stream, think: true})
	for n := range 3 {
		c.say(fmt.Sprintf("Question %d.\n%s", n, letterPrompt))
		s, err := c.step(t.Context())
		if err != nil {
			t.Fatalf("turn %d: %v", n, err)
		}
		if s.Thoughts == "" || (s.Signed > 0) != v.sdk.signs || !strings.Contains(s.Text, "Answer: ") {
			t.Errorf("turn %d: %+v", n, s)
		}
	}
	v.arrived(t, 0)
	v.measured(t)
}

// isRefused asks a model that refuses all. In ensemble mode refusals agree.
func isRefused(t *testing.T, v *visit, stream bool) {
	c := v.open(t, manner{stream: stream, header: map[string][]string{modelHeader: {"refusing"}}})
	c.say(letterPrompt)
	s, err := c.step(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if s.Refusal == "" || s.Text != "" {
		t.Errorf("got %+v", s)
	}
	v.arrived(t, 0)
	v.measured(t)
}

// verdict is the form that is asked for.
func verdict() map[string]any {
	return map[string]any{
		"type": "object", "additionalProperties": false, "required": []string{"verdict", "score"},
		"properties": map[string]any{
			"verdict": map[string]any{"type": "string", "enum": []string{"yes", "no"}},
			"score":   map[string]any{"type": "integer"},
		},
	}
}

// structures asks for JSON.
func structures(t *testing.T, v *visit, stream bool) {
	c := v.open(t, manner{stream: stream, schema: verdict()})
	c.say("Is it so?")
	s, err := c.step(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Verdict string `json:"verdict"`
		Score   *int   `json:"score"`
	}
	if err := json.Unmarshal([]byte(s.Text), &got); err != nil || got.Score == nil || (got.Verdict != "yes" && got.Verdict != "no") {
		t.Errorf("%v in %q", err, s.Text)
	}
	v.arrived(t, 0)
	v.measured(t)
}

// chooses asks for several choices at once: they are compared with each other,
// and nothing is sent beside them.
func chooses(t *testing.T, v *visit, stream bool) {
	c := v.open(t, manner{stream: stream, choices: samples})
	c.say(letterPrompt)
	s, err := c.step(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if s.Choices != samples {
		t.Errorf("%d choices", s.Choices)
	}
	v.arrived(t, 0)
	if mode := v.mode(); mode == "observe" || mode == "ensemble" {
		o := v.sidecar.observation(t, v.heads.since(0)[0].Header.Get("X-Hotmess-Id"))
		if o.Reason != "" || o.Differ == nil || len(o.Samples) != samples || o.Vote != nil || o.ExtraTokens != 0 {
			t.Errorf("not measured: %+v", o)
		}
	}
	v.reached(t, 1, 0)
}

// reached fails unless the client's own calls upstream are as many as said, each
// with as many beside it as said where the sidecar samples. A vote may be decided
// before its last sample was sent.
func (v *visit) reached(t *testing.T, calls, beside int) {
	t.Helper()
	own, others := v.calls()
	least := calls * beside
	switch v.mode() {
	case "", "off":
		least, beside = 0, 0
	case "ensemble":
		least = calls * min(beside, 1)
	}
	if len(own) != calls || len(others) < least || len(others) > calls*beside {
		t.Errorf("%d calls upstream and %d beside them, want %d and %d to %d", len(own), len(others), calls, least, calls*beside)
	}
}
