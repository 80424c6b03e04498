package wrap

import (
	"path/filepath"
	"slices"
	"strings"
)

// A Way is how a command's calls come to the sidecar.
type Way string

// The ways.
const (
	// WayAuto is the one that suits the command: see wayOf.
	WayAuto Way = ""
	// WayBoth: by base URL, and by proxy what does not obey one.
	WayBoth Way = "both"
	// WayProxy: the command keeps its own base URLs.
	WayProxy Way = "proxy"
	// WayBase: no proxy is set, and no certificate trusted.
	WayBase Way = "base"
)

func (w Way) base() bool  { return w != WayProxy }
func (w Way) proxy() bool { return w != WayBase }

// says tells people how calls come to the sidecar.
func (w Way) says() string {
	switch w {
	case WayProxy:
		return "calls come by proxy (--way both sets base URLs too)"
	case WayBase:
		return "calls come by base URL"
	}
	return "calls come by base URL, and by proxy what does not obey one (--way base sets no proxy)"
}

// fussy are commands that do less behind a base URL that is not their vendor's:
// Claude Code turns tool search off, Gemini CLI reads its variable only with an
// API key.
func fussy() []string { return []string{"claude", "claude-code", "gemini", "gemini-cli"} }

// launchers run the command that their first argument names.
func launchers() []string {
	return []string{"npx", "bunx", "pnpx", "env", "nohup", "nice", "stdbuf", "time", "timeout", "setsid"}
}

// wayOf is the way that suits a command.
func wayOf(command []string) Way {
	if slices.Contains(fussy(), program(command)) {
		return WayProxy
	}
	return WayBoth
}

// program is the name of what a command runs: launchers, their flags and numbers,
// and scopes of packages left out.
func program(command []string) string {
	for i, word := range command {
		switch name := filepath.Base(word); {
		case i > 0 && (strings.HasPrefix(word, "-") || strings.Contains(word, "=") || word != "" && word[0] >= '0' && word[0] <= '9'):
			continue
		case slices.Contains(launchers(), name):
			continue
		default:
			name, _, _ = strings.Cut(name, "@") // a version
			return strings.ToLower(name)
		}
	}
	return ""
}
