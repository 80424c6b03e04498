package proxy

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hotmess/config"
	"hotmess/monitor"
)

// raw sends bytes to the rig over a connection of their own and gives what
// comes back until the connection ends.
func (r *rig) raw(request string) string {
	r.t.Helper()
	conn := r.dial()
	_, _ = io.WriteString(conn, request)
	b, _ := io.ReadAll(conn)
	return string(b)
}

func (r *rig) dial() net.Conn {
	r.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(r.url, "http://"))
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(patience))
	return conn
}

func TestInterimRepliesLeaveTheHeadWhole(t *testing.T) {
	u := &script{
		primary: func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Link", "</style.css>")
			w.WriteHeader(http.StatusEarlyHints)
			w.Header()["Link"], w.Header()["Date"], w.Header()["Content-Type"] = nil, nil, nil
			_, _ = io.WriteString(w, completion("p", "yes"))
		},
		extra: func(_ int, w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Link", "</extra.css>")
			w.WriteHeader(http.StatusEarlyHints)
			says("e", "yes")(w, r)
		},
	}
	eachMode(t, func(t *testing.T, m config.Mode) {
		r := newRig(t, u, inMode(m, 2))
		got := r.raw(fmt.Sprintf("POST %s HTTP/1.1\r\nHost: x\r\nX-Client-Request-Id: 1\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s", chatPath, len(question), question))
		_, final, _ := strings.Cut(got, "HTTP/1.1 200 OK\r\n")
		head, _, _ := strings.Cut(final, "\r\n\r\n")
		if !strings.Contains(head, headerID+": ") || !strings.Contains(head, headerMode+": "+string(m)) {
			t.Errorf("own headers are lost: %q", head)
		}
		if strings.Contains(head, "Date:") || strings.Contains(head, "Content-Type:") || strings.Contains(head, "Link:") {
			t.Errorf("made up: %q", head)
		}
		if m != config.Ensemble && !strings.Contains(got, "103 Early Hints\r\nLink: </style.css>") {
			t.Errorf("no interim reply: %q", got)
		}
		if strings.Contains(got, "extra.css") {
			t.Errorf("an extra's interim reply reached the client: %q", got)
		}
	})
}

func TestExpectContinueKeepsOwnHeaders(t *testing.T) {
	eachMode(t, func(t *testing.T, m config.Mode) {
		u := &script{primary: says("p", "yes")}
		r := newRig(t, u, inMode(m, 1))
		got := r.raw(fmt.Sprintf("POST %s HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s", chatPath, len(question), question))
		if !strings.Contains(got, headerID+": ") || !strings.Contains(got, completion("p", "yes")) {
			t.Errorf("got %q", got)
		}
	})
}

func TestPathAndQueryStayRaw(t *testing.T) {
	u := &script{primary: says("p", "yes")}
	r := newRig(t, u, nil)
	for path, want := range map[string]string{
		"/v1/a%2Fb/c%20d?x=1;y=2&z=%zz": "/v1/a%2Fb/c%20d?x=1;y=2&z=%zz",
		"//v1//models":                  "//v1//models",
		"/v1/models/M%3AgenerateX?":     "/v1/models/M%3AgenerateX?",
		"/v1/a|b\"c":                    "/v1/a|b\"c",
		"/v1/%7Euser/~":                 "/v1/%7Euser/~",
		"/~me/v1/x":                     "/v1/x",
	} {
		u.calls = nil
		r.raw("GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		if calls := u.seen(); len(calls) != 1 || calls[0].URI != want {
			t.Errorf("%s arrives as %+v", path, calls)
		}
	}
}

func TestChunkedRequestKeepsItsTrailer(t *testing.T) {
	eachMode(t, func(t *testing.T, m config.Mode) {
		u := &script{primary: says("p", "yes")}
		r := newRig(t, u, inMode(m, 1))
		r.raw(fmt.Sprintf("POST %s HTTP/1.1\r\nHost: x\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n%x\r\n%s\r\n0\r\nX-Sum: 42\r\n\r\n", chatPath, len(question), question))
		calls := u.seen()
		if len(calls) != 1 || calls[0].Body != question {
			t.Fatalf("calls: %+v", calls)
		}
		if m == config.Ensemble { // the request is sent anew from its bytes
			return
		}
		if calls[0].Length != -1 || calls[0].Trailer.Get("X-Sum") != "42" {
			t.Errorf("length %d, trailer %v", calls[0].Length, calls[0].Trailer)
		}
	})
}

