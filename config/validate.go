package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Validate returns all problems at once, joined; each is a *Problem that leads
// with the path of its key. Load has called it.
func (c Config) Validate() error {
	k := check(c)
	errs := make([]error, len(k.problems))
	for i, p := range k.problems {
		errs[i] = p
	}
	return errors.Join(errs...)
}

// Warnings lists settings that are allowed but have no effect, or a surprising
// one.
func (c Config) Warnings() []Warning { return check(c).warnings }

// A checker collects what is wrong with a configuration.
type checker struct {
	cfg      Config
	problems []*Problem
	warnings []Warning
}

// check goes through all sections.
func check(c Config) *checker {
	k := &checker{cfg: c}
	k.ports()
	k.upstreams()
	k.sampling()
	k.ensemble()
	k.budget()
	k.guards()
	k.prices()
	k.routes()
	k.shadowed()
	k.embeddings()
	k.rules()
	k.limits()
	k.forward()
	k.clientHeaders()
	k.word("log.level", c.Log.Level, "debug", "info", "warn", "error")
	k.word("log.format", c.Log.Format, "text", "json")
	return k
}

// fail records a problem.
func (k *checker) fail(key, format string, args ...any) {
	k.problems = append(k.problems, &Problem{Key: key, Text: fmt.Sprintf(format, args...)})
}

// warn records a warning.
func (k *checker) warn(key, format string, args ...any) {
	k.warnings = append(k.warnings, Warning{Key: key, Text: fmt.Sprintf(format, args...)})
}

// word refuses what is not one of the allowed words.
func (k *checker) word(key, got string, allowed ...string) {
	if !slices.Contains(allowed, got) {
		k.fail(key, "%q is unknown; write %s%s", got, either(allowed), didYouMean(got, allowed))
	}
}

// either lists words: a, b or c.
func either(words []string) string {
	last := len(words) - 1
	if last == 0 {
		return words[0]
	}
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// ports checks the addresses that are listened on. NATS takes the next free
// port, so that only the other two can collide.
func (k *checker) ports() {
	c := k.cfg
	k.address("listen", c.Listen)
	k.address("admin.listen", c.Admin.Listen)
	k.address("nats.listen", c.NATS.Listen)
	if c.Listen == c.Admin.Listen && !strings.HasSuffix(c.Listen, ":0") {
		k.fail("admin.listen", "is the address of listen, too; choose another port")
	}
	if !loopback(c.Listen) {
		k.warn("listen", "%s is reachable from other machines, and any of them may use hotmess as a proxy to the upstreams", c.Listen)
	}
	k.token()
}

// forward checks the forward-proxy way.
func (k *checker) forward() {
	t := k.cfg.Forward.Tunnels
	k.word("forward.tunnels", t, TunnelsAuto, TunnelsAny, TunnelsNone)
	if t == TunnelsAny && !loopback(k.cfg.Listen) {
		k.warn("forward.tunnels", "any machine that reaches %s may use it as a proxy to anywhere", k.cfg.Listen)
	}
}

// minToken is the length in bytes below which a token is easy to guess.
const minToken = 16

// token asks for an admin token off loopback.
func (k *checker) token() {
	token := k.cfg.Admin.Token.Reveal()
	switch {
	case token == "" && !loopback(k.cfg.Admin.Listen):
		k.fail("admin.token", "is required because admin.listen is not a loopback address; set it, or HOTMESS_ADMIN_TOKEN")
	case token != "" && len(token) < minToken:
		k.warn("admin.token", "is shorter than %d bytes and easy to guess", minToken)
	}
}

// address refuses what cannot be listened on.
func (k *checker) address(key, address string) {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		k.fail(key, "%q is not host:port, like 127.0.0.1:4141", address)
		return
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		k.fail(key, "port %q is not a number from 0 to 65535", port)
	}
}

// loopback reports whether an address is reachable from this machine alone. An
// address that cannot be split counts as such: it has its own problem.
func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil || host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// limits checks what is held in memory and on disk.
func (k *checker) limits() {
	c := k.cfg
	k.positive("nats.max_store", int64(c.NATS.MaxStore), c.NATS.MaxStore)
	k.positive("limits.body", int64(c.Limits.Body), c.Limits.Body)
	k.positive("limits.held", int64(c.Limits.Held), c.Limits.Held)
	if c.Limits.Held > 0 && c.Limits.Held < c.Limits.Body {
		k.fail("limits.held", "%s is less than limits.body (%s): the largest body would never fit", c.Limits.Held, c.Limits.Body)
	}
}

// positive refuses n below 1; shown is how people write it.
func (k *checker) positive(key string, n int64, shown fmt.Stringer) {
	if n <= 0 {
		k.fail(key, "%s must be more than 0", shown)
	}
}

// notNegative refuses n below 0.
func (k *checker) notNegative(key string, n int64, shown fmt.Stringer) {
	if n < 0 {
		k.fail(key, "%s must not be negative", shown)
	}
}

// clientHeaders checks the words that stand for X-Hotmess-* headers.
func (k *checker) clientHeaders() {
	for i, h := range k.cfg.ClientHeaders {
		key := fmt.Sprintf("client_headers[%d]", i)
		k.word(key, h, "mode", "samples", "route", "session", "label")
		if slices.Index(k.cfg.ClientHeaders, h) < i {
			k.warn(key, "%s is listed twice", h)
		}
	}
}
