package proxy

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"hotmess/config"
	"hotmess/monitor"
	"hotmess/wire"
)

// breaking sends pieces and then breaks the connection off.
func breaking(contentType string, pieces ...string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		for _, piece := range pieces {
			send(w, piece)
		}
		panic(http.ErrAbortHandler)
	}
}

// TestWhatIsWholeIsJudgedThoughTheConnectionBreaks: clients act on a reply that says
// itself that it is whole, and do not wait for the end of the connection.
func TestWhatIsWholeIsJudgedThoughTheConnectionBreaks(t *testing.T) {
	stream := toldFirst + toldThen(wrongTree)
	for name, tt := range map[string]struct {
		ask, said string
		primary   func(http.ResponseWriter, *http.Request)
	}{
		"stream": {agentStreams, stream, breaking("text/event-stream", strings.SplitAfter(stream, "\n\n")...)},
		"unary":  {agentAsks, proposing("p", wrongTree), breaking("application/json", proposing("p", wrongTree))},
	} {
		for others, decision := range map[string]string{wrongTree: monitor.GuardAgreed, rightTree: monitor.GuardSplit} {
			t.Run(name+", "+decision, func(t *testing.T) {
				r := guardedRig(t, &script{primary: tt.primary, extra: callsForEach(others)}, holding(nil))
				res := r.ask(tt.ask, firstCall, "1")
				body, err := io.ReadAll(res.Body)
				_ = res.Body.Close()
				got := withoutKeepAlives(string(body), wire.OpenAIChat)
				if decision == monitor.GuardAgreed && (got != tt.said || err == nil) {
					t.Errorf("%v after %s", err, got)
				}
				if decision == monitor.GuardSplit && (strings.Contains(got, "tool_calls\":") || !strings.Contains(got, "[hotmess]") || err != nil) {
					t.Errorf("%v after %s", err, got)
				}
				if g := r.observation().Guard; g == nil || g.Decision != decision {
					t.Errorf("%+v", g)
				}
			})
		}
	}
}

// TestABrokenStreamLeavesNoCallThatARuleRefuses: some clients carry a call out before
// the reply is whole.
func TestABrokenStreamLeavesNoCallThatARuleRefuses(t *testing.T) {
	held := strings.SplitAfter(toldThen(wrongTree), "\n\n")
	for _, failure := range []string{config.HeldRelease, config.HeldRefuse} {
		t.Run(failure, func(t *testing.T) {
			u := &script{primary: breaking("text/event-stream", toldFirst, held[0], held[1]), extra: callsForEach(wrongTree)}
			r := guardedRig(t, u, holding(func(g *config.Guard) { g.OnFailure = failure }))
			res := r.ask(agentStreams, firstCall, "1")
			body, err := io.ReadAll(res.Body)
			_ = res.Body.Close()
			if err == nil {
				t.Error("it does not look broken")
			}
			want := toldFirst
			if failure == config.HeldRelease {
				want += held[0] + held[1]
			}
			if got := withoutKeepAlives(string(body), wire.OpenAIChat); got != want {
				t.Errorf("%s", got)
			}
			g := r.observation().Guard
			switch {
			case failure == config.HeldRelease && g != nil,
				failure == config.HeldRefuse && (g == nil || g.Decision != monitor.GuardBlind || g.Reason != monitor.ReasonTruncated || g.Outcome != monitor.GuardRefused):
				t.Errorf("%+v", g)
			}
		})
	}
}

// TestAFailedStreamLeavesNoCallThatARuleRefuses: the upstream's error reaches the client
// without the call before it.
func TestAFailedStreamLeavesNoCallThatARuleRefuses(t *testing.T) {
	const failed = `data: {"error":{"message":"overloaded","type":"server_error"}}` + "\n\n"
	held := strings.SplitAfter(toldThen(wrongTree), "\n\n")
	for _, failure := range []string{config.HeldRelease, config.HeldRefuse} {
		u := &script{primary: sends(toldFirst + held[0] + held[1] + failed), extra: callsForEach(wrongTree)}
		r := guardedRig(t, u, holding(func(g *config.Guard) { g.OnFailure = failure }))
		got, want := withoutKeepAlives(read(t, r.ask(agentStreams, firstCall, "1")), wire.OpenAIChat), toldFirst+failed
		if failure == config.HeldRelease {
			want = toldFirst + held[0] + held[1] + failed
		}
		if got != want {
			t.Errorf("%s: %s", failure, got)
		}
		g := r.observation().Guard
		if failure == config.HeldRelease && g != nil || failure == config.HeldRefuse && (g == nil || g.Reason != monitor.ReasonFailed || g.Outcome != monitor.GuardRefused) {
			t.Errorf("%s: %+v", failure, g)
		}
	}
}
