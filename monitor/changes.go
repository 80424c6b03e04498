package monitor

import (
	"slices"
	"time"

	"hotmess/alerts"
)

// What may change on a route.
const (
	changedServedModel = "served_model"
	changedFingerprint = "fingerprint"
	changedSystem      = "system"
	changedTools       = "tools"
)

const (
	// changeRequests is how far a new served model or fingerprint has to
	// lead for it to be a change; changeConversations likewise for system
	// prompt and tools, which are counted once per conversation.
	changeRequests      = 20
	changeConversations = 8
	// changePenalty is what any other value takes from the lead: values that
	// alternate are no change. At half and half a lead of 20 comes about once
	// in 200,000 requests.
	changePenalty = 3
	// maxChanges bounds the changes that a route remembers, changeMemory how
	// long.
	maxChanges   = 20
	changeMemory = 24 * time.Hour
	// changeHolds is how long model_changed holds after a change.
	changeHolds = time.Hour
	// maxTracked bounds the requested models that are told apart on a route.
	maxTracked = 8
)

// A tracked is the usual value of one thing and the one that may follow it.
type tracked struct {
	Current   string `json:"current"`
	Candidate string `json:"candidate,omitempty"`
	// Lead is that of the candidate, First when it began.
	Lead  int       `json:"lead,omitempty"`
	First time.Time `json:"first,omitzero"`
}

// count takes in one value; changed is whether it has just become the usual
// one, since First.
func (t *tracked) count(v string, at time.Time, lead int) (from string, changed bool) {
	switch {
	case v == "":
		return "", false
	case v == t.Candidate:
		t.Lead++
	case t.Lead > 0:
		t.Lead = max(0, t.Lead-changePenalty)
		return "", false
	case v == t.Current:
		return "", false
	default:
		t.Candidate, t.Lead, t.First = v, 1, at
	}
	if t.Lead < lead {
		return "", false
	}
	from = t.Current
	t.Current, t.Candidate, t.Lead = v, "", 0
	return from, from != ""
}

// changes tells suspected change-points of a route: what became another one
// than it used to be, for the same requested model.
type changes struct {
	// Tracked is by requested model, then by what may change.
	Tracked map[string]map[string]*tracked `json:"tracked,omitempty"`
	// Seen are the latest changes, the latest first.
	Seen []alerts.Change `json:"seen,omitempty"`
	// Noticed is when the latest change of served model or fingerprint was
	// found, Model that change: it began a while before.
	Noticed time.Time      `json:"noticed,omitzero"`
	Model   *alerts.Change `json:"model,omitempty"`
}

// count takes in one request; opening is whether it is the first of its
// conversation.
func (c *changes) count(o *Observation, opening bool, at time.Time) {
	what := c.of(o.Model)
	if what == nil {
		return
	}
	c.step(what, changedServedModel, o.ServedModel, at)
	c.step(what, changedFingerprint, o.Fingerprint, at)
	if opening {
		c.step(what, changedSystem, o.System, at)
		c.step(what, changedTools, o.Tools, at)
	}
}

func (c *changes) step(what map[string]*tracked, name, v string, at time.Time) {
	t := what[name]
	if t == nil {
		t = &tracked{}
		what[name] = t
	}
	lead := changeRequests
	if name == changedSystem || name == changedTools {
		lead = changeConversations
	}
	from, changed := t.count(clip(v), at, lead)
	if !changed {
		return
	}
	change := alerts.Change{Time: t.First, What: name, From: from, To: t.Current}
	c.Seen = slices.Insert(c.Seen, 0, change)
	c.Seen = c.Seen[:min(len(c.Seen), maxChanges)]
	if name == changedServedModel || name == changedFingerprint {
		c.Noticed, c.Model = at, &change
	}
}

// of gives what is tracked of a requested model; nil beyond the bound.
func (c *changes) of(model string) map[string]*tracked {
	model = clip(model)
	if t, ok := c.Tracked[model]; ok {
		return t
	}
	if len(c.Tracked) >= maxTracked {
		return nil
	}
	if c.Tracked == nil {
		c.Tracked = map[string]map[string]*tracked{}
	}
	t := map[string]*tracked{}
	c.Tracked[model] = t
	return t
}

// lastDay gives the changes of the last day, the latest first.
func (c *changes) lastDay(now time.Time) []alerts.Change {
	var recent []alerts.Change
	for _, change := range c.Seen {
		if now.Sub(change.Time) < changeMemory {
			recent = append(recent, change)
		}
	}
	return recent
}

func (c *changes) copied() *changes {
	d := &changes{Seen: slices.Clone(c.Seen), Noticed: c.Noticed, Model: c.Model}
	for model, what := range c.Tracked {
		for name, t := range what {
			into := d.of(model)
			held := *t
			into[name] = &held
		}
	}
	return d
}

// restoreChanges takes over changes from a snapshot, within the same bounds.
func restoreChanges(c *changes) *changes {
	if c == nil || len(c.Tracked) > maxTracked || len(c.Seen) > maxChanges {
		return &changes{}
	}
	for _, what := range c.Tracked {
		if what == nil || len(what) > 4 {
			return &changes{}
		}
		for _, t := range what {
			if t == nil {
				return &changes{}
			}
		}
	}
	return c
}
