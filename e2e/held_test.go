package e2e

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// twinModels has two models answer: one that is always right a client's own calls,
// one that is always wrong in the same way what hotmess asks beside them. Both have
// one seed, so that each takes the other's signatures for its own. It gives the
// first task of which they call different tools at once, and the tool that the
// client's own calls are told to call.
func twinModels(t *testing.T, c *corporate) (task, tool string) {
	t.Helper()
	args := []string{"--quota", "--show", "--reasoning", "40", "--steps", "4"}
	c.front.model(t, "right", append(slices.Clone(args), "--accuracy", "1")...)
	c.front.model(t, "wrong", append(slices.Clone(args), "--accuracy", "0", "--wrong", "1")...)
	c.front.answer("twins", ownOrExtra(c.front.named("right"), c.front.named("wrong")))
	first := func(model, task string) string {
		v := passage{c, nil, directly}.visit(t, sdks()[0])
		talk := v.open(t, manner{tools: true, header: http.Header{modelHeader: {model}}})
		talk.say("Please do " + task + ".")
		got, err := talk.step(t.Context())
		if err != nil || len(got.Calls) != 1 {
			t.Fatalf("%+v, %v", got, err)
		}
		return got.Calls[0].Name
	}
	for n := range 20 {
		task = fmt.Sprintf("task %d", n)
		if tool = first("right", task); tool != first("wrong", task) {
			return task, tool
		}
	}
	t.Fatal("the twins always call the same tools")
	return "", ""
}

// holding is a configuration with one rule that holds; more are further settings
// of the rule.
func holding(t *testing.T, tool, more string) string {
	t.Helper()
	return writeConfig(t, fmt.Sprintf("ensemble: {keepalive: 1ms}\nguard:\n  - {name: trial, tool: %q, action: hold%s}\n", tool, more))
}

// lastHeld is what was decided on the latest request of the visit.
func (v *visit) lastHeld(t *testing.T) string {
	t.Helper()
	heads := v.heads.since(0)
	o := v.sidecar.observation(t, heads[len(heads)-1].Header.Get("X-Hotmess-Id"))
	if o.Guard == nil {
		return "nothing"
	}
	return o.Guard.Decision + ", " + o.Guard.Outcome
}

// TestSDKsGetHeldRepliesVerbatim has a quorum agree on every call of a task: what
// an agent gets is what the model said, signatures and all.
func TestSDKsGetHeldRepliesVerbatim(t *testing.T) {
	t.Parallel()
	c := newCorporate(t, nil)
	c.front.model(t, "", "--quota", "--show", "--reasoning", "40", "--steps", "4", "--parallel", "2", "--accuracy", "1")
	one := c.serve(t, "--config", holding(t, "*", ", risk: medium, on_split: refuse, on_failure: refuse"))
	everySDK(t, func(t *testing.T, s sdk) {
		bothForms(t, "agreed", func(t *testing.T, stream bool) {
			m := manner{stream: stream, tools: true, think: true}
			want, err := perform(t.Context(), passage{c, nil, directly}.visit(t, s).open(t, m), "task 7")
			if err != nil {
				t.Fatal(err)
			}
			v := passage{c, one, ways()[0]}.visit(t, s)
			got, err := perform(t.Context(), v.open(t, m), "task 7")
			if err != nil || len(got.calls) != len(want.calls) || got.answer == "" {
				t.Fatalf("%+v, %v", got, err)
			}
			for i, step := range got.steps {
				if wrong := s.flawed(step); wrong != "" || len(step.Calls) != len(want.steps[i].Calls) || step.Thoughts == "" {
					t.Errorf("%s: %+v", wrong, step)
				}
			}
			for _, head := range v.heads.since(0)[:got.turns] {
				o := one.observation(t, head.Header.Get("X-Hotmess-Id"))
				if o.Guard == nil || o.Guard.Decision != "agreed" || o.Guard.Outcome != "released" || o.Guard.Agreed != 4 {
					t.Errorf("%+v", o.Guard)
				}
			}
		})
	})
}

