package alerts

import (
	"slices"

	"hotmess/config"
)

// A Mitigator makes routes vote.
type Mitigator interface {
	// Mitigate takes the routes on which a rule with mitigate fires, with the
	// names of those rules in order, and which routes any such rule is for. It
	// must not wait.
	Mitigate(firing map[string][]string, may func(route string) bool)
}

// mitigated are the routes on which a rule with mitigate fires, with those rules.
func (j *judging) mitigated() map[string][]string {
	firing := map[string][]string{}
	for id, it := range j.items {
		if it.life.status != Firing {
			continue
		}
		if r, ok := j.ruleFor(id); ok && r.Mitigates() && !slices.Contains(firing[id.route], id.rule) {
			firing[id.route] = append(firing[id.route], id.rule)
		}
	}
	for _, rules := range firing {
		slices.Sort(rules)
	}
	return firing
}

// conditionUnseen is that of an alert without a reading. Missing data is no news,
// but for mitigation: that monitor has none on a route means that it is over.
func conditionUnseen(id identity) condition {
	if id.rule == config.RuleMitigation {
		return cleared
	}
	return absent
}
