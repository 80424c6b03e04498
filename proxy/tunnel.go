package proxy

import (
	"context"
	"maps"
	"net"
	"sync"
)

// maxTunnelHosts bounds the hosts that are counted by name; further ones are
// counted as otherHost.
const (
	maxTunnelHosts = 100
	otherHost      = "other"
)

// tunnels are the blind tunnels that are open, and counts of all that were. The
// zero value has none.
type tunnels struct {
	mu     sync.Mutex
	open   map[*tunnel]struct{}
	byHost map[string]int64
	// idle is closed when the last one has ended; nil while nobody waits.
	idle chan struct{}
}

// A tunnel is the connection to the host of one tunnel.
type tunnel struct {
	net.Conn
	of   *tunnels
	once sync.Once
}

// A halfTunnel can be closed in either direction, as most can.
type halfTunnel struct {
	*net.TCPConn
	t *tunnel
}

// An endedTunnel can be closed for what is sent alone, as TLS can: it leads
// through an outer proxy.
type endedTunnel struct {
	*tunnel
	to writeCloser
}

type writeCloser interface{ CloseWrite() error }

// CloseWrite ends what is sent.
func (e *endedTunnel) CloseWrite() error { return e.to.CloseWrite() }

// CloseRead does nothing: nothing more comes when it is called.
func (e *endedTunnel) CloseRead() error { return nil }

// count notes that a client went to a host.
func (t *tunnels) count(host string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.byHost == nil {
		t.byHost = make(map[string]int64)
	}
	if _, known := t.byHost[host]; !known && len(t.byHost) >= maxTunnelHosts {
		host = otherHost
	}
	t.byHost[host]++
}

// counts is how often clients went to each host.
func (t *tunnels) counts() map[string]int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.byHost)
}

// add takes over a connection to a host.
func (t *tunnels) add(host string, conn net.Conn) *tunnel {
	t.count(host)
	n := &tunnel{Conn: conn, of: t}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.open == nil {
		t.open = make(map[*tunnel]struct{})
	}
	t.open[n] = struct{}{}
	return n
}

// dialled gives the connection in place of dialling.
func (n *tunnel) dialled(context.Context, string, string) (net.Conn, error) {
	switch conn := n.Conn.(type) {
	case *net.TCPConn:
		return &halfTunnel{conn, n}, nil
	case writeCloser:
		return &endedTunnel{n, conn}, nil
	}
	return n, nil
}

// Close implements io.Closer.
func (n *tunnel) Close() error {
	n.once.Do(func() { n.of.remove(n) })
	return n.Conn.Close()
}

// Close implements io.Closer.
func (h *halfTunnel) Close() error { return h.t.Close() }

func (t *tunnels) remove(n *tunnel) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.open, n)
	if len(t.open) == 0 && t.idle != nil {
		close(t.idle)
		t.idle = nil
	}
}

// wait waits until no tunnel is open, or ctx ends.
func (t *tunnels) wait(ctx context.Context) {
	t.mu.Lock()
	if len(t.open) == 0 {
		t.mu.Unlock()
		return
	}
	if t.idle == nil {
		t.idle = make(chan struct{})
	}
	idle := t.idle
	t.mu.Unlock()
	select {
	case <-idle:
	case <-ctx.Done():
	}
}

// cut ends all tunnels.
func (t *tunnels) cut() {
	t.mu.Lock()
	open := maps.Clone(t.open)
	t.mu.Unlock()
	for n := range open {
		_ = n.Close() // its end is what is wanted
	}
}
