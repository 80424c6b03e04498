package config

import (
	"maps"
	"slices"
)

// OnlyUpstream is the name that the one upstream goes by where Config.Upstream
// replaces them all.
const OnlyUpstream = "upstream"

// embeddings checks where texts are embedded.
func (k *checker) embeddings() {
	e := k.cfg.Embeddings
	k.glob("embeddings.routes", e.Routes)
	switch {
	case e == Embeddings{}:
		return
	case e.Upstream == "":
		k.fail("embeddings.upstream", "is missing; name the upstream whose texts are embedded")
	default:
		k.word("embeddings.upstream", e.Upstream, k.upstreamNames()...)
	}
	if e.Model == "" {
		k.fail("embeddings.model", "is missing; name the model that embeds, such as text-embedding-3-small")
	}
	if !k.any(Observe, Ensemble) {
		k.warn("embeddings", "has no effect: every mode is off, so nothing is measured")
	}
}

// upstreamNames are the names that requests can have as their upstream.
func (k *checker) upstreamNames() []string {
	if k.cfg.Upstream != "" {
		return []string{OnlyUpstream}
	}
	return slices.Sorted(maps.Keys(k.cfg.Resolve()))
}
