package sidecar

import (
	"net/http"
	"time"
)

// newTransport makes the transport of all calls to upstreams. There is no
// limit on how long a reply may take, nor on its first byte: models think for
// long, and the client has its own limits.
func newTransport(o *outer) *http.Transport {
	return &http.Transport{
		Proxy:       o.forRequest,
		DialContext: o.dialer.DialContext,
		// Replies pass as they came.
		DisableCompression:  true,
		ForceAttemptHTTP2:   true,
		MaxIdleConns:        1024,
		MaxIdleConnsPerHost: 256,
		IdleConnTimeout:     90 * time.Second,
		TLSHandshakeTimeout: dialTimeout,
		// A dead HTTP/2 connection is noticed by its silence.
		HTTP2:                 &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: 15 * time.Second},
		ExpectContinueTimeout: time.Second,
	}
}
