package ensemble

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"hotmess/monitor"
)

// forever is longer than any test waits.
const forever = 1000 * time.Hour

// marked is a stream of one text after twice a time, with usage and its closing mark,
// whose connection stays open.
func marked(text string, after, lingers time.Duration) reply {
	body := fmt.Sprintf("data: {\"id\":%q,\"choices\":[{\"index\":0,\"delta\":{\"content\":%q},\"finish_reason\":\"stop\"}]}\n\n", rand.Text(), text) +
		"data: {\"choices\":[],\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":5,\"total_tokens\":15}}\n\ndata: [DONE]\n\n"
	return reply{after: after, header: http.Header{"Content-Type": {"text/event-stream"}}, body: body, lingers: lingers}
}

func TestAVoteEndsAtTheClosingMarks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{primary: marked("a", second(1), forever), extras: []reply{marked("b", second(2), forever), marked("b", second(3), forever)}}
		sent := []string{s.extras[0].body, s.extras[1].body}
		g := &turnstile{}
		began := time.Now()
		o, finish := newRunner(s, g).Vote(t.Context(), newCall(t), ballotPolicy(3))
		if took := time.Since(began); !o.Voted || took > second(6) {
			t.Errorf("%+v after %v", o, took)
		}
		if o.Vote.Votes != 3 || o.Vote.Winner == 0 || !slices.Contains(sent, string(o.Winner.Body)) {
			t.Errorf("%+v: %s", o.Vote, o.Winner.Body)
		}
		if got := missings(finish()); got != "- - -" {
			t.Errorf("missing: %s", got)
		}
		if g.guessed != 0 || len(g.settled) != 2 || g.settled[0] != 15 {
			t.Errorf("settled %v, %d estimated", g.settled, g.guessed)
		}
		if err := o.Winner.Rest.Close(); err != nil {
			t.Error(err)
		}
		time.Sleep(drainFor)
		synctest.Wait()
		s.checkClosed(t)
	})
}

// TestWhatFollowsTheMarkIsTheClientsToItsEnd: neither the end of the vote nor the time
// that an extra has cuts it short.
func TestWhatFollowsTheMarkIsTheClientsToItsEnd(t *testing.T) {
	for winner, texts := range map[string][3]string{"primary": {"a", "a", "b"}, "extra": {"b", "a", "a"}} {
		t.Run(winner, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &script{}
				for i, text := range texts {
					r := marked(text, second(1), time.Hour)
					if r.late = ": bye\n\n"; i == 0 {
						s.primary = r
					} else {
						s.extras = append(s.extras, r)
					}
				}
				o, finish := newRunner(s, &turnstile{}).Vote(t.Context(), newCall(t), ballotPolicy(3))
				finish()
				rest, err := io.ReadAll(o.Winner.Rest)
				if err != nil || string(rest) != ": bye\n\n" {
					t.Errorf("%q, %v", rest, err)
				}
				if err := o.Winner.Rest.Close(); err != nil {
					t.Error(err)
				}
				s.checkClosed(t)
			})
		})
	}
}

func TestWhatFollowsTheMarkEndsWithTheClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		s := &script{primary: marked("a", second(1), forever), extras: []reply{marked("a", second(1), forever)}}
		o, finish := newRunner(s, &turnstile{}).Vote(ctx, newCall(t), ballotPolicy(2))
		ended := make(chan error)
		go func() {
			_, err := io.ReadAll(o.Winner.Rest)
			ended <- err
		}()
		cancel()
		if err := <-ended; err == nil {
			t.Error("it ended well")
		}
		_ = o.Winner.Rest.Close()
		finish()
		time.Sleep(drainFor)
		synctest.Wait()
		s.checkClosed(t)
	})
}

// TestAnExtraIsWholeAtItsMark: its connection gets a moment to end by itself, so that
// it can be used again, though its caller is done.
func TestAnExtraIsWholeAtItsMark(t *testing.T) {
	for name, lingers := range map[string]time.Duration{"it never ends": forever, "it ends": drainFor / 2} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, g := &script{extras: []reply{marked("a", second(1), lingers)}}, &turnstile{}
				ctx, cancel := context.WithCancel(t.Context())
				began := time.Now()
				samples := newRunner(s, g).Extras(ctx, newCall(t), 1, 1)
				if took := time.Since(began); missings(samples) != "-" || took != second(2) || samples[0].Took != took {
					t.Errorf("missing %s after %v, took %v", missings(samples), took, samples[0].Took)
				}
				if g.guessed != 0 || samples[0].Tokens != 15 {
					t.Errorf("%d tokens, %d estimated", samples[0].Tokens, g.guessed)
				}
				cancel()
				synctest.Wait()
				if s.calls[0].Context().Err() != nil {
					t.Error("cancelled at once")
				}
				time.Sleep(drainFor)
				synctest.Wait()
				s.checkClosed(t)
			})
		})
	}
}

// TestAStreamWithoutItsMarkIsWholeAtItsEnd: it may be cut short anywhere before.
func TestAStreamWithoutItsMarkIsWholeAtItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := marked("a", second(1), second(5))
		r.body, r.late = r.body[:len(r.body)-len("data: [DONE]\n\n")], "data: [DONE]\n\n"
		s := &script{extras: []reply{r, marked("a", second(1), forever)}}
		s.extras[1].body = s.extras[1].body[:len(s.extras[1].body)-len("data: [DONE]\n\n")]
		runner := newRunner(s, &turnstile{})
		began := time.Now()
		if samples := runner.Extras(t.Context(), newCall(t), 1, 1); missings(samples) != "-" || time.Since(began) != second(7) {
			t.Errorf("missing %s after %v", missings(samples), time.Since(began))
		}
		if samples := runner.Extras(t.Context(), newCall(t), 1, 1); samples[0].Missing != monitor.ReasonTimeout {
			t.Errorf("missing %s", missings(samples))
		}
	})
}

// TestAPrimaryThatNeverEnds is outvoted where the others can decide without it; else the
// client waits for it, as without a vote.
func TestAPrimaryThatNeverEnds(t *testing.T) {
	for name, c := range map[string]struct {
		extras []reply
		voted  bool
	}{
		"the others agree":  {[]reply{says("b", second(1)), says("b", second(2))}, true},
		"the others do not": {[]reply{says("b", second(1)), says("c", second(2))}, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // the client's patience
				defer cancel()
				stalls := marked("a", second(1), forever)
				stalls.body = stalls.body[:40]
				s := &script{primary: stalls, extras: c.extras}
				began := time.Now()
				o, finish := newRunner(s, &turnstile{}).Vote(ctx, newCall(t), ballotPolicy(3))
				took := time.Since(began)
				finish()
				if o.Voted != c.voted || c.voted && took != second(4) || !c.voted && (took != time.Minute || o.Reason != monitor.ReasonGone) {
					t.Errorf("%+v after %v", o, took)
				}
				s.checkClosed(t)
			})
		})
	}
}
