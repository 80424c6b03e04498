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

	"hotmess/config"
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

// TestABlindTunnelToAModelIsToldOfOnceWhereARuleHolds: its replies pass unseen.
func TestABlindTunnelToAModelIsToldOfOnceWhereARuleHolds(t *testing.T) {
	for _, tt := range []struct {
		name, host string
		rules      func(*config.Config)
		want       int
	}{
		{"a rule that holds", "api.openai.com:443", holding(nil), 1},
		{"another host", "example.com:443", holding(nil), 0},
		{"a rule that tells", "api.openai.com:443", holding(func(g *config.Guard) { g.Action = config.GuardAlert }), 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, http.NotFoundHandler(), tt.rules)
			echo := echoAfterEnd(t)
			r.server.forward.Dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
				return new(net.Dialer).DialContext(ctx, network, echo)
			}
			for range 2 {
				conn := r.dial().(*net.TCPConn)
				fmt.Fprintf(conn, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n", tt.host, tt.host)
				if line, err := bufio.NewReader(conn).ReadString('\n'); !strings.Contains(line, " 200 ") {
					t.Fatalf("%q, %v", line, err)
				}
				_ = conn.CloseWrite()
			}
			if got := strings.Count(r.log.String(), "no rule sees them"); got != tt.want {
				t.Errorf("told %d times: %s", got, r.log)
			}
		})
	}
}
