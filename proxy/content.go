package proxy

import (
	"hotmess/ensemble"
	"hotmess/monitor"
)

// content fills in what is compared beyond keys, and the signals. Embedding may
// take a while: it is the last thing that is done before the observation is
// handed on.
func (o *observer) content(obs *monitor.Observation, in inspection, samples []ensemble.Sample) {
	if !in.readable {
		return
	}
	obs.Signals = o.signals(in, obs, samples[0])
	if obs.Differ == nil {
		return
	}
	first, second := samples[0].Reply, samples[1].Reply
	obs.Arguments = in.compare.Arguments(first, second)
	o.x.similarity(obs, in, samples)
	o.distance(obs, in, first.Text, second.Text)
}

// similarity fills in how alike the texts of samples 0 and 1 are, and how alike
// the first is to replies to other requests of the route.
func (x *exchange) similarity(obs *monitor.Observation, in inspection, samples []ensemble.Sample) {
	first, ok := in.compare.Shingles(samples[0].Reply)
	second, both := in.compare.Shingles(samples[1].Reply)
	if !ok || !both {
		return
	}
	s := first.Similarity(second)
	obs.Similarity = &s
	obs.Unrelated = x.h.strangers.compare(obs.Route, obs.Conversation, first)
}

const (
	// maxStrangers is how many replies of a route are remembered, each of
	// another conversation. A reply has at most 16 kB of shingles.
	maxStrangers = 4
	// maxStrangerRoutes bounds the routes whose replies are remembered.
	maxStrangerRoutes = 200
)

// strangers remembers the latest replies of each route, as shingles, to tell how
// alike replies to different requests are.
type strangers struct {
	routes recall[[]stranger]
}

// A stranger is a reply to a request of some conversation.
type stranger struct {
	conversation string
	shingles     ensemble.Shingles
}

// compare gives the similarities of a reply to those of other conversations, and
// remembers it in place of the one before of its own, else of the oldest.
func (s *strangers) compare(route, conversation string, reply ensemble.Shingles) (similarities []float64) {
	s.routes.update(route, func(known []stranger, _ bool) []stranger {
		kept := make([]stranger, 0, maxStrangers)
		for _, other := range known {
			if other.conversation != conversation {
				similarities = append(similarities, reply.Similarity(other.shingles))
				kept = append(kept, other)
			}
		}
		if len(kept) == maxStrangers {
			kept = kept[1:]
		}
		return append(kept, stranger{conversation, reply})
	})
	return similarities
}
