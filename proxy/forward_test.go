package proxy

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"hotmess/config"
	"hotmess/monitor"
	"hotmess/wire"
)

// A forwardRig is a rig whose upstream speaks TLS, and clients that use its port
// as their proxy.
type forwardRig struct {
	*rig
	upstream  *httptest.Server
	authority *authority
}

// newForwardRig starts a port that opens the TLS of the upstream.
func newForwardRig(t *testing.T, upstream http.Handler, edit func(*config.Config)) *forwardRig {
	t.Helper()
	f := &forwardRig{rig: newBareRig(t), upstream: httptest.NewUnstartedServer(upstream), authority: newAuthority(t, "127.0.0.1")}
	f.upstream.EnableHTTP2 = true
	f.upstream.StartTLS()
	t.Cleanup(f.upstream.Close)
	f.transport.TLSClientConfig = trusting(f.upstream.Certificate())
	f.transport.ForceAttemptHTTP2 = true
	f.forward.Authority = f.authority
	c := config.Default()
	c.Upstream = f.upstream.URL
	c.Sampling = c.Sampling.PairsOnly()
	c.Sampling.Rate = config.Rate{Share: 1}
	if edit != nil {
		edit(&c)
	}
	f.start(c)
	return f
}

func trusting(certs ...*x509.Certificate) *tls.Config {
	pool := x509.NewCertPool()
	for _, c := range certs {
		pool.AddCert(c)
	}
	return &tls.Config{RootCAs: pool}
}

// through is a client that uses the port as its proxy, under a name, and trusts
// the given certificates.
func (r *rig) through(name string, http2 bool, trusted ...*x509.Certificate) *http.Client {
	proxy, err := url.Parse(r.url)
	if err != nil {
		r.t.Fatal(err)
	}
	if name != "" {
		proxy.User = url.UserPassword(name, "x")
	}
	transport := &http.Transport{
		Proxy: http.ProxyURL(proxy), TLSClientConfig: trusting(trusted...), DisableCompression: true, ForceAttemptHTTP2: http2,
	}
	r.t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 2 * patience}
}

// post sends a body and fails the test without a reply.
func post(t *testing.T, c *http.Client, url, body string, header ...string) *http.Response {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = res.Body.Close() })
	return res
}

// eachVersion runs a test with HTTP/1.1 and HTTP/2 between client and port.
func eachVersion(t *testing.T, test func(t *testing.T, http2 bool)) {
	t.Run("HTTP/1.1", func(t *testing.T) { test(t, false) })
	t.Run("HTTP/2", func(t *testing.T) { test(t, true) })
}

func TestOpenedCallsAreMeasured(t *testing.T) {
	eachVersion(t, func(t *testing.T, http2 bool) {
		u := &script{primary: says("p", "yes"), extra: saysEach("no")}
		f := newForwardRig(t, u, inMode(config.Observe, 2))
		f.monitor.Gate().Hear("upstream", http.StatusOK, wire.Quota{Known: true, Remaining: 1})
		c := f.through("Agent", http2, f.authority.cert)
		res := post(t, c, f.upstream.URL+chatPath+"?a=1;b=2", question, firstCall, "1")
		if got := read(t, res); got != completion("p", "yes") {
			t.Errorf("reply: %s", got)
		}
		if (res.ProtoMajor == 2) != http2 || res.Header.Get(headerMode) != "observe" {
			t.Errorf("%s, header %v", res.Proto, res.Header)
		}
		o := f.observation()
		if o.Reason != "" || o.Route != "agent.m" || len(o.Samples) != 2 {
			t.Errorf("observation %+v", o)
		}
		host := strings.TrimPrefix(f.upstream.URL, "https://")
		for _, call := range u.seen() {
			if call.Host != host || call.URI != chatPath+"?a=1;b=2" || call.Header.Get("Proxy-Authorization") != "" {
				t.Errorf("upstream saw %+v", call)
			}
		}
	})
}

func TestOpenedCallsAreVotedOn(t *testing.T) {
	u := &script{primary: says("p", "yes"), extra: saysEach("no")}
	f := newForwardRig(t, u, inMode(config.Ensemble, 3))
	res := post(t, f.through("", true, f.authority.cert), f.upstream.URL+chatPath, question, firstCall, "1")
	if got := read(t, res); !strings.Contains(got, `"no"`) || res.Header.Get(headerMethod) == "" {
		t.Errorf("reply %s, header %v", got, res.Header)
	}
}

