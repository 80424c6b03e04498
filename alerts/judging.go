package alerts

import (
	"errors"
	"slices"
	"strings"
	"time"

	"hotmess/config"
)

const (
	// maxItems bounds the alerts that are remembered; maxConversationItems
	// those about single conversations, so that many of these leave room for
	// the routes. An item has a few kB.
	maxItems             = 1000
	maxConversationItems = 500
	// conversationEnd is how long a conversation is without a reading before
	// it, and with it its alerts, counts as ended.
	conversationEnd = 30 * time.Minute
)

// A judging applies rules to readings and keeps the lifecycles. It neither
// waits nor stores: what there is to tell goes to told. Not safe for concurrent
// use.
type judging struct {
	rules    []config.Rule
	instance string
	items    map[identity]*item
	// conversations is how many of the items are about a conversation.
	conversations int
	// refused counts alerts that did not begin because too many are remembered.
	refused int64
	// told takes a change of an item, with its event unless that is nil.
	told func(*item, *Event)
}

func newJudging(rules []config.Rule, instance string, told func(*item, *Event)) judging {
	return judging{rules: slices.Clone(rules), instance: instance, items: map[identity]*item{}, told: told}
}

// judge judges all readings of one moment.
func (j *judging) judge(now time.Time, readings []Reading) error {
	seen := map[identity]bool{}
	var problems []error
	for i := range readings {
		problems = append(problems, j.judgeReading(now, &readings[i], seen))
	}
	j.conversations = 0
	for id, it := range j.items {
		if !seen[id] {
			problems = append(problems, j.judgeUnseen(now, id, it))
		}
		if it.finished(now) {
			delete(j.items, id)
		} else if id.conversation != "" {
			j.conversations++
		}
	}
	return errors.Join(problems...)
}

// judgeReading applies the rules that are for the reading, in their order, up
// to a disabled one.
func (j *judging) judgeReading(now time.Time, reading *Reading, seen map[identity]bool) error {
	var problems []error
	for _, r := range j.rules {
		if r.Rule != reading.Rule || !config.Fits(r.Route, reading.Route) {
			continue
		}
		if !r.On() {
			break
		}
		id := identify(r, reading)
		if seen[id] {
			continue
		}
		seen[id] = true
		c := judge(r, reading)
		it := j.items[id]
		if it == nil && c == holds {
			it = j.begin(id)
		}
		if it == nil {
			continue
		}
		it.seen = now
		if c == restarted {
			problems = append(problems, j.dismiss(now, it, baselineRestarted))
			continue
		}
		problems = append(problems, j.step(now, it, c, r, reading))
	}
	return errors.Join(problems...)
}

// begin makes an item, unless too many are remembered.
func (j *judging) begin(id identity) *item {
	if len(j.items) >= maxItems || id.conversation != "" && j.conversations >= maxConversationItems {
		j.refused++
		return nil
	}
	if id.conversation != "" {
		j.conversations++
	}
	it := newItem(id, j.instance)
	j.items[id] = it
	return it
}

// judgeUnseen is for an alert without a reading: it stays as it is, unless its
// rule is gone, or the conversation that it is about.
func (j *judging) judgeUnseen(now time.Time, id identity, it *item) error {
	r, ok := j.ruleFor(id)
	switch {
	case !ok:
		return j.dismiss(now, it, ruleRemoved)
	case id.conversation != "" && now.Sub(it.seen) >= conversationEnd:
		return j.dismiss(now, it, conversationEnded)
	}
	return j.step(now, it, conditionUnseen(id), r, nil)
}

// ruleFor finds the rule of an alert as judgeReading would.
func (j *judging) ruleFor(id identity) (config.Rule, bool) {
	for _, r := range j.rules {
		switch {
		case r.Rule != id.rule || !config.Fits(r.Route, id.route):
		case !r.On():
			return config.Rule{}, false
		case r.Label() == id.severity:
			return r, true
		}
	}
	return config.Rule{}, false
}

func identify(r config.Rule, reading *Reading) identity {
	return identity{
		rule: r.Rule, severity: r.Label(),
		route: reading.Route, kind: reading.Kind, level: reading.Level, pinned: reading.Pinned,
		conversation: reading.Of, stratum: reading.Stratum,
	}
}

// active lists what is pending or firing, firing first, then by route and
// fingerprint.
func (j *judging) active() []Alert {
	active := []Alert{}
	for _, it := range j.items {
		if it.life.status == Pending || it.life.status == Firing {
			active = append(active, it.snapshot())
		}
	}
	slices.SortFunc(active, func(a, b Alert) int {
		if a.Status != b.Status {
			return strings.Compare(string(a.Status), string(b.Status)) // firing < pending
		}
		return strings.Compare(a.Labels["route"]+" "+a.Fingerprint, b.Labels["route"]+" "+b.Fingerprint)
	})
	return active
}
