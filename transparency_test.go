package main_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"hotmess/ca"
	"hotmess/config"
	"hotmess/monitor"
	"hotmess/proxy"
	"hotmess/sim"
	"hotmess/wire"
)

// A calling is one request that a client makes, in the form of a dialect.
type calling struct {
	dialect wire.Dialect
	method  string
	path    string
	header  http.Header
	body    string
}

// kinds are what the simulated model is made to answer.
var kinds = []string{"text", "tools", "reasoning", "refusal", "error"}

// model is the simulated model that answers with a kind. Two of them answer
// equal requests with equal bytes.
func modelOf(kind string) *sim.Server {
	s := &sim.Server{
		Seed: 7, Accuracy: 0.6, RateHeaders: true, Reasoning: sim.Reasoning{Median: -1},
		Now: func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) },
	}
	switch kind {
	case "reasoning":
		s.Reasoning = sim.Reasoning{Median: 40, Show: true}
	case "refusal":
		s.Refusals = 1
	case "error":
		s.Faults.RateLimited = 1
	}
	return s
}

// An object is JSON to be.
type object = map[string]any

// parameters are those of the one tool that is offered.
var parameters = object{"type": "object", "properties": object{"city": object{"type": "string"}, "days": object{"type": "integer"}}, "required": []string{"city", "days"}}

const letterQuestion = "Which one is it?\nA) one\nB) two\nC) three\nEnd with a last line of the form: Answer: <letter>"

// callings are the generation calls of every dialect, streamed and not.
func callings(t *testing.T, kind string) map[string]calling {
	t.Helper()
	question := letterQuestion
	if kind == "tools" {
		question = "task 7: look at the weather"
	}
	all := map[string]calling{}
	for _, stream := range []bool{false, true} {
		name := "unary"
		if stream {
			name = "stream"
		}
		all["chat "+name] = chatCalling(t, kind, question, stream)
		all["responses "+name] = responsesCalling(t, kind, question, stream)
		all["messages "+name] = messagesCalling(t, kind, question, stream)
	}
	all["gemini unary"] = geminiCalling(t, kind, question, "generateContent")
	all["gemini stream"] = geminiCalling(t, kind, question, "streamGenerateContent?alt=sse")
	all["gemini array"] = geminiCalling(t, kind, question, "streamGenerateContent")
	return all
}

func post(t *testing.T, d wire.Dialect, path string, body object, header ...string) calling {
	t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	c := calling{dialect: d, method: http.MethodPost, path: path, body: string(b), header: http.Header{"Content-Type": {"application/json"}}}
	for i := 0; i < len(header); i += 2 {
		c.header.Set(header[i], header[i+1])
	}
	return c
}

func chatCalling(t *testing.T, kind, question string, stream bool) calling {
	body := object{"model": "m", "stream": stream, "messages": []object{{"role": "user", "content": question}}}
	if kind == "tools" {
		body["tools"] = []object{{"type": "function", "function": object{"name": "get_weather", "parameters": parameters}}}
	}
	return post(t, wire.OpenAIChat, "/v1/chat/completions", body, "Authorization", "Bearer sk-1")
}

func responsesCalling(t *testing.T, kind, question string, stream bool) calling {
	body := object{"model": "m", "stream": stream, "input": question}
	switch kind {
	case "tools":
		body["tools"] = []object{{"type": "function", "name": "get_weather", "parameters": parameters}}
	case "reasoning":
		body["include"], body["reasoning"] = []string{"reasoning.encrypted_content"}, object{"summary": "auto"}
	}
	return post(t, wire.OpenAIResponses, "/v1/responses", body, "Authorization", "Bearer sk-1")
}

