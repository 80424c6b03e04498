package ensemble

import (
	"slices"

	"hotmess/shell"
)

// The tags that keys and their parts begin with. They keep values of different
// kinds apart: a refusal is never equal to the text "refusal".
const (
	tagAction    = "action"    // every call of a reply
	tagNone      = "none"      // a reply without a call
	tagRefusal   = "refusal"   // the model refused
	tagUnparsed  = "unparsed"  // the asked-for form was not found
	tagMalformed = "malformed" // arguments that are no JSON, raw
	tagCall      = "call"      // one tool call
	tagArgument  = "argument"  // one argument of it
	tagJSON      = "json"      // canonical JSON
	tagLetter    = "letter"
	tagNumber    = "number"
	tagWords     = "words"
	tagText      = "text"
)

// list writes tag and items so that no other tag and items read the same, as the
// keys of shell do, which may be among the items.
func list(tag string, items ...string) string { return shell.Key(tag, items...) }

// bag is list without the order of the items: equal if and only if they are
// the same multiset. It sorts items in place.
func bag(tag string, items []string) string {
	slices.Sort(items)
	return list(tag, items...)
}

// set is bag without the repetitions.
func set(tag string, items []string) string { return shell.SetKey(tag, items) }

// everyLevel gives the same value at all levels.
func everyLevel(levels []Level, value string) Keys {
	k := make(Keys, len(levels))
	for _, l := range levels {
		k[l] = value
	}
	return k
}
