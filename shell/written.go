package shell

import (
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// between is a node as it stands in the script.
func (s *scriptReader) between(n syntax.Node) string {
	from, to := int(n.Pos().Offset()), int(n.End().Offset()) //nolint:gosec // offsets in a script of maxRead at most
	if from > to || to > len(s.source) {
		return ""
	}
	return s.source[from:to]
}

// words are those of a command. One that only an expansion gives, which is known,
// may be several.
func (s *scriptReader) words(args []*syntax.Word) []string {
	var words []string
	for _, w := range args {
		text := s.written(w)
		if s.splits(w) {
			words = append(words, strings.Fields(text)...)
			continue
		}
		words = append(words, text)
	}
	if len(words) == 0 {
		return []string{""}
	}
	return words
}

// splits is whether a word has an expansion without quotes that is known.
func (s *scriptReader) splits(w *syntax.Word) bool {
	for _, part := range w.Parts {
		switch p := part.(type) {
		case *syntax.ParamExp:
			if _, known := s.value(p); known {
				return true
			}
		case *syntax.CmdSubst:
			if len(p.Stmts) == 1 && s.said(p.Stmts[0]) != "" {
				return true
			}
		}
	}
	return false
}

// written is a word without its quotes. Of expansions stand those that the script
// itself tells for what they are, others as they are printed. w may be nil.
func (s *scriptReader) written(w *syntax.Word) string {
	if w == nil {
		return ""
	}
	if source := s.between(w); IsDrivePath(source) {
		return source
	}
	if len(w.Parts) == 1 {
		return s.part(w.Parts[0])
	}
	var b strings.Builder
	for _, part := range w.Parts {
		b.WriteString(s.part(part))
	}
	return b.String()
}

func (s *scriptReader) part(part syntax.WordPart) string {
	switch p := part.(type) {
	case *syntax.Lit:
		return unescaped(p.Value)
	case *syntax.SglQuoted:
		if p.Dollar {
			return ansi(p.Value)
		}
		return p.Value
	case *syntax.DblQuoted:
		return s.quoted(p)
	case *syntax.ParamExp:
		if value, known := s.value(p); known {
			return value
		}
	case *syntax.CmdSubst:
		if len(p.Stmts) == 1 {
			if text := s.said(p.Stmts[0]); text != "" {
				return text
			}
		}
	}
	return s.printed(part)
}

func (s *scriptReader) quoted(q *syntax.DblQuoted) string {
	var b strings.Builder
	for _, part := range q.Parts {
		if lit, ok := part.(*syntax.Lit); ok {
			unescapeDoubleQuoted(&b, lit.Value)
			continue
		}
		b.WriteString(s.part(part))
	}
	return b.String()
}

// value is that of a plain expansion of a constant.
func (s *scriptReader) value(p *syntax.ParamExp) (string, bool) {
	if p.Param == nil || p.Length || p.Excl || p.Width || p.Index != nil || p.Slice != nil || p.Repl != nil || p.Exp != nil || p.Names != 0 {
		return "", false
	}
	if p.Param.Value == "IFS" {
		return " ", true
	}
	value, known := s.constants[p.Param.Value]
	return value, known && s.Spend(len(value))
}

// printed brings an expansion into one form, if it is short.
func (s *scriptReader) printed(part syntax.WordPart) string {
	source := s.between(part)
	if len(source) > maxPrinted {
		return source
	}
	return printed(&syntax.Word{Parts: []syntax.WordPart{part}})
}

// unescaped is text without quotes.
func unescaped(text string) string {
	if !strings.Contains(text, `\`) {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+1 < len(text) {
			if i++; text[i] == '\n' {
				continue
			}
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

// ansi is the text of $'…'. Escapes that it does not know stand as written.
func ansi(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' || i+1 == len(text) {
			b.WriteByte(text[i])
			continue
		}
		i++
		digits, base := "", 16
		switch c := text[i]; {
		case c == 'x' || c == 'u' || c == 'U':
			digits = leading(text[i+1:], map[byte]int{'x': 2, 'u': 4, 'U': 8}[c], "0123456789abcdefABCDEF")
			i += len(digits)
		case c >= '0' && c <= '7':
			digits, base = leading(text[i:], 3, "01234567"), 8
			i += len(digits) - 1
		case c == 'n':
			b.WriteByte('\n')
		case c == 't':
			b.WriteByte('\t')
		default:
			b.WriteByte(c)
		}
		if n, err := strconv.ParseInt(digits, base, 32); err == nil {
			b.WriteRune(rune(n)) //nolint:gosec // of 32 bits
		}
	}
	return b.String()
}

// leading are the first bytes of text that are in set, at most n.
func leading(text string, n int, set string) string {
	i := 0
	for i < min(n, len(text)) && strings.IndexByte(set, text[i]) >= 0 {
		i++
	}
	return text[:i]
}
