package proxy

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hotmess/config"
	"hotmess/monitor"
	"hotmess/wire"
)

// TestWhatIsHeldOfABrokenStreamLeaves: what had come before the break is the
// client's, and nothing of it is written by two goroutines at once (-race).
func TestWhatIsHeldOfABrokenStreamLeaves(t *testing.T) {
	held := strings.SplitAfter(toldThen(wrongTree), "\n\n")
	sent := toldFirst + held[0] + held[1]
	u := &script{primary: func(w http.ResponseWriter, _ *http.Request) {
		for _, piece := range strings.SplitAfter(sent, "\n\n") {
			send(w, piece)
		}
		panic(http.ErrAbortHandler)
	}, extra: callsForEach(wrongTree)}
	r := guardedRig(t, u, holding(nil))
	var clients sync.WaitGroup
	for range 20 {
		clients.Go(func() {
			res, err := r.try(t.Context(), http.MethodPost, chatPath, agentStreams, firstCall, "1")
			if err != nil {
				t.Error(err)
				return
			}
			body, err := io.ReadAll(res.Body)
			_ = res.Body.Close()
			if err == nil || withoutKeepAlives(string(body), wire.OpenAIChat) != sent {
				t.Errorf("%v after %q", err, body)
			}
		})
	}
	clients.Wait()
	for range 20 {
		if o := r.observation(); o.Guard != nil || o.Outcome != monitor.OutcomeCut {
			t.Errorf("outcome %s, %+v", o.Outcome, o.Guard)
		}
	}
}

// TestAHeldVoteThatCannotBeReadIsToldOf: nobody voted, but a rule was to judge.
func TestAHeldVoteThatCannotBeReadIsToldOf(t *testing.T) {
	long := wrongTree + strings.Repeat(" x", 40<<10)
	u := &script{primary: callsFor("p", long), extra: callsForEach(long)}
	r := guardedRig(t, u, func(c *config.Config) {
		inMode(config.Ensemble, 3)(c)
		holding(func(g *config.Guard) { g.OnFailure = config.HeldRefuse })(c)
		c.Limits.Body = 4 << 10
	})
	if res := r.ask(agentAsks, firstCall, "1"); res.StatusCode != http.StatusBadGateway {
		t.Errorf("status %d", res.StatusCode)
	}
	if g := r.observation().Guard; g == nil || g.Decision != monitor.GuardBlind || g.Reason != monitor.ReasonTooBig || g.Outcome != monitor.GuardRefused {
		t.Errorf("%+v", g)
	}
}

// TestAReplyThatUnfoldsIsHeldWithinTheLimits: what a compressed body becomes counts.
func TestAReplyThatUnfoldsIsHeldWithinTheLimits(t *testing.T) {
	reply := proposing("p", wrongTree+strings.Repeat(" x", 1<<20))
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = io.WriteString(z, reply)
	_ = z.Close()
	u := &script{primary: func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(packed.Bytes())
	}, extra: callsForEach(wrongTree)}
	r := guardedRig(t, u, func(c *config.Config) {
		holding(nil)(c)
		c.Limits.Held = 256 << 10
	})
	res := r.ask(agentAsks, firstCall, "1", "Accept-Encoding", "gzip")
	if got := read(t, res); got != packed.String() {
		t.Errorf("%d bytes, want the %d as they came", len(got), packed.Len())
	}
	if g := r.observation().Guard; g == nil || g.Reason != monitor.ReasonMemory || g.Outcome != monitor.GuardReleased {
		t.Errorf("%+v", g)
	}
}

