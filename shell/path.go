package shell

import (
	"path"
	"strings"
)

// CleanPath gives a path its shortest form; what holds no slash, or is a URL,
// stays as it is.
func CleanPath(s string) string {
	if s == "" || !strings.Contains(s, "/") || strings.Contains(s, "://") {
		return s
	}
	return path.Clean(s)
}

// IsDrivePath is whether s is a path that begins with a drive, as in C:\a.
func IsDrivePath(s string) bool { return len(s) > 2 && s[1:3] == `:\` }
