package config

import "strings"

// Fits reports whether s fits a pattern of the configuration: * stands for any
// run of bytes, everything else for itself, and the empty pattern fits all.
func Fits(pattern, s string) bool {
	if pattern == "" {
		return true
	}
	head, rest, starred := strings.Cut(pattern, "*")
	if !starred {
		return pattern == s
	}
	s, ok := strings.CutPrefix(s, head)
	for ok {
		part, tail, more := strings.Cut(rest, "*")
		if !more {
			return strings.HasSuffix(s, part)
		}
		_, s, ok = strings.Cut(s, part)
		rest = tail
	}
	return false
}
