package proxy

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/elazarl/goproxy"
)

// headerTimeout bounds how long a client may take to send a request's head, or
// to agree on TLS. There is no limit on bodies or replies: models think for long.
const headerTimeout = 30 * time.Second

// An Authority signs the certificates by which TLS is opened.
type Authority interface {
	// Covers reports whether it may sign for a host name or address.
	Covers(host string) bool
	// Leaf is the certificate of a host that it covers.
	Leaf(host string) (*tls.Certificate, error)
}

// Forward is how the port serves as a forward proxy.
type Forward struct {
	// Authority signs for the hosts of upstreams; nil: no TLS is opened.
	Authority Authority
	// Dial reaches hosts for tunnels, through an outer proxy where there is
	// one.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Any lets clients reach hosts that are no upstreams'.
	Any bool
}

// A Server is the traffic port, both ways in:
//
//	/v1/…                    ── goproxy ─────────────────▶ Handler   (base URL)
//	http://host/…            ── an upstream's? ──────────▶ Handler
//	                                   └─ no ──▶ passed on as it is
//	CONNECT host ── goproxy ── an upstream's TLS? ── leaf ─▶ Handler
//	                                   └─ no ──▶ blind tunnel
type Server struct {
	h       *Handler
	forward Forward
	front   *goproxy.ProxyHttpServer
	// outer serves the port, inner the TLS connections that were opened, which
	// come through arriving.
	outer, inner *http.Server
	arriving     *handover
	tls          *tls.Config
	tunnels      tunnels
	distrust     distrust
	// unseen are the known hosts of which warnUnseen has told.
	unseen sync.Map
}

// NewServer makes the server of the traffic port in front of h.
func NewServer(h *Handler, f Forward) *Server {
	s := &Server{h: h, forward: f, front: goproxy.NewProxyHttpServer(), arriving: newHandover()}
	// goproxy reads HTTPS_PROXY by itself; all calls of ours go through
	// Forward.Dial and the handler's transport.
	s.front.ConnectDial = nil
	s.front.Tr = nil
	s.front.Logger = h.quiet
	s.front.NonproxyHandler = h
	s.front.OnRequest().HandleConnectFunc(s.connect)
	s.tls = &tls.Config{GetCertificate: s.certificate, NextProtos: []string{"h2", "http/1.1"}, MinVersion: tls.VersionTLS12}
	s.outer = s.server(http.HandlerFunc(s.take))
	s.inner = s.server(http.HandlerFunc(s.takeOpened))
	s.inner.ConnContext, s.inner.ConnState = openedContext, s.followOpened
	return s
}

func (s *Server) server(handler http.Handler) *http.Server {
	return &http.Server{
		Handler: handler, ReadHeaderTimeout: headerTimeout, ErrorLog: s.h.quiet,
		// An upgraded connection outlives the server; it ends with the handler.
		BaseContext: func(net.Listener) context.Context { return s.h.running },
	}
}

// Serve serves the port until Shutdown or Close; then it returns
// http.ErrServerClosed.
func (s *Server) Serve(l net.Listener) error {
	ended := make(chan error, 1)
	go func() { ended <- s.inner.Serve(s.arriving) }()
	err := s.outer.Serve(l)
	if !errors.Is(err, http.ErrServerClosed) {
		_ = s.Close() // err says why
	}
	if inner := <-ended; !errors.Is(inner, http.ErrServerClosed) {
		s.h.log.Error("opened connections are no longer served", slog.Any("error", inner))
	}
	return err
}

// tunnelGrace is how long tunnels may go on once all requests have ended. Which
// of them are idle is not known: that is what makes them blind.
const tunnelGrace = 5 * time.Second

// Shutdown takes no more connections and waits until the requests in flight have
// ended, or ctx has, and a little longer for tunnels. Then those are cut.
func (s *Server) Shutdown(ctx context.Context) error {
	// Both at once: what is in flight in one must not keep the other one open.
	// The inner server closes arriving.
	inner := make(chan error, 1)
	go func() { inner <- s.inner.Shutdown(ctx) }()
	err := errors.Join(s.outer.Shutdown(ctx), <-inner)
	ctx, cancel := context.WithTimeout(ctx, tunnelGrace)
	defer cancel()
	s.tunnels.wait(ctx)
	s.tunnels.cut()
	return err
}

// Close cuts all connections. Tunnels come last: until the port is closed, there
// may be more.
func (s *Server) Close() error {
	err := errors.Join(s.outer.Close(), s.inner.Close())
	s.tunnels.cut()
	return err
}

// Tunnels counts, by host, what went through the port without being opened.
func (s *Server) Tunnels() map[string]int64 { return s.tunnels.counts() }

// take sorts the requests of the port by their form.
func (s *Server) take(w http.ResponseWriter, r *http.Request) {
	switch {
	case (r.Method == http.MethodConnect || r.URL.IsAbs()) && !isHost(r.URL.Hostname()):
		plainError(w, http.StatusBadRequest, "hotmess cannot tell to which host this is to be passed on")
	case r.Method == http.MethodConnect:
		// The server does not wait for a connection that is taken over.
		s.h.beside.Add(1)
		defer s.h.beside.Done()
		s.front.ServeHTTP(&connecting{w}, r)
	case r.URL.IsAbs() && !addressed(r):
		s.pass(w, r)
	default:
		r.URL.Scheme, r.URL.Host = "", ""
		s.front.ServeHTTP(w, r)
	}
}
