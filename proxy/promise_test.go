package proxy

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hotmess/config"
	"hotmess/monitor"
	"hotmess/sim"
)

var allModes = []config.Mode{config.Off, config.Observe, config.Ensemble}

// eachMode runs a test in all modes, with two samples.
func eachMode(t *testing.T, test func(t *testing.T, m config.Mode)) {
	for _, m := range allModes {
		t.Run(string(m), func(t *testing.T) { test(t, m) })
	}
}

func TestPromiseFailOpen(t *testing.T) {
	whole := func(t *testing.T, r *rig) {
		t.Helper()
		if got := read(t, r.ask(question, firstCall, "1")); got != completion("p", "yes") {
			t.Errorf("reply: %s", got)
		}
	}
	up := func() *script { return &script{primary: says("p", "yes"), extra: saysEach("no")} }
	t.Run("panic", func(t *testing.T) {
		eachMode(t, func(t *testing.T, m config.Mode) {
			u := up()
			if m == config.Off { // only a refusal is looked at
				u.primary = func(w http.ResponseWriter, r *http.Request) {
					w.WriteHeader(http.StatusTooManyRequests)
					says("p", "yes")(w, r)
				}
			}
			r := newRig(t, u, inMode(m, 3))
			r.panics.Store(true)
			whole(t, r)
			r.quiet()
			if n := len(u.seen()); n != 1 {
				t.Errorf("%d calls, want the primary alone", n)
			}
			r.unmeasured(monitor.ReasonPanic, 1)
		})
	})
	t.Run("panic of the receiver", func(t *testing.T) {
		r := newRig(t, up(), inMode(config.Observe, 2))
		r.publish = func(monitor.Observation) { panic("planted") }
		whole(t, r)
		r.quiet()
		if total := r.monitor.Totals().Requests; total != 1 {
			t.Errorf("counted %d requests, want 1", total)
		}
	})
	t.Run("no memory", func(t *testing.T) {
		eachMode(t, func(t *testing.T, m config.Mode) {
			r := newRig(t, up(), func(c *config.Config) { inMode(m, 2)(c); c.Limits.Held = 1 })
			whole(t, r)
			if m != config.Off {
				r.unmeasured(monitor.ReasonMemory, 1)
			}
		})
	})
	t.Run("budget spent", func(t *testing.T) {
		eachMode(t, func(t *testing.T, m config.Mode) {
			u := up()
			r := newRig(t, u, func(c *config.Config) { inMode(m, 3)(c); c.Budget.ExtraTokensPerHour = 1 })
			whole(t, r)
			if m != config.Off {
				r.unmeasured(monitor.ReasonBudget, 1)
			}
			if n := len(u.seen()); n != 1 {
				t.Errorf("%d calls, want the primary alone", n)
			}
		})
	})
	t.Run("all samples fail", func(t *testing.T) {
		refused := func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusTeapot)
			_, _ = io.WriteString(w, "<html>odd</html>")
		}
		eachMode(t, func(t *testing.T, m config.Mode) {
			r := newRig(t, &script{primary: refused, extra: func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }}, inMode(m, 3))
			res := r.ask(question, firstCall, "1")
			if body := read(t, res); res.StatusCode != http.StatusTeapot || body != "<html>odd</html>" {
				t.Errorf("got %d %q", res.StatusCode, body)
			}
		})
	})
}

