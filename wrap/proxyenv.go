package wrap

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// proxyVars are the variables that name an outer proxy for TLS.
func proxyVars() []string { return []string{"HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"} }

// outerNote says which outer proxy the sidecar uses, if env names one. A proxy
// that is this sidecar was said before.
func outerNote(env []string, s *sidecar) []string {
	v := newVars(env)
	for _, name := range proxyVars() {
		u := parseProxy(v.get(name))
		switch {
		case u == nil || points(u, s.running.Listen):
			continue
		case s.joined:
			return []string{name + " was set: the sidecar was running already and keeps the outer proxy that it was started with"}
		default:
			return []string{fmt.Sprintf("%s: the sidecar's own calls go through %s", name, shown(u))}
		}
	}
	return nil
}

// withoutProxy takes out of env what names the port on listen as a proxy: left
// by hotmess env, it would lead a sidecar that is started there to itself.
func withoutProxy(env []string, listen string) []string {
	return slices.DeleteFunc(slices.Clone(env), func(entry string) bool {
		name, value, _ := strings.Cut(entry, "=")
		u := parseProxy(value)
		return slices.Contains([]string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"}, strings.ToUpper(name)) && u != nil && points(u, listen)
	})
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
