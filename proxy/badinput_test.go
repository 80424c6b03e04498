package proxy

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"hotmess/config"
	"hotmess/monitor"
	"hotmess/wire"
)

// What upstreams do to extras.
var misdeeds = map[string]func(http.ResponseWriter, *http.Request){
	"error 500": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
	"error 429": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "30")
		w.WriteHeader(http.StatusTooManyRequests)
	},
	"no reply": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	"HTML":     func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>Sign in</html>") },
	"nothing":  func(http.ResponseWriter, *http.Request) {},
	"an error in a success": func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"error":{"message":"no","type":"server_error"}}`)
	},
	"no choice": func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"id":"x","object":"chat.completion","model":"m-1","choices":[]}`)
	},
	"half": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		_, _ = io.WriteString(w, completion("x", "half")[:60])
	},
	"silence": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
}

// bounded ends extras that are silent; those that answer have time.
func bounded(c *config.Config, misdeed string) {
	if misdeed == "silence" {
		c.Sampling.Timeout = config.Duration(100 * time.Millisecond)
	}
}

func TestExtrasThatAllFailLeaveThePrimary(t *testing.T) {
	for name, misdeed := range misdeeds {
		t.Run(name, func(t *testing.T) {
			u := &script{primary: says("p", "a"), extra: func(_ int, w http.ResponseWriter, r *http.Request) { misdeed(w, r) }}
			r := newRig(t, u, func(c *config.Config) {
				inMode(config.Ensemble, 5)(c)
				bounded(c, name)
			})
			res := r.ask(question, firstCall, "1")
			if got := read(t, res); got != completion("p", "a") || res.Header.Get(headerSamples) != "1" {
				t.Errorf("%s of %s votes", got, res.Header.Get(headerSamples))
			}
			o := r.observation()
			if o.Vote == nil || o.Vote.Votes != 1 || o.Vote.Changed == nil || *o.Vote.Changed || o.Differ != nil || o.Reason == "" {
				t.Errorf("vote %+v, differ %v, reason %q", o.Vote, o.Differ, o.Reason)
			}
		})
	}
}

func TestHalfOfTheSamplesDecide(t *testing.T) {
	for name, misdeed := range misdeeds {
		if name == "error 429" || name == "silence" { // the one ends all extras, the other the call
			continue
		}
		t.Run(name, func(t *testing.T) {
			u := &script{primary: misdeed, extra: func(n int, w http.ResponseWriter, r *http.Request) {
				if n%2 == 0 {
					misdeed(w, r)
					return
				}
				says("e"+strconv.Itoa(n), "b")(w, r)
			}}
			r := newRig(t, u, func(c *config.Config) {
				inMode(config.Ensemble, 6)(c)
				bounded(c, name)
			})
			res := r.ask(question, firstCall, "1")
			got := read(t, res)
			if got != completion("e1", "b") && got != completion("e3", "b") {
				t.Errorf("got %d %s", res.StatusCode, got)
			}
			if o := r.observation(); o.Vote == nil || o.Vote.Winner == 0 || o.Vote.Votes < 1 || o.Vote.Votes > 2 || o.Differ != nil {
				t.Errorf("vote %+v", o.Vote)
			}
		})
	}
}

// TestAPrimaryThatIsNoReplyYieldsToAWholeSample does so for a page that a gateway sends
// as a success, before or after the client's first keep-alive.
func TestAPrimaryThatIsNoReplyYieldsToAWholeSample(t *testing.T) {
	for name, c := range map[string]struct {
		body  string
		waits bool
		says  func(id, text string) func(http.ResponseWriter, *http.Request)
		want  string
	}{
		"unary":           {question, false, says, completion("e1", "b")},
		"streamed":        {streamed, false, streams, chunk("e1", "b") + done},
		"streamed, waits": {streamed, true, streams, chunk("e1", "b") + done},
	} {
		t.Run(name, func(t *testing.T) {
			free := make(chan struct{})
			u := &script{primary: misdeeds["HTML"], extra: func(n int, w http.ResponseWriter, r *http.Request) {
				if n == 1 {
					held(free, c.says("e1", "b"))(w, r)
					return
				}
				misdeeds["HTML"](w, r)
			}}
			r := newRig(t, u, func(cfg *config.Config) {
				inMode(config.Ensemble, 3)(cfg)
				if c.waits {
					cfg.Ensemble.KeepAlive = config.Duration(time.Millisecond)
				}
			})
			if !c.waits {
				close(free)
			}
			res := r.ask(c.body, firstCall, "1")
			var got string
			if c.waits {
				got, _ = waited(t, res, free)
			} else {
				got = read(t, res)
			}
			if res.StatusCode != http.StatusOK || got != c.want {
				t.Errorf("got %d %q", res.StatusCode, got)
			}
			o := r.observation()
			if o.Vote == nil || o.Vote.Votes != 1 || o.Vote.Winner == 0 || o.Vote.Changed != nil || o.Reason != monitor.ReasonUnreadable {
				t.Errorf("vote %+v, reason %q", o.Vote, o.Reason)
			}
		})
	}
}