// TestAReplacedReplyHasNoHeadersOfAnotherConnection: the sample's own are for the
// connection on which it came; all of hotmess's stay.
func TestAReplacedReplyHasNoHeadersOfAnotherConnection(t *testing.T) {
	u := &script{primary: callsFor("p", wrongTree), extra: func(n int, w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "X-Hop")
		w.Header().Set("X-Hop", "1")
		w.Header().Set("Keep-Alive", "timeout=5")
		w.Header().Set("X-Own", "1")
		callsFor(fmt.Sprint("e", n), "")(w, r)
	}}
	r := guardedRig(t, u, holding(func(g *config.Guard) { g.OnSplit, g.Risk = config.HeldReplace, config.RiskHigh }))
	res := r.ask(agentAsks, firstCall, "1")
	if got := read(t, res); !strings.Contains(got, "Shall I?") {
		t.Fatalf("not replaced: %s", got)
	}
	if res.Header.Get("X-Hop") != "" || res.Header.Get("Keep-Alive") != "" || res.Close || res.Header.Get("X-Own") != "1" || res.Header.Get(headerID) == "" {
		t.Errorf("close %v, %v", res.Close, res.Header)
	}
	r.observation()
}

// TestEveryReplyThatClientsTakeForOneIsHeld: SDKs read any status of success.
func TestEveryReplyThatClientsTakeForOneIsHeld(t *testing.T) {
	u := &script{primary: func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, proposing("p", wrongTree))
	}, extra: callsForEach(rightTree)}
	r := guardedRig(t, u, holding(func(g *config.Guard) { g.Risk = config.RiskHigh }))
	if reply := folded(t, wire.OpenAIChat, false, read(t, r.ask(agentAsks, firstCall, "1"))); len(reply.Calls) > 0 {
		t.Errorf("%+v", reply)
	}
	r.observation()
}

// TestWhatHasNoPlaceForAMessageIsAnError: it must not pass for a reply.
func TestWhatHasNoPlaceForAMessageIsAnError(t *testing.T) {
	call := `[{"candidates":[{"content":{"role":"model","parts":[{"functionCall":{"name":"wipe","args":{}}}]},"finishReason":"STOP"}]}]`
	u := &script{primary: func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, call)
	}}
	r := guardedRig(t, u, func(c *config.Config) {
		holding(nil)(c)
		c.Budget.ExtraTokensPerHour = 1
		c.Guard[0] = config.Guard{Name: "wipe", Tool: "wipe", Action: config.GuardHold, OnFailure: config.HeldRefuse}
	})
	res := r.do(http.MethodPost, "/v1beta/models/m:streamGenerateContent",
		`{"contents":[{"parts":[{"text":"x"}]}],"tools":[{"functionDeclarations":[{"name":"wipe"}]}]}`)
	got := read(t, res)
	if strings.Contains(got, "functionCall") || res.StatusCode == http.StatusOK && !strings.Contains(got, `"text":"[hotmess]`) {
		t.Errorf("status %d, %s", res.StatusCode, got)
	}
	r.observation()
}

// TestToolsThatTheRequestDoesNotShowMayBeHeld: a stored prompt and a cached context
// bring tools of their own.
func TestToolsThatTheRequestDoesNotShowMayBeHeld(t *testing.T) {
	for path, exchange := range map[string][2]string{
		"/v1/responses": {
			`{"model":"m","store":false,"prompt":{"id":"pmpt_1"},"input":"x"}`,
			`{"id":"r","object":"response","status":"completed","model":"m-1","output":[{"type":"function_call","id":"f","call_id":"c","name":"bash","arguments":"{\"command\":\"rm -rf /\"}"}]}`,
		},
		"/v1beta/models/m:generateContent": {
			`{"contents":[{"parts":[{"text":"x"}]}],"cachedContent":"cachedContents/1"}`,
			`{"candidates":[{"content":{"role":"model","parts":[{"functionCall":{"name":"bash","args":{"command":"rm -rf /"}}}]},"finishReason":"STOP"}]}`,
		},
	} {
		u := &script{primary: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, exchange[1])
		}}
		r := guardedRig(t, u, func(c *config.Config) {
			holding(func(g *config.Guard) { g.OnFailure = config.HeldRefuse })(c)
			c.Budget.ExtraTokensPerHour = 1
		})
		if got := read(t, r.do(http.MethodPost, path, exchange[0])); strings.Contains(got, "rm -rf") {
			t.Errorf("%s: %s", path, got)
		}
		if g := r.observation().Guard; g == nil || g.Outcome != monitor.GuardRefused {
			t.Errorf("%s: %+v", path, g)
		}
	}
}