func TestOpenedStreamsLeaveEventByEvent(t *testing.T) {
	eachVersion(t, func(t *testing.T, http2 bool) {
		next := make(chan struct{})
		f := newForwardRig(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			for i := range 3 {
				send(w, chunk("p", fmt.Sprint(i)))
				<-next // the client has it
			}
			send(w, done)
		}), inMode(config.Off, 1))
		res := post(t, f.through("", http2, f.authority.cert), f.upstream.URL+chatPath, streamed)
		lines := bufio.NewReader(res.Body)
		for i := range 3 {
			line, err := lines.ReadString('\n')
			if err != nil || !strings.Contains(line, fmt.Sprintf(`"content":"%d"`, i)) {
				t.Fatalf("event %d: %q, %v", i, line, err)
			}
			_, _ = lines.ReadString('\n')
			next <- struct{}{}
		}
		if rest, err := io.ReadAll(lines); err != nil || string(rest) != done {
			t.Errorf("rest %q, %v", rest, err)
		}
	})
}

func TestCutsReachClientsOfOpenedTLS(t *testing.T) {
	eachVersion(t, func(t *testing.T, http2 bool) {
		f := newForwardRig(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			send(w, chunk("p", "half"))
			panic(http.ErrAbortHandler)
		}), nil)
		res := post(t, f.through("", http2, f.authority.cert), f.upstream.URL+chatPath, streamed)
		if got, err := io.ReadAll(res.Body); err == nil || string(got) != chunk("p", "half") {
			t.Errorf("got %q, %v", got, err)
		}
	})
}

func TestClientThatLeavesOpenedTLSCancelsTheCall(t *testing.T) {
	eachVersion(t, func(t *testing.T, http2 bool) {
		arrived, gone := make(chan struct{}), make(chan struct{})
		f := newForwardRig(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.ReadAll(r.Body)
			close(arrived)
			<-r.Context().Done()
			close(gone)
		}), inMode(config.Off, 1))
		ctx, leave := context.WithCancel(context.Background())
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, f.upstream.URL+chatPath, strings.NewReader(question))
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			receive(t, arrived, "the call")
			leave()
		}()
		if _, err := f.through("", http2, f.authority.cert).Do(req); err == nil {
			t.Error("got a reply")
		}
		receive(t, gone, "the end of the call")
	})
}

func TestUpgradesPassThroughOpenedTLS(t *testing.T) {
	f := newForwardRig(t, http.HandlerFunc(echoUpgraded), nil)
	conn, err := net.Dial("tcp", strings.TrimPrefix(f.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	host := strings.TrimPrefix(f.upstream.URL, "https://")
	fmt.Fprintf(conn, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n", host, host)
	if res, err := http.ReadResponse(bufio.NewReader(conn), nil); err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("CONNECT: %+v, %v", res, err)
	}
	config := trusting(f.authority.cert)
	config.ServerName = "127.0.0.1"
	secure := tls.Client(conn, config)
	fmt.Fprintf(secure, "GET /v1/realtime HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", host)
	lines := bufio.NewReader(secure)
	res, err := http.ReadResponse(lines, nil)
	if err != nil || res.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("upgrade: %+v, %v", res, err)
	}
	_, _ = io.WriteString(secure, "ping\n")
	if got, err := lines.ReadString('\n'); got != "ping\n" {
		t.Errorf("echo %q, %v", got, err)
	}
}

// echoUpgraded takes over the connection and sends back what comes.
func echoUpgraded(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Connection", "Upgrade")
	w.Header().Set("Upgrade", "websocket")
	w.WriteHeader(http.StatusSwitchingProtocols)
	conn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	_, _ = io.Copy(conn, rw)
}

func TestOtherHostsAreTunnelledBlind(t *testing.T) {
	other := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "theirs") }))
	t.Cleanup(other.Close)
	f := newForwardRig(t, http.NotFoundHandler(), nil)
	// Only the other server's own certificate is trusted: nobody has opened it.
	res := post(t, f.through("", false, other.Certificate()), other.URL, "x")
	if got := read(t, res); got != "theirs" || res.Header.Get(headerID) != "" {
		t.Errorf("reply %q, header %v", got, res.Header)
	}
	host := strings.TrimPrefix(other.URL, "https://")
	if got := f.server.Tunnels(); got[host] != 1 || len(got) != 1 {
		t.Errorf("tunnels %v", got)
	}
	if n := f.monitor.Totals().Requests; n != 0 {
		t.Errorf("%d requests counted", n)
	}
}

