package proxy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"hotmess/budget"
	"hotmess/config"
	"hotmess/monitor"
)

const (
	agentAsks = `{"model":"m","tools":[{"type":"function","function":{"name":"bash","parameters":{"type":"object","properties":{"command":{"type":"string"}}}}}],` +
		`"messages":[{"role":"user","content":"tidy up"}]}`
	wrongTree = "rm -rf /srv/data"
	rightTree = "rm -rf /srv/data/build"
)

// proposing is a completion that proposes a shell command; empty: none.
func proposing(id, command string) string {
	if command == "" {
		return completion(id, "Shall I?")
	}
	arguments, _ := json.Marshal(map[string]string{"command": command})
	return fmt.Sprintf(`{"id":%q,"object":"chat.completion","model":"m-1","choices":[{"index":0,"finish_reason":"tool_calls","message":{"role":"assistant","content":null,`+
		`"tool_calls":[{"id":"call_%s","type":"function","function":{"name":"bash","arguments":%q}}]}}],"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}}`, id, id, arguments)
}

func callsFor(id, command string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, proposing(id, command))
	}
}

// callsForEach has the n-th extra propose the n-th command, then the last.
func callsForEach(commands ...string) func(int, http.ResponseWriter, *http.Request) {
	return func(n int, w http.ResponseWriter, r *http.Request) {
		callsFor("e"+strconv.Itoa(n), commands[min(n, len(commands)-1)])(w, r)
	}
}

// guardedRig has a rig with plenty of places for extras.
func guardedRig(t *testing.T, u http.Handler, edit func(*config.Config)) *rig {
	return newRig(t, u, func(c *config.Config) {
		c.Sampling.Rate = config.Rate{Share: 0}
		if edit != nil {
			edit(c)
		}
	})
}

func TestAnActionIsSampledAgainBesideItsDelivery(t *testing.T) {
	for _, tt := range []struct {
		name     string
		others   []string
		decision string
		agreed   int
		argument string
	}{
		{"all agree", []string{wrongTree}, monitor.GuardAgreed, 4, ""},
		{"worded otherwise", []string{"rm -fr /srv/data", "sudo true; rm -r -f '/srv/data'", wrongTree}, monitor.GuardAgreed, 4, ""},
		{"one dissents", []string{rightTree}, monitor.GuardSplit, 1, "bash.command"},
		{"one asks first", []string{""}, monitor.GuardSplit, 1, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			u := &script{primary: callsFor("p", wrongTree), extra: callsForEach(tt.others...)}
			r := guardedRig(t, u, nil)
			if got := read(t, r.ask(agentAsks, firstCall, "1")); got != proposing("p", wrongTree) {
				t.Errorf("reply %s", got)
			}
			o := r.observation()
			g := o.Guard
			if g == nil {
				t.Fatalf("no quorum: %+v", o)
			}
			if g.Decision != tt.decision || g.Argument != tt.argument || g.Rule != "delete-tree" || g.Tool != "bash" || g.Outcome != monitor.GuardDelivered {
				t.Errorf("%+v, want %s in %q", g, tt.decision, tt.argument)
			}
			if tt.decision == monitor.GuardAgreed && (g.Agreed != 4 || g.Votes != 4) {
				t.Errorf("%d of %d agree", g.Agreed, g.Votes)
			}
			if o.ExtraUsed == nil || o.ExtraUsed.Input+o.ExtraUsed.Output != g.Tokens || o.ExtraUSDMissing != monitor.ReasonPriceUnknown {
				t.Errorf("used %+v, cost missing %q", o.ExtraUsed, o.ExtraUSDMissing)
			}
			if g.Tokens == 0 || o.ExtraTokens != g.Tokens || o.Differ != nil || len(o.Samples) != 1 {
				t.Errorf("tokens %d of %d, %d samples in the measurement", g.Tokens, o.ExtraTokens, len(o.Samples))
			}
		})
	}
}

