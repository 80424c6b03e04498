package proxy

import (
	"context"
	"net"
	"net/http"
	"time"

	"github.com/elazarl/goproxy"
)

// headerTimeout bounds how long a client may take to send a request's head.
// There is no limit on bodies or replies: models think for long.
const headerTimeout = 30 * time.Second

// NewServer wraps the handler in the goproxy server of the traffic port.
// Requests by base URL go to h; the forward way (CONNECT and absolute URIs) is
// refused, so the port is never an open proxy.
func NewServer(h *Handler) *http.Server {
	front := goproxy.NewProxyHttpServer()
	// goproxy reads HTTPS_PROXY by itself; all calls of ours go through our
	// own transport.
	front.ConnectDial = nil
	front.KeepAcceptEncoding = true
	front.NonproxyHandler = h
	front.Logger = h.quiet
	front.OnRequest().HandleConnectFunc(refuseTunnel)
	front.OnRequest().DoFunc(refuseForward)
	return &http.Server{
		Handler: front, ReadHeaderTimeout: headerTimeout, ErrorLog: h.quiet,
		// An upgraded connection outlives the server; it ends with h.
		BaseContext: func(net.Listener) context.Context { return h.running },
	}
}

// refuseTunnel answers CONNECT.
func refuseTunnel(host string, ctx *goproxy.ProxyCtx) (*goproxy.ConnectAction, string) {
	_, ctx.Resp = refuseForward(ctx.Req, ctx) //nolint:bodyclose // goproxy writes and closes it
	return goproxy.RejectConnect, host
}

// refuseForward answers requests with an absolute URI.
func refuseForward(r *http.Request, _ *goproxy.ProxyCtx) (*http.Request, *http.Response) {
	return r, goproxy.NewResponse(r, "text/plain; charset=utf-8", http.StatusNotImplemented,
		"hotmess does not serve as a forward proxy yet: point the agent's base URL at it instead.\n")
}