func TestUpstreamsThatAreNotCoveredAreTunnelled(t *testing.T) {
	f := newForwardRig(t, &script{primary: says("p", "yes")}, nil)
	f.authority.hosts = nil
	res := post(t, f.through("", false, f.upstream.Certificate()), f.upstream.URL+chatPath, question)
	if read(t, res) != completion("p", "yes") || res.Header.Get(headerID) != "" {
		t.Errorf("header %v", res.Header)
	}
}

func TestAuthorityThatCannotSignLeavesTunnels(t *testing.T) {
	f := newForwardRig(t, &script{primary: says("p", "yes")}, nil)
	f.authority.expired = true
	res := post(t, f.through("", false, f.upstream.Certificate()), f.upstream.URL+chatPath, question)
	if read(t, res) != completion("p", "yes") || res.Header.Get(headerID) != "" || !strings.Contains(f.log.String(), "no certificate can be made") {
		t.Errorf("header %v, log %s", res.Header, f.log.String())
	}
}

// echoAfterEnd is a server that answers with all it got, once the client has
// closed its side.
func echoAfterEnd(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				all, _ := io.ReadAll(conn)
				_, _ = conn.Write(all)
			}()
		}
	}()
	return l.Addr().String()
}

func TestTunnelsCloseEachDirectionByItself(t *testing.T) {
	r := newRig(t, http.NotFoundHandler(), nil)
	for name, early := range map[string]bool{"after the answer": false, "behind the CONNECT": true} {
		t.Run(name, func(t *testing.T) {
			host := echoAfterEnd(t)
			conn, err := net.Dial("tcp", strings.TrimPrefix(r.url, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			head := fmt.Sprintf("CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n", host, host)
			said := strings.Repeat("all of it ", 10_000)
			if early {
				head += said[:100]
				said = said[100:]
			}
			_, _ = io.WriteString(conn, head)
			lines := bufio.NewReader(conn)
			if line, err := lines.ReadString('\n'); !strings.Contains(line, " 200 ") {
				t.Fatalf("%q, %v", line, err)
			}
			_, _ = lines.ReadString('\n')
			go func() { // the answer comes only once all is said
				_, _ = io.WriteString(conn, said)
				_ = conn.(*net.TCPConn).CloseWrite()
			}()
			got, err := io.ReadAll(lines)
			if err != nil || len(got) != 100_000 {
				t.Errorf("%d bytes, %v", len(got), err)
			}
		})
	}
}

func TestHostsThatCannotBeReachedAreSaidSo(t *testing.T) {
	r := newRig(t, http.NotFoundHandler(), nil)
	const nobody = "127.0.0.1:1" // a port that was free a moment ago might be taken
	for _, request := range []string{
		"CONNECT " + nobody + " HTTP/1.1\r\nHost: " + nobody + "\r\n\r\n",
		"GET http://" + nobody + "/ HTTP/1.1\r\nHost: " + nobody + "\r\nConnection: close\r\n\r\n",
	} {
		if got := r.raw(request); !strings.HasPrefix(got, "HTTP/1.1 502 ") || !strings.Contains(got, "hotmess cannot reach "+nobody) {
			t.Errorf("%q: %q", request, got)
		}
	}
}

func TestTunnelsLeadOnlyToUpstreamsUnlessAllowed(t *testing.T) {
	r := newBareRig(t)
	r.forward.Any = false
	up := httptest.NewServer(&script{primary: says("p", "yes")})
	t.Cleanup(up.Close)
	c := config.Default()
	c.Upstream = up.URL
	r.start(c)
	for _, request := range []string{
		"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n",
		"GET http://example.com/ HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n",
	} {
		if got := r.raw(request); !strings.HasPrefix(got, "HTTP/1.1 403 ") || !strings.Contains(got, "forward.tunnels") {
			t.Errorf("%q: %q", request, got)
		}
	}
	if got := read(t, post(t, r.through("", false), up.URL+chatPath, question)); got != completion("p", "yes") {
		t.Errorf("upstream: %s", got)
	}
}

func TestPlainRequestsToUpstreamsAreMeasured(t *testing.T) {
	u := &script{primary: says("p", "yes"), extra: saysEach("no")}
	up := httptest.NewServer(u)
	t.Cleanup(up.Close)
	r := newRigAt(t, up.URL, inMode(config.Observe, 2))
	res := post(t, r.through("", false), up.URL+"/v1//chat/completions?x=%zz", question, firstCall, "1", "User-Agent", "curl/8")
	if read(t, res) != completion("p", "yes") || res.Header.Get(headerMode) != "observe" {
		t.Errorf("header %v", res.Header)
	}
	if o := r.observation(); o.Reason != "" || o.Route != "curl.m" {
		t.Errorf("observation %+v", o)
	}
	if got := u.seen()[0]; got.URI != "/v1//chat/completions?x=%zz" || got.Header.Get("Proxy-Connection") != "" {
		t.Errorf("upstream saw %+v", got)
	}
}

func TestOtherPlainRequestsPassPieceByPiece(t *testing.T) {
	next := make(chan struct{})
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/x-ndjson")
		send(w, r.RequestURI+" "+r.Host+" "+r.Header.Get("X-Forwarded-For")+"\n")
		<-next // the client has it
		send(w, "end\n")
	}))
	t.Cleanup(other.Close)
	r := newRig(t, http.NotFoundHandler(), nil)
	res := post(t, r.through("", false), other.URL+"/a%2Fb//?q=1;2", "x", "X-Forwarded-For", "10.0.0.1")
	lines := bufio.NewReader(res.Body)
	host := strings.TrimPrefix(other.URL, "http://")
	if line, err := lines.ReadString('\n'); line != "/a%2Fb//?q=1;2 "+host+" 10.0.0.1\n" {
		t.Errorf("first line %q, %v", line, err)
	}
	close(next)
	if rest, err := io.ReadAll(lines); string(rest) != "end\n" || err != nil {
		t.Errorf("rest %q, %v", rest, err)
	}
	if res.Header.Get(headerID) != "" || r.server.Tunnels()[host] != 1 {
		t.Errorf("header %v, tunnels %v", res.Header, r.server.Tunnels())
	}
}

