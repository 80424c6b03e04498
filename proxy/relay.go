package proxy

import (
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"time"
)

// relay passes the request on and its reply back.
func (x *exchange) relay(w http.ResponseWriter) {
	rp := httputil.ReverseProxy{
		Rewrite:        x.rewrite,
		Transport:      x.transport,
		ModifyResponse: x.reply,
		FlushInterval:  flushWithin,
		ErrorHandler:   x.fail,
		ErrorLog:       x.h.quiet,
		BufferPool:     &x.h.buffers,
	}
	x.out.ResponseWriter = w
	rp.ServeHTTP(&x.out, x.in)
}

// flushWithin bounds how long a piece of a reply of known length may wait for
// the next one. Streams are flushed at once, whatever is set.
const flushWithin = time.Millisecond

// A writer is the client's end of the exchange. Its Flush may be called by the
// ReverseProxy's timer and by the end of a reply at the same time.
type writer struct {
	http.ResponseWriter
	mu sync.Mutex
}

// Unwrap is for http.ResponseController.
func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// FlushError is for http.ResponseController.
func (w *writer) FlushError() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return http.NewResponseController(w.ResponseWriter).Flush()
}

// head adds hotmess's own headers to those of the reply.
func (x *exchange) head(h http.Header) {
	makeUpNothing(x.out.Header())
	h.Set(headerID, x.id)
	h.Set(headerMode, string(x.mode))
}

// makeUpNothing keeps the server from adding to the headers of a reply what the
// upstream did not send. It must not be called before the final head is there:
// interim ones take all headers with them.
func makeUpNothing(h http.Header) { h["Content-Type"], h["Date"] = nil, nil }

// rewrite makes the outgoing request: the incoming one, raw path and query
// included, at the upstream's address. Who addressed the upstream keeps its Host.
func (x *exchange) rewrite(pr *httputil.ProxyRequest) {
	out, base := pr.Out, x.dest.base
	out.URL.Scheme, out.URL.Host, out.Host = base.Scheme, base.Host, base.Host
	if x.dest.forward {
		out.Host = pr.In.Host
	}
	out.URL.RawQuery = joinQuery(base.RawQuery, pr.In.URL.RawQuery)
	setRawPath(out, x.dest.path)
	out.Trailer = pr.In.Trailer // filled in when the body ends
	keepForwarded(pr)
	stripOwn(out.Header)
	dropUpgradeToHTTP2(out.Header)
	x.authorise(out)
	if x.observer != nil {
		x.observer.request(out)
	}
	x.sent = x.h.now()
}

// keepForwarded puts back what the ReverseProxy takes for its own.
func keepForwarded(pr *httputil.ProxyRequest) {
	for _, name := range [...]string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"} {
		if v, ok := pr.In.Header[name]; ok {
			pr.Out.Header[name] = v
		}
	}
}

// authorise sends the user info of the upstream's URL, unless the client has
// a credential of its own. http.Client would do that, a transport does not.
func (x *exchange) authorise(out *http.Request) {
	user := x.dest.base.User
	if user == nil || out.Header.Get("Authorization") != "" {
		return
	}
	password, _ := user.Password()
	out.SetBasicAuth(user.Username(), password)
}

// joinQuery puts the query of an upstream's base URL before that of a request.
func joinQuery(base, query string) string {
	if base == "" || query == "" {
		return base + query
	}
	return base + "&" + query
}

// setRawPath sends path as it is. Where net/url would encode it another way,
// only URL.Opaque keeps it; that form cannot begin with two slashes, and a
// plain-HTTP outer proxy would not understand it, so it is the exception.
func setRawPath(out *http.Request, path string) {
	plain, err := url.PathUnescape(path)
	if err != nil {
		plain = path
	}
	out.URL.Path, out.URL.RawPath = plain, path
	if out.URL.EscapedPath() != path && !strings.HasPrefix(path, "//") {
		out.URL.Opaque = path
	}
}

// rawPath is the path of a request as the client wrote it.
func rawPath(r *http.Request) string {
	path, _, _ := strings.Cut(r.RequestURI, "?")
	if strings.HasPrefix(path, "/") {
		return path
	}
	if path, ok := absolutePath(path); ok {
		return path
	}
	return r.URL.EscapedPath()
}
