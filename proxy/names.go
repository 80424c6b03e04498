package proxy

import (
	"net/http"
	"strings"
)

// maxName bounds the names that clients choose: they become metric labels and
// subjects.
const maxName = 64

// unnamed stands for a client or model that gives no name.
const unnamed = "unknown"

// cleanName folds a name to lower case letters, digits, dot, dash and
// underscore; anything else becomes a dash.
func cleanName(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '.', r == '-', r == '_':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		return '-'
	}, s[:min(len(s), maxName)])
	if s = strings.Trim(s, "-."); s == "" {
		return unnamed
	}
	return s
}

// cleanModel is cleanName for a model; the vendor in front of a / is kept out
// so that one model has one name through any gateway.
func cleanModel(model string) string {
	return cleanName(model[strings.LastIndex(model, "/")+1:])
}

// clientName is the first product of the User-Agent.
func clientName(h http.Header) string {
	product, _, _ := strings.Cut(h.Get("User-Agent"), " ")
	product, _, _ = strings.Cut(product, "/")
	return cleanName(product)
}
