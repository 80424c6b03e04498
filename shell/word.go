package shell

import (
	"strings"
	"unicode"

	"mvdan.cc/sh/v3/syntax"
)

// A word is one word of a shell command.
type word struct {
	// text is the word without its quotes if it is literal; else it stands
	// for what the shell makes of it, as printed.
	text    string
	literal bool
}

// key is the word as a part of keys: $a and '$a' differ, and so do ./a and
// other spellings of a path only if they lead elsewhere.
func (w word) key() string {
	if w.literal {
		return "=" + CleanPath(w.text)
	}
	return "$" + w.text
}

// isFlag is whether w has the form of a flag; - and -- alone do not.
func (w word) isFlag() bool {
	return w.literal && len(w.text) > 1 && w.text[0] == '-' && w.text != "--"
}

// isProse is whether w is literal text of more than one token.
func (w word) isProse() bool {
	return w.literal && strings.ContainsFunc(w.text, unicode.IsSpace)
}

func readWord(w *syntax.Word) word {
	var b strings.Builder
	for _, part := range w.Parts {
		if !appendLiteral(&b, part) {
			return word{text: printed(w)}
		}
	}
	return word{text: b.String(), literal: true}
}

// appendLiteral appends what a part stands for; it is false if that depends on
// the shell's state.
func appendLiteral(b *strings.Builder, part syntax.WordPart) bool {
	switch p := part.(type) {
	case *syntax.Lit:
		return appendUnquoted(b, p.Value)
	case *syntax.SglQuoted:
		b.WriteString(p.Value)
		return !p.Dollar
	case *syntax.DblQuoted:
		return appendDoubleQuoted(b, p)
	default:
		return false
	}
}

// appendUnquoted removes backslashes; patterns, braces and the home directory
// are left to the shell.
func appendUnquoted(b *strings.Builder, s string) bool {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && i+1 < len(s):
			i++
			b.WriteByte(s[i])
		case strings.IndexByte("*?[{~", c) >= 0:
			return false
		default:
			b.WriteByte(c)
		}
	}
	return true
}

func appendDoubleQuoted(b *strings.Builder, q *syntax.DblQuoted) bool {
	if q.Dollar {
		return false
	}
	for _, part := range q.Parts {
		lit, ok := part.(*syntax.Lit)
		if !ok {
			return false
		}
		unescapeDoubleQuoted(b, lit.Value)
	}
	return true
}

// literalText is the literal text of a here-document; w may be nil.
func literalText(w *syntax.Word) string {
	if w == nil {
		return ""
	}
	var b strings.Builder
	for _, part := range w.Parts {
		if lit, ok := part.(*syntax.Lit); ok {
			b.WriteString(lit.Value)
		}
	}
	return b.String()
}

// unescapeDoubleQuoted removes the backslashes that mean something between
// double quotes.
func unescapeDoubleQuoted(b *strings.Builder, s string) {
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) && strings.IndexByte("$`\"\\\n", s[i+1]) >= 0 {
			i++
		}
		b.WriteByte(s[i])
	}
}

// printed is a piece of a script in one form only. What the printer refuses
// has no form: all such pieces are alike.
func printed(n syntax.Node) string {
	var b strings.Builder
	if err := syntax.NewPrinter(syntax.Minify(true)).Print(&b, n); err != nil {
		return ""
	}
	return strings.TrimSpace(b.String())
}