func messagesCalling(t *testing.T, kind, question string, stream bool) calling {
	body := object{"model": "m", "max_tokens": 4096, "stream": stream, "messages": []object{{"role": "user", "content": question}}}
	switch kind {
	case "tools":
		body["tools"] = []object{{"name": "get_weather", "input_schema": parameters}}
	case "reasoning":
		body["thinking"] = object{"type": "enabled", "budget_tokens": 2048}
	}
	return post(t, wire.AnthropicMessages, "/v1/messages", body, "X-Api-Key", "k", "Anthropic-Version", "2023-06-01", "Anthropic-Beta", "a-2025-01-01,b-2025-01-01")
}

func geminiCalling(t *testing.T, kind, question, verb string) calling {
	body := object{"contents": []object{{"role": "user", "parts": []object{{"text": question}}}}}
	switch kind {
	case "tools":
		body["tools"] = []object{{"functionDeclarations": []object{{"name": "get_weather", "parametersJsonSchema": parameters}}}}
	case "reasoning":
		body["generationConfig"] = object{"thinkingConfig": object{"includeThoughts": true}}
	}
	return post(t, wire.GeminiGenerate, "/v1beta/models/m:"+verb, body, "X-Goog-Api-Key", "k")
}

// An upstream is a server that notes what it is asked.
type noting struct {
	http.Handler
	mu   sync.Mutex
	seen []string
}

// ServeHTTP implements http.Handler.
func (n *noting) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	var head bytes.Buffer
	_ = r.Header.WriteSubset(&head, map[string]bool{"X-Forwarded-For": true}) // into memory
	n.mu.Lock()
	n.seen = append(n.seen, fmt.Sprintf("%s %s\n%s\n%s", r.Method, r.RequestURI, head.String(), body))
	n.mu.Unlock()
	r.Body = io.NopCloser(bytes.NewReader(body))
	n.Handler.ServeHTTP(w, r)
}

func (n *noting) first() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.seen) == 0 {
		return ""
	}
	return n.seen[0]
}

// A reply is what a client got.
type reply struct {
	Status int
	Header http.Header
	Body   string
	Broke  bool
}