// TestAQuorumOfBadSamplesIsBlind has all samples of a held reply fail: its rule says
// what then.
func TestAQuorumOfBadSamplesIsBlind(t *testing.T) {
	for name, misdeed := range misdeeds {
		for _, failure := range []string{config.HeldRelease, config.HeldRefuse} {
			t.Run(name+", "+failure, func(t *testing.T) {
				u := &script{primary: callsFor("p", wrongTree), extra: func(_ int, w http.ResponseWriter, r *http.Request) { misdeed(w, r) }}
				r := guardedRig(t, u, func(c *config.Config) {
					holding(func(g *config.Guard) { g.OnFailure = failure })(c)
					bounded(c, name)
				})
				got := read(t, r.ask(agentAsks, firstCall, "1"))
				if released := got == proposing("p", wrongTree); released != (failure == config.HeldRelease) {
					t.Errorf("got %s", got)
				}
				if reply := folded(t, wire.OpenAIChat, false, got); failure == config.HeldRefuse && (len(reply.Calls) > 0 || reply.Finish != "stop") {
					t.Errorf("got %+v", reply)
				}
				if g := r.observation().Guard; g == nil || g.Decision != monitor.GuardBlind || g.Reason == "" || g.Votes != 1 {
					t.Errorf("%+v", g)
				}
				if n := len(u.seen()); n > 1+maxAsked {
					t.Errorf("%d calls", n)
				}
			})
		}
	}
}

func TestAQuorumForgivesBadSamples(t *testing.T) {
	for name, misdeed := range misdeeds {
		if name == "error 429" || name == "silence" { // asking again would bring the same
			continue
		}
		t.Run(name, func(t *testing.T) {
			u := &script{primary: callsFor("p", wrongTree), extra: func(n int, w http.ResponseWriter, r *http.Request) {
				if n%2 == 0 {
					misdeed(w, r)
					return
				}
				callsFor("e"+strconv.Itoa(n), wrongTree)(w, r)
			}}
			r := guardedRig(t, u, func(c *config.Config) {
				holding(nil)(c)
				bounded(c, name)
			})
			if got := read(t, r.ask(agentAsks, firstCall, "1")); got != proposing("p", wrongTree) {
				t.Errorf("got %s", got)
			}
			if g := r.observation().Guard; g == nil || g.Decision != monitor.GuardAgreed || g.Votes != 4 {
				t.Errorf("%+v", g)
			}
		})
	}
}

// callsWith proposes a call with arguments that may be anything.
func callsWith(id, arguments string) string {
	text, _ := json.Marshal(arguments)
	return fmt.Sprintf(`{"id":%q,"object":"chat.completion","model":"m-1","choices":[{"index":0,"finish_reason":"tool_calls","message":{"role":"assistant","content":null,`+
		`"tool_calls":[{"id":"call_%s","type":"function","function":{"name":"bash","arguments":%s}}]}}],"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}}`, id, id, text)
}

func answers(body string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }
}

func TestVotesOnArgumentsThatAreNotJSON(t *testing.T) {
	const good, broken = `{"command":"ls"}`, `{"command":"ls`
	for _, c := range []struct {
		name    string
		samples []string // the primary's first
		flag    bool
		winner  string
	}{
		{"outvoted", []string{broken, good, good}, false, good},
		{"alike", []string{broken, broken, broken}, false, broken},
		{"outvoting", []string{good, broken, broken}, false, broken},
		{"set aside", []string{good, broken, broken}, true, good},
		{"empty", []string{"", good, good}, false, good},
		{"no object", []string{`null`, `["ls"]`, `["ls"]`}, false, `["ls"]`},
	} {
		t.Run(c.name, func(t *testing.T) {
			u := &script{primary: answers(callsWith("p", c.samples[0])), extra: func(n int, w http.ResponseWriter, r *http.Request) {
				answers(callsWith("e"+strconv.Itoa(n), c.samples[1+n]))(w, r)
			}}
			r := newRig(t, u, func(cfg *config.Config) {
				inMode(config.Ensemble, 3)(cfg)
				cfg.Ensemble.RedFlag.Malformed = c.flag
			})
			got := read(t, r.ask(agentAsks, firstCall, "1"))
			if reply := folded(t, wire.OpenAIChat, false, got); len(reply.Calls) != 1 || reply.Calls[0].Arguments != c.winner {
				t.Errorf("got %s, want %s", got, c.winner)
			}
			if o := r.observation(); o.Vote == nil || o.Vote.Method != "calls" {
				t.Errorf("vote %+v", o.Vote)
			}
		})
	}
}

