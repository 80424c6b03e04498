package ensemble

import "hotmess/wire"

// A Flag says why a whole sample is set aside in a vote. It stays in all that is
// measured.
type Flag string

// The flags.
const (
	// FlagOverlong: its output is longer than Flags.Overlong allows.
	FlagOverlong Flag = "overlong"
	// FlagMalformed: it is not in the form that the request asks for, or stopped
	// at its length limit.
	FlagMalformed Flag = "malformed"
)

// Flags say which whole samples are set aside: what makes a model write too much,
// or in the wrong form, often makes it wrong too (red-flagging: MAKER, Meyerson et
// al. 2025).
type Flags struct {
	// Overlong tells whether a reply is too long; nil: none is.
	Overlong func(wire.Reply) bool
	// Malformed tells whether the calls of a reply do not fit their tools; nil:
	// malformed replies are not set aside.
	Malformed func(wire.Reply) bool
}

// of is the flag of a whole reply; empty: none.
func (f Flags) of(c Comparer, r wire.Reply) Flag {
	switch {
	case f.Overlong != nil && f.Overlong(r):
		return FlagOverlong
	case f.Malformed != nil && (r.AtLimit() || c.unparsed(r) || f.Malformed(r)):
		return FlagMalformed
	}
	return ""
}

// unparsed is whether a reply lacks the form that the request asks for. A refusal
// does not.
func (c Comparer) unparsed(r wire.Reply) bool {
	return c.kind != KindAction && c.kind != KindText && c.Keys(r)[LevelExact] == list(tagUnparsed)
}

// silent is whether a whole reply says nothing: no text, call or refusal.
func silent(r wire.Reply) bool {
	return len(r.Calls) == 0 && r.Refusal == "" && foldSpace(r.Text) == ""
}