func TestTheCostOfAQuorumIsWhatItsSamplesUsed(t *testing.T) {
	for name, tt := range map[string]struct {
		extra     func(int, http.ResponseWriter, *http.Request)
		estimated bool
	}{
		"from usage": {callsForEach(wrongTree), false},
		"estimated": {func(n int, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			whole := proposing("e"+strconv.Itoa(n), wrongTree)
			_, _ = io.WriteString(w, whole[:strings.Index(whole, `,"usage"`)]+"}")
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			r := guardedRig(t, &script{primary: callsFor("p", wrongTree), extra: tt.extra}, func(c *config.Config) {
				c.Prices = []config.Price{{Model: "m", Input: new(1.0), Output: new(2.0)}}
			})
			read(t, r.ask(agentAsks, firstCall, "1"))
			o := r.observation()
			if o.Guard == nil || o.Guard.Decision != monitor.GuardAgreed || o.ExtraUsed == nil || o.ExtraUSD == nil {
				t.Fatalf("%+v of %+v", o.Guard, o)
			}
			if o.Guard.TokensEstimated != tt.estimated || o.ExtraTokensEstimated != tt.estimated || o.ExtraTokens != o.Guard.Tokens {
				t.Errorf("%+v, %d tokens, estimated %v", o.Guard, o.ExtraTokens, o.ExtraTokensEstimated)
			}
			used := *o.ExtraUsed
			if want := float64(used.Input+2*used.Output) / 1e6; *o.ExtraUSD != want || used.Input == 0 {
				t.Errorf("%g USD for %+v, want %g", *o.ExtraUSD, used, want)
			}
			if want := (budget.Spend{Input: 30, Output: 15}); !tt.estimated && used != want {
				t.Errorf("used %+v, want %+v", used, want)
			}
		})
	}
}

func TestWhatIsMeasuredCountsForTheQuorum(t *testing.T) {
	u := &script{primary: callsFor("p", wrongTree), extra: callsForEach(wrongTree)}
	r := newRig(t, u, nil)
	read(t, r.ask(agentAsks, firstCall, "1"))
	o := r.observation()
	if o.Guard == nil || o.Guard.Votes != 4 || len(o.Samples) != 2 || len(u.seen()) != 4 {
		t.Errorf("%+v with %d calls and %d measured samples, want 4 votes of 4 calls, 2 measured", o.Guard, len(u.seen()), len(o.Samples))
	}
}

func TestTheWinnerOfAVoteIsGuardedToo(t *testing.T) {
	u := &script{primary: callsFor("p", wrongTree), extra: callsForEach(wrongTree)}
	r := guardedRig(t, u, inMode(config.Ensemble, 3))
	read(t, r.ask(agentAsks, firstCall, "1"))
	if o := r.observation(); o.Guard == nil || o.Guard.Decision != monitor.GuardAgreed || o.Vote == nil {
		t.Errorf("%+v", o.Guard)
	}
}

func TestAQuorumThatCannotBeAskedForIsBlind(t *testing.T) {
	for _, tt := range []struct {
		name   string
		edit   func(*config.Config)
		header []string
		extra  func(int, http.ResponseWriter, *http.Request)
		body   string
		reason monitor.Reason
	}{
		{name: "budget", edit: func(c *config.Config) { c.Budget.ExtraTokensPerHour = 1 }, reason: monitor.ReasonBudget},
		{name: "budget of money without a price", reason: monitor.ReasonPriceUnknown, edit: func(c *config.Config) {
			c.Prices = []config.Price{{Model: "another", Input: new(1.0), Output: new(1.0)}}
			c.Budget.ExtraUSDPerDay = new(10.0)
		}},
		{name: "login", header: []string{"Authorization", "Bearer sk-ant-oat01-login"}, reason: monitor.ReasonSubscription},
		{name: "own choices", body: strings.Replace(agentAsks, `"model"`, `"n":2,"model"`, 1), reason: monitor.ReasonNativeN},
		{name: "failures", reason: monitor.ReasonFailed, extra: func(_ int, w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusInternalServerError)
		}},
		{name: "one reply served again", reason: monitor.ReasonNotIndependent, extra: func(_ int, w http.ResponseWriter, r *http.Request) {
			callsFor("p", wrongTree)(w, r)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			u := &script{primary: callsFor("p", wrongTree), extra: tt.extra}
			if u.extra == nil {
				u.extra = callsForEach(wrongTree)
			}
			r := guardedRig(t, u, tt.edit)
			body := tt.body
			if body == "" {
				body = agentAsks
			}
			if got := read(t, r.ask(body, append(tt.header, firstCall, "1")...)); got != proposing("p", wrongTree) {
				t.Errorf("reply %s", got)
			}
			g := r.observation().Guard
			if g == nil || g.Decision != monitor.GuardBlind || g.Reason != tt.reason || g.Votes != 1 {
				t.Errorf("%+v, want blind for %s", g, tt.reason)
			}
			if n := len(u.seen()); n > 1+maxAsked {
				t.Errorf("%d calls", n)
			}
		})
	}
}

