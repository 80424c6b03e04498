package proxy

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"hotmess/config"
	"hotmess/monitor"
	"hotmess/wire"
)

// holding has a rule that holds recursive deletions.
func holding(edit func(*config.Guard)) func(*config.Config) {
	return func(c *config.Config) {
		g := config.Guard{Name: "delete-tree", Command: &config.GuardCommand{Program: "rm", Recursive: true}, Action: config.GuardHold}
		if edit != nil {
			edit(&g)
		}
		c.Guard = []config.Guard{g}
		c.Ensemble.KeepAlive = config.Duration(time.Millisecond)
	}
}

// folded folds a reply as a client reads it.
func folded(t *testing.T, d wire.Dialect, events bool, body string) wire.Reply {
	t.Helper()
	reply, err := wire.Fold(d, events, strings.NewReader(body), nil)
	if err != nil || reply.Truncated || reply.Failure != nil {
		t.Fatalf("%v, %+v in %s", err, reply, body)
	}
	return reply
}

func TestAHeldReplyWithAQuorumLeavesVerbatim(t *testing.T) {
	u := &script{primary: callsFor("p", wrongTree), extra: callsForEach(wrongTree)}
	r := guardedRig(t, u, holding(nil))
	if got := read(t, r.ask(agentAsks, firstCall, "1")); got != proposing("p", wrongTree) {
		t.Errorf("reply %s", got)
	}
	o := r.observation()
	if g := o.Guard; g == nil || g.Decision != monitor.GuardAgreed || g.Outcome != monitor.GuardReleased || g.Votes != 4 || g.HeldSeconds == 0 {
		t.Errorf("%+v", g)
	}
	if u.seen()[0].Body != agentAsks {
		t.Error("the request was changed")
	}
	r.quiet()
	if line := "guard=delete-tree decision=agreed delivery=released"; !strings.Contains(r.log.String(), line) {
		t.Errorf("no %s in the log: %s", line, r.log)
	}
}

func TestAHeldReplyWithoutAQuorumMeetsItsRule(t *testing.T) {
	for _, tt := range []struct {
		name    string
		edit    func(*config.Guard)
		budget  int64
		others  []string
		want    string // the whole reply; empty: a message
		outcome string
	}{
		{name: "split, refused", others: []string{rightTree}, outcome: monitor.GuardRefused},
		{name: "split, released", others: []string{rightTree}, edit: func(g *config.Guard) { g.OnSplit = config.HeldRelease }, want: proposing("p", wrongTree), outcome: monitor.GuardReleased},
		{name: "split, replaced", others: []string{""}, edit: func(g *config.Guard) { g.OnSplit = config.HeldReplace }, want: "Shall I?", outcome: monitor.GuardReplaced},
		{name: "split, nothing to replace it by", others: []string{rightTree}, edit: func(g *config.Guard) { g.OnSplit = config.HeldReplace }, outcome: monitor.GuardRefused},
		{name: "blind, released", budget: 1, want: proposing("p", wrongTree), outcome: monitor.GuardReleased},
		{name: "blind, refused", budget: 1, edit: func(g *config.Guard) { g.OnFailure = config.HeldRefuse }, outcome: monitor.GuardRefused},
		{name: "lead of three", others: []string{wrongTree}, edit: func(g *config.Guard) { g.Risk = config.RiskLow }, want: proposing("p", wrongTree), outcome: monitor.GuardReleased},
	} {
		t.Run(tt.name, func(t *testing.T) {
			u := &script{primary: callsFor("p", wrongTree), extra: callsForEach(append(tt.others, "ls")...)}
			if len(tt.others) > 0 {
				u.extra = callsForEach(tt.others...)
			}
			r := guardedRig(t, u, func(c *config.Config) {
				holding(tt.edit)(c)
				if tt.budget > 0 {
					c.Budget.ExtraTokensPerHour = tt.budget
				}
			})
			res := r.ask(agentAsks, firstCall, "1")
			got := read(t, res)
			reply := folded(t, wire.OpenAIChat, false, got)
			switch {
			case tt.want == "" && (len(reply.Calls) > 0 || !strings.Contains(reply.Text, "[hotmess]") || reply.ID != "p" || reply.Finish != "stop"):
				t.Errorf("not refused: %s", got)
			case tt.want != "" && got != tt.want && reply.Text != tt.want:
				t.Errorf("reply %s, want %s", got, tt.want)
			}
			if g := r.observation().Guard; g == nil || g.Outcome != tt.outcome || res.Header.Get(headerGuard) != tt.outcome {
				t.Errorf("%+v and header %q, want %s", g, res.Header.Get(headerGuard), tt.outcome)
			}
		})
	}
}

