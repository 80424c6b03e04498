package ensemble

import (
	"encoding/json"
	"maps"
	"path"
	"slices"
	"strings"
	"unicode"

	"hotmess/shell"
	"hotmess/wire"
)

// identify lists the identifying arguments of one call, by name: what it is
// pointed at, not how it is worded. The rule, first match wins:
//
//  1. null is left out, as if the argument were not there;
//  2. numbers and booleans identify;
//  3. a string whose schema lists its values (enum) identifies;
//  4. a shell command (see shell.IsCommand), a string or a list of words, identifies
//     by its shell.Target;
//  5. a string identifies if its schema gives it a format of identity
//     (identityFormats), its name ends in a word of identity (identityWords:
//     path, url, id, …), or it looks like an identity itself (looksIdentifying:
//     one token that is a URL, a path, a file name, an address or an id);
//     paths are cleaned, so ./a and a are the same;
//  6. a short string identifies if its name ends in a word for an entity
//     (entityWords: city, status, symbol, …);
//  7. a patch identifies by the files that it names (shell.PatchTarget); every other
//     string is free text and is left out;
//  8. lists and objects are taken apart, and the same rule applies to what they
//     hold; a list's elements go by its name, in order.
//
// Arguments that are not an object are one argument without a name.
func identify(t wire.Tool, arguments any) []string {
	id := identifier{tool: t}
	object, ok := arguments.(map[string]any)
	if !ok {
		id.argument("", wire.Param{}, arguments)
		return id.found
	}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		id.path = name
		id.argument(name, t.Params[name], object[name])
	}
	return id.found
}

// An identifier collects the identifying arguments of one call.
type identifier struct {
	tool wire.Tool
	// path is the top-level name that is being taken apart.
	path  string
	found []string
}

func (id *identifier) add(name, value string) {
	id.found = append(id.found, list(tagArgument, id.path, name, value))
}

func (id *identifier) argument(name string, p wire.Param, v any) {
	switch v := v.(type) {
	case json.Number, bool:
		id.add(name, list(tagJSON, canonicalJSON(v)))
	case string:
		if value, ok := identifyString(id.tool.Name, name, p, v); ok {
			id.add(name, value)
		}
	case []any:
		id.elements(name, p, v)
	case map[string]any:
		for _, inner := range slices.Sorted(maps.Keys(v)) {
			id.argument(inner, wire.Param{}, v[inner])
		}
	}
}

// elements takes a list apart. One of strings may be a command, word by word, or
// commands of their own.
func (id *identifier) elements(name string, p wire.Param, array []any) {
	words, ok := stringsOf(array)
	if ok && shell.IsCommand(id.tool.Name, name) && !strings.EqualFold(name, "commands") {
		id.add(name, shell.TargetOfWords(words))
		return
	}
	for _, element := range array {
		id.argument(name, p, element)
	}
}

func stringsOf(array []any) ([]string, bool) {
	words := make([]string, 0, len(array))
	for _, element := range array {
		s, ok := element.(string)
		if !ok {
			return nil, false
		}
		words = append(words, s)
	}
	return words, len(words) > 0
}

func identifyString(tool, name string, p wire.Param, s string) (string, bool) {
	switch {
	case p.Enum:
		return list(tagWords, s), true
	case shell.IsCommand(tool, name):
		return shell.Target(s), true
	case slices.Contains(identityFormats, p.Format), namesIdentity(name), looksIdentifying(s):
		return list(tagWords, shell.CleanPath(s)), true
	}
	if value, ok := entity(name, s); ok {
		return value, true
	}
	return shell.PatchTarget(s)
}

// identityFormats are the schema formats whose values identify: JSON Schema's
// own for addresses and points in time, and two that tools use beside them.
var identityFormats = []string{
	"uri", "uri-reference", "iri", "iri-reference", "url", "uuid", "email", "idn-email",
	"hostname", "idn-hostname", "ipv4", "ipv6", "path", "file-path", "date", "date-time", "time",
}

// identityWords are the last words of argument names whose values identify.
var identityWords = []string{
	"id", "ids", "uuid", "guid", "path", "paths", "file", "files", "filename", "filepath",
	"dir", "dirs", "directory", "folder", "cwd", "workdir", "url", "urls", "uri", "uris", "href",
	"host", "hostname", "repo", "repository", "branch", "ref", "sha", "commit", "bucket", "table",
}

// namesIdentity is whether the last word of name is one of identityWords:
// filePath, file_path and paths are, pathology is not.
func namesIdentity(name string) bool {
	return slices.Contains(identityWords, lastWord(name))
}

// lastWord is the last word of a name in snake_case, kebab-case or camelCase,
// in lower case.
func lastWord(name string) string {
	start := 0
	lower := false // whether the rune before was in lower case
	for i, r := range name {
		switch {
		case r == '_' || r == '-' || r == '.' || r == ' ':
			start = i + 1
		case unicode.IsUpper(r) && lower:
			start = i
		}
		lower = unicode.IsLower(r)
	}
	return strings.ToLower(name[start:])
}

// maxIdentity is the length, in bytes, beyond which a value is taken for text
// whatever it looks like.
const maxIdentity = 512

// looksIdentifying is whether s is one token (no blanks) in the shape of a URL,
// a path, an address, a file name with an extension, or an id, which is a token
// with a digit in it.
func looksIdentifying(s string) bool {
	if s == "" || len(s) > maxIdentity || strings.ContainsFunc(s, unicode.IsSpace) {
		return false
	}
	if strings.ContainsAny(s, "/@") || strings.HasPrefix(s, "~") || shell.IsDrivePath(s) {
		return true
	}
	if !strings.ContainsFunc(s, notIDRune) && strings.ContainsAny(s, "0123456789") {
		return true
	}
	ext := path.Ext(s)
	return len(ext) >= 2 && len(ext) <= 9 && len(s) > len(ext) && !strings.ContainsFunc(s, notIDRune)
}

// notIDRune is whether r never stands in an id.
func notIDRune(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("_-.:#", r)
}