// TestSDKsGoOnFromASplit has every SDK propose what its samples do not, and go on
// from what it got: the model takes back whatever that was.
func TestSDKsGoOnFromASplit(t *testing.T) {
	t.Parallel()
	c := newCorporate(t, nil)
	task, tool := twinModels(t, c)
	for _, onSplit := range []string{"refuse", "release", "replace"} {
		one := c.serve(t, "--config", holding(t, tool, ", risk: high, on_split: "+onSplit))
		everySDK(t, func(t *testing.T, s sdk) {
			bothForms(t, onSplit, func(t *testing.T, stream bool) {
				outcome := map[string]string{"refuse": "refused", "release": "released", "replace": "replaced"}[onSplit]
				if stream && outcome == "replaced" { // its begin has left
					outcome = "refused"
				}
				v := passage{c, one, ways()[0]}.visit(t, s)
				talk := v.open(t, manner{stream: stream, tools: true, think: true, header: http.Header{modelHeader: {"twins"}}})
				talk.say("Please do " + task + ".")
				got, err := talk.step(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if wrong := s.flawed(got); wrong != "" || got.Thoughts == "" {
					t.Errorf("%s: %+v", wrong, got)
				}
				if held := v.lastHeld(t); held != "split, "+outcome {
					t.Errorf("it was %s, want %s", held, outcome)
				}
				meets(t, outcome, tool, got)
				for _, one := range got.Calls {
					talk.tell(one, "done")
				}
				if len(got.Calls) == 0 {
					talk.say("I see. Please go on.")
				}
				if _, err := talk.step(t.Context()); err != nil {
					t.Errorf("the next step: %v", err)
				}
			})
		})
	}
}

// TestSDKsGetHeldVotes has every SDK vote on calls of which the winner is held too.
func TestSDKsGetHeldVotes(t *testing.T) {
	t.Parallel()
	c := newCorporate(t, nil)
	c.front.model(t, "", "--quota", "--show", "--reasoning", "40", "--steps", "4", "--accuracy", "1")
	c.front.model(t, "torn", "--quota", "--show", "--reasoning", "40", "--steps", "4", "--accuracy", "0.5", "--wrong", "5")
	one := c.serve(t, "--mode", "ensemble", "--rate", "0", "--samples", "5", "--config", holding(t, "*", ", risk: high, on_failure: refuse"))
	everySDK(t, func(t *testing.T, s sdk) {
		bothForms(t, "agreed", func(t *testing.T, stream bool) {
			v := passage{c, one, ways()[0]}.visit(t, s)
			done, err := perform(t.Context(), v.open(t, manner{stream: stream, tools: true, think: true}), "task 7")
			if err != nil || len(done.calls) != 4 || done.answer == "" || s.flawed(done.steps[0]) != "" {
				t.Errorf("%+v, %v", done, err)
			}
			for _, head := range v.heads.since(0)[:done.turns] {
				if o := one.observation(t, head.Header.Get("X-Hotmess-Id")); o.Vote == nil || o.Guard == nil || o.Guard.Decision != "agreed" {
					t.Errorf("vote %+v, guard %+v", o.Vote, o.Guard)
				}
			}
		})
		bothForms(t, "torn", func(t *testing.T, stream bool) {
			v := passage{c, one, ways()[0]}.visit(t, s)
			talk := v.open(t, manner{stream: stream, tools: true, think: true, header: http.Header{modelHeader: {"torn"}}})
			talk.say("Please do task 7.")
			for range 3 { // whatever becomes of a turn, the next goes on from it
				got, err := talk.step(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				held := v.lastHeld(t)
				if wrong := s.flawed(got); wrong != "" || (len(got.Calls) > 0) != (held == "agreed, released") || len(got.Calls) == 0 && held != "split, refused" {
					t.Errorf("%s: %s: %+v", held, wrong, got)
				}
				for _, one := range got.Calls {
					talk.tell(one, "done")
				}
				if len(got.Calls) == 0 {
					talk.say("Please go on.")
				}
			}
		})
	})
}

// meets fails unless a client that proposed to call a tool got what the outcome
// says.
func meets(t *testing.T, outcome, tool string, got said) {
	t.Helper()
	var names []string
	for _, c := range got.Calls {
		names = append(names, c.Name)
	}
	told := strings.Contains(got.Text, "[hotmess]")
	own := slices.Contains(names, tool)
	if told != (outcome == "refused") || own != (outcome == "released") || (len(names) == 1) != (outcome != "refused") {
		t.Errorf("%s, but got %+v", outcome, got)
	}
}

// TestSDKsWaitForAQuorum holds the samples that a held reply waits for until the
// client was told often that it is still being served; then they agree, or fail.
func TestSDKsWaitForAQuorum(t *testing.T) {
	t.Parallel()
	c := newCorporate(t, nil)
	c.front.model(t, "model", "--quota", "--show", "--reasoning", "40", "--steps", "4", "--accuracy", "1")
	late := func(then http.HandlerFunc) http.HandlerFunc {
		return ownOrExtra(c.front.named("model"), func(w http.ResponseWriter, r *http.Request) {
			select {
			case <-c.front.hold(r.Header.Get(testHeader)):
				then(w, r)
			case <-r.Context().Done():
			}
		})
	}
	c.front.answer("agreeing", late(c.front.named("model")))
	c.front.answer("failing", late(refusals["500"].answer))
	for name, failure := range map[string]string{"agreeing": "release", "failing": "refuse"} {
		one := c.serve(t, "--config", holding(t, "*", ", on_failure: "+failure))
		everySDK(t, func(t *testing.T, s sdk) {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				v := passage{c, one, ways()[0]}.visit(t, s)
				got, err := v.waitsHeld(t, name)
				if err != nil {
					t.Fatal(err)
				}
				want := map[string]string{"agreeing": "agreed, released", "failing": "blind, refused"}[name]
				if held, wrong := v.lastHeld(t), s.flawed(got); held != want || wrong != "" || (len(got.Calls) == 1) != (name == "agreeing") {
					t.Errorf("it was %s, want %s; %s: %+v", held, want, wrong, got)
				}
			})
		})
	}
}

