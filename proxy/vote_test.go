package proxy

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"hotmess/config"
	"hotmess/ensemble"
	"hotmess/monitor"
)

// pingingMode is ensemble mode with keep-alives as fast as they go.
func pingingMode(samples int) func(*config.Config) {
	return func(c *config.Config) {
		inMode(config.Ensemble, samples)(c)
		c.Ensemble.KeepAlive = config.Duration(time.Millisecond)
	}
}

func TestEnsembleReplyIsOneSampleByteForByte(t *testing.T) {
	u := &script{primary: says("p", "lonely"), extra: saysEach("many", "many")}
	r := newRig(t, u, inMode(config.Ensemble, 3))
	res := r.ask(question, firstCall, "1")
	if got := read(t, res); got != completion("extra-0", "many") && got != completion("extra-1", "many") {
		t.Errorf("the reply is no sample: %s", got)
	}
	h := res.Header
	votes := h.Get(headerSamples) + " " + h.Get(headerAgreement) // the primary may come when all is decided
	if votes != "3 0.67" && votes != "2 1.00" || h.Get(headerMethod) != "medoid" || h.Get(headerMode) != "ensemble" {
		t.Errorf("headers: %v", h)
	}
	o := r.observation()
	if o.Vote == nil || o.Vote.Winner == 0 || o.Vote.Agreed != 2 || !o.Differ["exact"] || o.ExtraTokens != 30 {
		t.Errorf("observation: %+v, vote %+v", o, o.Vote)
	}
}

func TestEnsembleTieKeepsThePrimary(t *testing.T) {
	r := newRig(t, &script{primary: says("p", "a"), extra: saysEach("b")}, inMode(config.Ensemble, 2))
	if got := read(t, r.ask(question, firstCall, "1")); got != completion("p", "a") {
		t.Errorf("got %s", got)
	}
}

func TestEnsembleWithoutAnyReplyIsUnreachable(t *testing.T) {
	broken := func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	r := newRig(t, &script{primary: broken, extra: func(_ int, w http.ResponseWriter, r *http.Request) { broken(w, r) }}, inMode(config.Ensemble, 2))
	res := r.ask(question, firstCall, "1")
	if body := read(t, res); res.StatusCode != http.StatusBadGateway || !strings.Contains(body, "hotmess_upstream_unreachable") {
		t.Errorf("got %d %s", res.StatusCode, body)
	}
	if o := r.observation(); o.Outcome != monitor.OutcomeUnreachable || o.Reason != monitor.ReasonFailed {
		t.Errorf("outcome %q, reason %q", o.Outcome, o.Reason)
	}
}

// held answers as told once it may.
func held(free <-chan struct{}, then func(http.ResponseWriter, *http.Request)) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-free:
			then(w, r)
		case <-r.Context().Done():
		}
	}
}

// waited reads one keep-alive, frees the upstream, and gives what follows the
// keep-alives.
func waited(t *testing.T, res *http.Response, free chan struct{}) (string, error) {
	t.Helper()
	const ping = ": hotmess\n\n"
	first := make([]byte, len(ping))
	if _, err := io.ReadFull(res.Body, first); err != nil || string(first) != ping {
		t.Fatalf("no keep-alive: %q, %v", first, err)
	}
	close(free)
	rest, err := io.ReadAll(res.Body)
	return strings.ReplaceAll(string(rest), ping, ""), err
}

