package e2e

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// A failed call is what a client learns of it, and what it costs.
type failed struct {
	Complaint complaint
	// OfAPI is whether the SDK takes it for an error of the API.
	OfAPI bool
	// Calls is how often the client asked.
	Calls int
}

// fails asks a question that fails, and says how, and how many calls were made
// beside the client's own.
func (v *visit) fails(t *testing.T, fault string, stream bool) (f failed, beside int) {
	t.Helper()
	c := v.open(t, manner{stream: stream, header: http.Header{faultHeader: {fault}}})
	c.say(letterPrompt)
	_, err := c.step(t.Context())
	if err == nil || errors.Is(err, errUnfinished) {
		t.Fatalf("the error is %v", err)
	}
	f.Complaint, f.OfAPI = v.sdk.complain(err)
	own, others := v.calls()
	f.Calls = len(own)
	return f, len(others)
}

// TestSDKsSeeErrorsAsWithoutHotmess compares what an SDK makes of errors, and how
// often it asks: neither is a retry added nor an answer changed into one that
// is not retried.
func TestSDKsSeeErrorsAsWithoutHotmess(t *testing.T) {
	t.Parallel()
	c := newCorporate(t, nil)
	sidecars := c.modes(t)
	everySDK(t, func(t *testing.T, s sdk) {
		for _, fault := range slices.Sorted(maps.Keys(refusals)) {
			bothForms(t, fault, func(t *testing.T, stream bool) {
				want, _ := passage{c, nil, directly}.visit(t, s).fails(t, fault, stream)
				if !want.OfAPI || want.Complaint.Status != refusals[fault].status {
					t.Errorf("directly: %+v", want)
				}
				c.everyPassage(t, sidecars, func(t *testing.T, p passage) {
					v := p.visit(t, s)
					got, beside := v.fails(t, fault, stream)
					same(t, "the SDK's error", want, got)
					// In observe mode nothing is sent beside a call that failed.
					if most := map[string]int{"ensemble": got.Calls * (samples - 1)}[p.mode()]; beside > most {
						t.Errorf("%d calls beside %d", beside, got.Calls)
					}
					v.arrived(t, 0)
					if p.mode() != "observe" {
						return
					}
					if reasons, want := v.reasons(t), "failed"+strings.Repeat(" retry", got.Calls-1); reasons != want {
						t.Errorf("counted as %s, want %s", reasons, want)
					}
				})
			})
		}
	})
}

// TestSDKsSeeThatAReplyBrokeOff cuts replies: a whole one is an error whose retry
// is the SDK's affair, a stream one that it raises while it reads.
func TestSDKsSeeThatAReplyBrokeOff(t *testing.T) {
	t.Parallel()
	c := newCorporate(t, nil)
	c.front.model(t, "", "--quota", "--show", "--reasoning", "100")
	sidecars := c.modes(t)
	everySDK(t, func(t *testing.T, s sdk) {
		bothForms(t, "cut", func(t *testing.T, stream bool) {
			want, _ := passage{c, nil, directly}.visit(t, s).fails(t, faultCut, stream)
			if want.OfAPI {
				t.Errorf("directly: %+v", want)
			}
			c.everyPassage(t, sidecars, func(t *testing.T, p passage) {
				got, _ := p.visit(t, s).fails(t, faultCut, stream)
				same(t, "the SDK's error", want, got)
			})
		})
	})
}

// TestSDKsLeaveTheUpstreamToo cancels calls that hang.
func TestSDKsLeaveTheUpstreamToo(t *testing.T) {
	t.Parallel()
	c := newCorporate(t, nil)
	sidecars := c.modes(t, "--config", writeConfig(t, "sampling: {gone: stop}\n"))
	everySDK(t, func(t *testing.T, s sdk) {
		c.everyPassage(t, sidecars, func(t *testing.T, p passage) {
			bothForms(t, "stall", func(t *testing.T, stream bool) { leaves(t, p.visit(t, s), stream) })
		})
	})
}

// leaves hangs up on a call that hangs, as soon as it is upstream.
func leaves(t *testing.T, v *visit, stream bool) {
	talk := v.open(t, manner{stream: stream, header: http.Header{faultHeader: {faultStall}}})
	talk.say(letterPrompt)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := talk.step(ctx)
		ended <- err
	}()
	eventually(t, "the upstream is asked", func() bool { own, _ := v.calls(); return len(own) == 1 })
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
	eventually(t, "all calls upstream are left", func() bool { return v.front.leftBy(v.test) == len(v.front.of(v.test)) })
}

