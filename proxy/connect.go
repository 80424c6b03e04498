package proxy

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/elazarl/goproxy"

	"hotmess/config"
)

// connect decides on a CONNECT: the TLS of an upstream is opened, all else is a
// tunnel, dialled before the client hears of it.
func (s *Server) connect(host string, ctx *goproxy.ProxyCtx) (*goproxy.ConnectAction, string) {
	to := url.URL{Scheme: "https", Host: host}
	a := address{scheme: to.Scheme, host: withPort(&to), client: namedClient(ctx.Req.Header)}
	if s.opens(a, ctx.Req) {
		return &goproxy.ConnectAction{Action: goproxy.ConnectHijack, Hijack: s.openerOf(a)}, a.host
	}
	if why := s.forbids(a, ctx.Req); why != "" {
		return s.reject(ctx, http.StatusForbidden, why), a.host
	}
	conn, err := s.forward.Dial(ctx.Req.Context(), "tcp", a.host)
	if err != nil {
		s.h.log.Warn("host of a tunnel cannot be reached", slog.String("host", a.host), slog.Any("error", err))
		return s.reject(ctx, http.StatusBadGateway, "hotmess cannot reach "+a.host+": "+cause(err)), a.host
	}
	tunnel := s.tunnels.add(a.host, conn)
	s.warnUnseen(a.host)
	ctx.Dialer = tunnel.dialled
	return goproxy.OkConnect, a.host
}

// warnUnseen tells once of each host of a model whose traffic no rule sees though one
// is to hold replies.
func (s *Server) warnUnseen(address string) {
	host := hostOf(address)
	if !s.h.policy.Load().guard.Holds() || !slices.Contains(config.KnownHosts(), host) && s.h.upstreams.at("https", address, "/") == nil {
		return
	}
	if _, told := s.unseen.LoadOrStore(host, true); !told {
		s.h.log.Warn("a guard rule holds replies, but this host's pass in a blind tunnel, and no rule sees them: "+
			"it is no upstream, or its TLS is not opened", slog.String("host", host))
	}
}

// reject answers a CONNECT with an error.
func (s *Server) reject(ctx *goproxy.ProxyCtx, status int, message string) *goproxy.ConnectAction {
	ctx.Resp = goproxy.NewResponse(ctx.Req, "text/plain; charset=utf-8", status, message+"\n") //nolint:bodyclose // goproxy writes and closes it
	ctx.Resp.Close = true
	return goproxy.RejectConnect
}

// namedClient is the name that a client was given in the proxy's URL, as its
// user; the password means nothing.
func namedClient(h http.Header) string {
	scheme, credentials, _ := strings.Cut(h.Get("Proxy-Authorization"), " ")
	plain, err := base64.StdEncoding.DecodeString(credentials)
	if !strings.EqualFold(scheme, "Basic") || err != nil {
		return ""
	}
	user, _, _ := strings.Cut(string(plain), ":")
	if user == "" {
		return ""
	}
	return cleanName(user)
}

// connecting is the writer of a CONNECT. What the client sent behind the head,
// without waiting for an answer, is kept.
type connecting struct{ http.ResponseWriter }

// Hijack implements http.Hijacker.
func (c *connecting) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(c.ResponseWriter).Hijack()
	if err != nil || rw.Reader.Buffered() == 0 {
		return conn, rw, err
	}
	early, _ := rw.Peek(rw.Reader.Buffered()) // they are there
	rest := io.MultiReader(bytes.NewReader(bytes.Clone(early)), conn)
	if half, ok := conn.(halfConn); ok {
		return &earlyConn{half, rest}, rw, nil
	}
	return &earlyStream{conn, rest}, rw, nil
}

// A halfConn can be closed in one direction.
type halfConn interface {
	net.Conn
	CloseRead() error
	CloseWrite() error
}

// An earlyConn is a connection of which something was read already.
type earlyConn struct {
	halfConn
	r io.Reader
}

// Read implements io.Reader.
func (c *earlyConn) Read(p []byte) (int, error) { return c.r.Read(p) }

// An earlyStream is an earlyConn that cannot be closed in one direction.
type earlyStream struct {
	net.Conn
	r io.Reader
}

// Read implements io.Reader.
func (c *earlyStream) Read(p []byte) (int, error) { return c.r.Read(p) }