func TestKeepAlivesWhileAStreamIsHeld(t *testing.T) {
	zipped := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		w.Header().Set("Content-Encoding", "gzip")
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, _ = io.WriteString(z, chunk("p", "yes")+done)
		_ = z.Close()
		_, _ = w.Write(b.Bytes())
	}
	refused := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }
	const tooLong = `{"error":{"message":"too long","code":"context_length_exceeded"}}`
	said := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		w.WriteHeader(http.StatusBadRequest)
		z := gzip.NewWriter(w)
		_, _ = io.WriteString(z, tooLong)
		_ = z.Close()
	}
	aborted := func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	odd := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		w.Header().Set("Content-Encoding", "odd")
		send(w, "odd bytes")
	}
	for name, c := range map[string]struct {
		answer  func(http.ResponseWriter, *http.Request)
		edit    func(*config.Config)
		want    string
		part    string
		outcome monitor.Outcome
	}{
		"plain":      {answer: streams("p", "yes"), want: chunk("p", "yes") + done, outcome: monitor.OutcomeOK},
		"compressed": {answer: zipped, want: chunk("p", "yes") + done, outcome: monitor.OutcomeOK},
		"too big":    {answer: streams("p", "yes"), edit: func(c *config.Config) { c.Limits.Body = 150 }, want: chunk("p", "yes") + done, outcome: monitor.OutcomeOK},
		"compressed, decoded too big": {
			answer: zipped, edit: func(c *config.Config) { c.Limits.Body = 200 },
			want: chunk("p", "yes") + done, outcome: monitor.OutcomeOK,
		},
		"error":        {answer: refused, part: "status 418", outcome: monitor.OutcomeError},
		"told error":   {answer: said, want: "data: " + tooLong + "\n\n", outcome: monitor.OutcomeError},
		"no reply":     {answer: aborted, part: "hotmess_upstream_unreachable", outcome: monitor.OutcomeError},
		"no stream":    {answer: says("p", "yes"), part: "hotmess_upstream_error", outcome: monitor.OutcomeOK},
		"odd encoding": {answer: odd, part: "hotmess_encoding", outcome: monitor.OutcomeError},
	} {
		t.Run(name, func(t *testing.T) {
			free := make(chan struct{})
			failed := func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }
			r := newRig(t, &script{primary: held(free, c.answer), extra: failed}, func(cfg *config.Config) {
				pingingMode(2)(cfg)
				if c.edit != nil {
					c.edit(cfg)
				}
			})
			res := r.ask(streamed, firstCall, "1")
			got, err := waited(t, res, free)
			if err != nil {
				t.Fatal(err)
			}
			if c.want != "" && got != c.want || !strings.Contains(got, c.part) {
				t.Errorf("got %q", got)
			}
			if o := r.observation(); o.Outcome != c.outcome {
				t.Errorf("outcome %q, want %q", o.Outcome, c.outcome)
			}
		})
	}
}

func TestBrokenWinnerBreaksOffAfterKeepAlives(t *testing.T) {
	free := make(chan struct{})
	cut := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		send(w, chunk("p", "half"))
		panic(http.ErrAbortHandler)
	}
	failed := func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }
	r := newRig(t, &script{primary: held(free, cut), extra: failed}, pingingMode(2))
	got, err := waited(t, r.ask(streamed, firstCall, "1"), free)
	if err == nil || got != chunk("p", "half") {
		t.Errorf("got %q, %v; want a broken stream", got, err)
	}
}

func TestPrimaryTooBigToHoldIsRelayedWhole(t *testing.T) {
	long := strings.Repeat("long ", 100_000)
	r := newRig(t, &script{primary: says("p", long), extra: saysEach("no")}, func(c *config.Config) {
		inMode(config.Ensemble, 2)(c)
		c.Limits.Body = 64 << 10
	})
	res := r.ask(question, firstCall, "1")
	if got := read(t, res); got != completion("p", long) {
		t.Errorf("%d bytes, want %d", len(got), len(completion("p", long)))
	}
	r.unmeasured(monitor.ReasonTooBig, 1)
}

func TestClientThatLeavesAVoteEndsAllItsCalls(t *testing.T) {
	for name, body := range map[string]string{"unary": question, "stream": streamed} {
		t.Run(name, func(t *testing.T) {
			started, ended := make(chan struct{}, 3), make(chan struct{}, 3)
			wait := func(_ http.ResponseWriter, r *http.Request) {
				started <- struct{}{}
				<-r.Context().Done()
				ended <- struct{}{}
			}
			r := newRig(t, &script{primary: wait, extra: func(_ int, w http.ResponseWriter, r *http.Request) { wait(w, r) }}, pingingMode(3))
			ctx, hangUp := context.WithCancel(context.Background())
			left := make(chan struct{})
			go func() {
				defer close(left)
				if res, err := r.try(ctx, http.MethodPost, chatPath, body, firstCall, "1"); err == nil {
					_, _ = io.ReadAll(res.Body)
					_ = res.Body.Close()
				}
			}()
			for range 3 {
				receive(t, started, "a sample")
			}
			hangUp()
			for range 3 {
				receive(t, ended, "the end of a sample")
			}
			receive(t, left, "the client")
			if o := r.observation(); o.Outcome != monitor.OutcomeGone || o.Reason != monitor.ReasonGone || o.Vote != nil {
				t.Errorf("outcome %q, reason %q, vote %v", o.Outcome, o.Reason, o.Vote)
			}
		})
	}
}

