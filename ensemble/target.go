package ensemble

import (
	"encoding/json"
	"maps"
	"path"
	"slices"
	"strings"
	"unicode"

	"hotmess/wire"
)

// identify lists the identifying arguments of one call, by name: what it is
// pointed at, not how it is worded. The rule, first match wins:
//
//  1. null is left out, as if the argument were not there;
//  2. numbers and booleans identify;
//  3. a string whose schema lists its values (enum) identifies;
//  4. a shell command (see isCommand), a string or a list of words, identifies
//     by its shellTarget;
//  5. a string identifies if its schema gives it a format of identity
//     (identityFormats), its name ends in a word of identity (identityWords:
//     path, url, id, …), or it looks like an identity itself (looksIdentifying:
//     one token that is a URL, a path, a file name, an address or an id);
//     paths are cleaned, so ./a and a are the same;
//  6. a short string identifies if its name ends in a word for an entity
//     (entityWords: city, status, symbol, …);
//  7. a patch identifies by the files that it names (patchTarget); every other
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
	if ok && isCommand(id.tool.Name, name) && !strings.EqualFold(name, "commands") {
		id.add(name, argvTarget(words))
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
	case isCommand(tool, name):
		return shellTarget(s), true
	case slices.Contains(identityFormats, p.Format), namesIdentity(name), looksIdentifying(s):
		return list(tagWords, cleanPath(s)), true
	}
	if value, ok := entity(name, s); ok {
		return value, true
	}
	return patchTarget(s)
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
	if strings.ContainsAny(s, "/@") || strings.HasPrefix(s, "~") || isDrivePath(s) {
		return true
	}
	if !strings.ContainsFunc(s, notIDRune) && strings.ContainsAny(s, "0123456789") {
		return true
	}
	ext := path.Ext(s)
	return len(ext) >= 2 && len(ext) <= 9 && len(s) > len(ext) && !strings.ContainsFunc(s, notIDRune)
}

// isDrivePath is whether s is a path that begins with a drive, as in C:\a.
func isDrivePath(s string) bool { return len(s) > 2 && s[1:3] == `:\` }

// notIDRune is whether r never stands in an id.
func notIDRune(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("_-.:#", r)
}

// cleanPath gives a path its shortest form; what holds no slash, or is a URL,
// stays as it is.
func cleanPath(s string) string {
	if s == "" || !strings.Contains(s, "/") || strings.Contains(s, "://") {
		return s
	}
	return path.Clean(s)
}

// isCommand is whether an argument is a shell command by its name, or by the
// tool's name together with a name that only a shell tool gives to a command.
func isCommand(tool, name string) bool {
	switch strings.ToLower(name) {
	case "command", "commands", "cmd", "cmdline", "cmd_line", "command_line", "commandline",
		"bash", "sh", "shell", "shell_command", "bash_command":
		return true
	case "", "input", "code", "script":
		return isShell(tool)
	default:
		return false
	}
}

// isShell is whether a tool runs shell commands, by its name.
func isShell(tool string) bool {
	switch strings.ToLower(tool) {
	case "bash", "sh", "zsh", "shell", "terminal", "command", "cmd", "exec", "local_shell",
		"run_command", "run_shell", "run_shell_command", "run_bash", "run_terminal_cmd", "run_in_terminal",
		"execute_command", "execute_bash", "execute_shell", "exec_command", "shell_exec", "bash_exec":
		return true
	default:
		return false
	}
}