// waitsHeld asks a model for a call that is held until many keep-alives have
// arrived since the first sample was asked for.
func (v *visit) waitsHeld(t *testing.T, model string) (said, error) {
	t.Helper()
	const most = 100 // more than there are pieces before the call
	v.heads.pieces = make(chan struct{})
	talk := v.open(t, manner{stream: true, tools: true, think: true, header: http.Header{modelHeader: {model}}})
	talk.say("Please do task 7.")
	go func() {
		for range most {
			<-v.heads.pieces
		}
		close(v.front.hold(v.test))
		for range v.heads.pieces {
		}
	}()
	return talk.step(t.Context())
}

// TestSDKsSeeThatAHeldReplyBrokeOff cuts replies in which a call has begun: the SDK
// sees what it sees without hotmess, and no part of a call.
func TestSDKsSeeThatAHeldReplyBrokeOff(t *testing.T) {
	t.Parallel()
	c := newCorporate(t, nil)
	c.front.model(t, "", "--quota", "--steps", "4", "--reasoning=-1")
	one := c.serve(t, "--config", holding(t, "*", ", on_failure: refuse"))
	breaks := func(t *testing.T, p passage, s sdk, stream bool) complaint {
		v := p.visit(t, s)
		talk := v.open(t, manner{stream: stream, tools: true, once: true, header: http.Header{faultHeader: {faultCut}}})
		talk.say("Please do task 7.")
		got, err := talk.step(t.Context())
		if err == nil || errors.Is(err, errUnfinished) || len(got.Calls) > 0 {
			t.Fatalf("%+v, the error is %v", got, err)
		}
		told, _ := s.complain(err)
		return told
	}
	everySDK(t, func(t *testing.T, s sdk) {
		bothForms(t, "cut", func(t *testing.T, stream bool) {
			want := breaks(t, passage{c, nil, directly}, s, stream)
			same(t, "the SDK's error", want, breaks(t, passage{c, one, ways()[0]}, s, stream))
		})
	})
}
