package proxy

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"hotmess/config"
	"hotmess/monitor"
	"hotmess/wire"
)

// TestAStreamThatCannotBeHeldMeetsItsRule: what it proposes is not known, whichever
// limit it meets, and wherever in an event.
func TestAStreamThatCannotBeHeldMeetsItsRule(t *testing.T) {
	const size = 200 << 10
	long := toldThen(wrongTree + strings.Repeat(" x", size/2))
	for _, tt := range []struct {
		name, sse string
		limit     func(*config.Limits)
		reason    monitor.Reason
	}{
		{"a call over limits.body", long, func(l *config.Limits) { l.Body = 8 << 10 }, monitor.ReasonTooBig},
		{"a call over limits.held", long, func(l *config.Limits) { l.Held = 64 << 10 }, monitor.ReasonMemory},
		{"an event without an end", "data: " + strings.Repeat("x", size), func(l *config.Limits) { l.Body = 8 << 10 }, monitor.ReasonTooBig},
	} {
		for _, failure := range []string{config.HeldRelease, config.HeldRefuse} {
			t.Run(tt.name+", "+failure, func(t *testing.T) {
				r := guardedRig(t, &script{primary: sends(toldFirst + tt.sse), extra: callsForEach(wrongTree)}, func(c *config.Config) {
					holding(func(g *config.Guard) { g.OnFailure = failure })(c)
					tt.limit(&c.Limits)
				})
				got := withoutKeepAlives(read(t, r.ask(agentStreams, firstCall, "1")), wire.OpenAIChat)
				switch {
				case failure == config.HeldRelease && got != toldFirst+tt.sse:
					t.Errorf("%d bytes, want %d verbatim", len(got), len(toldFirst+tt.sse))
				case failure == config.HeldRefuse && (len(got) > 4<<10 || !strings.Contains(got, "[hotmess]")):
					t.Errorf("%d bytes are not refused", len(got))
				}
				if g := r.observation().Guard; g == nil || g.Decision != monitor.GuardBlind || g.Reason != tt.reason {
					t.Errorf("%+v", g)
				}
			})
		}
	}
}

// TestAHeldStreamThatCannotBeReadMeetsItsRule: clients that skip what is no event of
// the dialect act on the rest.
func TestAHeldStreamThatCannotBeReadMeetsItsRule(t *testing.T) {
	pieces := strings.SplitAfter(toldThen(wrongTree), "\n\n")
	sent := toldFirst + pieces[0] + pieces[1] + "data: <html>\n\n" + pieces[2] + pieces[3]
	for _, failure := range []string{config.HeldRelease, config.HeldRefuse} {
		t.Run(failure, func(t *testing.T) {
			r := guardedRig(t, &script{primary: sends(sent), extra: callsForEach(wrongTree)}, holding(func(g *config.Guard) { g.OnFailure = failure }))
			got := withoutKeepAlives(read(t, r.ask(agentStreams, firstCall, "1")), wire.OpenAIChat)
			switch {
			case failure == config.HeldRelease && got != sent:
				t.Errorf("not verbatim: %s", got)
			case failure == config.HeldRefuse && (strings.Contains(got, "tool_calls") || !strings.Contains(got, "[hotmess]")):
				t.Errorf("not refused: %s", got)
			}
			if g := r.observation().Guard; g == nil || g.Decision != monitor.GuardBlind || g.Reason != monitor.ReasonUnreadable {
				t.Errorf("%+v", g)
			}
		})
	}
}

func TestAReplyOnWhichTheGuardPanicsMeetsItsRule(t *testing.T) {
	for name, ask := range map[string]string{"unary": agentAsks, "stream": agentStreams} {
		for _, failure := range []string{config.HeldRelease, config.HeldRefuse} {
			t.Run(name+", "+failure, func(t *testing.T) {
				want, primary := proposing("p", wrongTree), callsFor("p", wrongTree)
				if name == "stream" {
					want, primary = toldFirst+toldThen(wrongTree), sends(toldFirst+toldThen(wrongTree))
				}
				r := guardedRig(t, &script{primary: primary, extra: callsForEach(wrongTree)}, holding(func(g *config.Guard) { g.OnFailure = failure }))
				var once atomic.Bool // what a panic runs through is on the stack of what is deferred too
				r.handler.now = func() time.Time {
					if strings.Contains(string(debug.Stack()), ".(*hold).judge(") && once.CompareAndSwap(false, true) {
						panic("planted")
					}
					return time.Now()
				}
				got := withoutKeepAlives(read(t, r.ask(ask, firstCall, "1")), wire.OpenAIChat)
				switch {
				case failure == config.HeldRelease && got != want:
					t.Errorf("not verbatim: %s", got)
				case failure == config.HeldRefuse && (strings.Contains(got, "tool_calls") || !strings.Contains(got, "[hotmess]")):
					t.Errorf("not refused: %s", got)
				}
				if g := r.observation().Guard; g == nil || g.Decision != monitor.GuardBlind || g.Reason != monitor.ReasonPanic {
					t.Errorf("%+v", g)
				}
				r.quiet()
				if !strings.Contains(r.log.String(), "panic while measuring") {
					t.Error("nothing panicked")
				}
			})
		}
	}
}

