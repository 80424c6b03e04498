package config

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// builtIn is the list of upstreams that need no configuration.
func builtIn() []Upstream {
	return []Upstream{
		{Name: "openai", URL: "https://api.openai.com/v1"},
		{Name: "anthropic", URL: "https://api.anthropic.com"},
		{Name: "gemini", URL: "https://generativelanguage.googleapis.com"},
	}
}

// KnownHosts are the hosts, without ports, of the upstreams that need no configuration:
// of language models, whatever is configured.
func KnownHosts() []string {
	var hosts []string
	for _, u := range builtIn() {
		if base, err := baseURL(u.URL); err == nil {
			hosts = append(hosts, base.Hostname())
		}
	}
	return hosts
}

// Resolve maps the names of all upstreams to their base URLs: the built-in ones
// and the configured ones, which win. Where Upstream is set the map has one
// entry, of the empty name. Of a validated configuration all URLs are
// absolute; entries that Validate would refuse are left out.
func (c Config) Resolve() map[string]*url.URL {
	all := append(builtIn(), c.Upstreams...)
	if c.Upstream != "" {
		all = []Upstream{{URL: c.Upstream}}
	}
	urls := make(map[string]*url.URL, len(all))
	for _, u := range all {
		if base, err := baseURL(u.URL); err == nil {
			urls[u.Name] = base
		}
	}
	return urls
}

// TLSHosts lists the hosts, without ports, whose TLS is to be opened in the
// forward way: those of all upstreams that speak it, sorted.
func (c Config) TLSHosts() []string {
	var hosts []string
	for _, base := range c.Resolve() {
		if base.Scheme == "https" {
			hosts = append(hosts, strings.ToLower(strings.TrimSuffix(base.Hostname(), ".")))
		}
	}
	slices.Sort(hosts)
	return slices.Compact(hosts)
}

// AnyHost reports whether clients may reach hosts through the traffic port that
// are no upstreams'.
func (c Config) AnyHost() bool {
	if c.Forward.Tunnels == TunnelsAuto {
		return loopback(c.Listen)
	}
	return c.Forward.Tunnels == TunnelsAny
}

// baseURL parses the URL that request paths are joined to. Its errors never
// repeat the URL, which may hold a password.
func baseURL(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	switch {
	case raw == "":
		return nil, errors.New("is missing; write a URL, like http://127.0.0.1:11434/v1")
	case err != nil:
		return nil, fmt.Errorf("is not a URL: %w", reason(err))
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, errors.New("must begin with http:// or https://")
	case u.Hostname() == "":
		return nil, errors.New("has no host")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, errors.New("must end before ? and #: request paths are joined to it")
	}
	// As clients write it, and certificates.
	if u.Host, err = httpguts.PunycodeHostPort(u.Host); err != nil {
		return nil, errors.New("has a host that is no name")
	}
	return u, nil
}

// reason is an error of url.Parse without the URL.
func reason(err error) error {
	if at, ok := errors.AsType[*url.Error](err); ok {
		return at.Err
	}
	return err
}
