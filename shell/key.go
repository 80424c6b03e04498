package shell

import (
	"slices"
	"strconv"
	"strings"
)

// Key writes a tag and items so that no other tag and items read the same: each
// item is preceded by its length in bytes, as in tag(1:a2:bc). Tags hold no
// parenthesis. Keys of commands are written with it, and those that these are parts
// of: two things are the same if and only if their keys are equal.
func Key(tag string, items ...string) string {
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

// SetKey is Key without the order of the items and without repetitions. It sorts
// items in place.
func SetKey(tag string, items []string) string {
	slices.Sort(items)
	return Key(tag, slices.Compact(items)...)
}
