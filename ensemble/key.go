package ensemble

import (
	"slices"
	"strconv"
	"strings"
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

// list writes tag and items so that no other tag and items read the same: each
// item is preceded by its length in bytes. Tags hold no parenthesis.
func list(tag string, items ...string) string {
	size := len(tag) + 2
	for _, item := range items {
		size += len(item) + 8
	}
	var b strings.Builder
	b.Grow(size)
	b.WriteString(tag)
	b.WriteByte('(')
	for _, item := range items {
		b.WriteString(strconv.Itoa(len(item)))
		b.WriteByte(':')
		b.WriteString(item)
	}
	b.WriteByte(')')
	return b.String()
}

// bag is list without the order of the items: equal if and only if they are
// the same multiset. It sorts items in place.
func bag(tag string, items []string) string {
	slices.Sort(items)
	return list(tag, items...)
}

// set is bag without the repetitions.
func set(tag string, items []string) string {
	slices.Sort(items)
	return list(tag, slices.Compact(items)...)
}

// everyLevel gives the same value at all levels.
func everyLevel(levels []Level, value string) Keys {
	k := make(Keys, len(levels))
	for _, l := range levels {
		k[l] = value
	}
	return k
}
