package proxy

import (
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// trustFor is how long a client that refused our certificate is left alone.
const trustFor = 10 * time.Minute

// refused notes a client that did not take our certificate. It gets blind
// tunnels for a while: an agent must not fail because of us, and its library
// dials again.
func (s *Server) refused(a address, r *http.Request, err error) {
	if !distrusts(err) {
		s.h.log.Debug("client broke off while TLS was opened", slog.String("host", a.host), slog.Any("error", err))
		return
	}
	s.distrust.add(distrustKey(a, r), s.h.now().Add(trustFor))
	s.h.log.Warn("client does not trust hotmess's certificates: it gets a blind tunnel, and its calls are not measured; see hotmess env and hotmess ca",
		slog.String("host", a.host), slog.String("client", distrustKey(a, r).client), slog.Duration("for", trustFor), slog.Any("error", err))
}

// distrusts reports whether a handshake failed because the client does not know
// who signed: the TLS alerts 42, 46 and 48 (RFC 8446, 6.2).
func distrusts(err error) bool {
	var remote *net.OpError
	if !errors.As(err, &remote) || remote.Op != "remote error" {
		return false
	}
	for _, alert := range [...]tls.AlertError{42, 46, 48} {
		if remote.Err.Error() == alert.Error() {
			return true
		}
	}
	return false
}

// maxDistrust bounds the clients that are left alone.
const maxDistrust = 1000

// A distruster is a client and the host whose TLS it does not want opened.
type distruster struct{ client, host string }

func distrustKey(a address, r *http.Request) distruster {
	client := a.client
	if client == "" {
		client = clientName(r.Header)
	}
	return distruster{client: client, host: a.host}
}

// distrust remembers who refused our certificates, and until when.
type distrust struct {
	mu    sync.Mutex
	until map[distruster]time.Time
}

func (d *distrust) empty() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.until) == 0
}

func (d *distrust) has(key distruster, now time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	until, ok := d.until[key]
	if ok && !now.Before(until) {
		delete(d.until, key)
		return false
	}
	return ok
}

func (d *distrust) add(key distruster, until time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.until == nil || len(d.until) >= maxDistrust {
		d.until = make(map[distruster]time.Time)
	}
	d.until[key] = until
}