func TestHeadOfASlowReplyLeavesBeforeItsBody(t *testing.T) {
	more := make(chan struct{})
	u := &script{primary: func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "4")
		send(w, "ab")
		<-more
		send(w, "cd")
	}}
	r := newRig(t, u, inMode(config.Observe, 2))
	res := r.ask(question) // returns with the head
	first := make([]byte, 2)
	if _, err := io.ReadFull(res.Body, first); err != nil || string(first) != "ab" {
		t.Fatalf("got %q, %v", first, err)
	}
	close(more)
	if rest := read(t, res); rest != "cd" {
		t.Errorf("rest %q", rest)
	}
}

func TestUpgradePassesWithoutOwnHeaders(t *testing.T) {
	var got http.Header
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Header.Clone()
		conn, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
		line, _ := rw.ReadString('\n')
		_, _ = io.WriteString(conn, "echo "+line)
	}))
	t.Cleanup(upstream.Close)
	r := newRigAt(t, upstream.URL, inMode(config.Ensemble, 3))
	conn := r.dial()
	fmt.Fprintf(conn, "GET /v1/realtime HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-Hotmess-Session: s\r\n\r\n")
	in := bufio.NewReader(conn)
	res, err := http.ReadResponse(in, nil)
	if err != nil || res.StatusCode != http.StatusSwitchingProtocols || res.Header.Get(headerID) == "" {
		t.Fatalf("%+v, %v", res, err)
	}
	fmt.Fprintf(conn, "hello\n")
	if line, _ := in.ReadString('\n'); line != "echo hello\n" {
		t.Errorf("got %q", line)
	}
	if got.Get("X-Hotmess-Session") != "" || got.Get("Upgrade") != "websocket" {
		t.Errorf("headers at the upstream: %v", got)
	}
}

func TestUpgradedConnectionEndsWithTheHandler(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
		_, _ = io.Copy(io.Discard, conn)
	}))
	t.Cleanup(upstream.Close)
	r := newRigAt(t, upstream.URL, nil)
	conn := r.dial()
	fmt.Fprintf(conn, "GET /v1/realtime HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
	if _, err := http.ReadResponse(bufio.NewReader(conn), nil); err != nil {
		t.Fatal(err)
	}
	r.handler.Close() // waits for the call
}

func TestOfferOfHTTP2OverTheConnectionIsDropped(t *testing.T) {
	u := &script{primary: says("p", "yes"), extra: saysEach("yes")}
	r := newRig(t, u, inMode(config.Observe, 2))
	read(t, r.ask(question, firstCall, "1", "Connection", "Upgrade, HTTP2-Settings", "Upgrade", "h2c", "HTTP2-Settings", "AAMAAABk"))
	if o := r.observation(); o.Reason != "" {
		t.Errorf("not measured: %q", o.Reason)
	}
	for _, c := range u.seen() {
		if c.Header.Get("Upgrade") != "" || c.Header.Get("Http2-Settings") != "" {
			t.Errorf("sent on: %v", c.Header)
		}
	}
}

func TestCredentialsOfTheUpstreamURL(t *testing.T) {
	u := &script{primary: says("p", "yes"), extra: saysEach("yes")}
	upstream := httptest.NewServer(u)
	t.Cleanup(upstream.Close)
	r := newRigAt(t, strings.Replace(upstream.URL, "://", "://me:secret@", 1), inMode(config.Observe, 2))
	read(t, r.ask(question, firstCall, "1"))
	r.quiet()
	read(t, r.ask(question, firstCall, "1", "Authorization", "Bearer own"))
	r.quiet()
	var got []string
	for _, c := range u.seen() {
		got = append(got, c.Header.Get("Authorization"))
	}
	want := []string{"Basic bWU6c2VjcmV0", "Basic bWU6c2VjcmV0", "Bearer own", "Bearer own"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Authorization (-want +got):\n%s", diff)
	}
	if strings.Contains(r.log.String(), "secret") {
		t.Error("the password is in the log")
	}
}

func TestQueryOfTheUpstreamURLComesFirst(t *testing.T) {
	for _, c := range [][3]string{{"", "", ""}, {"a=1", "", "a=1"}, {"", "b=2&", "b=2&"}, {"a=1", "b=2&", "a=1&b=2&"}} {
		if got := joinQuery(c[0], c[1]); got != c[2] {
			t.Errorf("%q and %q give %q", c[0], c[1], got)
		}
	}
}