// TestAGuardThatFailsGivesBackWhatItHolds: the rig complains if not.
func TestAGuardThatFailsGivesBackWhatItHolds(t *testing.T) {
	asked := make(chan struct{}, maxAsked)
	u := &script{primary: callsFor("p", wrongTree), extra: func(n int, w http.ResponseWriter, r *http.Request) {
		if n == 0 {
			<-asked // another one has begun
			callsFor("e0", rightTree)(w, r)
			return
		}
		send(w, `{"id":"begun`)
		asked <- struct{}{}
		<-r.Context().Done()
	}}
	r := guardedRig(t, u, func(c *config.Config) {
		c.Guard = []config.Guard{{Name: "delete-tree", Tool: "bash", Risk: config.RiskHigh}}
	})
	var asking atomic.Bool
	r.handler.now = func() time.Time {
		if asking.Load() {
			panic("planted")
		}
		return time.Now()
	}
	inner := u.extra
	u.extra = func(n int, w http.ResponseWriter, q *http.Request) {
		asking.Store(true)
		inner(n, w, q)
	}
	read(t, r.ask(agentAsks, firstCall, "1"))
	r.quiet()
}

// TestAHeldVoteMayBeLeftWhileItIsReceived: the client leaves as the vote is decided;
// -race tells if its body is closed while another goroutine reads it.
func TestAHeldVoteMayBeLeftWhileItIsReceived(t *testing.T) {
	u := &script{primary: sends(toldFirst + toldThen(wrongTree)), extra: func(n int, w http.ResponseWriter, _ *http.Request) {
		sends(strings.ReplaceAll(toldFirst+toldThen(wrongTree), `"p"`, fmt.Sprintf(`"e%d"`, n)))(w, nil)
	}}
	begun := make(chan struct{}, 100)
	primary := u.primary
	u.primary = func(w http.ResponseWriter, r *http.Request) {
		begun <- struct{}{}
		primary(w, r)
	}
	r := guardedRig(t, u, func(c *config.Config) {
		inMode(config.Ensemble, 3)(c)
		holding(nil)(c)
		c.Ensemble.KeepAlive = config.Duration(time.Microsecond)
	})
	for range 50 {
		ctx, leave := context.WithCancel(t.Context())
		go func() {
			select {
			case <-begun:
				leave()
			case <-ctx.Done():
			}
		}()
		if res, err := r.try(ctx, http.MethodPost, chatPath, agentStreams, firstCall, "1"); err == nil {
			_, _ = io.Copy(io.Discard, res.Body)
			_ = res.Body.Close()
		}
		leave()
	}
	r.quiet()
}

// bursting makes replies whose bodies panic wherever they are read, once they gave
// what the upstream sent.
type bursting struct{ http.RoundTripper }

func (b bursting) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := b.RoundTripper.RoundTrip(r)
	if err == nil {
		res.Body = burst{res.Body}
	}
	return res, err
}

type burst struct{ io.ReadCloser }

func (b burst) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if n == 0 && err != nil {
		panic("planted")
	}
	return n, nil
}

// TestAHeldStreamThatPanicsEndsItsCallOnly: where it is read beside the client's
// goroutine nothing else would catch that.
func TestAHeldStreamThatPanicsEndsItsCallOnly(t *testing.T) {
	for name, sent := range map[string]string{"while text passes": toldFirst, "while a call is held": toldFirst + toldThen(wrongTree)} {
		r := guardedRig(t, &script{primary: sends(sent), extra: callsForEach(wrongTree)}, holding(nil))
		r.handler.transport = bursting{r.transport}
		body, err := io.ReadAll(r.ask(agentStreams, firstCall, "1").Body)
		if err == nil || withoutKeepAlives(string(body), wire.OpenAIChat) != sent {
			t.Errorf("%s: %v after %s", name, err, body)
		}
		r.quiet()
	}
}
