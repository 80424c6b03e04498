package proxy

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"syscall"
	"time"
)

// A client that does not take our certificate shows it, by its TLS library, by
//
//	an alert                                      Go, rustls
//	an alert in plain text, for which crypto/tls  OpenSSL (curl, Python), which has
//	has only a bad MAC                            no keys yet
//	hanging up before the handshake is over       Node.js, Java
//	hanging up behind it, without a word          GnuTLS, and who looks for a pin
//
// An alert is one. Hanging up is one if the client does nothing else: some dial
// several connections, and drop all but the one that they call on.

const (
	// silentFor is how soon after the handshake a client that has said nothing
	// must hang up for that to count. Who keeps a connection in reserve mostly
	// waits longer.
	silentFor = time.Second
	// silentSince is how long ago a client must have hung up when it comes again:
	// until then it may be seen to call on another connection. The SDKs of OpenAI
	// and Anthropic try again after 375 ms at the earliest.
	silentSince = 300 * time.Millisecond
)

// errSilent is how a client has refused that hung up.
var errSilent = errors.New("it hung up without a request")

// refusesAgain reports whether a client has refused our certificate lately.
func (s *Server) refusesAgain(who distruster) bool {
	now := s.h.now()
	if s.distrust.left(who, now.Add(-silentSince)) {
		s.refusedBy(who, errSilent)
	}
	return s.distrust.has(who, now)
}

// brokeOff notes how a handshake ended that was not agreed on.
func (s *Server) brokeOff(c *opened, err error) {
	switch {
	case c.alerted(err):
		s.refusedBy(c.who, err)
		return
	case c.shown && hungUp(err):
		s.distrust.leave(c.who, s.h.now())
	}
	s.h.log.Debug("client broke off while TLS was opened", slog.String("host", c.who.host), slog.Any("error", err))
}

// followOpened notes what becomes of an opened connection.
func (s *Server) followOpened(conn net.Conn, state http.ConnState) {
	now := s.h.now()
	switch c := openedOf(conn); {
	case c.spoke:
	case state == http.StateActive:
		c.spoke = true
		s.distrust.hear(c.who, now)
	case state == http.StateClosed && c.shown && now.Sub(c.agreed) < silentFor:
		s.distrust.leave(c.who, now)
	}
}

// refusedBy notes a client that did not take our certificate. It gets blind
// tunnels for a while: an agent must not fail because of us, and its library
// dials again.
func (s *Server) refusedBy(who distruster, err error) {
	s.distrust.add(who, s.h.now().Add(trustFor))
	s.h.log.Warn("client does not trust hotmess's certificates: it gets a blind tunnel, and its calls are not measured; see hotmess env and hotmess ca",
		slog.String("host", who.host), slog.String("client", who.client()), slog.Duration("for", trustFor), slog.Any("error", err))
}

// plainAlert is the size of a TLS record that holds an alert in plain text.
const plainAlert = 7

// follow keeps the end of what the client sends.
func (c *opened) follow(b []byte) {
	c.tail = append(c.tail, b[max(0, len(b)-plainAlert):]...)
	c.tail = c.tail[max(0, len(c.tail)-plainAlert):]
}

// alerted reports whether a handshake failed because the client does not know who
// signed: the alerts bad_certificate, certificate_unknown and unknown_ca (RFC
// 8446, 6.2), fatal.
func (c *opened) alerted(err error) bool {
	var remote *net.OpError
	readable := errors.As(err, &remote) && remote.Op == "remote error"
	for _, alert := range [...]tls.AlertError{42, 46, 48} {
		if readable && remote.Err.Error() == alert.Error() || bytes.Equal(c.tail, []byte{21, 3, 3, 0, 2, 2, byte(alert)}) {
			return true
		}
	}
	return false
}

// hungUp reports whether the client ended the connection.
func hungUp(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET)
}
