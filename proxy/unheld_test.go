package proxy

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"hotmess/config"
	"hotmess/monitor"
	"hotmess/wire"
)

// counted is how often replies were not held for a reason, by the metrics.
func (r *rig) counted(why monitor.Reason) string {
	r.t.Helper()
	_, rest, _ := strings.Cut(r.metrics(), fmt.Sprintf("hotmess_guard_unheld_total{reason=%q} ", why))
	n, _, _ := strings.Cut(rest, "\n")
	return n
}

// An unreadRequest is one that its reader cannot read.
type unreadRequest struct {
	reason monitor.Reason
	body   string
	header []string
	edit   func(*config.Config)
	panics bool
}

func unreadRequests() []unreadRequest {
	long := strings.Replace(agentAsks, `{`, `{"user":"`+strings.Repeat("x", 300<<10)+`",`, 1)
	return []unreadRequest{
		{reason: monitor.ReasonTooBig, body: long, edit: func(c *config.Config) { c.Limits.Body = 200 << 10 }},
		{reason: monitor.ReasonMemory, body: long, edit: func(c *config.Config) { c.Limits.Held = 200 << 10 }},
		{reason: monitor.ReasonEncoding, body: agentAsks, header: []string{"Content-Encoding", "rot13"}},
		{reason: monitor.ReasonMalformed, body: agentAsks[:len(agentAsks)-1]},
		{reason: monitor.ReasonDuplicateKey, body: strings.Replace(agentAsks, `{`, `{"model":"n",`, 1)},
		{reason: monitor.ReasonPanic, body: agentAsks, panics: true},
	}
}

// TestTheReplyToARequestThatCannotBeReadMeetsItsRule: the path tells how to read it. A
// rule that refuses what it cannot judge holds it; for any other it is told of, once it
// is known what was proposed.
func TestTheReplyToARequestThatCannotBeReadMeetsItsRule(t *testing.T) {
	for _, request := range unreadRequests() {
		for _, failure := range []string{config.HeldRelease, config.HeldRefuse} {
			for name, primary := range map[string]func(http.ResponseWriter, *http.Request){
				proposing("p", wrongTree):       callsFor("p", wrongTree),
				proposing("p", "ls"):            callsFor("p", "ls"),
				toldFirst + toldThen(wrongTree): sends(toldFirst + toldThen(wrongTree)),
				toldFirst + toldThen("ls"):      sends(toldFirst + toldThen("ls")),
			} {
				guarded := strings.Contains(name, wrongTree)
				t.Run(fmt.Sprintf("%s, %s, %v, %v", request.reason, failure, guarded, strings.HasPrefix(name, "data")), func(t *testing.T) {
					u := &script{primary: primary}
					r := guardedRig(t, u, func(c *config.Config) {
						holding(func(g *config.Guard) { g.OnFailure = failure })(c)
						if request.edit != nil {
							request.edit(c)
						}
					})
					r.panics.Store(request.panics)
					got := withoutKeepAlives(read(t, r.ask(request.body, request.header...)), wire.OpenAIChat)
					if calls := u.seen(); len(calls) != 1 || calls[0].Body != request.body {
						t.Errorf("%d calls, or another body", len(calls))
					}
					if refused := guarded && failure == config.HeldRefuse; !refused && got != name {
						t.Errorf("not verbatim: %s", got)
					} else if refused && (strings.Contains(got, "rm -r") || !strings.Contains(got, "[hotmess]") || !strings.Contains(got, string(request.reason))) {
						t.Errorf("not refused: %s", got)
					}
					want := map[string]string{config.HeldRelease: monitor.GuardDelivered, config.HeldRefuse: monitor.GuardRefused}[failure]
					if request.panics && !guarded { // is only counted
						r.quiet()
						r.panics.Store(false)
						return
					}
					o := r.observation()
					r.panics.Store(false)
					switch g := o.Guard; {
					case guarded && (g == nil || g.Decision != monitor.GuardBlind || g.Reason != request.reason || g.Outcome != want || g.Rule != "delete-tree"):
						t.Errorf("%+v", g)
					case !guarded && g != nil:
						t.Errorf("%+v of nothing that is guarded", g)
					}
					if n := map[string]string{config.HeldRelease: "1", config.HeldRefuse: "0"}[failure]; r.counted(request.reason) != n {
						t.Errorf("counted %s times, want %s", r.counted(request.reason), n)
					}
				})
			}
		}
	}
}