func TestPromiseVerbatim(t *testing.T) {
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, _ = io.WriteString(z, completion("p", "zipped"))
	_ = z.Close()
	u := &script{primary: func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Content-Type"], w.Header()["Date"] = nil, nil
		w.Header().Set("Content-Encoding", "gzip")
		w.Header().Add("Set-Cookie", "a=1")
		w.Header().Add("Set-Cookie", "b=2")
		w.Header().Set("X-Request-Id", "req_1")
		w.Header().Set("Trailer", "X-Sum")
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write(zipped.Bytes())
		w.Header().Set("X-Sum", "42")
	}, extra: func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }}
	body := ` {"model":"m","seed":12345678901234567890,"messages":[{"role":"user","content":"\u003c é"}]}` + "\n\n"
	eachMode(t, func(t *testing.T, m config.Mode) {
		u.calls = nil
		r := newRig(t, u, inMode(m, 3))
		res := r.ask(body, firstCall, "1", "Authorization", "Bearer k", "X-Stainless-Retry-Count", "0", "X-Forwarded-For", "10.0.0.1",
			"X-Hotmess-Route", "r", "X-Hotmess-Anything", "x", "Accept-Encoding", "br, zstd", "User-Agent", "")
		got := read(t, res)
		if got != zipped.String() || res.StatusCode != http.StatusCreated {
			t.Errorf("got %d, %d bytes; want %d", res.StatusCode, len(got), zipped.Len())
		}
		if res.Header.Get(headerID) == "" || res.Header.Get(headerMode) != string(m) {
			t.Errorf("id %q, mode %q", res.Header.Get(headerID), res.Header.Get(headerMode))
		}
		for _, own := range []string{headerID, headerMode, headerSamples, headerAgreement, headerMethod, headerMargin, headerConfidence, headerStop} {
			res.Header.Del(own)
		}
		want := http.Header{"Content-Encoding": {"gzip"}, "Set-Cookie": {"a=1", "b=2"}, "X-Request-Id": {"req_1"}}
		if diff := cmp.Diff(want, res.Header); diff != "" {
			t.Errorf("headers of the reply (-upstream +client):\n%s", diff)
		}
		if res.Trailer.Get("X-Sum") != "42" {
			t.Errorf("trailer: %v", res.Trailer)
		}
		calls := u.seen()
		call := calls[slices.IndexFunc(calls, func(c seen) bool { return c.Header.Get(firstCall) != "" })]
		if call.Body != body || call.Length != int64(len(body)) {
			t.Errorf("body of the request: %q", call.Body)
		}
		wantCall := http.Header{
			"Authorization": {"Bearer k"}, "X-Stainless-Retry-Count": {"0"}, "X-Forwarded-For": {"10.0.0.1"},
			firstCall: {"1"}, "Accept-Encoding": {"br, zstd"}, "Content-Type": {"application/json"}, "Content-Length": {fmt.Sprint(len(body))},
		}
		if diff := cmp.Diff(wantCall, call.Header); diff != "" {
			t.Errorf("headers of the request (-client +upstream):\n%s", diff)
		}
	})
}

func TestPromiseNoExtraWaitInObserveMode(t *testing.T) {
	const events = 5
	next, free := make(chan int), make(chan struct{})
	var begun atomic.Bool
	u := &script{
		primary: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			send(w, ": head\n\n")
			for i := range events {
				<-next // the client has everything that was sent before
				begun.Store(true)
				send(w, chunk("p", fmt.Sprint(i)))
			}
			<-next
			send(w, done)
		},
		extra: func(_ int, w http.ResponseWriter, r *http.Request) {
			if !begun.Load() {
				t.Error("an extra started before the primary's first token")
			}
			<-free
			streams("e", "other")(w, r)
		},
	}
	r := newRig(t, u, inMode(config.Observe, 3))
	res := r.ask(streamed, firstCall, "1")
	lines := bufio.NewReader(res.Body)
	expect := func(want string) {
		t.Helper()
		got := make([]byte, len(want))
		if _, err := io.ReadFull(lines, got); err != nil || string(got) != want {
			t.Fatalf("got %q, %v; want %q", got, err, want)
		}
	}
	expect(": head\n\n")
	for i := range events {
		next <- i
		expect(chunk("p", fmt.Sprint(i)))
	}
	next <- events
	expect(done)
	if _, err := lines.ReadByte(); err != io.EOF {
		t.Errorf("after the end: %v", err)
	}
	close(free) // the client was served while all extras were held
	if o := r.observation(); len(o.Samples) != 3 || o.Reason != "" {
		t.Errorf("%d samples, reason %q", len(o.Samples), o.Reason)
	}
}

func TestPromiseNoHiddenRetries(t *testing.T) {
	t.Run("refused", func(t *testing.T) {
		eachMode(t, func(t *testing.T, m config.Mode) {
			u := &script{primary: func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", "7")
				w.Header().Set("X-Ratelimit-Remaining-Requests", "0")
				w.WriteHeader(http.StatusTooManyRequests)
				_, _ = io.WriteString(w, `{"error":{"type":"slow"}}`)
			}, extra: saysEach("no")}
			r := newRig(t, u, inMode(m, 1))
			res := r.ask(question, firstCall, "1")
			if body := read(t, res); res.StatusCode != 429 || body != `{"error":{"type":"slow"}}` || res.Header.Get("Retry-After") != "7" {
				t.Errorf("got %d %q %v", res.StatusCode, body, res.Header)
			}
			if n := len(u.seen()); n != 1 {
				t.Errorf("%d calls", n)
			}
		})
	})
	t.Run("cut on a connection that was used before", func(t *testing.T) {
		eachMode(t, func(t *testing.T, m config.Mode) {
			u := &script{}
			var calls atomic.Int64
			u.primary = func(w http.ResponseWriter, r *http.Request) {
				if calls.Add(1) == 1 {
					says("p", "yes")(w, r)
					return
				}
				panic(http.ErrAbortHandler)
			}
			r := newRig(t, u, inMode(m, 1))
			read(t, r.ask(question))
			res := r.ask(question, "Idempotency-Key", "k")
			body := read(t, res)
			if res.StatusCode != http.StatusBadGateway || !strings.Contains(body, `"type":"hotmess_upstream_unreachable"`) {
				t.Errorf("got %d %s", res.StatusCode, body)
			}
			if res.Header.Get(headerID) == "" || res.Header.Get("Content-Type") != "application/json" {
				t.Errorf("headers: %v", res.Header)
			}
			if n := calls.Load(); n != 2 {
				t.Errorf("%d calls, want 2", n)
			}
		})
	})
}

