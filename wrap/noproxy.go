package wrap

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/http/httpproxy"
)

// loopbackNames are what a client must reach without a proxy to find the
// sidecar.
func loopbackNames() []string { return []string{"127.0.0.1", "localhost", "::1"} }

// vendorDomains hold nothing but LLM APIs and what belongs to them, so an entry
// for one of them, or below it, is an LLM host. googleapis.com is not among them.
func vendorDomains() []string {
	return []string{"openai.com", "anthropic.com", "generativelanguage.googleapis.com"}
}

// takeNoProxy changes both spellings of NO_PROXY. Clients differ in which they
// read first, so one that is missing is made a copy of the other.
func takeNoProxy(v *vars, hosts []string) []string {
	upper, lower := v.get("NO_PROXY"), v.get("no_proxy")
	upper, lower = firstSet([]string{upper, lower}), firstSet([]string{lower, upper})
	hosts = remote(hosts)
	changed, notes := noProxy("NO_PROXY", upper, hosts)
	v.set("NO_PROXY", changed)
	if lower == upper {
		v.set("no_proxy", changed)
		return notes
	}
	changed, more := noProxy("no_proxy", lower, hosts)
	v.set("no_proxy", changed)
	return append(notes, more...)
}

// noProxy adds loopback to value and takes LLM hosts out. Wider entries that
// cover an LLM host among others stay: other traffic needs them.
func noProxy(name, value string, hosts []string) (changed string, notes []string) {
	if strings.TrimSpace(value) == "*" {
		return value, []string{name + "=* is kept; it covers the LLM hosts too"}
	}
	var kept, removed []string
	for _, entry := range strings.FieldsFunc(value, isSeparator) {
		switch covered := covers(entry, hosts); {
		case isLLMHost(entry, hosts):
			removed = append(removed, entry)
			continue
		case covered != "":
			notes = append(notes, fmt.Sprintf("%s: %s is kept, though it covers %s", name, entry, covered))
		}
		kept = append(kept, entry)
	}
	added := missing(kept, loopbackNames())
	if len(removed) > 0 {
		notes = append(notes, fmt.Sprintf("%s: removed %s, so that calls there are seen", name, strings.Join(removed, ", ")))
	}
	if len(added) > 0 {
		notes = append(notes, fmt.Sprintf("%s: added %s", name, strings.Join(added, ", ")))
	}
	if len(added)+len(removed) == 0 {
		return value, notes
	}
	return strings.Join(append(kept, added...), ","), notes
}

func isSeparator(r rune) bool { return r == ',' || r == ' ' || r == '\t' }

// remote leaves out loopback hosts: a local model server stays reachable
// directly.
func remote(hosts []string) []string {
	return slices.DeleteFunc(slices.Clone(hosts), loopback)
}

// isLLMHost reports whether a NO_PROXY entry stands for an LLM host and nothing
// else.
func isLLMHost(entry string, hosts []string) bool {
	name := entryHost(entry)
	if slices.Contains(hosts, name) {
		return true
	}
	return slices.ContainsFunc(vendorDomains(), func(d string) bool {
		return name == d || strings.HasSuffix(name, "."+d)
	})
}

// entryHost is the host of an entry like .example.com, *.example.com or
// example.com:443.
func entryHost(entry string) string {
	name := strings.ToLower(strings.TrimPrefix(strings.TrimPrefix(entry, "*"), "."))
	if host, port, ok := strings.Cut(name, ":"); ok && !strings.Contains(port, ":") {
		return host
	}
	return name
}

// covers returns the first LLM host that entry keeps from a proxy, as net/http
// would read it; empty if there is none.
func covers(entry string, hosts []string) string {
	proxyFor := (&httpproxy.Config{HTTPSProxy: "http://proxy.invalid", NoProxy: entry}).ProxyFunc()
	for _, host := range append([]string{"api.openai.com", "api.anthropic.com", "generativelanguage.googleapis.com"}, hosts...) {
		if p, err := proxyFor(&url.URL{Scheme: "https", Host: host}); err == nil && p == nil {
			return host
		}
	}
	return ""
}

// missing returns what of want is not in have.
func missing(have, want []string) []string {
	return slices.DeleteFunc(slices.Clone(want), func(s string) bool { return slices.Contains(have, s) })
}
