package backtest

import (
	"cmp"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"hotmess/monitor"
)

// asRecorded plays observations and labels at their own times.
func (b *backtest) asRecorded() []played {
	log := make([]played, 0, len(b.log.observations)+len(b.log.labels))
	at := make(map[string]*monitor.Observation, len(b.log.labels))
	for _, l := range b.log.labels {
		at[l.Request] = nil
	}
	for i := range b.log.observations {
		o := &b.log.observations[i]
		log = append(log, played{observation: o, at: o.Time})
		if _, ok := at[o.ID]; ok {
			at[o.ID] = o
		}
	}
	for i := range b.log.labels {
		l := &b.log.labels[i]
		log = append(log, played{observation: at[l.Request], label: l, at: l.Time})
	}
	slices.SortStableFunc(log, inOrder)
	return log
}

// A block is one conversation: positions in what is played as it was recorded.
type block struct {
	start time.Time
	at    []int
}

// blocks gathers the conversations of each route, in order of their starts. A
// request without a conversation is one of its own, as monitor has it.
func blocks(recorded []played) map[string][]block {
	type key struct{ route, id string }
	index := map[key]int{}
	found := map[string][]block{}
	for i, p := range recorded {
		o := p.observation
		k := key{o.Route, cmp.Or(o.Conversation, o.ID)}
		n, ok := index[k]
		if !ok {
			n = len(found[o.Route])
			index[k] = n
			found[o.Route] = append(found[o.Route], block{start: p.at})
		}
		found[o.Route][n].at = append(found[o.Route][n].at, i)
	}
	return found
}

// shuffled plays each conversation as it was, labels with it, from the start of
// another one of its route. The same seed and run give the same order.
func shuffled(recorded []played, routes map[string][]block, seed, run uint64) []played {
	rng := rand.New(rand.NewPCG(seed, run))
	log := make([]played, 0, len(recorded))
	for _, route := range slices.Sorted(maps.Keys(routes)) {
		all := routes[route]
		for i, to := range rng.Perm(len(all)) {
			shift := all[to].start.Sub(all[i].start)
			for _, at := range all[i].at {
				p := recorded[at]
				p.at = p.at.Add(shift)
				log = append(log, p)
			}
		}
	}
	slices.SortStableFunc(log, inOrder)
	return log
}