// TestWithoutARuleThatHoldsAnUnreadRequestIsObservedAsEver: built-in rules tell of what
// its reply proposes.
func TestWithoutARuleThatHoldsAnUnreadRequestIsObservedAsEver(t *testing.T) {
	request := unreadRequests()[0]
	r := guardedRig(t, &script{primary: callsFor("p", wrongTree)}, request.edit)
	res := r.ask(request.body)
	if got := read(t, res); got != proposing("p", wrongTree) || res.Header.Get(headerGuard) != "" {
		t.Errorf("%v %s", res.Header, got)
	}
	if g := r.observation().Guard; g == nil || g.Decision != monitor.GuardBlind || g.Reason != monitor.ReasonTooBig || g.Outcome != monitor.GuardDelivered {
		t.Errorf("%+v", g)
	}
	if n := r.counted(monitor.ReasonTooBig); n != "0" {
		t.Errorf("counted %s times though no rule holds", n)
	}
}

// TestAnArrayOfAnUnreadRequestIsHeld: its path says how it is framed.
func TestAnArrayOfAnUnreadRequestIsHeld(t *testing.T) {
	r := guardedRig(t, &script{primary: array(firstPart + callPart(wrongTree))}, holding(func(g *config.Guard) { g.OnFailure = config.HeldRefuse }))
	got := read(t, r.do(http.MethodPost, arrayPath, arrayAsks[:len(arrayAsks)-1]))
	if reply := folded(t, wire.GeminiGenerate, false, got); len(reply.Calls) > 0 || !strings.HasPrefix(reply.Text, "y[hotmess]") {
		t.Errorf("%s", got)
	}
	if g := r.observation().Guard; g == nil || g.Reason != monitor.ReasonMalformed || g.Outcome != monitor.GuardRefused {
		t.Errorf("%+v", g)
	}
}

// TestAReplyThatNobodyCouldReadIsToldOfWhereARuleHolds: neither the request nor the reply
// can be read.
func TestAReplyThatNobodyCouldReadIsToldOfWhereARuleHolds(t *testing.T) {
	for failure, want := range map[string]string{config.HeldRelease: monitor.GuardDelivered, config.HeldRefuse: monitor.GuardRefused} {
		r := guardedRig(t, &script{primary: func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>") }},
			holding(func(g *config.Guard) { g.OnFailure = failure }))
		res := r.ask(agentAsks[:len(agentAsks)-1])
		if got := read(t, res); (got == "<html>") != (failure == config.HeldRelease) {
			t.Errorf("%s: %s", failure, got)
		}
		if g := r.observation().Guard; g == nil || g.Decision != monitor.GuardBlind || g.Outcome != want {
			t.Errorf("%s: %+v", failure, g)
		}
	}
}

// elsewhereRequests are requests whose reply is not all in what the client gets, with
// such a reply.
func elsewhereRequests() []struct {
	reason           monitor.Reason
	path, body, said string
	dialect          wire.Dialect
} {
	const tools, lives = `"tools":[{"type":"function","name":"bash"}]`, "/v1/responses"
	response := `{"id":"r","object":"response","status":"completed","model":"m-1","output":[{"type":"function_call","id":"f","call_id":"c","name":"bash","arguments":"{\"command\":\"` + wrongTree + `\"}"}]}`
	gemini := `{"candidates":[{"content":{"role":"model","parts":[{"functionCall":{"name":"bash","args":{"command":"` + wrongTree + `"}}}]},"finishReason":"STOP"}]}`
	second := strings.Replace(strings.Replace(proposing("p", wrongTree), `"index":0`, `"index":1`, 1), `"choices":[`, `"choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"no"}},`, 1)
	return []struct {
		reason           monitor.Reason
		path, body, said string
		dialect          wire.Dialect
	}{
		{monitor.ReasonStored, lives, `{"model":"m","input":"x",` + tools + `}`, response, wire.OpenAIResponses},
		{monitor.ReasonChain, lives, `{"model":"m","input":"x","store":false,"conversation":"conv_1",` + tools + `}`, response, wire.OpenAIResponses},
		{
			monitor.ReasonChain, "/v1beta/models/m:generateContent",
			`{"contents":[{"parts":[{"text":"x"}]}],"continuationToken":"t","tools":[{"functionDeclarations":[{"name":"bash"}]}]}`, gemini, wire.GeminiGenerate,
		},
		{monitor.ReasonNativeN, chatPath, strings.Replace(agentAsks, `{`, `{"n":2,`, 1), proposing("p", wrongTree), wire.OpenAIChat},
		{monitor.ReasonNativeN, chatPath, strings.Replace(agentAsks, `{`, `{"n":2,`, 1), second, wire.OpenAIChat},
	}
}

// TestSeveralChoicesAreRefusedAndWhatLivesUpstreamNever: a client that was refused what
// lives upstream would still go on from it. It is told of, whatever the rule says.
func TestSeveralChoicesAreRefusedAndWhatLivesUpstreamNever(t *testing.T) {
	for i, tt := range elsewhereRequests() {
		for _, failure := range []string{config.HeldRelease, config.HeldRefuse} {
			t.Run(fmt.Sprintf("%d %s, %s", i, tt.reason, failure), func(t *testing.T) {
				r := guardedRig(t, &script{primary: func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, tt.said) }}, func(c *config.Config) {
					holding(func(g *config.Guard) { g.OnFailure = failure })(c)
					c.Budget.ExtraTokensPerHour = 1
				})
				res := r.do(http.MethodPost, tt.path, tt.body)
				got := read(t, res)
				refused := failure == config.HeldRefuse && tt.reason == monitor.ReasonNativeN
				if !refused {
					if got != tt.said || res.Header.Get(headerGuard) != "" {
						t.Errorf("%v %s", res.Header, got)
					}
					if n := r.counted(tt.reason); n != "1" {
						t.Errorf("counted %s times", n)
					}
				} else if res.StatusCode != http.StatusBadGateway || strings.Contains(got, "rm -r") || !strings.Contains(got, "hotmess_guard") || res.Header.Get("X-Should-Retry") != "false" {
					t.Errorf("status %d, %v, %s", res.StatusCode, res.Header, got)
				}
				want := map[bool]string{false: monitor.GuardDelivered, true: monitor.GuardRefused}[refused]
				if g := r.observation().Guard; i == 4 && !refused {
					return // of several choices the first alone is looked at beside its delivery
				} else if g == nil || g.Decision != monitor.GuardBlind || g.Outcome != want {
					t.Errorf("%+v", g)
				}
			})
		}
	}
}

