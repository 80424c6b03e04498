package proxy

import (
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"strings"
)

// pass serves a request with an absolute URI, as clients send plain HTTP to a
// forward proxy.
func (s *Server) pass(w http.ResponseWriter, r *http.Request) {
	a := address{scheme: r.URL.Scheme, host: withPort(r.URL), client: namedClient(r.Header)}
	if r.URL.Scheme != "http" && r.URL.Scheme != "https" {
		plainError(w, http.StatusBadRequest, "hotmess passes on http and https only")
		return
	}
	if dest, ok := s.h.upstreams.forward(a, r); ok {
		s.h.serve(w, r, dest)
		return
	}
	if why := s.forbids(a, r); why != "" {
		plainError(w, http.StatusForbidden, why)
		return
	}
	s.tunnels.count(a.host)
	var body upload
	in := body.of(r)
	s.passer(func() { makeUpNothing(w.Header()); body.overtaken(w, in) }).ServeHTTP(w, in)
}

// passer relays what is nobody's business, piece by piece. head is called when
// the final head of the reply is there.
func (s *Server) passer(head func()) *httputil.ReverseProxy {
	return &httputil.ReverseProxy{
		Rewrite: func(pr *httputil.ProxyRequest) {
			pr.Out.Host = pr.In.Host
			setRawPath(pr.Out, rawPath(pr.In))
			pr.Out.URL.RawQuery = pr.In.URL.RawQuery
			pr.Out.Trailer = pr.In.Trailer
			keepForwarded(pr)
			stripOwn(pr.Out.Header)
		},
		ModifyResponse: func(*http.Response) error {
			head()
			return nil
		},
		Transport:     s.h.transport,
		FlushInterval: -1,
		ErrorLog:      s.h.quiet,
		BufferPool:    &s.h.buffers,
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			if r.Context().Err() != nil {
				panic(http.ErrAbortHandler) // the client is gone
			}
			s.h.log.Warn("host cannot be reached", slog.String("host", r.URL.Host), slog.Any("error", err))
			plainError(w, http.StatusBadGateway, "hotmess cannot reach "+r.URL.Host+": "+cause(err))
		},
	}
}

// plainError answers a client that speaks no dialect.
func plainError(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(message + "\n")) // the client may be gone
}

// addressed reports whether an absolute URI names this very port: a client that
// sends even its loopback calls through the proxy.
func addressed(r *http.Request) bool {
	local, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	if !ok || r.URL.Scheme != "http" {
		return false
	}
	host, port, err := net.SplitHostPort(withPort(r.URL))
	if err != nil || port != portOf(local) {
		return false
	}
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") && local.IP.IsLoopback() || ip != nil && ip.Equal(local.IP)
}

func portOf(a *net.TCPAddr) string {
	_, port, _ := net.SplitHostPort(a.String())
	return port
}

// absolutePath is the raw path of an absolute URI; ok is false for any other.
func absolutePath(uri string) (path string, ok bool) {
	_, rest, found := strings.Cut(uri, "://")
	if !found || strings.HasPrefix(uri, "/") {
		return "", false
	}
	i := strings.IndexByte(rest, '/')
	if i < 0 {
		return "/", true
	}
	return rest[i:], true
}
