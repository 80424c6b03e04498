package wrap

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// Endpoints is what a command's environment has to lead to.
type Endpoints struct {
	// Listen is the traffic port of the running sidecar, as bound.
	Listen string
	// Client names the command towards the sidecar: the first path segment,
	// after a tilde. Empty: no such segment.
	Client string
	// Names maps base URLs found in the environment, as Preset returns them, to
	// the names of the upstreams they have become.
	Names map[string]string
	// Hosts are LLM hosts in lower case, taken out of NO_PROXY beside the
	// vendors' own.
	Hosts []string
	// Way is how calls are to come; Trust is needed for all but WayBase.
	Way   Way
	Trust *Trust
}

// base is the URL of the traffic port with the client's segment.
func (e Endpoints) base() string {
	b := "http://" + dialable(e.Listen)
	if e.Client != "" {
		b += "/~" + segment(e.Client)
	}
	return b
}

// proxy is the URL of the traffic port as a proxy. Its user names the client.
// The password means nothing, but some clients send a user only with one.
func (e Endpoints) proxy() string {
	u := url.URL{Scheme: "http", Host: dialable(e.Listen)}
	if e.Client != "" {
		u.User = url.UserPassword(segment(e.Client), "hotmess")
	}
	return u.String()
}

// A dialect is one client family's base URL: the variables that carry it and the
// path it ends in.
type dialect struct {
	vars []string
	path string
}

// dialects lists the variables that the vendors' clients read. OpenAI's include
// the version, the others do not; OPENAI_API_BASE is the name of older clients.
func dialects() []dialect {
	return []dialect{
		{vars: []string{"OPENAI_BASE_URL", "OPENAI_API_BASE"}, path: "/v1"},
		{vars: []string{"ANTHROPIC_BASE_URL"}},
		{vars: []string{"GOOGLE_GEMINI_BASE_URL"}},
	}
}

// Environ returns env changed so that a command started in it calls the sidecar,
// and a line for each thing that was there and is changed or left. It is pure.
func Environ(env []string, e Endpoints) (out, notes []string) {
	v := newVars(env)
	for _, d := range dialects() {
		if e.Way.base() {
			notes = append(notes, takeDialect(v, d, e)...)
			continue
		}
		notes = append(notes, leaveDialect(v, d, e)...)
	}
	if e.Way.proxy() && e.Trust != nil {
		notes = append(notes, takeProxy(v, e)...)
	}
	notes = append(notes, takeNoProxy(v, e.Hosts)...)
	v.set("HOTMESS_URL", e.base())
	return v.list(), notes
}

// leaveDialect says what becomes of base URLs that the command keeps: only the
// sidecar's own hosts are opened.
func leaveDialect(v *vars, d dialect, e Endpoints) (notes []string) {
	for _, name := range d.vars {
		u, err := parseBase(v.get(name))
		if err != nil || points(u, e.Listen) || slices.Contains(e.Hosts, strings.ToLower(u.Hostname())) {
			continue
		}
		notes = append(notes, fmt.Sprintf("%s is left: calls to %s are not seen unless it is one of upstreams, or with --way both", name, shown(u)))
	}
	return notes
}

// Preset returns the base URLs in env that have to become upstreams of the
// sidecar on listen: those of HTTP servers other than that sidecar.
func Preset(env []string, listen string) []string {
	v := newVars(env)
	var urls []string
	for _, d := range dialects() {
		for _, name := range d.vars {
			u, err := parseBase(v.get(name))
			if err != nil || points(u, listen) || slices.Contains(urls, trimBase(v.get(name))) {
				continue
			}
			urls = append(urls, trimBase(v.get(name)))
		}
	}
	return urls
}

// takeDialect sets the variables of d. One that is not set follows its sibling.
func takeDialect(v *vars, d dialect, e Endpoints) (notes []string) {
	before := make([]string, len(d.vars))
	for i, name := range d.vars {
		before[i] = v.get(name)
	}
	for i, name := range d.vars {
		if before[i] != "" {
			value, note := takeBase(name, before[i], e)
			v.set(name, value)
			notes = append(notes, note)
			continue
		}
		value := e.base() + d.path
		if sibling := firstSet(before); sibling != "" {
			value, _ = takeBase(name, sibling, e)
		}
		v.set(name, value)
	}
	return notes
}

// takeBase returns what the variable name, holding value, is replaced by.
func takeBase(name, value string, e Endpoints) (replaced, note string) {
	u, err := parseBase(value)
	if err != nil {
		return value, fmt.Sprintf("%s is left as it is (%v): calls made with it are not seen", name, err)
	}
	if points(u, e.Listen) {
		return value, fmt.Sprintf("%s leads to this sidecar already and is left", name)
	}
	upstream, ok := e.Names[trimBase(value)]
	if !ok {
		return value, fmt.Sprintf("%s is left as it is: the sidecar did not take %s as an upstream, calls to it are not seen", name, shown(u))
	}
	return e.base() + "/" + upstream, fmt.Sprintf("%s was %s: calls go there through the sidecar, as upstream %s", name, shown(u), upstream)
}

func firstSet(values []string) string {
	for _, s := range values {
		if s != "" {
			return s
		}
	}
	return ""
}

func parseBase(value string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimSpace(value))
	if err != nil {
		return nil, fmt.Errorf("not a URL")
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return nil, fmt.Errorf("not an http or https URL")
	}
	return u, nil
}

func trimBase(value string) string { return strings.TrimRight(strings.TrimSpace(value), "/") }

// shown is u without what may be secret: user, password and query.
func shown(u *url.URL) string { return u.Scheme + "://" + u.Host + u.EscapedPath() }
