package sidecar

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"

	"golang.org/x/net/http/httpproxy"
	"golang.org/x/net/proxy"
)

const (
	// dialTimeout bounds how long a host may take to accept a connection.
	dialTimeout = 15 * time.Second
	// connectTimeout bounds how long an outer proxy may take to reach a host.
	connectTimeout = 30 * time.Second
)

// An outer proxy is what stands between this machine and other hosts, as the
// environment says: HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY, in either
// case. It may be none, for some hosts or all.
type outer struct {
	forURL func(*url.URL) (*url.URL, error)
	dialer net.Dialer
}

// errOwnProxy is wrapped by errors about an outer proxy that is the sidecar.
var errOwnProxy = errors.New("is this sidecar's own port: unset it, or set it to the proxy that is to be used for outgoing calls")

// newOuter reads the environment of the process. An outer proxy that is the port
// that own listens on is refused: calls would go round for ever.
func newOuter(own net.Addr) (*outer, error) {
	env := httpproxy.FromEnvironment()
	// That package does not know the name that is good for every scheme.
	all := cmp.Or(os.Getenv("ALL_PROXY"), os.Getenv("all_proxy"))
	env.HTTPSProxy, env.HTTPProxy = cmp.Or(env.HTTPSProxy, all), cmp.Or(env.HTTPProxy, all)
	for name, value := range map[string]string{"HTTPS_PROXY": env.HTTPSProxy, "HTTP_PROXY": env.HTTPProxy} {
		if u := parseProxy(value); loops(u, own) {
			return nil, fmt.Errorf("%s: %s %w", name, u.Host, errOwnProxy)
		}
	}
	return &outer{forURL: env.ProxyFunc(), dialer: net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second}}, nil
}

// parseProxy reads the address of a proxy, whose scheme may be missing; nil if
// there is none.
func parseProxy(value string) *url.URL {
	for _, candidate := range []string{value, "http://" + value} {
		if u, err := url.Parse(candidate); err == nil && u.Hostname() != "" {
			return u
		}
	}
	return nil
}

// forRequest is the outer proxy of a request, for http.Transport.
func (o *outer) forRequest(r *http.Request) (*url.URL, error) { return o.forURL(r.URL) }

// dial reaches a host, as a tunnel that speaks TLS would.
func (o *outer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	via, err := o.forURL(&url.URL{Scheme: "https", Host: address})
	switch {
	case err != nil:
		return nil, fmt.Errorf("outer proxy: %w", err)
	case via == nil:
		return o.dialer.DialContext(ctx, network, address)
	case via.Scheme == "socks5" || via.Scheme == "socks5h":
		return o.dialSOCKS(ctx, via, address)
	}
	conn, err := o.dialProxy(ctx, via)
	if err != nil {
		return nil, fmt.Errorf("outer proxy %s: %w", via.Host, err)
	}
	tunnel, err := connect(conn, via, address)
	if err != nil {
		_ = conn.Close() // err says what is wrong
		return nil, fmt.Errorf("outer proxy %s: %w", via.Host, err)
	}
	return tunnel, nil
}

// dialSOCKS reaches a host through a SOCKS5 proxy.
func (o *outer) dialSOCKS(ctx context.Context, via *url.URL, address string) (net.Conn, error) {
	base := &lastDialled{Dialer: &o.dialer}
	dialer, err := proxy.FromURL(via, base)
	if err != nil {
		return nil, fmt.Errorf("outer proxy %s: %w", via.Host, err)
	}
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	if _, err := dialer.(proxy.ContextDialer).DialContext(ctx, "tcp", address); err != nil { // that of x/net is one
		return nil, fmt.Errorf("outer proxy %s: %w", via.Host, err)
	}
	return base.conn, nil
}

// lastDialled keeps the connection that it dialled last. What x/net makes of it
// cannot be closed in one direction.
type lastDialled struct {
	*net.Dialer
	conn net.Conn
}

// DialContext implements proxy.ContextDialer.
func (l *lastDialled) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	var err error
	l.conn, err = l.Dialer.DialContext(ctx, network, address)
	return l.conn, err
}

// dialProxy connects to an HTTP proxy, over TLS if its URL says so.
func (o *outer) dialProxy(ctx context.Context, via *url.URL) (net.Conn, error) {
	address := via.Host
	if via.Port() == "" {
		address = net.JoinHostPort(via.Hostname(), map[string]string{"http": "80", "https": "443"}[via.Scheme])
	}
	if via.Scheme == "https" {
		secure := tls.Dialer{NetDialer: &o.dialer}
		return secure.DialContext(ctx, "tcp", address)
	}
	return o.dialer.DialContext(ctx, "tcp", address)
}

// connect asks an HTTP proxy for a tunnel to address.
func connect(conn net.Conn, via *url.URL, address string) (net.Conn, error) {
	if err := conn.SetDeadline(time.Now().Add(connectTimeout)); err != nil {
		return nil, err
	}
	request := &http.Request{Method: http.MethodConnect, URL: &url.URL{Opaque: address}, Host: address, Header: http.Header{"User-Agent": nil}}
	if via.User != nil {
		password, _ := via.User.Password()
		credentials := base64.StdEncoding.EncodeToString([]byte(via.User.Username() + ":" + password))
		request.Header.Set("Proxy-Authorization", "Basic "+credentials)
	}
	if err := request.Write(conn); err != nil {
		return nil, err
	}
	replies := bufio.NewReader(conn)
	res, err := http.ReadResponse(replies, request)
	if err != nil {
		return nil, err
	}
	_ = res.Body.Close() // a tunnel's answer has none
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("it answered CONNECT with %s", res.Status)
	}
	if err := conn.SetDeadline(time.Time{}); err != nil {
		return nil, err
	}
	if replies.Buffered() == 0 {
		return conn, nil
	}
	early, _ := replies.Peek(replies.Buffered()) // they are there
	return &spoken{conn, io.MultiReader(bytes.NewReader(early), conn)}, nil
}

// A spoken connection is one whose other end spoke first.
type spoken struct {
	net.Conn
	r io.Reader
}

// CloseWrite ends what is sent.
func (s *spoken) CloseWrite() error {
	if half, ok := s.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return s.Close()
}

// Read implements io.Reader.
func (s *spoken) Read(p []byte) (int, error) { return s.r.Read(p) }