// TestProxiedBaseURLIsABaseURL: some clients send even their calls on loopback
// through the proxy.
func TestProxiedBaseURLIsABaseURL(t *testing.T) {
	r := newRig(t, &script{primary: says("p", "yes")}, nil)
	res := post(t, r.through("", false), r.url+"/~agent/v1/chat/completions", question)
	if read(t, res) != completion("p", "yes") || res.Header.Get(headerMode) != "observe" {
		t.Errorf("header %v", res.Header)
	}
	if o := r.observation(); o.Route != "agent.m" {
		t.Errorf("route %s", o.Route)
	}
}

func TestShutdownCutsTunnelsInTheEnd(t *testing.T) {
	r := newRig(t, http.NotFoundHandler(), nil)
	host := echoAfterEnd(t)
	conn, err := net.Dial("tcp", strings.TrimPrefix(r.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n", host, host)
	lines := bufio.NewReader(conn)
	if line, err := lines.ReadString('\n'); !strings.Contains(line, " 200 ") {
		t.Fatalf("%q, %v", line, err)
	}
	now, cancel := context.WithCancel(context.Background())
	cancel() // no grace
	_ = r.server.Shutdown(now)
	if _, err := io.ReadAll(lines); err != nil && !strings.Contains(err.Error(), "reset") {
		t.Errorf("the tunnel ended with %v", err)
	}
}

func TestHostsOfTunnelsAreBounded(t *testing.T) {
	var ts tunnels
	for i := range maxTunnelHosts + 5 {
		ts.count(fmt.Sprint(i))
	}
	counts := ts.counts()
	if len(counts) != maxTunnelHosts+1 || counts[otherHost] != 5 {
		t.Errorf("%d hosts, %d others", len(counts), counts[otherHost])
	}
}

// TestUpstreamThatAnswersAtOnce: net/http cuts streams whose reply starts before
// the request was read, unless told otherwise.
func TestUpstreamThatAnswersAtOnce(t *testing.T) {
	atOnce := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).EnableFullDuplex()
		w.Header().Set("Content-Type", "text/event-stream")
		for i := range 20 {
			send(w, chunk("p", fmt.Sprint(i)))
		}
		send(w, done)
		_, _ = io.Copy(io.Discard, r.Body)
	})
	want := ""
	for i := range 20 {
		want += chunk("p", fmt.Sprint(i))
	}
	want += done
	body := streamed[:len(streamed)-1] + strings.Repeat(" ", 1<<20) + "}"
	eachMode(t, func(t *testing.T, m config.Mode) {
		f := newForwardRig(t, atOnce, inMode(m, 2))
		ways := map[string]func() *http.Response{
			"base URL": func() *http.Response { return f.ask(body) },
			"forward HTTP/1.1": func() *http.Response {
				return post(t, f.through("", false, f.authority.cert), f.upstream.URL+chatPath, body)
			},
			"forward HTTP/2": func() *http.Response {
				return post(t, f.through("", true, f.authority.cert), f.upstream.URL+chatPath, body)
			},
		}
		for name, ask := range ways {
			for range 10 {
				if got := read(t, ask()); got != want {
					t.Fatalf("%s: %d bytes of %d", name, len(got), len(want))
				}
			}
		}
	})
}