// TestACallThatTheRequestBarsIsHeld: some servers do not mind tool_choice, and agents
// carry out what comes.
func TestACallThatTheRequestBarsIsHeld(t *testing.T) {
	for others, outcome := range map[string]string{"": monitor.GuardRefused, wrongTree: monitor.GuardReleased} {
		r := guardedRig(t, &script{primary: callsFor("p", wrongTree), extra: callsForEach(others)}, holding(nil))
		got := read(t, r.ask(strings.Replace(agentAsks, `{`, `{"tool_choice":"none",`, 1), firstCall, "1"))
		if g := r.observation().Guard; g == nil || g.Outcome != outcome || strings.Contains(got, "[hotmess]") != (outcome == monitor.GuardRefused) {
			t.Errorf("%+v: %s", g, got)
		}
	}
}

// Of some nothing is to be held: what they propose comes with another request, or the
// request offers none of the rule's tools.
func TestRequestsWhoseRepliesAreNotHeld(t *testing.T) {
	responses := `{"id":"r","object":"response","status":"completed","model":"m-1","output":[{"type":"function_call","id":"f","call_id":"c","name":"bash","arguments":"{\"command\":\"rm -rf /\"}"}]}`
	for _, tt := range []struct{ name, path, body, said string }{
		{"no tools", chatPath, question, proposing("p", wrongTree)},
		{"fetched later", "/v1/responses", `{"model":"m","store":false,"background":true,"input":"x","tools":[{"type":"function","name":"bash"}]}`, responses},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := guardedRig(t, &script{primary: func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, tt.said) }}, func(c *config.Config) {
				holding(func(g *config.Guard) { g.OnFailure = config.HeldRefuse })(c)
				c.Budget.ExtraTokensPerHour = 1
			})
			if got := read(t, r.do(http.MethodPost, tt.path, tt.body)); got != tt.said {
				t.Errorf("reply %s", got)
			}
			if g := r.observation().Guard; g != nil && g.Outcome != monitor.GuardDelivered {
				t.Errorf("%+v", g)
			}
		})
	}
}

func TestAMessageInPlaceOfACompressedReplyIsPlain(t *testing.T) {
	u := &script{primary: func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Encoding", "gzip")
		w.Header().Set("ETag", `"of-the-other"`)
		z := gzip.NewWriter(w)
		_, _ = io.WriteString(z, proposing("p", wrongTree))
		_ = z.Close()
	}, extra: callsForEach(rightTree)}
	r := guardedRig(t, u, holding(nil))
	res := r.ask(agentAsks, firstCall, "1", "Accept-Encoding", "gzip")
	got := read(t, res)
	if reply := folded(t, wire.OpenAIChat, false, got); len(reply.Calls) > 0 || !strings.Contains(reply.Text, "[hotmess]") {
		t.Errorf("reply %s", got)
	}
	for _, name := range []string{"Content-Encoding", "Etag"} {
		if v := res.Header.Get(name); v != "" {
			t.Errorf("%s: %s", name, v)
		}
	}
	if n := res.Header.Get("Content-Length"); n != fmt.Sprint(len(got)) {
		t.Errorf("Content-Length %s of %d bytes", n, len(got))
	}
	r.observation()
}

func TestOfArgumentsThatDifferAsOftenTheFirstByNameIsTold(t *testing.T) {
	for want, counts := range map[string]map[string]int{"": {}, "a": {"b": 1, "a": 1}, "b": {"b": 2, "a": 1}, "c": {"d": 2, "c": 2, "a": 1}} {
		for range 20 { // maps are gone through in any order
			if got := most(counts); got != want {
				t.Fatalf("%v: %q, want %q", counts, got, want)
			}
		}
	}
}

// TestRepliesThatFailedAreNotJudged: a client that reads their end acts on none of
// their calls.
func TestRepliesThatFailedAreNotJudged(t *testing.T) {
	failed := strings.SplitAfter(toldThen(wrongTree), "\n\n")
	stream := toldFirst + failed[0] + failed[1] + `data: {"error":{"message":"overloaded","type":"server_error"}}` + "\n\n"
	cut := strings.TrimSuffix(proposing("p", wrongTree), "}")
	for name, tt := range map[string]struct {
		ask, said string
		primary   func(http.ResponseWriter, *http.Request)
	}{
		"stream": {agentStreams, stream, sends(stream)},
		"unary":  {agentAsks, cut, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, cut) }},
	} {
		r := guardedRig(t, &script{primary: tt.primary, extra: callsForEach(rightTree)}, holding(nil))
		if got := withoutKeepAlives(read(t, r.ask(tt.ask, firstCall, "1")), wire.OpenAIChat); got != tt.said {
			t.Errorf("%s: %s", name, got)
		}
		if g := r.observation().Guard; g != nil && g.Outcome != monitor.GuardReleased {
			t.Errorf("%s: %+v", name, g)
		}
	}
}

// TestAWholeReplyIsJudgedThoughItTellsOfAnError: with a status of success SDKs give
// what else is in it to the agent.
func TestAWholeReplyIsJudgedThoughItTellsOfAnError(t *testing.T) {
	said := strings.Replace(proposing("p", wrongTree), `{`, `{"error":{"message":"","code":0},`, 1)
	u := &script{primary: func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, said) }, extra: callsForEach(rightTree)}
	r := guardedRig(t, u, holding(func(g *config.Guard) { g.Risk = config.RiskHigh }))
	if got := read(t, r.ask(agentAsks, firstCall, "1")); strings.Contains(got, "rm -r") {
		t.Errorf("reply %s", got)
	}
	if g := r.observation().Guard; g == nil || g.Outcome != monitor.GuardRefused {
		t.Errorf("%+v", g)
	}
}
