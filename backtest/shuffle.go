package backtest

import (
	"cmp"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"hotmess/monitor"
)

// asRecorded plays observations at their own times.
func asRecorded(observations []monitor.Observation) []played {
	log := make([]played, len(observations))
	for i := range observations {
		log[i] = played{&observations[i], observations[i].Time}
	}
	return log
}

// A block is one conversation: positions in a log that is in order of time.
type block struct {
	start time.Time
	at    []int
}

// blocks gathers the conversations of each route, in order of their starts. A
// request without a conversation is one of its own, as monitor has it.
func blocks(observations []monitor.Observation) map[string][]block {
	type key struct{ route, id string }
	index := map[key]int{}
	found := map[string][]block{}
	for i := range observations {
		o := &observations[i]
		k := key{o.Route, cmp.Or(o.Conversation, o.ID)}
		n, ok := index[k]
		if !ok {
			n = len(found[o.Route])
			index[k] = n
			found[o.Route] = append(found[o.Route], block{start: o.Time})
		}
		found[o.Route][n].at = append(found[o.Route][n].at, i)
	}
	return found
}

// shuffled plays each conversation as it was, from the start of another one of
// its route. The same seed and run give the same order.
func shuffled(observations []monitor.Observation, routes map[string][]block, seed, run uint64) []played {
	rng := rand.New(rand.NewPCG(seed, run))
	log := make([]played, 0, len(observations))
	for _, route := range slices.Sorted(maps.Keys(routes)) {
		all := routes[route]
		for i, to := range rng.Perm(len(all)) {
			shift := all[to].start.Sub(all[i].start)
			for _, at := range all[i].at {
				log = append(log, played{&observations[at], observations[at].Time.Add(shift)})
			}
		}
	}
	slices.SortStableFunc(log, func(a, b played) int {
		return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.observation.ID, b.observation.ID))
	})
	return log
}
