package wrap

import (
	"fmt"
	"net/url"
	"strings"
)

// proxyVars are the variables that name an outgoing proxy. Only lower-case
// http_proxy is read by all clients; the others come in both spellings.
func proxyVars() []string {
	return []string{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"}
}

// refuseOwnProxy fails if env makes the sidecar on listen its own proxy: its
// calls would come back to it for ever.
func refuseOwnProxy(env []string, listen string) error {
	v := newVars(env)
	for _, name := range proxyVars() {
		if u := parseProxy(v.get(name)); u != nil && points(u, listen) {
			return fmt.Errorf("%s points at hotmess itself (%s): unset it, or set it to the proxy that is to be used for outgoing calls", name, u.Host)
		}
	}
	return nil
}

// proxyNote says which outer proxy the sidecar uses, if env names one for TLS.
func proxyNote(env []string, joined bool) []string {
	v := newVars(env)
	for _, name := range []string{"HTTPS_PROXY", "https_proxy"} {
		u := parseProxy(v.get(name))
		switch {
		case u == nil:
			continue
		case joined:
			return []string{name + " is kept for the command; the sidecar was running already and keeps the proxy it was started with"}
		default:
			return []string{fmt.Sprintf("%s: the sidecar's own calls go through %s", name, shown(u))}
		}
	}
	return nil
}

// parseProxy reads a proxy variable, whose scheme may be missing; nil if it
// names none.
func parseProxy(value string) *url.URL {
	if value == "" {
		return nil
	}
	if !strings.Contains(value, "://") {
		value = "http://" + value
	}
	u, err := url.Parse(value)
	if err != nil || u.Hostname() == "" {
		return nil
	}
	return u
}
