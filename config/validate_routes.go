package config

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// upstreamName is what can stand as a path segment without escapes.
var upstreamName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}$`)

// reservedNames are first segments of real API paths: an upstream of such a
// name would swallow requests that name none. OpenAI, Anthropic, Gemini, Azure
// and Ollama documentation, 2026.
func reservedNames() []string {
	return []string{
		"api", "assistants", "audio", "batches", "cachedContents", "chat", "complete", "completions", "containers",
		"conversations", "deployments", "embeddings", "evals", "files", "fine_tuning", "generate", "images", "messages",
		"models", "moderations", "organization", "organizations", "projects", "realtime", "responses", "threads",
		"tunedModels", "upload", "uploads", "vector_stores", "videos",
	}
}

// upstreams checks names and URLs.
func (k *checker) upstreams() {
	first := map[string]int{}
	for i, u := range k.cfg.Upstreams {
		key := fmt.Sprintf("upstreams[%d]", i)
		k.upstreamName(key+".name", u.Name)
		k.baseURL(key+".url", u.URL)
		if j, dup := first[u.Name]; dup && u.Name != "" {
			k.fail(key+".name", "%s is the name of upstreams[%d], too", u.Name, j)
		} else {
			first[u.Name] = i
		}
	}
	if k.cfg.Upstream == "" {
		return
	}
	k.baseURL("upstream", k.cfg.Upstream)
	if len(k.cfg.Upstreams) > 0 {
		k.warn("upstreams", "has no effect while upstream is set")
	}
}

// upstreamName refuses names that cannot be told from a path.
func (k *checker) upstreamName(key, name string) {
	switch {
	case name == "":
		k.fail(key, "is missing")
	case isVersion(name) || slices.Contains(reservedNames(), name):
		k.fail(key, "%s is reserved: API paths begin with it", name)
	case !upstreamName.MatchString(name):
		k.fail(key, "%q must be lower-case letters, digits, dots, dashes and underscores, 63 at most, a letter or digit first", name)
	}
}

// baseURL checks the URL of an upstream.
func (k *checker) baseURL(key, raw string) {
	u, err := baseURL(raw)
	if err != nil {
		k.fail(key, "%s", err)
		return
	}
	if u.User != nil {
		k.warn(key, "holds a user or password; let the agent send its key in a header instead")
	}
}

// routeName is what can be shown and become a subject token.
var routeName = regexp.MustCompile(`^[^\s*>\x00-\x1f\x7f]{1,128}$`)

// name refuses names that cannot be shown; missing is said of an empty one.
func (k *checker) name(key, name, missing string) {
	switch {
	case name == "":
		k.fail(key, "%s", missing)
	case !routeName.MatchString(name):
		k.fail(key, "%q must be 1 to 128 characters without space, * and >", name)
	}
}

// routes checks every route.
func (k *checker) routes() {
	first := map[string]int{}
	for i, r := range k.cfg.Routes {
		key := fmt.Sprintf("routes[%d]", i)
		k.route(key, r)
		if j, dup := first[r.Name]; dup && r.Name != "" {
			k.fail(key+".name", "%s is the name of routes[%d], too", r.Name, j)
		} else {
			first[r.Name] = i
		}
	}
}

// route checks one route.
func (k *checker) route(key string, r Route) {
	k.name(key+".name", r.Name, "is missing")
	k.match(key+".match", r.Match)
	k.routeSampling(key, r)
	k.routeVoting(key, r)
	k.routeBudget(key+".budget", r.Budget)
	k.extract(key+".extract", r.Extract)
}

// routeSampling checks the settings that a route does not inherit, and what
// comes of them together with those that it does.
func (k *checker) routeSampling(path string, route Route) {
	key, r, s := path+".sampling", route.Sampling, k.cfg.Sampling
	if r.Mode != "" {
		k.mode(key+".mode", r.Mode)
		s.Mode = r.Mode
	}
	if r.Samples != nil {
		k.samples(key+".samples", *r.Samples)
		s.Samples = *r.Samples
	}
	if r.Rate != nil {
		k.rate(key+".rate", *r.Rate)
		s.Rate = *r.Rate
	}
	if r != (RouteSampling{}) {
		k.effect(key, s)
	}
	switch samples := route.first(path, []string{"samples"}); {
	case samples != "":
		k.majority(samples, s, route.Votes(k.cfg.Ensemble))
	case k.cfg.Sampling.Mode != Ensemble: // else all routes have been told
		k.majority("ensemble.samples", s, k.cfg.Ensemble)
	}
}

// headerName is a token of RFC 9110, section 5.6.2.
var headerName = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")

// match checks the patterns of a route.
func (k *checker) match(key string, m Match) {
	if m.Model == "" && m.Client == "" && m.Upstream == "" && len(m.Header) == 0 {
		k.fail(key, "is empty and would fit every request; set model, client, upstream or header, or use sampling at the top")
	}
	k.glob(key+".model", m.Model)
	k.glob(key+".client", m.Client)
	k.glob(key+".upstream", m.Upstream)
	for _, name := range slices.Sorted(maps.Keys(m.Header)) {
		if !headerName.MatchString(name) {
			k.fail(key+".header", "%q is not a header name", name)
		}
		k.glob(join(key+".header", name), m.Header[name])
	}
}

// glob refuses characters that other glob languages give a meaning.
func (k *checker) glob(key, pattern string) {
	if i := strings.IndexAny(pattern, `?[]\`); i >= 0 {
		k.fail(key, "%q: only * is special in a pattern, and %c is not allowed", pattern, pattern[i])
	}
}

// extract checks how the final answer is found.
func (k *checker) extract(key, how string) {
	kind, arg, hasArg := strings.Cut(how, ":")
	switch {
	case how == "", how == "letter", how == "number", how == "boxed":
	case hasArg && kind == "tag" && arg != "":
	case hasArg && kind == "regexp":
		if _, err := regexp.Compile(arg); err != nil || arg == "" {
			k.fail(key, "%q is not a regular expression", arg)
		}
	default:
		k.fail(key, "%q is unknown; write letter, number, boxed, tag:NAME or regexp:EXPR%s", how,
			didYouMean(how, []string{"letter", "number", "boxed"}))
	}
}