func TestWhatIsNotGuardedIsNotHeld(t *testing.T) {
	u := &script{primary: callsFor("p", "ls"), extra: callsForEach(wrongTree)}
	r := guardedRig(t, u, holding(nil))
	res := r.ask(agentAsks, firstCall, "1")
	if got := read(t, res); got != proposing("p", "ls") || len(u.seen()) != 1 || res.Header.Get(headerGuard) != "" {
		t.Errorf("reply %s after %d calls, %v", got, len(u.seen()), res.Header)
	}
	if o := r.observation(); o.Guard != nil {
		t.Errorf("%+v", o.Guard)
	}
}

// A dialectCase is a request and a recorded stream with calls, of which one is
// held.
type dialectCase struct {
	dialect            wire.Dialect
	path, request, sse string
	tool               string
}

func heldDialects(t *testing.T) []dialectCase {
	t.Helper()
	var cases []dialectCase
	for _, c := range []dialectCase{
		{wire.OpenAIChat, chatPath, `{"model":"m","stream":true,"messages":[{"role":"user","content":"x"}],"tools":[{"type":"function","function":{"name":"TOOL"}}]}`, "openai-chat", ""},
		{wire.OpenAIResponses, "/v1/responses", `{"model":"m","stream":true,"store":false,"input":"x","tools":[{"type":"function","name":"TOOL"}]}`, "openai-responses", ""},
		{wire.AnthropicMessages, "/v1/messages", `{"model":"m","stream":true,"max_tokens":10,"messages":[{"role":"user","content":"x"}],"tools":[{"name":"TOOL","input_schema":{}}]}`, "anthropic-messages", ""},
		{wire.GeminiGenerate, "/v1beta/models/m:streamGenerateContent?alt=sse", `{"contents":[{"parts":[{"text":"x"}]}],"tools":[{"functionDeclarations":[{"name":"TOOL"}]}]}`, "gemini-generate", ""},
	} {
		entries, err := os.ReadDir("../wire/testdata/" + c.sse)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if !strings.HasSuffix(e.Name(), ".sse") {
				continue
			}
			data, err := os.ReadFile("../wire/testdata/" + c.sse + "/" + e.Name())
			if err != nil {
				t.Fatal(err)
			}
			reply, err := wire.Fold(c.dialect, true, bytes.NewReader(data), nil)
			if err != nil || reply.Truncated || reply.Failure != nil || len(reply.Calls) == 0 || reply.Choices != 1 || reply.Calls[0].Name == "" {
				continue
			}
			found := c
			found.tool, found.sse = reply.Calls[0].Name, string(data)
			found.request = strings.ReplaceAll(c.request, "TOOL", found.tool)
			cases = append(cases, found)
		}
	}
	return cases
}

// sends answers with a stream.
func sends(sse string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, sse)
	}
}

func TestHeldStreamsOfEveryDialect(t *testing.T) {
	cases := heldDialects(t)
	if len(cases) < 8 {
		t.Fatalf("%d streams with calls", len(cases))
	}
	seenDialects := map[wire.Dialect]bool{}
	for _, c := range cases {
		seenDialects[c.dialect] = true
		for _, failure := range []string{config.HeldRelease, config.HeldRefuse} {
			r := guardedRig(t, &script{primary: sends(c.sse)}, func(conf *config.Config) {
				holding(nil)(conf)
				conf.Budget.ExtraTokensPerHour = 1
				conf.Guard[0] = config.Guard{Name: "tool", Tool: c.tool, Action: config.GuardHold, OnFailure: failure}
			})
			got := read(t, r.do(http.MethodPost, c.path, c.request))
			plain := withoutKeepAlives(got, c.dialect)
			reply := folded(t, c.dialect, true, got)
			if failure == config.HeldRelease && plain != withoutKeepAlives(c.sse, c.dialect) {
				t.Errorf("%s: released\n%s\nwant\n%s", c.dialect, plain, c.sse)
			}
			if failure == config.HeldRefuse && (len(reply.Calls) > 0 || !strings.Contains(reply.Text, "[hotmess]")) {
				t.Errorf("%s: not refused: %s", c.dialect, got)
			}
			if g := r.observation().Guard; g == nil || g.Decision != monitor.GuardBlind || g.Reason != monitor.ReasonBudget {
				t.Errorf("%s: %+v", c.dialect, g)
			}
		}
	}
	if len(seenDialects) != 4 {
		t.Errorf("only %v have a stream with calls", seenDialects)
	}
}