func TestReloadLeavesAVoteInFlightAlone(t *testing.T) {
	free, started := make(chan struct{}), make(chan struct{}, 3)
	answer := func(then func(http.ResponseWriter, *http.Request)) func(http.ResponseWriter, *http.Request) {
		return func(w http.ResponseWriter, r *http.Request) {
			started <- struct{}{}
			held(free, then)(w, r)
		}
	}
	u := &script{primary: answer(says("p", "a")), extra: func(n int, w http.ResponseWriter, r *http.Request) {
		answer(says(fmt.Sprint("e", n), "b"))(w, r)
	}}
	r := newRig(t, u, inMode(config.Ensemble, 3))
	got := make(chan string)
	go func() {
		res, err := r.try(context.Background(), http.MethodPost, chatPath, question, firstCall, "1")
		if err != nil {
			got <- err.Error()
			return
		}
		b, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		got <- res.Header.Get(headerSamples) + string(b[:9])
	}()
	for range 3 {
		receive(t, started, "a sample")
	}
	c := config.Default()
	c.Sampling.Mode, c.Limits.Body = config.Off, 1
	r.handler.Reload(c)
	close(free)
	if g := receive(t, got, "the reply"); !strings.HasPrefix(g[1:], `{"id":"e`) {
		t.Errorf("got %s", g)
	}
	if res := r.ask(question); res.Header.Get(headerMode) != string(config.Off) {
		t.Error("the next request has not the new policy")
	}
}

func TestRouteThatTurnsOutOffIsRelayedAlone(t *testing.T) {
	u := &script{primary: says("p", "a"), extra: saysEach("b")}
	for _, m := range []config.Mode{config.Observe, config.Ensemble} {
		r := newRig(t, u, func(c *config.Config) {
			inMode(m, 3)(c)
			c.Routes = []config.Route{{Name: "quiet", Match: config.Match{Model: "m"}, Sampling: config.RouteSampling{Mode: config.Off}}}
		})
		u.calls = nil
		read(t, r.ask(question, firstCall, "1"))
		r.unmeasured(monitor.ReasonOff, 1)
		if n := len(u.seen()); n != 1 {
			t.Errorf("%s: %d calls", m, n)
		}
	}
}

func TestStoredRepliesDoNotVote(t *testing.T) {
	u := &script{primary: says("p", "a"), extra: saysEach("b")}
	r := newRig(t, u, inMode(config.Ensemble, 3))
	body := strings.Replace(question, "{", `{"store":true,`, 1)
	read(t, r.ask(body, firstCall, "1"))
	r.unmeasured(monitor.ReasonStored, 1)
	if n := len(u.seen()); n != 1 {
		t.Errorf("%d calls", n)
	}
}

// TestVotesWaitForExtrasNoLongerThanTheyAreTold: the extras never answer, so that
// only ensemble.wait can end the vote. Its default is 15 s.
func TestVotesWaitForExtrasNoLongerThanTheyAreTold(t *testing.T) {
	const wait, otherwise = 10 * time.Millisecond, 15 * time.Second
	u := &script{primary: says("p", "a"), extra: func(_ int, _ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }}
	r := newRig(t, u, func(c *config.Config) {
		inMode(config.Ensemble, 3)(c)
		c.Sampling.Rate.Share = 0 // a measurement set is not cancelled
		c.Ensemble.Wait = config.Duration(wait)
	})
	res := r.ask(question, firstCall, "1")
	if got := res.Header.Get(headerStop); got != string(ensemble.StopWait) {
		t.Errorf("%s: %q", headerStop, got)
	}
	if v := r.observation().Vote; v == nil || v.WaitSeconds < wait.Seconds() || v.WaitSeconds >= otherwise.Seconds() {
		t.Errorf("waited for %+v, want %s", v, wait)
	}
}
