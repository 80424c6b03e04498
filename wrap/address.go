package wrap

import (
	"net"
	"net/netip"
	"net/url"
	"strings"
)

// dialable turns an address as bound into one that can be called: a listener on
// all interfaces is called on loopback.
func dialable(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return addr
}

// points reports whether u leads to the listener on addr, all loopback names
// being one.
func points(u *url.URL, addr string) bool {
	host, port, err := net.SplitHostPort(dialable(addr))
	if err != nil || portOf(u) != port {
		return false
	}
	return strings.EqualFold(u.Hostname(), host) || loopback(u.Hostname()) && loopback(host)
}

func portOf(u *url.URL) string {
	if p := u.Port(); p != "" {
		return p
	}
	if u.Scheme == "https" {
		return "443"
	}
	return "80"
}

func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// free returns the first of addrs that can be bound, else a free port on the
// first one's host.
func free(addrs ...string) string {
	for _, addr := range addrs {
		if addr != "" && bindable(addr) {
			return addr
		}
	}
	host, _, err := net.SplitHostPort(addrs[0])
	if err != nil {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, "0")
}

func bindable(addr string) bool {
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return false
	}
	return ln.Close() == nil
}

// segment cleans s for use in a path: lower case, only [a-z0-9._-], at most 64
// bytes.
func segment(s string) string {
	clean := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || strings.ContainsRune("._-", r) {
			return r
		}
		return '-'
	}, strings.ToLower(s))
	return clean[:min(len(clean), 64)]
}