// TestAStoredStreamIsNeverHeld: nor one that may be stored, since that is the API's
// default and its request cannot be read.
func TestAStoredStreamIsNeverHeld(t *testing.T) {
	tt := elsewhereRequests()[0]
	stream := `data: {"type":"response.created","response":{"id":"r"}}` + "\n\n" +
		`data: {"type":"response.output_item.added","output_index":0,"item":{"type":"function_call","id":"f","call_id":"c","name":"bash"}}` + "\n\n" +
		`data: {"type":"response.completed","response":` + tt.said + "}\n\n"
	asked := strings.Replace(tt.body, `{`, `{"stream":true,`, 1)
	for body, why := range map[string]monitor.Reason{asked: monitor.ReasonBudget, asked[:len(asked)-1]: monitor.ReasonMalformed} {
		r := guardedRig(t, &script{primary: sends(stream)}, func(c *config.Config) {
			holding(func(g *config.Guard) { g.OnFailure = config.HeldRefuse })(c)
			c.Budget.ExtraTokensPerHour = 1
		})
		if got := read(t, r.do(http.MethodPost, tt.path, body)); got != stream {
			t.Errorf("%s: %s", why, got)
		}
		if g := r.observation().Guard; g == nil || g.Decision != monitor.GuardBlind || g.Reason != why || g.Outcome != monitor.GuardDelivered {
			t.Errorf("%s: %+v", why, g)
		}
	}
}

// TestAReplyThatIsFetchedLaterIsToldOf: nobody sees what it proposes.
func TestAReplyThatIsFetchedLaterIsToldOf(t *testing.T) {
	const queued = `{"id":"r","object":"response","status":"queued","model":"m-1","output":[]}`
	r := guardedRig(t, &script{primary: func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, queued) }}, holding(func(g *config.Guard) { g.OnFailure = config.HeldRefuse }))
	if got := read(t, r.do(http.MethodPost, "/v1/responses", `{"model":"m","background":true,"input":"x","tools":[{"type":"function","name":"bash"}]}`)); got != queued {
		t.Errorf("reply %s", got)
	}
	if g := r.observation().Guard; g == nil || g.Decision != monitor.GuardBlind || g.Reason != monitor.ReasonBackground || g.Outcome != monitor.GuardDelivered {
		t.Errorf("%+v", g)
	}
	if n := r.counted(monitor.ReasonBackground); n != "1" {
		t.Errorf("counted %s times", n)
	}
}

// TestModeOffHoldsNothing: what is off is off, by a route or by a client that may say
// so, and counted where a rule would hold.
func TestModeOffHoldsNothing(t *testing.T) {
	r := guardedRig(t, &script{primary: callsFor("p", wrongTree)}, func(c *config.Config) {
		holding(func(g *config.Guard) { g.OnFailure = config.HeldRefuse })(c)
		c.Routes = []config.Route{{Name: "own", Match: config.Match{Model: "m"}, Sampling: config.RouteSampling{Mode: config.Off}}}
		c.ClientHeaders = []string{"mode"}
	})
	for i, body := range []string{agentAsks, question, agentAsks[:len(agentAsks)-1]} {
		header := []string{}
		if i == 2 { // of which it is not known that it is of the route
			header = []string{headerMode, "off"}
		}
		if got := read(t, r.ask(body, header...)); got != proposing("p", wrongTree) {
			t.Errorf("reply %s", got)
		}
	}
	if n := r.counted(monitor.ReasonOff); n != "2" {
		t.Errorf("counted %s times, want the two that may hold a call", n)
	}
}
