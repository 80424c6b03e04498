package monitor

import (
	"slices"
	"time"
)

const (
	// maxFlags bounds the flagged conversations of a route; the one that has
	// been silent longest gives way.
	maxFlags = 50
	// flagMemory is how long a flagged conversation is told of once it is
	// silent: conversationSilence until it is over, and as long again, so that
	// its end is seen.
	flagMemory = 2 * conversationSilence
)

// A flag marks one conversation for one rule, until it is over.
type flag struct {
	Rule string `json:"rule"`
	// Of is the HMAC of the conversation.
	Of string `json:"of"`
	// Key is the series, where the rule is about one.
	Key seriesKey `json:"key,omitzero"`
	// Since is when it was flagged, Seen when its latest request came.
	Since time.Time `json:"since"`
	Seen  time.Time `json:"seen"`
	// Repeated is how often the call of HMAC Call was made.
	Repeated int    `json:"repeated,omitempty"`
	Call     string `json:"call,omitempty"`
	// Rank among Reference conversations of a maximum of Max, with X of N
	// pairs differing.
	Rank      float64 `json:"rank,omitempty"`
	Reference int     `json:"reference,omitempty"`
	Max       float64 `json:"max,omitempty"`
	X         int64   `json:"x,omitempty"`
	N         int64   `json:"n,omitempty"`
	// Guard is what the rules of the guard rest on.
	Guard guardFlag `json:"guard,omitzero"`
}

// flags are the flagged conversations of a route.
type flags []flag

// raise adds a flag or renews it, keeping when it was first raised.
func (all *flags) raise(f flag) {
	i := slices.IndexFunc(*all, func(o flag) bool { return o.Rule == f.Rule && o.Of == f.Of && o.Key == f.Key })
	if i >= 0 {
		f.Since = (*all)[i].Since
		(*all)[i] = f
		return
	}
	if len(*all) >= maxFlags {
		oldest := slices.MinFunc(*all, func(a, b flag) int { return a.Seen.Compare(b.Seen) })
		*all = slices.DeleteFunc(*all, func(o flag) bool { return o == oldest })
	}
	*all = append(*all, f)
}

// touch notes a request of a conversation.
func (all flags) touch(of string, now time.Time) {
	for i := range all {
		if all[i].Of == of {
			all[i].Seen = now
		}
	}
}

// forget drops the flags of conversations that have long been over.
func (all *flags) forget(now time.Time) {
	*all = slices.DeleteFunc(*all, func(f flag) bool { return now.Sub(f.Seen) >= flagMemory })
}

// over is whether the conversation has ended.
func (f *flag) over(now time.Time) bool { return now.Sub(f.Seen) >= conversationSilence }
