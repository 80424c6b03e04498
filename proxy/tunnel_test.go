package proxy

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

// behindTLS is a connection as through an outer proxy that speaks TLS: it is no
// TCP, and can be closed for what is sent alone.
type behindTLS struct{ net.Conn }

func (b behindTLS) CloseWrite() error { return b.Conn.(*net.TCPConn).CloseWrite() }

func TestTunnelsThroughAnOuterProxyEndEachDirectionByItself(t *testing.T) {
	r := newRig(t, http.NotFoundHandler(), nil)
	r.server.forward.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		return behindTLS{conn}, err
	}
	host := echoAfterEnd(t)
	conn := r.dial().(*net.TCPConn)
	fmt.Fprintf(conn, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n", host, host)
	lines := bufio.NewReader(conn)
	if line, err := lines.ReadString('\n'); !strings.Contains(line, " 200 ") {
		t.Fatalf("%q, %v", line, err)
	}
	_, _ = io.WriteString(conn, "all of it")
	_ = conn.CloseWrite()
	got, err := io.ReadAll(lines)
	if err != nil || string(got) != "\r\nall of it" {
		t.Errorf("%q, %v", got, err)
	}
}