// withoutKeepAlives is a stream without what hotmess sends to keep it alive.
func withoutKeepAlives(s string, d wire.Dialect) string {
	if strings.Contains(s, "\r\n") {
		s = strings.ReplaceAll(s, "\r\n", "\n")
	}
	return strings.ReplaceAll(s, string(wire.KeepAlive(d, wire.Events)), "")
}

const (
	agentStreams = `{"model":"m","stream":true,"tools":[{"type":"function","function":{"name":"bash"}}],"messages":[{"role":"user","content":"tidy"}]}`
	toldFirst    = "data: {\"id\":\"p\",\"model\":\"m-1\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"I shall.\"}}]}\n\n"
)

// toldThen is the rest of a stream that proposes a command.
func toldThen(command string) string {
	return "data: {\"id\":\"p\",\"model\":\"m-1\",\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"c\",\"function\":{\"name\":\"bash\",\"arguments\":\"\"}}]}}]}\n\n" +
		"data: {\"id\":\"p\",\"model\":\"m-1\",\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"{\\\"command\\\":\\\"" + command + "\\\"}\"}}]}}]}\n\n" +
		"data: {\"id\":\"p\",\"model\":\"m-1\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"tool_calls\"}]}\n\ndata: [DONE]\n\n"
}

func TestAHeldStreamShowsThatItLives(t *testing.T) {
	free := make(chan struct{})
	u := &script{primary: sends(toldFirst + toldThen(wrongTree)), extra: func(n int, w http.ResponseWriter, r *http.Request) {
		held(free, sends(strings.ReplaceAll(toldFirst+toldThen(wrongTree), `"p"`, `"e`+string(rune('0'+n))+`"`)))(w, r)
	}}
	r := guardedRig(t, u, holding(nil))
	res := r.ask(agentStreams, firstCall, "1")
	first := make([]byte, len(toldFirst))
	if _, err := io.ReadFull(res.Body, first); err != nil || string(first) != toldFirst {
		t.Fatalf("%s, %v", first, err)
	}
	if rest, err := waited(t, res, free); err != nil || rest != toldThen(wrongTree) {
		t.Errorf("the rest %s, %v", rest, err)
	}
	if g := r.observation().Guard; g == nil || g.Decision != monitor.GuardAgreed {
		t.Errorf("%+v", g)
	}
}

func TestTextBeforeAHeldCallPassesAtOnce(t *testing.T) {
	release := make(chan struct{})
	u := &script{primary: func(w http.ResponseWriter, _ *http.Request) {
		sends(toldFirst)(w, nil)
		_ = http.NewResponseController(w).Flush()
		<-release
		_, _ = io.WriteString(w, toldThen(wrongTree))
	}, extra: func(n int, w http.ResponseWriter, r *http.Request) {
		sends(strings.ReplaceAll(toldFirst+toldThen(rightTree), `"p"`, `"e`+string(rune('0'+n))+`"`))(w, r)
	}}
	r := guardedRig(t, u, holding(nil))
	res := r.ask(agentStreams, firstCall, "1")
	first := make([]byte, len(toldFirst))
	if _, err := io.ReadFull(res.Body, first); err != nil || string(first) != toldFirst {
		t.Fatalf("%s, %v", first, err)
	}
	close(release)
	rest := read(t, res)
	if reply := folded(t, wire.OpenAIChat, true, toldFirst+rest); len(reply.Calls) > 0 || !strings.HasPrefix(reply.Text, "I shall.[hotmess]") {
		t.Errorf("%+v", reply)
	}
	if g := r.observation().Guard; g == nil || g.Outcome != monitor.GuardRefused || g.Argument != "bash.command" {
		t.Errorf("%+v", g)
	}
}

func TestACompressedStreamIsHeldDecoded(t *testing.T) {
	u := &script{primary: func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		_, _ = io.WriteString(z, toldFirst+toldThen("ls"))
		_ = z.Close()
	}, extra: callsForEach("ls")}
	r := guardedRig(t, u, holding(nil))
	res := r.ask(agentStreams, firstCall, "1", "Accept-Encoding", "gzip")
	if got := read(t, res); withoutKeepAlives(got, wire.OpenAIChat) != toldFirst+toldThen("ls") || res.Header.Get("Content-Encoding") != "" {
		t.Errorf("%v %s", res.Header, got)
	}
	r.observation()
}