// ask makes a call and reads all of the reply, but for what a proxy may change:
// what is hop by hop, the clock, and hotmess's own headers.
func ask(t *testing.T, client *http.Client, base string, c calling) reply {
	t.Helper()
	req, err := http.NewRequest(c.method, base+c.path, strings.NewReader(c.body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = c.header.Clone()
	if _, set := req.Header["User-Agent"]; !set {
		req.Header["User-Agent"] = nil
	}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	h := res.Header.Clone()
	for name := range h {
		if strings.HasPrefix(name, "X-Hotmess-") || slices.Contains([]string{"Connection", "Date", "Keep-Alive", "Transfer-Encoding"}, name) {
			delete(h, name)
		}
	}
	return reply{Status: res.StatusCode, Header: h, Body: string(body), Broke: err != nil}
}

// plainClient adds nothing of its own.
func plainClient(t *testing.T, transport *http.Transport) *http.Client {
	t.Helper()
	transport.DisableCompression = true
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: time.Minute}
}

// A port is a traffic port in front of one upstream, with all that it needs.
type port struct {
	address  string
	upstream string // base URL of the upstream itself
	saw      *noting
	roots    *x509.CertPool // what clients of the proxy trust
	observed chan monitor.Observation
	monitor  *monitor.Monitor
	handler  *proxy.Handler
	// last is the last observation that settle saw, if there was one.
	last *monitor.Observation
}

// newPort serves in a mode in front of model, which speaks TLS if secure.
func newPort(t *testing.T, mode config.Mode, model http.Handler, secure bool, edit ...func(*config.Config)) *port {
	t.Helper()
	p := &port{saw: &noting{Handler: model}, roots: x509.NewCertPool(), observed: make(chan monitor.Observation, 10)}
	up := httptest.NewUnstartedServer(p.saw)
	up.Config.ErrorLog = log.New(io.Discard, "", 0) // connections that were not needed end in a handshake
	transport := &http.Transport{DisableCompression: true, ForceAttemptHTTP2: true}
	if secure {
		up.EnableHTTP2 = true
		up.StartTLS()
		trusted := x509.NewCertPool()
		trusted.AddCert(up.Certificate())
		transport.TLSClientConfig = &tls.Config{RootCAs: trusted}
	} else {
		up.Start()
	}
	t.Cleanup(up.Close)
	t.Cleanup(transport.CloseIdleConnections)
	p.upstream = up.URL
	c := config.Default()
	c.Upstream = up.URL
	c.Sampling.Mode, c.Sampling.Samples, c.Sampling.Rate = mode, 3, config.Rate{Share: 1}
	c.Ensemble.Samples = c.Ensemble.Samples.AtMost(3)
	c.Sampling.Allow = []string{config.AllowStored}
	for _, f := range edit {
		f(&c)
	}
	p.serve(t, c, transport)
	return p
}

// serve builds the line and runs it until the end of the test.
func (p *port) serve(t *testing.T, c config.Config, transport *http.Transport) {
	t.Helper()
	mon, err := monitor.New(monitor.Settings{Budget: c.Budget, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	p.monitor = mon
	running, stop := context.WithCancel(context.Background())
	remembering := make(chan error, 1)
	go func() { remembering <- mon.Run(running) }()
	mon.Gate().Hear("upstream", http.StatusOK, wire.Quota{Known: true, Remaining: 1})
	table := c.Resolve()
	h := proxy.NewHandler(proxy.Settings{
		Config: c, Upstreams: proxy.NewUpstreams(nil, table[""]), Transport: transport, Monitor: mon,
		Publish: func(o monitor.Observation) { p.observed <- o }, Sealer: proxy.NewSealer([]byte("a key for tests alone, 32 bytes!")),
		Instance: "test", Log: slog.New(slog.DiscardHandler), Now: time.Now,
	})
	p.handler = h
	forward := proxy.Forward{Dial: new(net.Dialer).DialContext, Any: true}
	if hosts := c.TLSHosts(); len(hosts) > 0 {
		authority, err := ca.Open(t.Context(), t.TempDir(), hosts, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		p.roots.AppendCertsFromPEM(authority.PEM())
		forward.Authority = authority
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.address = l.Addr().String()
	server := proxy.NewServer(h, forward)
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	t.Cleanup(func() {
		_ = server.Close()
		<-served
		h.Close()
		stop()
		<-remembering
	})
}

// A way is how a client comes to the port.
type way struct {
	secure, http2 bool
}

var ways = map[string]way{"base URL": {}, "proxy, HTTP/1.1": {secure: true}, "proxy, HTTP/2": {secure: true, http2: true}}

// client is a client of the way, and the base that it calls.
func (w way) client(t *testing.T, p *port) (*http.Client, string) {
	t.Helper()
	if !w.secure {
		return plainClient(t, &http.Transport{}), "http://" + p.address
	}
	via := &url.URL{Scheme: "http", Host: p.address}
	return plainClient(t, &http.Transport{
		Proxy: http.ProxyURL(via), TLSClientConfig: &tls.Config{RootCAs: p.roots}, ForceAttemptHTTP2: w.http2,
	}), p.upstream
}

// direct makes a call n times on a fresh model, without anything between.
func direct(t *testing.T, model http.Handler, c calling, n int) (replies []reply, saw string) {
	t.Helper()
	n = max(n, 1)
	noted := &noting{Handler: model}
	up := httptest.NewServer(noted)
	defer up.Close()
	client := plainClient(t, &http.Transport{})
	for range n {
		replies = append(replies, ask(t, client, up.URL, c))
	}
	return replies, noted.first()
}

// TestEveryDialectIsTransparentBothWaysIn makes each call on two equal models,
// on one directly, on the other through hotmess.
func TestEveryDialectIsTransparentBothWaysIn(t *testing.T) {
	for _, kind := range kinds {
		for name, c := range callings(t, kind) {
			t.Run(kind+"/"+name, func(t *testing.T) {
				t.Parallel()
				wanted, wantSaw := direct(t, modelOf(kind), c, 3)
				for wayName, w := range ways {
					for _, mode := range []config.Mode{config.Off, config.Observe, config.Ensemble} {
						t.Run(wayName+"/"+string(mode), func(t *testing.T) {
							p := newPort(t, mode, modelOf(kind), w.secure)
							client, base := w.client(t, p)
							got := ask(t, client, base, c)
							checkReply(t, mode, wanted, got)
							if saw := p.saw.first(); mode != config.Ensemble && saw != wantSaw {
								t.Errorf("the upstream saw (-direct +through hotmess):\n%s", gocmp.Diff(wantSaw, saw))
							}
							checkMeasured(t, p, kind, mode, c.dialect)
						})
					}
				}
			})
		}
	}
}

// checkReply wants the first direct reply, or in ensemble mode any of them.
func checkReply(t *testing.T, mode config.Mode, wanted []reply, got reply) {
	t.Helper()
	if mode == config.Ensemble && slices.ContainsFunc(wanted, func(w reply) bool { return gocmp.Equal(w, got) }) {
		return
	}
	if diff := gocmp.Diff(wanted[0], got); diff != "" {
		t.Errorf("reply (-direct +through hotmess):\n%s", diff)
	}
}

// checkMeasured wants a measured pair where extras were to run.
func checkMeasured(t *testing.T, p *port, kind string, mode config.Mode, d wire.Dialect) {
	t.Helper()
	if mode == config.Off {
		return
	}
	var o monitor.Observation
	select {
	case o = <-p.observed:
	case <-time.After(time.Minute):
		t.Fatal("no observation")
	}
	want := monitor.Reason("")
	if kind == "error" {
		want = monitor.ReasonFailed
	}
	if o.Reason != want || o.Dialect != string(d) {
		t.Errorf("dialect %s, reason %q, samples %+v", o.Dialect, o.Reason, o.Samples)
	}
	if mode == config.Ensemble && kind != "error" && (o.Vote == nil || o.Vote.Votes < 2) {
		t.Errorf("no vote: %+v", o.Vote)
	}
}

// TestWaitingClientsGetTheSignOfLifeOfTheirDialect holds the model until the
// client has the first sign; then the winner, or the error, follows whole.
func TestWaitingClientsGetTheSignOfLifeOfTheirDialect(t *testing.T) {
	for _, kind := range []string{"text", "error"} {
		for name, c := range callings(t, kind) {
			framing := framingOf(name)
			if framing == wire.Whole {
				continue
			}
			t.Run(kind+"/"+name, func(t *testing.T) {
				t.Parallel()
				wanted, _ := direct(t, modelOf(kind), c, 3)
				got := waited(t, kind, c, wire.Opening(c.dialect, framing), wire.KeepAlive(c.dialect, framing))
				if framing == wire.Array { // the bracket came first
					got = "[" + got
				}
				if kind == "error" {
					checkStreamError(t, c, framing, got)
					return
				}
				if !slices.ContainsFunc(wanted, func(w reply) bool { return w.Body == got }) {
					t.Errorf("no sample's stream: %q", got)
				}
			})
		}
	}
}

// framingOf is that of a call by the name that it has in callings.
func framingOf(name string) wire.Framing {
	switch {
	case strings.HasSuffix(name, "array"):
		return wire.Array
	case strings.HasSuffix(name, "stream"):
		return wire.Events
	}
	return wire.Whole
}

// waited is what follows the signs of life in a reply that has to wait.
func waited(t *testing.T, kind string, c calling, opening, sign []byte) string {
	t.Helper()
	model, hold := modelOf(kind), make(chan struct{})
	model.Hold = func(ctx context.Context, _ sim.Request) {
		select {
		case <-hold:
		case <-ctx.Done():
		}
	}
	p := newPort(t, config.Ensemble, model, false, func(c *config.Config) { c.Ensemble.KeepAlive = config.Duration(time.Millisecond) })
	req, err := http.NewRequest(c.method, "http://"+p.address+c.path, strings.NewReader(c.body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = c.header.Clone()
	res, err := plainClient(t, &http.Transport{}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	first := make([]byte, len(opening))
	if _, err := io.ReadFull(res.Body, first); err != nil || !bytes.Equal(first, opening) || res.StatusCode != http.StatusOK {
		t.Fatalf("%s: first bytes %q, %v; want %q", res.Status, first, err, opening)
	}
	close(hold)
	rest, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	for bytes.HasPrefix(rest, sign) {
		rest = rest[len(sign):]
	}
	return string(rest)
}

// checkStreamError wants the upstream's own error, which the dialect's reader takes for one.
func checkStreamError(t *testing.T, c calling, f wire.Framing, got string) {
	t.Helper()
	r, err := wire.Fold(c.dialect, f == wire.Events, strings.NewReader(got), nil)
	if err != nil || r.Failure == nil || !strings.Contains(got, "simulated: rate limit reached") {
		t.Errorf("%q: %+v, %v", got, r, err)
	}
}

// others are calls that are relayed whatever the mode.
func others(t *testing.T) map[string]calling {
	anthropic := http.Header{"X-Api-Key": {"k"}, "Anthropic-Version": {"2023-06-01"}}
	google := http.Header{"X-Goog-Api-Key": {"k"}}
	all := map[string]calling{
		"OpenAI's models":    {method: http.MethodGet, path: "/v1/models"},
		"Anthropic's models": {method: http.MethodGet, path: "/v1/models", header: anthropic},
		"Gemini's models":    {method: http.MethodGet, path: "/v1beta/models", header: google},
		"no such response":   {method: http.MethodGet, path: "/v1/responses/resp_0"},
		"delete":             {method: http.MethodDelete, path: "/v1/responses/resp_0"},
		"unknown":            {method: http.MethodPost, path: "/v1/nothing/at%2Fall?x=1;y", body: "{}"},
		"embeddings":         post(t, "", "/v1/embeddings", object{"model": "m", "input": []string{"a", "b"}}),
		"count tokens":       post(t, "", "/v1/messages/count_tokens", object{"model": "m", "messages": []object{{"role": "user", "content": "x"}}}, "Anthropic-Version", "2023-06-01", "X-Api-Key", "k"),
		"Gemini's count":     post(t, "", "/v1beta/models/m:countTokens", object{"contents": []object{{"parts": []object{{"text": "x"}}}}}, "X-Goog-Api-Key", "k"),
		"Gemini's embedding": post(t, "", "/v1beta/models/m:embedContent", object{"content": object{"parts": []object{{"text": "x"}}}}, "X-Goog-Api-Key", "k"),
		"image":              post(t, "", "/v1/images/generations", object{"model": "m", "prompt": "x"}),
	}
	for name, c := range all {
		if c.header = maps.Clone(c.header); c.header == nil {
			c.header = http.Header{}
		}
		all[name] = c
	}
	return all
}

func TestOtherCallsAreRelayedBothWaysIn(t *testing.T) {
	for name, c := range others(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wanted, wantSaw := direct(t, modelOf("text"), c, 1)
			for wayName, w := range ways {
				p := newPort(t, config.Ensemble, modelOf("text"), w.secure)
				client, base := w.client(t, p)
				if diff := gocmp.Diff(wanted[0], ask(t, client, base, c)); diff != "" {
					t.Errorf("%s: reply (-direct +through hotmess):\n%s", wayName, diff)
				}
				if saw := p.saw.first(); saw != wantSaw {
					t.Errorf("%s: the upstream saw (-direct +through hotmess):\n%s", wayName, gocmp.Diff(wantSaw, saw))
				}
			}
		})
	}
}
