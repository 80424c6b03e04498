package sidecar

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
)

// elsewhere is the address of a port that is not the sidecar's.
var elsewhere = &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1}

// proxied sets the environment of an outer proxy and nothing else.
func proxied(t *testing.T, name, value, except string) {
	t.Helper()
	for _, each := range []string{"HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"} {
		t.Setenv(each, "")
		t.Setenv(strings.ToLower(each), "")
	}
	t.Setenv(name, value)
	t.Setenv("NO_PROXY", except)
}

// corporate is an outer proxy that leads every tunnel to one server, and notes
// what it was asked for.
func corporate(t *testing.T, server string) (proxyURL string, asked func() []string) {
	t.Helper()
	requests := make(chan string, 10)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests <- r.Method + " " + r.RequestURI + " " + r.Header.Get("Proxy-Authorization")
		target, err := net.Dial("tcp", server)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		defer target.Close()
		client, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer client.Close()
		_, _ = io.WriteString(client, "HTTP/1.1 200 OK\r\n\r\n")
		go func() { _, _ = io.Copy(target, rw); _ = target.Close() }()
		_, _ = io.Copy(client, target)
	}))
	t.Cleanup(s.Close)
	return s.URL, func() []string {
		var all []string
		for len(requests) > 0 {
			all = append(all, <-requests)
		}
		return all
	}
}

// greeter is a server that says hello and then what it is told.
func greeter(t *testing.T) string {
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
			go func() { _, _ = io.WriteString(conn, "hello\n"); _, _ = io.Copy(conn, conn); _ = conn.Close() }()
		}
	}()
	return l.Addr().String()
}

func TestTunnelsGoThroughTheOuterProxy(t *testing.T) {
	proxyURL, asked := corporate(t, greeter(t))
	u, err := url.Parse(proxyURL)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword("me", "secret")
	for _, name := range []string{"HTTPS_PROXY", "https_proxy", "ALL_PROXY"} {
		proxied(t, name, u.String(), "direct.example")
		o, err := newOuter(elsewhere)
		if err != nil {
			t.Fatal(err)
		}
		conn, err := o.dial(t.Context(), "tcp", "api.example:443")
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := conn.(interface{ CloseWrite() error }); !ok {
			t.Errorf("%s: a %T cannot be closed in one direction", name, conn)
		}
		lines := bufio.NewReader(conn)
		hello, _ := lines.ReadString('\n')
		_, _ = io.WriteString(conn, "over\n")
		if over, err := lines.ReadString('\n'); hello+over != "hello\nover\n" {
			t.Errorf("%s: %q, %v", name, hello+over, err)
		}
		_ = conn.Close()
		want := "CONNECT api.example:443 Basic " + base64.StdEncoding.EncodeToString([]byte("me:secret"))
		if got := asked(); len(got) != 1 || got[0] != want {
			t.Errorf("%s: asked for %q", name, got)
		}
		if via, err := o.forRequest(httptest.NewRequest(http.MethodPost, "https://api.example/v1", nil)); err != nil || via.Host != u.Host {
			t.Errorf("%s: calls go through %v, %v", name, via, err)
		}
		if via, _ := o.forURL(&url.URL{Scheme: "https", Host: "direct.example"}); via != nil {
			t.Errorf("%s: NO_PROXY is not honoured", name)
		}
	}
}

func TestWithoutOuterProxyHostsAreDialled(t *testing.T) {
	proxied(t, "HTTPS_PROXY", "", "")
	o, err := newOuter(elsewhere)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := o.dial(t.Context(), "tcp", greeter(t))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, ok := conn.(*net.TCPConn); !ok {
		t.Errorf("a %T cannot be spliced", conn)
	}
}

func TestRefusalsOfTheOuterProxyAreSaid(t *testing.T) {
	refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusProxyAuthRequired)
	}))
	t.Cleanup(refusing.Close)
	proxied(t, "HTTPS_PROXY", strings.Replace(refusing.URL, "://", "://me:hunter2@", 1), "")
	o, err := newOuter(elsewhere)
	if err != nil {
		t.Fatal(err)
	}
	_, err = o.dial(t.Context(), "tcp", "api.example:443")
	if err == nil || !strings.Contains(err.Error(), "407") || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("error %v", err)
	}
}

func TestSilentOuterProxyIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		go func() { _, _ = io.Copy(io.Discard, theirs) }()
		defer theirs.Close()
		var timeout net.Error
		if _, err := connect(ours, &url.URL{Scheme: "http", Host: "proxy"}, "api.example:443"); !errors.As(err, &timeout) || !timeout.Timeout() {
			t.Errorf("error %v", err)
		}
	})
}

func TestOuterProxyIsNotTheSidecarItself(t *testing.T) {
	own := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 4141}
	for _, name := range []string{"HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"} {
		for _, value := range []string{"http://agent:x@127.0.0.1:4141", "localhost:4141"} {
			proxied(t, name, value, "")
			if _, err := newOuter(own); !errors.Is(err, errOwnProxy) || !strings.Contains(err.Error(), "_PROXY") {
				t.Errorf("%s=%s: %v", name, value, err)
			}
		}
	}
}

func TestSOCKSProxiesAreHonoured(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	asked := make(chan []byte, 1)
	go func() { // one connection, as in RFC 1928
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		greeting := make([]byte, 3)
		_, _ = io.ReadFull(conn, greeting)
		_, _ = conn.Write([]byte{5, 0})
		request := make([]byte, 4+1+len("api.example")+2)
		_, _ = io.ReadFull(conn, request)
		asked <- request
		_, _ = conn.Write([]byte{5, 0, 0, 1, 0, 0, 0, 0, 0, 0})
		_, _ = io.WriteString(conn, "hello\n")
	}()
	proxied(t, "HTTPS_PROXY", "socks5://"+l.Addr().String(), "")
	o, err := newOuter(elsewhere)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := o.dial(context.Background(), "tcp", "api.example:443")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, ok := conn.(*net.TCPConn); !ok {
		t.Errorf("a %T can be neither spliced nor closed in one direction", conn)
	}
	if got, _ := io.ReadAll(conn); string(got) != "hello\n" || !strings.Contains(string(<-asked), "api.example") {
		t.Errorf("got %q", got)
	}
}
