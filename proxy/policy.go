package proxy

import (
	"net/http"
	"slices"

	"hotmess/config"
	"hotmess/guard"
	"hotmess/wire"
)

// A policy is what the configuration says of requests, made ready for use. It
// is replaced as a whole on reload.
type policy struct {
	sampling config.Sampling
	voting   config.Voting
	// embeddings has a glob in Routes.
	embeddings config.Embeddings
	limits     config.Limits
	routes     []config.Route
	honours    map[string]bool
	guard      *guard.Guard
}

// newPolicy reads a policy off a validated configuration.
func newPolicy(c config.Config) *policy {
	p := &policy{sampling: c.Sampling, voting: c.Ensemble, embeddings: c.Embeddings, limits: c.Limits, routes: c.Routes, honours: map[string]bool{}}
	p.guard = guard.New(c.GuardRules())
	for _, name := range c.ClientHeaders {
		p.honours[name] = true
	}
	return p
}

// A reading says when the request of an upstream is read.
type reading int

const (
	readNever  reading = iota // every route is off
	readBeside                // while it passes
	readFirst                 // before it leaves: a route may be in ensemble mode, or a reply held
)

// reading decides, before the body is there, when it is read.
func (p *policy) reading(d destination, a asked) reading {
	if !d.target.Dialect.Readable() {
		return readNever
	}
	r := max(readingOf(p.sampling.Mode), readingOf(a.mode))
	for _, route := range p.routes {
		if mayFit(route, a.route, d.upstream.name) {
			r = max(r, readingOf(route.Sampling.Mode))
		}
	}
	if r == readBeside && p.guard.Holds() {
		return readFirst
	}
	return r
}

// mayFit reports whether a request may turn out to belong to c, as far as that
// is known without its body.
func mayFit(c config.Route, named, up string) bool {
	if named != "" {
		return c.Name == named
	}
	return config.Fits(c.Match.Upstream, up)
}

// readingOf is when a request of mode m is read.
func readingOf(m config.Mode) reading {
	switch m {
	case config.Ensemble:
		return readFirst
	case config.Observe:
		return readBeside
	}
	return readNever
}

// A route is the class that one request belongs to.
type route struct {
	name     string
	sampling config.Sampling
	// voting is how it votes in ensemble mode.
	voting  config.Voting
	extract string
}

// asked is what the client asks for by X-Hotmess-* headers, as far as the
// configuration honours them.
type asked struct {
	mode           config.Mode
	samples        int
	route, session string
	// label is the value of X-Hotmess-Label.
	label string
}

// route finds the class of a request: the name that the client gives, else the
// first configured route that fits, else <client>.<model>.
func (p *policy) route(client string, up string, v wire.View, h http.Header, a asked) route {
	r := route{sampling: p.sampling, voting: p.voting}
	if i := slices.IndexFunc(p.routes, func(c config.Route) bool {
		if a.route != "" {
			return c.Name == a.route
		}
		return fits(c.Match, client, up, v.Model, h)
	}); i >= 0 {
		r = p.apply(r, p.routes[i])
	}
	switch {
	case r.name != "":
	case a.route != "":
		r.name = cleanName(a.route)
	default:
		r.name = client + "." + cleanModel(v.Model)
	}
	if a.mode != "" {
		r.sampling.Mode = a.mode
	}
	if a.samples > 0 {
		r.sampling.Samples, r.voting.Samples = a.samples, r.voting.Samples.AtMost(a.samples)
	}
	return r
}

// apply lays a configured route over the defaults.
func (p *policy) apply(r route, c config.Route) route {
	r.name, r.extract, r.voting = c.Name, c.Extract, c.Votes(r.voting)
	if c.Sampling.Mode != "" {
		r.sampling.Mode = c.Sampling.Mode
	}
	if c.Sampling.Samples != nil {
		r.sampling.Samples = *c.Sampling.Samples
	}
	if c.Sampling.Rate != nil {
		r.sampling.Rate = *c.Sampling.Rate
	}
	return r
}

// fits reports whether a request fits every pattern that is set. A header that is
// not there fits no pattern.
func fits(m config.Match, client, up, model string, h http.Header) bool {
	if !config.Fits(m.Model, model) || !config.Fits(m.Client, client) || !config.Fits(m.Upstream, up) {
		return false
	}
	for name, pattern := range m.Header {
		if len(h.Values(name)) == 0 || !config.Fits(pattern, h.Get(name)) {
			return false
		}
	}
	return true
}