func TestSplitAndBlindQuorumsAreReadings(t *testing.T) {
	u := &script{primary: callsFor("p", wrongTree), extra: callsForEach(rightTree)}
	r := guardedRig(t, u, nil)
	read(t, r.ask(agentAsks, firstCall, "1"))
	o := r.observation()
	r.settled()
	for _, reading := range r.monitor.Readings() {
		if reading.Rule == config.RuleSplitDecision {
			if reading.Of != o.Conversation || reading.Detail["guard"] != "delete-tree" || reading.Detail["request"] != o.ID || reading.Detail["agreed"] != 1 {
				t.Errorf("reading %+v", reading)
			}
			return
		}
	}
	t.Error("no reading of split_decision")
}

func TestOtherCallsAreNotSampledAgain(t *testing.T) {
	u := &script{primary: callsFor("p", "ls -la"), extra: callsForEach(wrongTree)}
	r := guardedRig(t, u, nil)
	read(t, r.ask(agentAsks, firstCall, "1"))
	if o := r.observation(); o.Guard != nil || len(u.seen()) != 1 {
		t.Errorf("%+v after %d calls", o.Guard, len(u.seen()))
	}
}

// TestAQuorumOutlivesAnUpstreamThatRefusesToTellUsage: the samples that found out are
// lost, not all that may be asked for.
func TestAQuorumOutlivesAnUpstreamThatRefusesToTellUsage(t *testing.T) {
	stream := toldFirst + toldThen(wrongTree)
	u := &script{primary: sends(stream), extra: func(n int, w http.ResponseWriter, r *http.Request) {
		sends(strings.ReplaceAll(stream, `"p"`, fmt.Sprintf(`"e%d"`, n)))(w, r)
	}}
	refused := 0
	r := guardedRig(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if strings.Contains(string(body), "include_usage") {
			u.mu.Lock()
			defer u.mu.Unlock()
			refused++
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		u.ServeHTTP(w, r)
	}), holding(func(g *config.Guard) { g.OnFailure = config.HeldRefuse }))
	read(t, r.ask(agentStreams, firstCall, "1"))
	if g := r.observation().Guard; g == nil || g.Decision != monitor.GuardAgreed || refused == 0 {
		t.Errorf("%+v after %d refusals", g, refused)
	}
}

// TestTheArgumentThatDiffersIsOneOfTheGuardedCall: what a reply proposes beside it
// may differ as it likes.
func TestTheArgumentThatDiffersIsOneOfTheGuardedCall(t *testing.T) {
	beside := func(id, listed, command string) string {
		other := `{"id":"call_0","type":"function","function":{"name":"bash","arguments":"{\"command\":\"` + listed + `\"}"}},` +
			`{"id":"call_1","type":"function","function":{"name":"a_read","arguments":"{\"path\":\"` + listed + `\"}"}},`
		return strings.Replace(proposing(id, command), `"tool_calls":[`, `"tool_calls":[`+other, 1)
	}
	asks := strings.Replace(agentAsks, `"tools":[`,
		`"tools":[{"type":"function","function":{"name":"a_read","parameters":{"type":"object","properties":{"path":{"type":"string"}}}}},`, 1)
	for name, extra := range map[string]func(n int) string{
		"another tree":    func(n int) string { return beside("e"+strconv.Itoa(n), "ls "+strconv.Itoa(n), rightTree) },
		"that call alone": func(n int) string { return proposing("e"+strconv.Itoa(n), rightTree) },
		"nothing of it":   func(n int) string { return proposing("e"+strconv.Itoa(n), "ls") },
	} {
		u := &script{
			primary: func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, beside("p", "ls", wrongTree)) },
			extra:   func(n int, w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, extra(n)) },
		}
		r := guardedRig(t, u, holding(nil))
		read(t, r.ask(asks, firstCall, "1"))
		if g := r.observation().Guard; g == nil || g.Decision != monitor.GuardSplit || g.Argument != "bash.command" {
			t.Errorf("%s: %+v", name, g)
		}
	}
}
