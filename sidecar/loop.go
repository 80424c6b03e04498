package sidecar

import (
	"net"
	"net/netip"
	"net/url"
	"strings"
)

// loops reports whether u, which may be nil, leads to the port that own listens
// on: by the same address, or by any name of this machine that is known without
// asking a name server.
func loops(u *url.URL, own net.Addr) bool {
	if u == nil {
		return false
	}
	at, err := netip.ParseAddrPort(own.String())
	if err != nil || port(u) != at.Port() {
		return false
	}
	ip, err := netip.ParseAddr(u.Hostname())
	if err != nil {
		host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
		local := host == "localhost" || strings.HasSuffix(host, ".localhost")
		return local && (at.Addr().IsLoopback() || at.Addr().IsUnspecified())
	}
	ip, self := ip.Unmap(), at.Addr().Unmap()
	switch {
	case ip == self:
		return true
	case self.IsUnspecified():
		return ip.IsLoopback() || ip.IsUnspecified() || ofThisMachine(ip)
	}
	return ip.IsUnspecified() && self.IsLoopback() // dialling 0.0.0.0 reaches loopback
}

// port is the port of a URL, the scheme's own if it names none; 0: unknown.
func port(u *url.URL) uint16 {
	if u.Port() == "" {
		return map[string]uint16{"http": 80, "https": 443}[u.Scheme]
	}
	at, err := netip.ParseAddrPort("0.0.0.0:" + u.Port())
	if err != nil {
		return 0
	}
	return at.Port()
}

// ofThisMachine reports whether one of the interfaces has the address.
func ofThisMachine(ip netip.Addr) bool {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return false
	}
	for _, a := range addrs {
		if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr().Unmap() == ip {
			return true
		}
	}
	return false
}
