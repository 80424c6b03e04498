package proxy

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/elazarl/goproxy"
)

// opens reports whether the TLS of a CONNECT is opened: it leads to an
// upstream that the authority covers, and the client has not refused it lately.
func (s *Server) opens(a address, r *http.Request) bool {
	host := hostOf(a.host)
	switch {
	case s.forward.Authority == nil || !s.forward.Authority.Covers(host) || s.h.upstreams.at("https", a.host, "/") == nil:
		return false
	case s.refusesAgain(distrusterOf(a, r)):
		return false
	}
	if _, err := s.forward.Authority.Leaf(host); err != nil {
		s.h.log.Warn("no certificate can be made: the client gets a blind tunnel, and its calls are not measured", slog.String("host", host), slog.Any("error", err))
		return false
	}
	return true
}

func hostOf(address string) string {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	return host
}

// An opened connection is what TLS is spoken over behind a CONNECT. One goroutine
// at a time has it.
type opened struct {
	net.Conn
	to  address
	who distruster
	// shown is whether the client was sent our certificate, tail how what it has
	// sent ends, until it has agreed on TLS. See refusal.go.
	shown  bool
	tail   []byte
	agreed time.Time
	// spoke is whether a request has begun.
	spoke bool
}

// Read implements io.Reader.
func (c *opened) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if c.agreed.IsZero() {
		c.follow(p[:n])
	}
	return n, err
}

// openerOf is goproxy's hook for the connection behind a CONNECT. It ends when
// the client has agreed on TLS, or has not.
func (s *Server) openerOf(a address) func(*http.Request, net.Conn, *goproxy.ProxyCtx) {
	return func(r *http.Request, client net.Conn, _ *goproxy.ProxyCtx) {
		raw := &opened{Conn: client, to: a, who: distrusterOf(a, r)}
		conn := tls.Server(raw, s.tls)
		if err := s.agree(client, conn); err != nil {
			s.brokeOff(raw, err)
			_ = client.Close() // it is of no more use
			return
		}
		raw.agreed = s.h.now()
		s.arriving.put(conn)
	}
}

// agree answers the CONNECT and shakes hands.
func (s *Server) agree(client io.Writer, conn *tls.Conn) error {
	ctx, cancel := context.WithTimeout(s.h.running, headerTimeout)
	defer cancel()
	if _, err := io.WriteString(client, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		return err
	}
	return conn.HandshakeContext(ctx)
}

// certificate is the one for the name that the client asks for, if it says one
// that is covered, else for the host of its CONNECT.
func (s *Server) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	raw := hello.Conn.(*opened)
	raw.shown = true
	if hello.ServerName != "" && s.forward.Authority.Covers(hello.ServerName) {
		return s.forward.Authority.Leaf(hello.ServerName)
	}
	return s.forward.Authority.Leaf(hostOf(raw.to.host))
}

// openedKey is where the context of an opened connection has its address.
type openedKey struct{}

func openedContext(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, openedKey{}, openedOf(c).to)
}

// openedOf is what is below a connection that came through arriving.
func openedOf(c net.Conn) *opened { return c.(*tls.Conn).NetConn().(*opened) }

// takeOpened serves a request that came over TLS.
func (s *Server) takeOpened(w http.ResponseWriter, r *http.Request) {
	a := r.Context().Value(openedKey{}).(address)
	dest, ok := s.h.upstreams.forward(a, r)
	if !ok { // the upstream was there when the connection was opened
		s.h.refuse(w, r, errNoUpstream)
		return
	}
	s.h.serve(w, r, dest)
}

// errNoUpstream answers a request to a host that is no upstream's any more.
var errNoUpstream = errors.New("no upstream has this host")
