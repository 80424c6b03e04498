package shell

import (
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

const (
	// maxRead is the longest script that is parsed for its programs, in bytes.
	maxRead = 128 << 10
	// maxOpen bounds brackets within brackets, and maxKeywords what else opens
	// a command within a command: the parser recurses into each.
	maxOpen     = 256
	maxKeywords = 2048
	// maxPrinted is the longest expansion that is brought into one form, in
	// bytes; longer ones stand as written.
	maxPrinted = 1 << 10
)

// parses is whether a script is within what the parser reads in a time and a
// stack in proportion to it.
func parses(script string) bool {
	if len(script) > maxRead || strings.Count(script, "((") > maxParentheses || strings.Count(script, "`") > maxKeywords {
		return false
	}
	open := 0
	for i := range len(script) {
		switch script[i] {
		case '(', '{':
			if open++; open > maxOpen {
				return false
			}
		case ')', '}':
			open = max(0, open-1)
		}
	}
	keywords := 0
	for _, word := range []string{"if", "while", "until", "for", "case", "select", "time", "coproc", "function", "!", "<<"} {
		keywords += strings.Count(script, word)
	}
	return keywords <= maxKeywords
}

// A scriptReader reads one script that was parsed.
type scriptReader struct {
	*Reader
	source string
	file   *syntax.File
	// form is the script as printed, once that is needed.
	form  string
	depth int
	// constants are the variables that are given one value, once.
	constants map[string]string
	// fed is what stands in front of a statement's pipe.
	fed map[*syntax.Stmt]string
}

func newScriptReader(r *Reader, source string, file *syntax.File, depth int) *scriptReader {
	s := &scriptReader{Reader: r, source: source, file: file, depth: depth, constants: map[string]string{}, fed: map[*syntax.Stmt]string{}}
	s.assigned(file)
	return s
}

// assigned finds the constants.
func (s *scriptReader) assigned(file *syntax.File) {
	times := map[string]int{}
	syntax.Walk(file, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.Assign:
			if n.Name == nil {
				return true
			}
			times[n.Name.Value]++
			if n.Append || n.Index != nil || n.Array != nil {
				times[n.Name.Value]++
			} else if n.Value != nil && len(s.between(n.Value)) <= maxPrinted {
				s.constants[n.Name.Value] = s.written(n.Value)
			}
		case *syntax.CallExpr:
			if len(n.Args) > 0 {
				for _, a := range n.Assigns { // of one command's environment
					times[a.Name.Value]++
				}
				s.reads(n, times)
			}
		case *syntax.WordIter:
			times[n.Name.Value] += 2
		}
		return true
	})
	for name, n := range times {
		if n > 1 {
			delete(s.constants, name)
		}
	}
}

// reads notes the variables that read and its like give values.
func (s *scriptReader) reads(c *syntax.CallExpr, times map[string]int) {
	switch c.Args[0].Lit() {
	case "read", "mapfile", "readarray", "getopts", "unset", "printf":
		for _, w := range c.Args[1:] {
			times[w.Lit()] += 2
		}
	}
}

func (s *scriptReader) read(file *syntax.File) {
	syntax.Walk(file, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.BinaryCmd:
			if n.Op == syntax.Pipe || n.Op == syntax.PipeAll {
				s.fed[n.Y] = s.said(n.X)
			}
		case *syntax.Stmt:
			if c, ok := n.Cmd.(*syntax.CallExpr); ok && len(c.Args) > 0 {
				s.call(n, c)
			}
		}
		return true
	})
}

// call reads one program. What its operands hang on that the text does not tell
// by itself, such as a variable or a list that xargs reads, may be anywhere in
// the script: then the whole of it is a part of what the program does.
func (s *scriptReader) call(n *syntax.Stmt, c *syntax.CallExpr) {
	from := len(s.found)
	words := s.words(c.Args)
	s.command(words, s.input(n, c), s.depth)
	if from == len(s.found) {
		return
	}
	for _, a := range c.Assigns { // PGHOST=a dropdb b
		s.hang(from, s.between(a))
	}
	hangs := false
	for _, w := range words {
		hangs = hangs || openEnded(w) || w == "xargs" || w == "parallel"
	}
	if hangs {
		s.hang(from, s.whole())
	}
}

// whole is the script in one form.
func (s *scriptReader) whole() string {
	if s.form == "" {
		s.form = printed(s.file)
	}
	return s.form
}

// openEnded is whether a word holds a variable that only the running shell
// knows. Those that are the same all the time are not.
func openEnded(word string) bool {
	for {
		_, after, found := strings.Cut(word, "$")
		if !found {
			return false
		}
		name := strings.TrimPrefix(after, "{")
		end := strings.IndexFunc(name, func(r rune) bool { return !isNameRune(r) })
		if end < 0 {
			end = len(name)
		}
		switch name[:end] {
		case "HOME", "PWD", "USER", "TMPDIR":
		case "": // $(command), or a sign by itself
			if name != "" && strings.ContainsRune("@*#?!", rune(name[0])) {
				return true
			}
		default:
			return true
		}
		word = after
	}
}

func isNameRune(r rune) bool {
	return r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
}

// input is the text that a program is fed.
func (s *scriptReader) input(n *syntax.Stmt, c *syntax.CallExpr) string {
	text := s.fed[n]
	for _, redirect := range n.Redirs {
		switch redirect.Op {
		case syntax.Hdoc, syntax.DashHdoc:
			text = s.written(redirect.Hdoc)
		case syntax.WordHdoc:
			text = s.written(redirect.Word)
		case syntax.RdrIn:
			text += s.substituted(redirect.Word)
		}
	}
	for _, w := range c.Args[1:] {
		text += s.substituted(w)
	}
	return text
}

// substituted is what a process says that stands for a file.
func (s *scriptReader) substituted(w *syntax.Word) string {
	if w == nil || len(w.Parts) != 1 {
		return ""
	}
	p, ok := w.Parts[0].(*syntax.ProcSubst)
	if !ok || p.Op != syntax.CmdIn || len(p.Stmts) != 1 {
		return ""
	}
	return s.said(p.Stmts[0])
}

// said is what a statement prints, where that is plain: the words of echo and
// printf, and the here-document of cat.
func (s *scriptReader) said(n *syntax.Stmt) string {
	c, ok := n.Cmd.(*syntax.CallExpr)
	if !ok || len(c.Args) == 0 || !s.Spend(len(s.between(n))) {
		return ""
	}
	switch words := s.words(c.Args); words[0] {
	case "echo":
		return strings.Join(dropFlags(words[1:]), " ")
	case "printf":
		if len(words) > 2 { // a format, then what it prints
			return strings.ReplaceAll(words[1], "%s", "") + "\n" + strings.Join(words[2:], "\n")
		}
		return strings.ReplaceAll(strings.Join(words[1:], " "), `\n`, "\n")
	case "cat":
		for _, redirect := range n.Redirs {
			if redirect.Hdoc != nil {
				return s.written(redirect.Hdoc)
			}
		}
	}
	return ""
}

func dropFlags(words []string) []string {
	for len(words) > 0 && isFlagText(words[0]) && len(words[0]) <= 3 {
		words = words[1:]
	}
	return words
}
