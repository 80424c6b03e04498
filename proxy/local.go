package proxy

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"slices"
)

const (
	// forbidden is what a client is told that wants to go elsewhere.
	forbidden = "hotmess serves the hosts of its upstreams only: add the host to upstreams, or set forward.tunnels to any"
	// forbiddenHere is what one is told that comes from elsewhere.
	forbiddenHere = "hotmess leads clients of other machines to nothing on its own: add the host to upstreams if it is an API"
)

// forbids says why a client may not reach an address; empty: it may.
func (s *Server) forbids(a address, r *http.Request) string {
	switch {
	case s.h.upstreams.at("https", a.host, "/") != nil || s.h.upstreams.at("http", a.host, "/") != nil:
		return ""
	case !s.forward.Any:
		return forbidden
	case !isLoopback(hostOf(r.RemoteAddr)) && leadsHere(r.Context(), hostOf(a.host)):
		return forbiddenHere
	}
	return ""
}

// leadsHere reports whether a name stands for this machine or its link, where
// services take whoever comes for one of their own: the admin port among them,
// and in a cloud the one that hands out keys. Of a name that only an outer proxy
// knows it is not known.
func leadsHere(ctx context.Context, host string) bool {
	if isLocal(host) {
		return true
	}
	found, _ := net.DefaultResolver.LookupHost(ctx, host) // dialling says what is wrong
	return slices.ContainsFunc(found, isLocal)
}

func isLoopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return err == nil && a.Unmap().IsLoopback()
}

// isLocal reports whether host is an address of this machine or its link.
func isLocal(host string) bool {
	a, err := netip.ParseAddr(host)
	a = a.Unmap()
	return err == nil && (a.IsLoopback() || a.IsUnspecified() || a.IsLinkLocalUnicast())
}
