package ensemble

import (
	"slices"
	"strings"
)

// maxEntity is the length, in bytes, beyond which the value of a name of an
// entity is taken for text: "name" may hold a sentence.
const maxEntity = 64

// entityWords are the last words of argument names whose short values say which
// one or which way, though their schema lists no values: a weather report for
// Paris is not one for Rome. Names of wording, such as query, pattern, title,
// text, content, message and reason, are not among them.
var entityWords = []string{
	"name", "city", "country", "location", "place", "region", "zone", "timezone", "address",
	"user", "username", "email", "account", "customer", "recipient", "to", "assignee", "owner", "team",
	"order", "product", "sku", "symbol", "ticker", "currency", "unit", "units", "language", "lang", "locale",
	"status", "state", "action", "operation", "mode", "type", "kind", "category", "priority", "severity",
	"decision", "verdict", "choice", "direction", "button", "key", "keys", "selector", "method",
	"env", "environment", "namespace", "cluster", "service", "project", "workspace", "channel", "topic", "queue",
	"package", "module", "function", "class", "field", "column", "database", "db", "schema", "index",
	"date", "day", "start", "end", "version", "tag", "label", "model",
}

// entity is a short value under a name of an entity, blanks folded.
func entity(name, s string) (string, bool) {
	s = foldSpace(s)
	if len(s) > maxEntity || !slices.Contains(entityWords, lastWord(name)) {
		return "", false
	}
	return list(tagWords, strings.TrimRight(s, ".")), true
}
