package proxy

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestClientsThatDistrustUsGetTunnels(t *testing.T) {
	f := newForwardRig(t, &script{primary: says("p", "yes")}, nil)
	stranger := f.through("stranger", false, f.upstream.Certificate())
	if res, err := stranger.Post(f.upstream.URL+chatPath, "application/json", strings.NewReader(question)); err == nil {
		_ = res.Body.Close()
		t.Fatal("a certificate of an unknown authority was taken")
	}
	f.quiet() // the refusal is noted
	if res := post(t, stranger, f.upstream.URL+chatPath, question); read(t, res) != completion("p", "yes") || res.Header.Get(headerID) != "" {
		t.Errorf("second try: header %v", res.Header)
	}
	if n := strings.Count(f.log.String(), "does not trust"); n != 1 || !strings.Contains(f.log.String(), "client=stranger") {
		t.Errorf("log: %s", f.log.String())
	}
	friend := f.through("friend", false, f.authority.cert)
	if res := post(t, friend, f.upstream.URL+chatPath, question); res.Header.Get(headerID) == "" {
		t.Errorf("another client: header %v", res.Header)
	}
}

// behindConnect is the connection of a client whose CONNECT to the upstream was
// answered.
func (f *forwardRig) behindConnect(header string) *net.TCPConn {
	f.t.Helper()
	conn := f.dial()
	host := strings.TrimPrefix(f.upstream.URL, "https://")
	fmt.Fprintf(conn, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n%s\r\n", host, host, header)
	if res, err := http.ReadResponse(bufio.NewReader(conn), nil); err != nil || res.StatusCode != http.StatusOK {
		f.t.Fatalf("CONNECT: %+v, %v", res, err)
	}
	return conn.(*net.TCPConn)
}

// distrusts waits until a client that has left is remembered as one that
// refused, if that is wanted; else it waits a while.
func (f *forwardRig) distrusts(who distruster, wanted bool) bool {
	f.t.Helper()
	again := httptest.NewRequest(http.MethodConnect, f.upstream.URL, nil)
	again.RemoteAddr = "127.0.0.1:1"
	again.Header.Set("User-Agent", who.agent)
	a := address{scheme: "https", host: strings.TrimPrefix(f.upstream.URL, "https://"), client: who.name}
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	waiting := time.After(2 * silentSince)
	if wanted {
		waiting = time.After(patience)
	}
	for {
		if !f.server.opens(a, again) {
			return true
		}
		select {
		case <-tick.C:
		case <-waiting:
			return false
		}
	}
}

// TestRefusalsAreSeenHoweverTheyAreSaid: TLS libraries differ in how they refuse
// a certificate, and some look at it only once all is agreed on.
func TestRefusalsAreSeenHoweverTheyAreSaid(t *testing.T) {
	errLeft := errors.New("left")
	for _, test := range []struct {
		name string
		// look is what the client does when it has seen the certificate.
		look func(conn *net.TCPConn) error
		// then is what it does behind the handshake.
		then func(conn *tls.Conn)
		want bool
	}{
		{name: "an alert", look: func(*net.TCPConn) error { return &tls.CertificateVerificationError{} }, want: true},
		{name: "an alert in plain text, as OpenSSL's", want: true, look: func(conn *net.TCPConn) error {
			_, _ = conn.Write([]byte("\x15\x03\x03\x00\x02\x02\x30")) // unknown_ca
			_ = conn.Close()
			return errLeft
		}},
		{name: "another alert in plain text", want: false, look: func(conn *net.TCPConn) error {
			_, _ = conn.Write([]byte("\x15\x03\x03\x00\x02\x02\x50")) // internal_error
			_ = conn.Close()
			return errLeft
		}},
		{name: "an end in the handshake, as Node.js's", want: true, look: func(conn *net.TCPConn) error {
			_ = conn.Close()
			return errLeft
		}},
		{name: "an end behind the handshake, as GnuTLS's", want: true, then: func(conn *tls.Conn) { _ = conn.Close() }},
		{name: "no refusal", want: false, then: func(conn *tls.Conn) {
			fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
			_, _ = io.ReadAll(conn)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := newForwardRig(t, http.NotFoundHandler(), nil)
			raw := f.behindConnect("User-Agent: It/1\r\n")
			conn := tls.Client(raw, &tls.Config{InsecureSkipVerify: true, VerifyConnection: func(tls.ConnectionState) error {
				if test.look == nil {
					return nil
				}
				return test.look(raw)
			}})
			if err := conn.Handshake(); (err != nil) != (test.look != nil) {
				t.Fatalf("handshake: %v", err)
			}
			if test.then != nil {
				test.then(conn)
			}
			if got := f.distrusts(distruster{agent: "it"}, test.want); got != test.want {
				t.Errorf("refused: %t; log: %s", got, f.log.String())
			}
		})
	}
}

// TestEndsThatAreNoRefusals: those before the certificate was shown, and those
// of connections that were kept in reserve.
func TestEndsThatAreNoRefusals(t *testing.T) {
	f := newForwardRig(t, http.NotFoundHandler(), nil)
	_ = f.behindConnect("User-Agent: early/1\r\n").Close()
	if f.distrusts(distruster{agent: "early"}, false) {
		t.Error("a client that never saw the certificate has refused it")
	}
	reserve := &opened{shown: true, agreed: time.Now().Add(-2 * silentFor), who: distruster{agent: "reserve"}}
	f.server.followOpened(tls.Server(reserve, nil), http.StateClosed)
	if len(f.server.distrust.silent) > 0 {
		t.Error("a client that kept a connection in reserve has refused the certificate")
	}
}

// TestSpareConnectionsAreNoRefusals: of connections that are dialled at one time,
// some clients drop all but the first. It may be seen to call after that.
func TestSpareConnectionsAreNoRefusals(t *testing.T) {
	var d distrust
	who, now := distruster{agent: "busy"}, time.Now()
	d.leave(who, now)
	if d.left(who, now.Add(-silentSince)) {
		t.Error("refused at once")
	}
	d.hear(who, now.Add(time.Millisecond))
	d.leave(who, now.Add(trustFor/2))
	if d.left(who, now.Add(trustFor)) {
		t.Error("refused, though it calls")
	}
	d.leave(who, now.Add(2*trustFor))
	d.leave(who, now.Add(3*trustFor))
	if !d.left(who, now.Add(2*trustFor)) || d.left(who, now.Add(3*trustFor)) {
		t.Error("a client that has not called for long is not seen to refuse, once")
	}
}

func TestMemoryOfClientsIsBounded(t *testing.T) {
	var d distrust
	for i := range 3 * maxDistrust {
		key := distruster{agent: fmt.Sprint(i)}
		d.add(key, time.Now())
		d.leave(key, time.Now())
		d.hear(distruster{agent: fmt.Sprint("other", i)}, time.Now())
	}
	if len(d.until) > maxDistrust || len(d.heard) > maxDistrust || len(d.silent) > maxDistrust {
		t.Errorf("%d, %d and %d clients", len(d.until), len(d.heard), len(d.silent))
	}
}

func TestRefusalsAreEachMachinesOwn(t *testing.T) {
	one, other := httptest.NewRequest(http.MethodConnect, "llm.example:443", nil), httptest.NewRequest(http.MethodConnect, "llm.example:443", nil)
	one.RemoteAddr, other.RemoteAddr = "10.0.0.1:1234", "10.0.0.2:1234"
	again := one.Clone(t.Context())
	again.RemoteAddr = "10.0.0.1:4321"
	a := address{host: "llm.example:443"}
	if distrusterOf(a, one) == distrusterOf(a, other) || distrusterOf(a, one) != distrusterOf(a, again) {
		t.Errorf("%+v, %+v, %+v", distrusterOf(a, one), distrusterOf(a, other), distrusterOf(a, again))
	}
}

// TestRefusalsAreEachClientsOwn: what a named command starts has its name, but
// not its roots.
func TestRefusalsAreEachClientsOwn(t *testing.T) {
	f := newForwardRig(t, http.NotFoundHandler(), nil)
	const named = "Proxy-Authorization: Basic YWdlbnQ6eA==\r\n" // agent:x
	config := trusting(f.upstream.Certificate())
	config.ServerName = "127.0.0.1"
	conn := tls.Client(f.behindConnect(named+"User-Agent: curl/8\r\n"), config)
	if err := conn.Handshake(); err == nil {
		t.Fatal("a certificate of an unknown authority was taken")
	}
	if !f.distrusts(distruster{name: "agent", agent: "curl"}, true) {
		t.Error("the refusal was not noted")
	}
	config = trusting(f.authority.cert)
	config.ServerName = "127.0.0.1"
	if err := tls.Client(f.behindConnect(named), config).Handshake(); err != nil {
		t.Errorf("the agent itself: %v", err)
	}
}

// TestCallsAtOneTimeAreNoRefusals: Go's client dials for each of them, and with
// HTTP/2 keeps one connection.
func TestCallsAtOneTimeAreNoRefusals(t *testing.T) {
	eachVersion(t, func(t *testing.T, http2 bool) {
		f := newForwardRig(t, &script{primary: says("p", "yes")}, inMode("off", 1))
		for range 5 {
			c := f.through("", http2, f.authority.cert)
			var calls sync.WaitGroup
			for range 16 {
				calls.Go(func() {
					res, err := c.Post(f.upstream.URL+chatPath, "application/json", strings.NewReader(question))
					if err != nil {
						t.Error(err)
						return
					}
					_ = res.Body.Close()
				})
			}
			calls.Wait()
			c.CloseIdleConnections()
		}
		f.quiet()
		if strings.Contains(f.log.String(), "does not trust") {
			t.Errorf("log: %s", f.log.String())
		}
	})
}