// TestArgumentsThatAreNotJSONAreGuarded: what is cut short, or a text, may still be
// run.
func TestArgumentsThatAreNotJSONAreGuarded(t *testing.T) {
	for _, arguments := range []string{
		`{"command":"rm -rf /srv/data"`, `{"command":"rm -rf /srv/data`, `rm -rf /srv/data`, `"rm -rf /srv/data"`, `["bash","-lc","rm -rf /srv/data"]`,
		`{"command":"rm -rf /srv/data"} and so on`,
	} {
		u := &script{primary: answers(callsWith("p", arguments)), extra: callsForEach("")}
		r := guardedRig(t, u, holding(func(g *config.Guard) { g.Risk = config.RiskHigh }))
		reply := folded(t, wire.OpenAIChat, false, read(t, r.ask(agentAsks, firstCall, "1")))
		if len(reply.Calls) > 0 {
			t.Errorf("%s is let through", arguments)
		}
		if g := r.observation().Guard; g == nil || g.Decision != monitor.GuardSplit || g.Outcome != monitor.GuardRefused {
			t.Errorf("%s: %+v", arguments, g)
		}
	}
}

// TestAClientThatLeavesWhileItsReplyIsReadEndsTheCall: what is held so far of a call
// that has begun.
func TestAClientThatLeavesWhileItsReplyIsReadEndsTheCall(t *testing.T) {
	for name, ask := range map[string]string{"unary": agentAsks, "stream": agentStreams} {
		t.Run(name, func(t *testing.T) {
			begun, ended := make(chan struct{}), make(chan struct{})
			u := &script{primary: func(w http.ResponseWriter, r *http.Request) {
				defer close(ended)
				if name == "stream" {
					sends(toldFirst+strings.SplitAfter(toldThen(wrongTree), "\n\n")[0])(w, r)
				} else {
					_, _ = io.WriteString(w, proposing("p", wrongTree)[:100])
				}
				_ = http.NewResponseController(w).Flush()
				close(begun)
				<-r.Context().Done()
			}, extra: callsForEach(wrongTree)}
			r := guardedRig(t, u, holding(nil))
			ctx, leave := context.WithCancel(context.Background())
			defer leave()
			go func() {
				<-begun
				leave()
			}()
			if res, err := r.try(ctx, http.MethodPost, chatPath, ask, firstCall, "1"); err == nil {
				_, _ = io.ReadAll(res.Body)
				_ = res.Body.Close()
			}
			receive(t, ended, "the end of the call upstream")
			if o := r.observation(); o.Outcome != monitor.OutcomeGone || o.Guard != nil || len(u.seen()) != 1 {
				t.Errorf("%s, %+v after %d calls", o.Outcome, o.Guard, len(u.seen()))
			}
		})
	}
}

// TestSamplesThatClientsAskFor: what is no number of samples counts as not asked, one
// is no vote.
func TestSamplesThatClientsAskFor(t *testing.T) {
	for asked, calls := range map[string]int{"0": 3, "-1": 3, "33": 3, "100": 3, "1e1": 3, "": 3, "many": 3, "1": 1, "2": 2, "5": 5} {
		u := &script{primary: says("p", "A"), extra: saysEach("A")}
		r := newRig(t, u, func(c *config.Config) {
			inMode(config.Ensemble, 3)(c)
			c.Ensemble.Stop = config.Stop{}
			c.ClientHeaders = []string{"samples"}
		})
		header := []string{firstCall, "1"}
		if asked != "" {
			header = append(header, headerSamples, asked)
		}
		res := r.ask(letterAsked, header...)
		if got := read(t, res); !strings.Contains(got, `"A"`) {
			t.Errorf("%q: %s", asked, got)
		}
		o := r.observation()
		if len(o.Samples) != calls || calls > 1 != (o.Vote != nil && res.Header.Get(headerMethod) != "") {
			t.Errorf("%q: %d samples, want %d; vote %+v, %v", asked, len(o.Samples), calls, o.Vote, res.Header)
		}
	}
}

// TestAnErrorInAHeldStreamIsTold: what the upstream says of its failure reaches the
// client as it is, and no sample is asked for.
func TestAnErrorInAHeldStreamIsTold(t *testing.T) {
	const failed = `data: {"error":{"message":"overloaded","type":"server_error"}}` + "\n\n"
	stream := toldFirst + strings.SplitAfter(toldThen(wrongTree), "\n\n")[0] + failed
	for _, failure := range []string{config.HeldRelease, config.HeldRefuse} {
		u := &script{primary: sends(stream), extra: callsForEach(wrongTree)}
		r := guardedRig(t, u, holding(func(g *config.Guard) { g.OnFailure = failure }))
		if got := withoutKeepAlives(read(t, r.ask(agentStreams, firstCall, "1")), wire.OpenAIChat); got != stream {
			t.Errorf("%s: %s", failure, got)
		}
		if o := r.observation(); o.Guard != nil || len(u.seen()) != 1 {
			t.Errorf("%s: %+v after %d calls", failure, o.Guard, len(u.seen()))
		}
	}
}