func TestAClientThatLeavesEndsTheHolding(t *testing.T) {
	for name, ask := range map[string]string{"unary": agentAsks, "stream": agentStreams} {
		t.Run(name, func(t *testing.T) {
			asked := make(chan struct{}, 8)
			primary := callsFor("p", wrongTree)
			if name == "stream" {
				primary = sends(toldFirst + toldThen(wrongTree))
			}
			u := &script{primary: primary, extra: func(_ int, _ http.ResponseWriter, r *http.Request) {
				asked <- struct{}{}
				<-r.Context().Done()
			}}
			r := guardedRig(t, u, holding(nil))
			ctx, leave := context.WithCancel(context.Background())
			go func() {
				<-asked
				leave()
			}()
			if res, err := r.try(ctx, http.MethodPost, chatPath, ask, firstCall, "1"); err == nil {
				_, _ = io.ReadAll(res.Body)
				_ = res.Body.Close()
			}
			o := r.observation()
			if g := o.Guard; g == nil || g.Outcome != monitor.GuardGone || g.Reason != monitor.ReasonGone {
				t.Errorf("%+v", g)
			}
			if o.Outcome != monitor.OutcomeGone {
				t.Errorf("outcome %s", o.Outcome)
			}
			leave()
		})
	}
}

func TestAQuorumIsWaitedForNoLongerThanItsRuleSays(t *testing.T) {
	u := &script{primary: callsFor("p", wrongTree), extra: func(_ int, _ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }}
	r := guardedRig(t, u, holding(func(g *config.Guard) { d := config.Duration(10 * time.Millisecond); g.Wait = &d }))
	if got := read(t, r.ask(agentAsks, firstCall, "1")); got != proposing("p", wrongTree) {
		t.Errorf("reply %s", got)
	}
	if g := r.observation().Guard; g == nil || g.Decision != monitor.GuardBlind || g.Reason != monitor.ReasonTimeout {
		t.Errorf("%+v", g)
	}
}

func TestRepliesThatLiveUpstreamAreNeverHeld(t *testing.T) {
	const stored = `{"model":"m","input":"x","tools":[{"type":"function","name":"bash"}]}`
	said := `{"id":"r","object":"response","status":"completed","model":"m-1","output":[{"type":"function_call","id":"f","call_id":"c","name":"bash","arguments":"{\"command\":\"rm -rf /\"}"}]}`
	u := &script{primary: func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, said) }}
	r := guardedRig(t, u, func(c *config.Config) { holding(nil)(c); c.Budget.ExtraTokensPerHour = 1 })
	for _, body := range []string{stored, strings.Replace(stored, `{`, `{"store":false,"previous_response_id":"q",`, 1)} {
		if got := read(t, r.do(http.MethodPost, "/v1/responses", body)); got != said {
			t.Errorf("reply %s", got)
		}
		if g := r.observation().Guard; g == nil || g.Outcome != monitor.GuardDelivered {
			t.Errorf("%+v", g)
		}
	}
}

func TestWhatIsTooBigToBeHeldMeetsItsRule(t *testing.T) {
	for failure, want := range map[string]int{config.HeldRelease: http.StatusOK, config.HeldRefuse: http.StatusBadGateway} {
		u := &script{primary: callsFor("p", wrongTree+strings.Repeat(" x", 40<<10)), extra: callsForEach(wrongTree)}
		r := guardedRig(t, u, func(c *config.Config) {
			holding(func(g *config.Guard) { g.OnFailure = failure })(c)
			c.Limits.Body = 4 << 10
		})
		res := r.ask(agentAsks, firstCall, "1")
		if got := read(t, res); res.StatusCode != want || want == http.StatusOK && len(got) < 80<<10 {
			t.Errorf("%s: status %d, %d bytes", failure, res.StatusCode, len(got))
		}
		o := r.observation()
		if g := o.Guard; g == nil || g.Decision != monitor.GuardBlind || g.Reason != monitor.ReasonTooBig {
			t.Errorf("%s: %+v", failure, g)
		}
		if o.Outcome != monitor.OutcomeOK || o.Status != want { // it is not the upstream that fails
			t.Errorf("%s: outcome %s, status %d", failure, o.Outcome, o.Status)
		}
	}
}