func TestForwardFindsTheUpstreamOfAHost(t *testing.T) {
	table := map[string]*url.URL{}
	for name, raw := range map[string]string{
		"openai": "https://api.openai.com/v1", "openrouter": "https://OpenRouter.ai/api/v1", "router-beta": "https://openrouter.ai/beta",
		"local": "http://127.0.0.1:11434/v1", "v6": "https://[::1]:8443",
	} {
		table[name] = mustURL(t, raw)
	}
	u := NewUpstreams(table, nil)
	for _, c := range []struct{ scheme, host, path, want string }{
		{"https", "api.openai.com:443", "/v1/chat/completions", "openai"},
		{"https", "API.OpenAI.com.:443", "/anything", "openai"},
		{"https", "api.openai.com:8443", "/v1/chat/completions", ""},
		{"http", "api.openai.com:443", "/v1/chat/completions", ""},
		{"https", "openrouter.ai:443", "/api/v1/chat/completions", "openrouter"},
		{"https", "openrouter.ai:443", "/beta/chat/completions", "router-beta"},
		{"https", "openrouter.ai:443", "/elsewhere", "openrouter"},
		{"http", "127.0.0.1:11434", "/v1/chat/completions", "local"},
		{"https", "127.0.0.1:11434", "/v1/chat/completions", ""},
		{"https", "[::1]:8443", "/v1/messages", "v6"},
		{"https", "evil.example:443", "/v1/chat/completions", ""},
	} {
		got := ""
		if up := u.at(c.scheme, c.host, c.path); up != nil {
			got = up.name
		}
		if got != c.want {
			t.Errorf("%s://%s%s: %q, want %q", c.scheme, c.host, c.path, got, c.want)
		}
	}
}

func mustURL(t *testing.T, raw string) *url.URL {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// TestSignedCallsAreRepeatedByteForByte: the forward way keeps the host, so that
// a signature stays good.
func TestSignedCallsAreRepeatedByteForByte(t *testing.T) {
	var n atomic.Int64
	u := &script{primary: func(w http.ResponseWriter, r *http.Request) { says(fmt.Sprint("r", n.Add(1)), "yes")(w, r) }}
	f := newForwardRig(t, u, inMode(config.Observe, 2))
	f.monitor.Gate().Hear("upstream", http.StatusOK, wire.Quota{Known: true, Remaining: 1})
	const auth = "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/bedrock/aws4_request, SignedHeaders=host, Signature=s"
	c := f.through("", false, f.authority.cert)
	read(t, post(t, c, f.upstream.URL+chatPath, question, "Authorization", auth, "Amz-Sdk-Invocation-Id", "one"))
	if o := f.observation(); o.Reason != "" {
		t.Errorf("not measured: %s", o.Reason)
	}
	calls := u.seen()
	if len(calls) != 2 || calls[0].Body != calls[1].Body || calls[0].Host != calls[1].Host || calls[1].Header.Get("Authorization") != auth ||
		!slices.Equal(calls[0].Header["Amz-Sdk-Invocation-Id"], calls[1].Header["Amz-Sdk-Invocation-Id"]) {
		t.Errorf("calls: %+v", calls)
	}
	read(t, f.ask(question, "Authorization", auth))
	f.unmeasured(monitor.ReasonSigned, 1)
}
