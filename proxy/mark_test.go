package proxy

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"hotmess/config"
	"hotmess/monitor"
	"hotmess/wire"
)

// lingers answers with a stream and keeps the connection open behind it: until the
// other end closes it, or late is closed, which has it say more.
func lingers(sse string, late <-chan struct{}, more string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		send(w, sse)
		select {
		case <-late:
			send(w, more)
		case <-r.Context().Done():
		}
	}
}

// lingersEach has the n-th extra say the same as a reply of its own.
func lingersEach(sse, id string, late <-chan struct{}) func(int, http.ResponseWriter, *http.Request) {
	return func(n int, w http.ResponseWriter, r *http.Request) {
		lingers(strings.ReplaceAll(sse, id, fmt.Sprintf("e%d-%s", n, id)), late, "")(w, r)
	}
}

// readMark reads a stream to its closing mark, and no further: the connection stays
// open. Any sample of a vote may have won.
func readMark(t *testing.T, body io.Reader, d wire.Dialect, want string) {
	t.Helper()
	got := make(chan string, 1)
	go func() {
		var b bytes.Buffer
		wire.ReadToMark(d, io.TeeReader(body, &b), func() {})
		got <- winners.ReplaceAllString(withoutKeepAlives(b.String(), d), "$1")
	}()
	if got, want := receive(t, got, "the closing mark"), withoutKeepAlives(want, d); got != want {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

// winners is what lingersEach puts before ids.
var winners = regexp.MustCompile(`(")e[0-9]+-`)

// markedDialects are the longest streams with calls of the dialects that have a closing
// mark.
func markedDialects(t *testing.T) map[wire.Dialect]dialectCase {
	longest := map[wire.Dialect]dialectCase{}
	for _, c := range heldDialects(t) {
		if wire.ReadToMark(c.dialect, strings.NewReader(c.sse), func() {}) && len(c.sse) > len(longest[c.dialect].sse) {
			longest[c.dialect] = c
		}
	}
	return longest
}

// TestNothingWaitsForAConnectionBehindTheClosingMark has no connection of the upstream
// ever end by itself.
func TestNothingWaitsForAConnectionBehindTheClosingMark(t *testing.T) {
	cases := markedDialects(t)
	if len(cases) != 3 {
		t.Fatalf("%d dialects", len(cases))
	}
	for _, c := range cases {
		reply := folded(t, c.dialect, true, c.sse)
		hold := func(conf *config.Config) {
			conf.Guard = []config.Guard{{Name: "tool", Tool: c.tool, Action: config.GuardHold, Risk: config.RiskLow}}
		}
		for _, tt := range []struct {
			name     string
			edit     func(*config.Config)
			decision string
		}{
			{"observe", func(conf *config.Config) { conf.Sampling.Rate = config.Rate{Share: 1} }, ""},
			{"vote", inMode(config.Ensemble, 3), ""},
			{"hold", hold, monitor.GuardAgreed},
			{"vote and hold", func(conf *config.Config) { inMode(config.Ensemble, 3)(conf); hold(conf) }, monitor.GuardAgreed},
		} {
			t.Run(fmt.Sprint(c.dialect, ", ", tt.name), func(t *testing.T) {
				over := make(chan struct{})
				defer close(over)
				u := &script{primary: lingers(c.sse, over, ""), extra: lingersEach(c.sse, reply.ID, over)}
				r := guardedRig(t, u, func(conf *config.Config) { conf.Guard = nil; tt.edit(conf) })
				res := r.do(http.MethodPost, c.path, c.request, firstCall, "1")
				readMark(t, res.Body, c.dialect, c.sse)
				_ = res.Body.Close() // as clients do, some of them
				o := r.observation()
				if o.Outcome != monitor.OutcomeOK {
					t.Errorf("outcome %s of a client that had all", o.Outcome)
				}
				if g := o.Guard; tt.decision != "" && (g == nil || g.Decision != tt.decision || g.Outcome != monitor.GuardReleased) {
					t.Errorf("%+v", g)
				}
				whole := reply.Usage.HasTotals
				for _, s := range o.Samples {
					if whole = whole && s.Missing == ""; s.Missing != "" && s.Missing != monitor.ReasonCancelled {
						t.Errorf("sample %d is missing: %s", s.Number, s.Missing)
					}
				}
				if strings.HasPrefix(tt.name, "vote") && (o.Vote == nil || o.Vote.Votes < 2) {
					t.Errorf("%+v", o.Vote)
				}
				if tt.name == "observe" && len(o.Samples) != 2 {
					t.Errorf("%d samples", len(o.Samples))
				}
				if whole && o.ExtraTokensEstimated {
					t.Error("the cost of a whole reply is estimated")
				}
			})
		}
	}
}

// TestARefusedStreamEndsThoughItsConnectionDoesNot: there the client waits for nothing
// more of the upstream.
func TestARefusedStreamEndsThoughItsConnectionDoesNot(t *testing.T) {
	r := guardedRig(t, &script{primary: lingers(toldFirst+toldThen(wrongTree), nil, ""), extra: callsForEach(rightTree)}, holding(nil))
	res := r.ask(agentStreams, firstCall, "1")
	body := make(chan string, 1)
	go func() {
		b, _ := io.ReadAll(res.Body)
		body <- string(b)
	}()
	if got := receive(t, body, "the end of a refused stream"); !strings.Contains(got, "[hotmess]") || strings.Contains(got, wrongTree) {
		t.Error(got)
	}
	if g := r.observation().Guard; g == nil || g.Outcome != monitor.GuardRefused {
		t.Errorf("%+v", g)
	}
}

// TestWhatComesBehindTheMarkReachesTheClient in a vote and a hold, but a call that
// nobody has judged.
func TestWhatComesBehindTheMarkReachesTheClient(t *testing.T) {
	const usage = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1}}\n\n"
	whole := toldFirst + toldThen(wrongTree)
	vote := func(c *config.Config) { inMode(config.Ensemble, 2)(c); c.Guard = nil }
	for _, tt := range []struct {
		name       string
		edit       func(*config.Config)
		more, want string
	}{
		{"vote", vote, ": bye\n\n" + usage, ": bye\n\n" + usage},
		{"vote, an event without end", vote, ": bye", ": bye"},
		{"hold", holding(nil), ": bye\n\n" + usage, ": bye\n\n" + usage},
		{"hold, an event without end", holding(nil), usage + ": bye", usage + ": bye"},
		{"hold, a call", holding(nil), usage + toldThen(rightTree), usage},
		{"hold, a call without end", holding(nil), usage + strings.TrimSpace(strings.SplitAfter(toldThen(rightTree), "\n\n")[0]), usage},
	} {
		t.Run(tt.name, func(t *testing.T) {
			late := make(chan struct{})
			u := &script{primary: lingers(whole, late, tt.more), extra: lingersEach(whole, `p",`, late)}
			r := guardedRig(t, u, tt.edit)
			res := r.ask(agentStreams, firstCall, "1")
			readMark(t, res.Body, wire.OpenAIChat, whole)
			close(late)
			body := make(chan string, 1)
			go func() {
				b, err := io.ReadAll(res.Body)
				body <- fmt.Sprint(withoutKeepAlives(string(b), wire.OpenAIChat), err)
			}()
			if got := receive(t, body, "the end"); got != fmt.Sprint(withoutKeepAlives(tt.want, wire.OpenAIChat), nil) {
				t.Errorf("got %q\nwant %q", got, tt.want)
			}
		})
	}
}

// TestTrailersBehindTheMarkReachTheClient, announced or not, where there is a vote.
func TestTrailersBehindTheMarkReachTheClient(t *testing.T) {
	u := &script{primary: func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Trailer", "X-Sum")
		streams("p", "a")(w, r)
		w.Header().Set("X-Sum", "42")
		w.Header().Set(http.TrailerPrefix+"X-More", "43")
	}, extra: func(n int, w http.ResponseWriter, r *http.Request) { streams(fmt.Sprint("e", n), "a")(w, r) }}
	res := newRig(t, u, inMode(config.Ensemble, 2)).ask(streamed, firstCall, "1")
	if body := read(t, res); body != chunk("p", "a")+done {
		t.Errorf("%q", body)
	}
	if res.Trailer.Get("X-Sum") != "42" || res.Trailer.Get("X-More") != "43" {
		t.Errorf("%v", res.Trailer)
	}
}