func TestBrokenUploadIsTheClientsOwn(t *testing.T) {
	eachMode(t, func(t *testing.T, m config.Mode) {
		r := newRig(t, &script{primary: says("p", "yes")}, inMode(m, 2))
		got := r.raw("POST " + chatPath + " HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
		if !strings.HasPrefix(got, "HTTP/1.1 400 ") || !strings.Contains(got, "hotmess_request_body") {
			t.Errorf("got %q", got)
		}
		r.quiet()
		if !strings.Contains(r.metrics(), `outcome="client_gone"} 1`) {
			t.Errorf("counted: %s", r.metrics())
		}
	})
}

func TestUnmeasuredRequestsAreCountedByReason(t *testing.T) {
	u := &script{primary: says("p", "yes"), extra: saysEach("yes")}
	stop := func(w http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) }
	for name, c := range map[string]struct {
		body   string
		header []string
		edit   func(*config.Config)
		answer func(http.ResponseWriter, *http.Request)
		want   monitor.Reason
	}{
		"no json":      {body: "{", want: monitor.ReasonMalformed},
		"no body":      {body: "", want: monitor.ReasonMalformed},
		"twice":        {body: `{"model":"m","model":"n","messages":[]}`, want: monitor.ReasonDuplicateKey},
		"encoding":     {body: question, header: []string{"Content-Encoding", "odd"}, want: monitor.ReasonEncoding},
		"big request":  {body: question, edit: func(c *config.Config) { c.Limits.Body = 10 }, want: monitor.ReasonTooBig},
		"big reply":    {body: question, edit: func(c *config.Config) { c.Limits.Body = 100 }, want: monitor.ReasonTooBig},
		"unreachable":  {body: question, answer: stop, want: monitor.ReasonFailed},
		"error":        {body: question, answer: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, want: monitor.ReasonFailed},
		"no answer":    {body: question, answer: func(w http.ResponseWriter, _ *http.Request) { send(w, "{}") }, want: monitor.ReasonUnreadable},
		"n":            {body: `{"model":"m","n":2,"messages":[{"role":"user","content":"x"}]}`, want: monitor.ReasonNativeN},
		"subscription": {body: question, header: []string{"Authorization", "Bearer sk-ant-oat01-x"}, want: monitor.ReasonSubscription},
		"one sample":   {body: question, edit: func(c *config.Config) { c.Sampling.Samples = 1 }, want: monitor.ReasonOff},
		"not drawn":    {body: question, edit: func(c *config.Config) { c.Sampling.Rate.Share = 0 }, want: monitor.ReasonNotDrawn},
	} {
		t.Run(name, func(t *testing.T) {
			for _, m := range []config.Mode{config.Observe, config.Ensemble} {
				t.Run(string(m), func(t *testing.T) {
					script := &script{primary: u.primary, extra: u.extra}
					if c.answer != nil {
						script.primary = c.answer
						script.extra = nil
					}
					r := newRig(t, script, func(cfg *config.Config) {
						inMode(m, 2)(cfg)
						if c.edit != nil {
							c.edit(cfg)
						}
					})
					res := r.ask(c.body, append(c.header, firstCall, "1")...)
					_, _ = io.ReadAll(res.Body)
					r.unmeasured(c.want, 1)
					if n := r.monitor.Totals().Requests; n != 1 {
						t.Errorf("counted %d requests", n)
					}
				})
			}
		})
	}
}

func TestOtherCallsAreNeverRead(t *testing.T) {
	u := &script{primary: says("p", "yes")}
	r := newRig(t, u, inMode(config.Ensemble, 3))
	for _, c := range [][2]string{{"GET", "/v1/models"}, {"POST", "/v1/embeddings"}, {"DELETE", "/v1/files/f"}, {"POST", "/v1/messages/count_tokens"}} {
		res := r.do(c[0], c[1], question)
		read(t, res)
		if got := res.Header.Get(headerMode); got != string(config.Off) {
			t.Errorf("%s %s: mode %s", c[0], c[1], got)
		}
	}
	r.unmeasured(monitor.ReasonDialect, 4)
	if n := len(u.seen()); n != 4 {
		t.Errorf("%d calls, want 4", n)
	}
}

func TestOffModeNeitherReadsNorCopies(t *testing.T) {
	up := make(chan struct{})
	u := &script{}
	r := newRig(t, u, inMode(config.Off, 5))
	u.primary = func(w http.ResponseWriter, _ *http.Request) {
		if held := r.handler.ledger.held.Load(); held != 0 {
			t.Errorf("%d bytes are copied", held)
		}
		close(up)
		send(w, "odd")
	}
	if got := read(t, r.ask(`{"broken`)); got != "odd" {
		t.Errorf("got %q", got)
	}
	<-up
	r.unmeasured(monitor.ReasonOff, 1)
	if n := len(r.observed); n != 0 {
		t.Errorf("%d observations", n)
	}
}

func TestDrawIsOlderThanTheBody(t *testing.T) {
	r := newRig(t, http.NotFoundHandler(), nil)
	req := request(t, nil, 10)
	req.Body = nil // nothing can be read
	seen := map[float64]bool{}
	for range 3 {
		x := r.handler.begin(req, destination{upstream: &upstream{}})
		if x.u < 0 || x.u >= 1 || seen[x.u] {
			t.Errorf("drawn %v", x.u)
		}
		seen[x.u] = true
	}
}
