package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// ownOrExtra answers a client's own calls by one handler and those that hotmess
// makes beside them by another.
func ownOrExtra(own, extra http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Idempotency-Key") != "" {
			own(w, r)
			return
		}
		extra(w, r)
	}
}

// named answers by a simulated model of the front.
func (f *front) named(name string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		h := f.models[name]
		f.mu.Unlock()
		h.ServeHTTP(w, r)
	}
}

// endings are how an SDK tells that a reply ended: one without calls, one with.
func (s sdk) endings() (plain, calling string) {
	switch s.name {
	case "openai-go Chat":
		return "stop", "tool_calls"
	case "openai-go Responses":
		return "completed", "completed"
	case "anthropic-sdk-go":
		return "end_turn", "tool_use"
	}
	return "STOP", "STOP"
}

// flawed says what an agent could not go on from in what it got: it has to know
// the reply, and how it ended, what it cost, and whose reasoning it hands back.
func (s sdk) flawed(got said) string {
	plain, calling := s.endings()
	want := plain
	if len(got.Calls) > 0 {
		want = calling
	}
	switch {
	case got.Finish != want:
		return fmt.Sprintf("it ended as %q, want %q", got.Finish, want)
	case got.ID == "" || got.Choices != 1 || got.Input == 0 || got.Output == 0:
		return "no identity, or no usage"
	case s.name == "genai" && strings.Contains(got.Text, "[hotmess]"): // its signatures are those of calls
	case got.Thoughts != "" && (got.Signed > 0) != s.signs:
		return fmt.Sprintf("%d signatures", got.Signed)
	}
	return ""
}

// TestSDKsGetVotes has every SDK vote on what agents ask, by every launch policy:
// on answers, on the calls of a whole task and on prose.
func TestSDKsGetVotes(t *testing.T) {
	t.Parallel()
	c := newCorporate(t, nil)
	c.front.model(t, "", "--quota", "--show", "--reasoning", "40", "--steps", "4", "--accuracy", "0.7", "--wrong", "2")
	for _, launch := range []string{"at-once", "staged", "leader"} {
		one := c.serve(t, "--mode", "ensemble", "--config", writeConfig(t, "ensemble: {samples: 3..5, launch: "+launch+", stop: {confidence: 0.9}}\n"))
		everySDK(t, func(t *testing.T, s sdk) {
			bothForms(t, launch, func(t *testing.T, stream bool) {
				v := passage{c, one, ways()[0]}.visit(t, s)
				votes(t, v, "answer", "majority", manner{stream: stream, think: true}, letterPrompt)
				votes(t, v, "prose", "medoid", manner{stream: stream, think: true}, "Tell me of the sea.")
				n := len(v.heads.since(0))
				done, err := perform(t.Context(), v.open(t, manner{stream: stream, tools: true, think: true}), "task 7")
				if err != nil || len(done.calls) != 4 || done.answer == "" {
					t.Fatalf("%+v, %v", done, err)
				}
				for _, step := range done.steps {
					if wrong := s.flawed(step); wrong != "" {
						t.Errorf("%s: %+v", wrong, step)
					}
				}
				v.voted(t, n, "calls")
			})
		})
	}
}

// votes asks two questions in a row, so that the second goes on from a winner.
func votes(t *testing.T, v *visit, what, method string, m manner, question string) {
	t.Helper()
	n := len(v.heads.since(0))
	talk := v.open(t, m)
	for range 2 {
		talk.say(question)
		got, err := talk.step(t.Context())
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if wrong := v.sdk.flawed(got); wrong != "" || !strings.Contains(got.Text, "Answer: ") || len(got.Calls) > 0 || got.Thoughts == "" {
			t.Errorf("%s: %s: %+v", what, wrong, got)
		}
	}
	v.voted(t, n, method)
}

// voted fails unless the replies from the n-th on are those of votes.
func (v *visit) voted(t *testing.T, n int, method string) {
	t.Helper()
	ends := []string{"all", "settled", "confidence"}
	for _, head := range v.heads.since(n) {
		h := head.Header
		if h.Get("X-Hotmess-Method") != method || !slices.Contains(ends, h.Get("X-Hotmess-Stop")) || h.Get("X-Hotmess-Agreement") == "" {
			t.Errorf("no vote by %s: %v", method, h)
		}
		if o := v.sidecar.observation(t, h.Get("X-Hotmess-Id")); o.Vote == nil || o.Vote.Votes < 2 || o.Vote.Method != method {
			t.Errorf("vote %+v", o.Vote)
		}
	}
}

// TestSDKsGetTheBestSoFar has all extras hang: once ensemble.wait has passed, each
// SDK gets what there is, marked so.
func TestSDKsGetTheBestSoFar(t *testing.T) {
	t.Parallel()
	c := newCorporate(t, nil)
	c.front.model(t, "model", "--quota", "--show", "--reasoning", "40", "--steps", "4")
	c.front.answer("", ownOrExtra(c.front.named("model"), func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	one := c.serve(t, "--mode", "ensemble", "--rate", "0", "--config", writeConfig(t, "ensemble: {samples: 3, wait: 50ms, keepalive: 5ms}\n"))
	everySDK(t, func(t *testing.T, s sdk) {
		bothForms(t, "wait", func(t *testing.T, stream bool) {
			v := passage{c, one, ways()[0]}.visit(t, s)
			done, err := perform(t.Context(), v.open(t, manner{stream: stream, tools: true, think: true}), "task 7")
			if err != nil || len(done.calls) != 4 || s.flawed(done.steps[0]) != "" {
				t.Errorf("%+v, %v", done, err)
			}
			for _, head := range v.heads.since(0) {
				o := one.observation(t, head.Header.Get("X-Hotmess-Id"))
				if o.Vote == nil || o.Vote.Stop != "wait" || o.Vote.Votes != 1 {
					t.Errorf("vote %+v", o.Vote)
				}
				// The head of a stream has left by then.
				if !stream && head.Header.Get("X-Hotmess-Stop") != "wait" {
					t.Errorf("not marked: %v", head.Header)
				}
			}
		})
	})
}
