package config

import "strings"

// JoinPath joins a request path to an upstream's base path, both raw. Clients and
// upstreams both carry the version, so it must not appear twice:
//
//	base ends in a version      the path's own version takes its place
//	base holds a version inside the path's version is dropped
//	otherwise                   plain concatenation
func JoinPath(base, path string) string {
	base = strings.TrimRight(base, "/")
	first, rest, more := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if !isVersion(first) {
		return base + path
	}
	head, last := base[:strings.LastIndex(base, "/")+1], base[strings.LastIndex(base, "/")+1:]
	switch {
	case isVersion(last):
		return strings.TrimRight(head, "/") + path
	case HasVersion(base) && more:
		return base + "/" + rest
	case HasVersion(base):
		return base + "/"
	}
	return base + path
}

// HasVersion reports whether any segment of a path is a version.
func HasVersion(path string) bool {
	for seg := range strings.SplitSeq(path, "/") {
		if isVersion(seg) {
			return true
		}
	}
	return false
}

// isVersion reports whether a path's segment is a version: v1, v1beta, v1beta1.
// It is asked several times per request.
func isVersion(segment string) bool {
	const digits = "0123456789"
	number, ok := strings.CutPrefix(segment, "v")
	stage := strings.TrimLeft(number, digits)
	if !ok || stage == number {
		return false
	}
	stage = strings.TrimRight(stage, digits)
	return stage == "" || stage == "alpha" || stage == "beta"
}