func TestPromiseExtrasNeverPastTheBudget(t *testing.T) {
	const output = 100
	body := `{"model":"m","max_tokens":100,"messages":[{"role":"user","content":"hello"}]}`
	silent := func(w http.ResponseWriter, id string) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, strings.Split(completion(id, "x"), `,"usage"`)[0]+"}")
	}
	for _, m := range []config.Mode{config.Observe, config.Ensemble} {
		t.Run(string(m), func(t *testing.T) {
			u := &script{
				primary: func(w http.ResponseWriter, _ *http.Request) { silent(w, "p") },
				extra:   func(n int, w http.ResponseWriter, _ *http.Request) { silent(w, fmt.Sprint(n)) },
			}
			var each int64
			r := newRig(t, u, func(c *config.Config) {
				inMode(m, 9)(c)
				c.Budget.ExtraTokensPerHour = 3*output + 2*output // the prompts are short
			})
			each = int64(r.monitor.EstimateTokens("m", len("hello"))) + output
			for range 3 {
				read(t, r.ask(body, firstCall, "1"))
			}
			r.quiet()
			started := int64(0)
			for _, c := range u.seen() {
				if c.Header.Get(firstCall) == "" {
					started++
				}
			}
			if started == 0 || started*each > 5*output {
				t.Errorf("%d extras of %d tokens started on a budget of %d", started, each, 5*output)
			}
		})
	}
}

func TestPromiseGoneMeansGone(t *testing.T) {
	for _, gone := range []string{config.GoneFinish, config.GoneStop} {
		t.Run(gone, func(t *testing.T) {
			cancelled, started := make(chan struct{}), make(chan struct{})
			stopped, free := make(chan struct{}), make(chan struct{})
			u := &script{
				primary: func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("Content-Type", "text/event-stream")
					send(w, chunk("p", "first"))
					<-r.Context().Done()
					close(cancelled)
				},
				extra: func(_ int, w http.ResponseWriter, r *http.Request) {
					close(started)
					select {
					case <-r.Context().Done():
						close(stopped)
					case <-free:
						streams("e", "whole")(w, r)
					}
				},
			}
			r := newRig(t, u, func(c *config.Config) { inMode(config.Observe, 2)(c); c.Sampling.Gone = gone })
			ctx, hangUp := context.WithCancel(context.Background())
			res, err := r.try(ctx, http.MethodPost, chatPath, streamed, firstCall, "1")
			if err != nil {
				t.Fatal(err)
			}
			receive(t, started, "the extra")
			hangUp()
			_ = res.Body.Close()
			receive(t, cancelled, "the cancelling of the primary")
			if gone == config.GoneStop {
				receive(t, stopped, "the stopping of the extra")
			}
			close(free)
			o := r.observation()
			if o.Outcome != monitor.OutcomeGone || o.Reason != monitor.ReasonGone {
				t.Errorf("outcome %q, reason %q", o.Outcome, o.Reason)
			}
			want := monitor.Reason("")
			if gone == config.GoneStop {
				want = monitor.ReasonGone
			}
			if got := o.Samples[1].Missing; got != want {
				t.Errorf("the extra is missing as %q, want %q", got, want)
			}
		})
	}
}

