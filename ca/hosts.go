package ca

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
)

const (
	// maxHosts bounds what one authority may sign for: clients hold every name
	// against every constraint.
	maxHosts = 256
	// Lengths of a DNS name and of its labels, in bytes (RFC 1035).
	maxHost  = 253
	maxLabel = 63
	// noName is the one domain that is permitted where no host has a name. It
	// never resolves (RFC 6761). The empty name, which excludes all others by
	// RFC 5280, makes Java 17 fail with an index out of range.
	noName = "invalid"
)

// errUnconstrained is the fault of a certificate that is not ours, or could
// sign for more than its hosts.
var errUnconstrained = errors.New("it is not constrained to single hosts, as those of hotmess are")

// canonicalHosts brings hosts to the form in which they are compared, sorted
// and each once.
func canonicalHosts(hosts []string) ([]string, error) {
	var out []string
	var problems []error
	for _, h := range hosts {
		c, err := canonical(h)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		out = append(out, c)
	}
	slices.Sort(out)
	out = slices.Compact(out)
	switch {
	case len(problems) > 0:
		return nil, errors.Join(problems...)
	case len(out) == 0:
		return nil, errors.New("there is no LLM host to sign for")
	case len(out) > maxHosts:
		return nil, fmt.Errorf("%d LLM hosts are more than the %d that one certificate authority signs for", len(out), maxHosts)
	}
	return out, nil
}

// canonical is host as a lower-case name without a final dot, or as an address
// in its shortest form without brackets.
func canonical(host string) (string, error) {
	bare := host
	if strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]") {
		bare = host[1 : len(host)-1]
	}
	if addr, err := netip.ParseAddr(bare); err == nil {
		if addr.Zone() != "" {
			return "", fmt.Errorf("host %s: an address with a zone cannot be certified", host)
		}
		return addr.Unmap().String(), nil
	}
	name := strings.ToLower(strings.TrimSuffix(host, "."))
	if name == noName || len(name) > maxHost || !isName(name) {
		return "", fmt.Errorf("host %.*q is neither an address nor a DNS name in ASCII", maxHost, host)
	}
	return name, nil
}

// isName reports whether every label of name can be looked up. Underscores are
// let through: container networks have them.
func isName(name string) bool {
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > maxLabel || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, c := range []byte(label) {
			if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
				return false
			}
		}
	}
	return true
}

// constrain limits c to canonical hosts. A permitted name permits what is under
// it as well; there is no way to say otherwise (RFC 5280, 4.2.1.10).
func constrain(c *x509.Certificate, hosts []string) {
	c.PermittedDNSDomainsCritical = true
	for _, h := range hosts {
		if addr, err := netip.ParseAddr(h); err == nil {
			c.PermittedIPRanges = append(c.PermittedIPRanges, network(netip.PrefixFrom(addr, addr.BitLen())))
			continue
		}
		c.PermittedDNSDomains = append(c.PermittedDNSDomains, h)
	}
	if len(c.PermittedDNSDomains) == 0 {
		c.PermittedDNSDomains = []string{noName}
	}
	if len(c.PermittedIPRanges) == 0 {
		c.ExcludedIPRanges = []*net.IPNet{
			network(netip.PrefixFrom(netip.IPv4Unspecified(), 0)),
			network(netip.PrefixFrom(netip.IPv6Unspecified(), 0)),
		}
	}
}

func network(p netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}

// constrainedTo is what constrain was given when c was made, or
// errUnconstrained.
func constrainedTo(c *x509.Certificate) ([]string, error) {
	if len(c.PermittedDNSDomains)+len(c.PermittedIPRanges) > maxHosts+1 {
		return nil, errUnconstrained
	}
	var hosts []string
	for _, name := range c.PermittedDNSDomains {
		if name != noName {
			hosts = append(hosts, name)
		}
	}
	for _, ipnet := range c.PermittedIPRanges {
		hosts = append(hosts, ipnet.IP.String())
	}
	hosts, err := canonicalHosts(hosts)
	if err != nil {
		return nil, errUnconstrained
	}
	var same x509.Certificate
	constrain(&same, hosts)
	if !sameConstraints(c, &same) {
		return nil, errUnconstrained
	}
	return hosts, nil
}

func sameConstraints(a, b *x509.Certificate) bool {
	return a.PermittedDNSDomainsCritical == b.PermittedDNSDomainsCritical &&
		slices.Equal(a.PermittedDNSDomains, b.PermittedDNSDomains) &&
		slices.Equal(a.ExcludedDNSDomains, b.ExcludedDNSDomains) &&
		slices.EqualFunc(a.PermittedIPRanges, b.PermittedIPRanges, sameNetwork) &&
		slices.EqualFunc(a.ExcludedIPRanges, b.ExcludedIPRanges, sameNetwork)
}

func sameNetwork(a, b *net.IPNet) bool { return a.String() == b.String() }