// TestSDKsWaitForAVote holds all samples until a streaming client was told three
// times that it is still being served.
func TestSDKsWaitForAVote(t *testing.T) {
	t.Parallel()
	c := newCorporate(t, nil)
	c.front.model(t, "", "--quota")
	one := c.serve(t, "--mode", "ensemble", "--samples", "3", "--config", writeConfig(t, "ensemble: {keepalive: 1ms}\n"))
	everySDK(t, func(t *testing.T, s sdk) {
		for _, w := range ways() {
			t.Run(w.name, func(t *testing.T) {
				t.Parallel()
				p := passage{c, one, w}
				s, err := p.visit(t, s).waits(t, "")
				if err != nil || !strings.Contains(s.Text, "Answer: ") {
					t.Errorf("got %+v, %v", s, err)
				}
			})
			t.Run(w.name+", failing", func(t *testing.T) {
				t.Parallel()
				p := passage{c, one, w}
				v := p.visit(t, s)
				_, err := v.waits(t, "503")
				if err == nil || errors.Is(err, errUnfinished) || !strings.Contains(err.Error(), "Overloaded") {
					t.Errorf("the error is %v", err)
				}
				if len(v.heads.since(0)) != 1 {
					t.Errorf("%d calls", len(v.heads.since(0)))
				}
			})
		}
	})
}

// waits asks a question whose samples are held, and fail as said.
func (v *visit) waits(t *testing.T, fault string) (said, error) {
	t.Helper()
	v.heads.pieces = make(chan struct{})
	talk := v.open(t, manner{stream: true, header: http.Header{faultHeader: {faultHold + fault}}})
	talk.say(letterPrompt)
	go func() {
		for range 3 {
			<-v.heads.pieces
		}
		close(v.front.hold(v.test))
		for range v.heads.pieces {
		}
	}()
	return talk.step(t.Context())
}

// TestSDKsSeeAnUnreachableUpstreamAsAnAPIError has the corporate's proxy let nobody
// out. What hotmess says then has the form of the caller's API, and tells no
// address.
func TestSDKsSeeAnUnreachableUpstreamAsAnAPIError(t *testing.T) {
	t.Parallel()
	c := newCorporate(t, url.UserPassword("another", "password"))
	c.proxy.User = nil
	sidecars := c.modes(t)
	everySDK(t, func(t *testing.T, s sdk) {
		for _, one := range sidecars {
			for _, w := range ways() {
				t.Run(w.name+" "+one.mode, func(t *testing.T) {
					t.Parallel()
					unreachable(t, passage{c, one, w}.visit(t, s))
				})
			}
		}
	})
}

// unreachable asks a question that gets nowhere.
func unreachable(t *testing.T, v *visit) {
	talk := v.open(t, manner{once: true})
	talk.say(letterPrompt)
	_, err := talk.step(t.Context())
	c, ok := v.sdk.complain(err)
	if !ok || c.Status != http.StatusBadGateway || !slices.Contains([]string{c.Type, c.Code}, v.sdk.unreachable) {
		t.Errorf("the error is %+v: %v", c, err)
	}
	if strings.Contains(err.Error(), v.proxy.Host) || strings.Contains(c.Message, v.proxy.Host) {
		t.Errorf("the message tells an address: %v", err)
	}
}

// TestSDKPutsInterleavedFragmentsTogether streams two calls of tools at once.
func TestSDKPutsInterleavedFragmentsTogether(t *testing.T) {
	t.Parallel()
	c := newCorporate(t, nil)
	c.front.answer("", streamReply(parallelStream(), 5))
	c.everyPassage(t, c.modes(t), func(t *testing.T, p passage) {
		talk := p.visit(t, sdks()[0]).open(t, manner{stream: true, tools: true})
		talk.say(letterPrompt)
		got, err := talk.step(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		want := []toolCall{{"call_a", "get_weather", `{"city":"Oslo"}`}, {"call_b", "get_time", `{"zone":"UTC"}`}}
		same(t, "the calls", want, got.Calls)
	})
}
