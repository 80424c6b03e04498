package config

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

// A Problem is one setting that cannot stand. Every error of Load and Validate
// is a Problem, or several joined.
type Problem struct { //nolint:errname // people read it as a problem of their settings; it is seldom caught as an error
	// Key is the path of the setting, like routes[1].sampling.samples; empty
	// where the trouble is with a whole file.
	Key string
	// Where names the place to mend: file:line:column, a variable or a flag;
	// empty for defaults and for configurations made in code.
	Where string
	// Text says what is wrong and what would be right.
	Text string
	// Excerpt shows the line of the file with a caret under the column,
	// secrets hidden; may be empty.
	Excerpt string
}

// Error is Where: Key: Text, and the excerpt on the lines below.
func (p *Problem) Error() string {
	if p.Excerpt == "" {
		return p.head()
	}
	return p.head() + "\n" + p.Excerpt
}

// head is the first line.
func (p *Problem) head() string {
	head := p.Text
	if p.Key != "" {
		head = p.Key + ": " + head
	}
	if p.Where != "" {
		head = p.Where + ": " + head
	}
	return head
}

// A Warning is a setting that stands but does not do what it seems to.
type Warning Problem

// String is the warning on one line.
func (w Warning) String() string { return (*Problem)(&w).head() }

// An origin is where a setting was made.
type origin struct{ where, excerpt string }

// origins maps the keys that were set to the place that had the last word.
type origins map[string]origin

// of finds the origin of key or, where key itself was not set, of the nearest
// setting around it.
func (o origins) of(key string) origin {
	for {
		if at, ok := o[key]; ok {
			return at
		}
		cut := strings.LastIndexAny(key, ".[")
		if cut < 0 {
			return origin{}
		}
		key = key[:cut]
	}
}

// locate says where the setting of a problem was made.
func (o origins) locate(p *Problem) {
	at := o.of(p.Key)
	p.Where, p.Excerpt = at.where, at.excerpt
}

// A source is the text of a file, for excerpts.
type source struct {
	name  string
	lines []string
}

// at describes a place; line and column count from 1.
func (s source) at(line, column int) origin {
	o := origin{where: fmt.Sprintf("%s:%d:%d", s.name, line, column)}
	if line >= 1 && line <= len(s.lines) {
		o.excerpt = excerpt(s.lines[line-1], line, column)
	}
	return o
}

// maxExcerpt bounds the part of a line that is shown, in bytes.
const maxExcerpt = 160

// excerpt is a line with its number and a caret under the column. The caret is
// left out where hiding a secret has moved the text, or the line is too long.
func excerpt(text string, line, column int) string {
	safe := strings.Map(printable, hideSecrets(strings.TrimRight(text, "\r")))
	if len(safe) > maxExcerpt {
		safe = strings.ToValidUTF8(safe[:maxExcerpt], "") + "…"
	}
	shown := fmt.Sprintf("%5d | %s", line, safe)
	if column < 1 || column > len(safe)+1 || !strings.HasPrefix(text, safe[:column-1]) {
		return shown
	}
	return shown + "\n" + strings.Repeat(" ", len("    1 | ")+column-1) + "^"
}

// printable keeps what a terminal does not obey; tabs stay, for the caret.
func printable(r rune) rune {
	if r != '\t' && !unicode.IsPrint(r) {
		return '?'
	}
	return r
}

var (
	secretValue = regexp.MustCompile(`(?i)((?:\b|_)(?:tokens?|[\w-]*(?:secret|passw|key)[\w-]*)["']?\s*:\s*)("[^"]*"?|'[^']*'?|[^\s,}]+)`)
	userinfo    = regexp.MustCompile(`(://)[^/@\s"']*@`)
	query       = regexp.MustCompile(`(://[^\s?"']*\?)[^\s"']+`)
)

// hideSecrets blanks what must not reach a log: the value of a key whose name
// speaks of secrets, and of a URL user, password and query.
func hideSecrets(line string) string {
	line = secretValue.ReplaceAllString(line, "${1}"+hidden)
	line = userinfo.ReplaceAllString(line, "${1}"+hidden+"@")
	return query.ReplaceAllString(line, "${1}"+hidden)
}
