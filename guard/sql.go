package guard

import (
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"hotmess/config"
)

// clients are the programs whose command line has SQL in it.
func clients() []string {
	return []string{
		"psql", "mysql", "mariadb", "sqlite3", "sqlcmd", "clickhouse-client", "bq", "duckdb", "cockroach", "snowsql", "sqlplus",
		"pgcli", "mycli", "usql", "cqlsh",
	}
}

// statements lists the SQL statements of the wanted kinds, each once: in any
// argument whose text begins with a statement, and in the command lines of
// clients.
func (r *reading) statements(kinds []string) []string {
	var found []string
	for _, words := range r.readSQL() {
		if slices.Contains(kinds, kindOf(words)) {
			found = append(found, strings.Join(words, " "))
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// readSQL takes all texts that may be SQL apart, once.
func (r *reading) readSQL() [][]string {
	if r.sql == nil {
		r.sql = [][]string{}
		for _, text := range append(leaves(r.arguments, 0), r.clientWords()...) {
			if r.reader.Spend(len(text)) {
				r.sql = append(r.sql, splitSQL(text)...)
			}
		}
	}
	return r.sql
}

// isProse is whether an argument is there for people to read, by its name: "Delete from
// the list what is old" is no statement.
func isProse(argument string) bool {
	switch strings.ToLower(argument) {
	case "explanation", "description", "goal", "reason", "reasoning", "summary", "thought", "title":
		return true
	}
	return false
}

// leaves are the texts of arguments, but for those that are prose.
func leaves(v any, depth int) []string {
	if depth > maxDepth {
		return nil
	}
	var all []string
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		for _, element := range v {
			all = append(all, leaves(element, depth+1)...)
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if isProse(key) {
				continue
			}
			all = append(all, leaves(v[key], depth+1)...)
		}
	}
	return all
}

// clientWords are what database clients are given, flags with a value included.
func (r *reading) clientWords() []string {
	var words []string
	for _, inv := range r.invocations {
		if !slices.Contains(clients(), inv.Program) {
			continue
		}
		words = append(words, inv.Operands...)
		if inv.Input != "" {
			words = append(words, inv.Input)
		}
		for _, flag := range inv.Flags {
			if _, value, ok := strings.Cut(flag, "="); ok {
				words = append(words, value)
			} else if len(flag) > 2 && flag[1] != '-' {
				words = append(words, flag[2:])
			}
		}
	}
	return words
}

// isSQL is whether a word of a command line is SQL, not a name.
func isSQL(word string) bool { return strings.ContainsAny(word, " \t\n") }

// kindOf is the kind of a statement by the names of config, empty if it is none
// of them.
func kindOf(words []string) string {
	if len(words) < 2 {
		return ""
	}
	first, second := strings.ToLower(words[0]), strings.ToLower(words[1])
	where := bounded(words)
	switch {
	case first == "drop" && slices.Contains(droppable(), second):
		return config.SQLDrop
	case first == "alter" && dropsColumn(words):
		return config.SQLDrop
	case first == "truncate" && (second == "table" || len(words) < 6):
		return config.SQLTruncate
	case first == "delete" && second == "from" && len(words) > 2 && !where:
		return config.SQLDelete
	case first == "update" && !where && assigns(words):
		return config.SQLUpdate
	}
	return ""
}

// assigns is whether an UPDATE names a table, and perhaps another name for it, in front
// of what it sets.
func assigns(words []string) bool {
	at := slices.Index(words, "set")
	return (at == 2 || at == 3 || at == 4 && slices.Contains(words[1:4], "as")) && slices.Contains(words[at:], "=")
}

// dropsColumn is whether a table is altered so that it loses a column, or a partition.
// Constraints and defaults can be made again.
func dropsColumn(words []string) bool {
	i := slices.Index(words, "drop")
	if i < 0 || i+1 == len(words) || words[1] != "table" {
		return false
	}
	return !slices.Contains([]string{"constraint", "index", "key", "primary", "foreign", "check", "default", "not", "identity", "expression"}, words[i+1])
}

// bounded is whether a statement is for some rows: WHERE 1 = 1, WHERE 1 and WHERE true
// are for all.
func bounded(words []string) bool {
	i := slices.IndexFunc(words, func(w string) bool { return strings.EqualFold(w, "where") })
	if i < 0 {
		return false
	}
	given := words[i+1:]
	return !slices.Equal(given, []string{"true"}) && !slices.Equal(given, []string{"1"}) && (len(given) != 3 || given[1] != "=" || given[0] != given[2])
}

// droppable are what DROP is followed by, so that prose is not taken for it.
func droppable() []string {
	return []string{
		"table", "database", "schema", "index", "view", "materialized", "user", "role", "column", "sequence", "function", "trigger",
		"type", "keyspace", "collection", "tablespace", "policy", "extension", "owned",
	}
}

// splitSQL takes a text apart into statements, each as its words without
// comments: names and keywords in lower case, quoted ones as they are.
func splitSQL(text string) [][]string {
	s := sqlScanner{text: text}
	for s.at < len(s.text) {
		s.step()
	}
	s.end()
	return s.statements
}

// An sqlScanner reads a text once.
type sqlScanner struct {
	text       string
	at         int
	words      []string
	statements [][]string
}

func (s *sqlScanner) end() {
	if len(s.words) > 0 {
		s.statements = append(s.statements, s.words)
		s.words = nil
	}
}

// step reads one word, or what stands between two.
func (s *sqlScanner) step() {
	rest := s.text[s.at:]
	switch c := rest[0]; {
	case c == ';':
		s.end()
		s.at++
	case unicode.IsSpace(rune(c)):
		s.at++
	case strings.HasPrefix(rest, "--") || c == '#':
		s.skip(rest, "\n")
	case strings.HasPrefix(rest, "/*"):
		s.skip(rest, "*/")
	case c == '\'' || c == '"' || c == '`':
		s.take(quoted(rest))
	default:
		s.take(bare(rest))
	}
}

// skip passes over a comment.
func (s *sqlScanner) skip(rest, until string) {
	if i := strings.Index(rest, until); i >= 0 {
		s.at += i + len(until)
		return
	}
	s.at = len(s.text)
}

func (s *sqlScanner) take(word string) {
	s.at += len(word)
	if word[0] == '\'' || word[0] == '"' || word[0] == '`' {
		s.words = append(s.words, word)
		return
	}
	s.words = append(s.words, strings.ToLower(word))
}

// quoted is a string or name in quotes at the begin of rest, to its end.
func quoted(rest string) string {
	for i := 1; i < len(rest); i++ {
		if rest[i] != rest[0] {
			continue
		}
		if i+1 < len(rest) && rest[i+1] == rest[0] { // a doubled quote stands for itself
			i++
			continue
		}
		return rest[:i+1]
	}
	return rest
}

// bare is a word, or one sign, at the begin of rest.
func bare(rest string) string {
	for i, r := range rest {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("_.$@", r) {
			continue
		}
		if i == 0 {
			_, size := utf8.DecodeRuneInString(rest)
			return rest[:size]
		}
		return rest[:i]
	}
	return rest
}