func TestPromiseTruncatedLooksTruncated(t *testing.T) {
	cut := func(head, body string) func(http.ResponseWriter, *http.Request) {
		return func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				return
			}
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\n"+head+"\r\n\r\n"+body)
			_ = conn.Close()
		}
	}
	half := completion("p", "yes")[:60]
	for name, c := range map[string]struct{ head, body, ask string }{
		"length": {"Content-Type: application/json\r\nContent-Length: 1000", half, question},
		"chunks": {"Content-Type: application/json\r\nTransfer-Encoding: chunked", fmt.Sprintf("%x\r\n%s\r\n", len(half), half), question},
		"stream": {"Content-Type: text/event-stream\r\nTransfer-Encoding: chunked", fmt.Sprintf("%x\r\n%s\r\n", len(chunk("p", "a")), chunk("p", "a")), streamed},
	} {
		t.Run(name, func(t *testing.T) {
			eachMode(t, func(t *testing.T, m config.Mode) {
				r := newRig(t, &script{primary: cut(c.head, c.body)}, inMode(m, 1))
				res := r.ask(c.ask)
				if got, err := io.ReadAll(res.Body); err == nil {
					t.Errorf("the reply looks whole: %q", got)
				}
				r.quiet()
				if !strings.Contains(r.metrics(), `outcome="cut"} 1`) {
					t.Error("not counted as cut")
				}
				if m == config.Observe {
					if o := r.observation(); o.Samples[0].Missing != monitor.ReasonTruncated || o.Samples[0].Keys != nil {
						t.Errorf("sample: %+v", o.Samples[0])
					}
				}
			})
		})
	}
}

func TestPromiseNothingLeaks(t *testing.T) {
	secrets := []string{"sk-planted-key", "planted prompt", "planted system", "planted answer", "planted-session", "planted-tool", "planted-query", "planted-cookie"}
	body := `{"model":"m","stream":%t,"messages":[{"role":"system","content":"planted system"},{"role":"user","content":"planted prompt"}],` +
		`"tools":[{"type":"function","function":{"name":"planted-tool","parameters":{"type":"object"}}}]}`
	eachMode(t, func(t *testing.T, m config.Mode) {
		u := &script{primary: says("p", "planted answer"), extra: saysEach("planted answer 2")}
		r := newRig(t, u, inMode(m, 3))
		send := func(b string) {
			res := r.do(http.MethodPost, chatPath+"?key=planted-query", b, "Authorization", "Bearer sk-planted-key",
				"X-Hotmess-Session", "planted-session", "Cookie", "planted-cookie", firstCall, "1")
			_, _ = io.ReadAll(res.Body)
		}
		send(fmt.Sprintf(body, false))
		send(fmt.Sprintf(body, true)) // the reply is no stream
		send(`{"planted prompt`)
		u.primary = func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
		send(fmt.Sprintf(body, false))
		r.settled()
		r.panics.Store(true)
		send(fmt.Sprintf(body, false))
		r.quiet()
		r.panics.Store(false)
		told := r.told()
		if !strings.Contains(told, "hotmess_requests_total") || !strings.Contains(told, "msg=") {
			t.Fatal("nothing was told at all")
		}
		for _, s := range secrets {
			if i := strings.Index(told, s); i >= 0 {
				t.Errorf("%q leaks: …%s…", s, told[max(0, i-100):min(len(told), i+100)])
			}
		}
	})
}

// told is all that leaves the process, or is kept. No more is observed after it.
func (r *rig) told() string {
	r.t.Helper()
	all := r.log.String() + r.metrics() + r.stored()
	close(r.observed)
	for o := range r.observed {
		b, err := json.Marshal(o)
		if err != nil {
			r.t.Fatal(err)
		}
		all += string(b)
	}
	return all
}

// stored is what is known of all routes and all that the data directory holds.
func (r *rig) stored() string {
	b, err := json.Marshal(r.monitor.Routes())
	if err != nil {
		r.t.Fatal(err)
	}
	all := string(b)
	err = filepath.WalkDir(r.dir, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(file)
		all += string(content)
		return err
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return all
}

func TestPromiseEveryNumberCarriesItsN(t *testing.T) {
	s := &sim.Server{Seed: 1, Accuracy: .5}
	r := newRig(t, s, inMode(config.Observe, 2))
	for i := range 12 {
		read(t, r.ask(fmt.Sprintf(`{"model":"m","messages":[{"role":"user","content":"Question %d: A) 1 B) 2 C) 3. End with Answer: X"}]}`, i)))
		r.observation()
	}
	read(t, r.ask(`{"model":`))
	r.settled()
	pairs := int64(0)
	for _, route := range r.monitor.Routes() {
		for _, series := range route.Windows[0].Series {
			e := series.Disagreement
			pairs += e.Pairs
			if e.Value != nil && (e.Pairs == 0 || e.Conversations == 0) {
				t.Errorf("%s %s: %v without an n", series.Kind, series.Level, *e.Value)
			}
			if e.Low == nil && e.AbsentRange == "" {
				t.Errorf("%s %s: no interval and no reason: %+v", series.Kind, series.Level, e)
			}
		}
	}
	if pairs != 12 {
		t.Errorf("%d pairs, want 12", pairs)
	}
	r.unmeasured(monitor.ReasonMalformed, 1)
}
