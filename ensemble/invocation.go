package ensemble

import (
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

const (
	// maxInvocations bounds what is read of one script.
	maxInvocations = 256
	// maxWrapped bounds how many words behind sudo and the like may begin the
	// command that it runs.
	maxWrapped = 8
)

// An Invocation is one program that a shell command runs, or may run: of sudo,
// find -exec, sh -c and their like also what they run in turn.
type Invocation struct {
	// Program is its name in lower case, without directories.
	Program string
	// Flags are the words in the form of flags, Operands all others, in order.
	// What the shell would make of them is not known: they stand as written,
	// without quotes.
	Flags, Operands []string
	clusters        bool
}

// Has reports whether a flag, with its dashes, is given: a letter also among
// others (-rf has -r), a long one also with a value or cut short, as GNU's
// programs take it, to three letters at least.
func (inv Invocation) Has(flag string) bool {
	return slices.ContainsFunc(inv.Flags, func(given string) bool { return inv.means(given, flag) })
}

func (inv Invocation) means(given, flag string) bool {
	const shortest = len("--rec")
	name, _, _ := strings.Cut(given, "=")
	switch {
	case name == flag:
		return true
	case strings.HasPrefix(flag, "--"):
		return len(name) >= shortest && strings.HasPrefix(name, "--") && strings.HasPrefix(flag, name)
	case len(flag) == 2 && inv.clusters:
		return !strings.HasPrefix(name, "--") && strings.ContainsRune(name[1:], rune(flag[1]))
	}
	return false
}

// Key identifies what the program does: equal for the same flags in any order
// and spelling, and the same operands in order. It holds content.
func (inv Invocation) Key() string {
	l := commandLine{program: inv.Program, habit: habit{clusters: inv.clusters}}
	for _, flag := range inv.Flags {
		switch {
		case isChatter(flag):
		case inv.clusters && !strings.HasPrefix(flag, "--"):
			l.cluster(flag[1:])
		default:
			l.addFlag(flag)
		}
	}
	operands := make([]string, len(inv.Operands))
	for i, o := range inv.Operands {
		operands[i] = cleanPath(o)
	}
	return list(tagRun, inv.Program, set(tagFlags, l.flags), list(tagOperands, operands...))
}

// Invocations lists the programs that a script runs, wherever they stand in it:
// in lists, pipelines, loops, functions and substitutions, behind sudo and the
// like, and in scripts within. It reads Bash. What does not parse, or is beyond
// the bounds of shell keys, is read word by word, which takes more for a program
// than is one.
func Invocations(script string) []Invocation {
	var r invocationReader
	r.script(script, 0)
	return r.found
}

// CommandInvocations are those of a command given as its words.
func CommandInvocations(argv []string) []Invocation {
	var r invocationReader
	r.command(argv, 0)
	return r.found
}

// An invocationReader collects the programs of one script.
type invocationReader struct{ found []Invocation }

func (r *invocationReader) script(script string, depth int) {
	if depth > maxNesting || len(r.found) >= maxInvocations {
		return
	}
	if len(script) > maxScript || strings.Count(script, "((") > maxParentheses {
		r.roughly(script, depth)
		return
	}
	file, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(strings.NewReader(script), "")
	if err != nil {
		r.roughly(script, depth)
		return
	}
	syntax.Walk(file, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.CallExpr:
			r.command(wordsAsWritten(n.Args), depth)
		case *syntax.Stmt:
			r.fed(n, depth)
		}
		return true
	})
}

// fed reads the here-document of a shell, which is a script.
func (r *invocationReader) fed(s *syntax.Stmt, depth int) {
	c, ok := s.Cmd.(*syntax.CallExpr)
	if !ok || len(c.Args) == 0 || !habitOf(programName(readWord(c.Args[0]))).shell {
		return
	}
	for _, redirect := range s.Redirs {
		switch redirect.Op {
		case syntax.Hdoc, syntax.DashHdoc:
			r.script(literalText(redirect.Hdoc), depth+1)
		case syntax.WordHdoc:
			r.script(asWritten(redirect.Word), depth+1)
		}
	}
}

// roughly reads a script that is no Bash: each word between two separators may
// be a program.
func (r *invocationReader) roughly(script string, depth int) {
	script = script[:min(len(script), maxScript)]
	for part := range strings.FieldsFuncSeq(script, func(c rune) bool { return strings.ContainsRune(";|&\n\r(){}`", c) }) {
		words := strings.Fields(strings.NewReplacer(`"`, "", `'`, "").Replace(part))
		for i := range words {
			r.command(words[i:], depth)
		}
	}
}

// command reads one program with its words, and what it runs.
func (r *invocationReader) command(words []string, depth int) {
	if len(words) == 0 || depth > maxNesting || len(r.found) >= maxInvocations {
		return
	}
	inv := invocationOf(words)
	r.found = append(r.found, inv)
	rest := words[1:]
	switch {
	case wraps(inv.Program):
		r.wrapped(rest, depth)
	case inv.Program == "find":
		r.executed(rest, depth)
	case habitOf(inv.Program).shell:
		literals := make([]word, len(rest))
		for i, w := range rest {
			literals[i] = word{text: w, literal: true}
		}
		if script, ok := innerScript(literals); ok {
			r.script(script, depth+1)
		}
	case inv.Program == "eval":
		r.script(strings.Join(rest, " "), depth+1)
	case inv.Program == "ssh" || inv.Program == "su" || inv.Program == "script" || inv.Program == "watch":
		r.remote(rest, depth)
	}
}

// wrapped reads what a program such as sudo runs. Which of its words begins it
// depends on flags that have values, so each of the first may.
func (r *invocationReader) wrapped(rest []string, depth int) {
	for i, w := range rest[:min(len(rest), maxWrapped)] {
		if !isFlagText(w) && !strings.Contains(w, "=") {
			r.command(rest[i:], depth+1)
		}
	}
}

// executed reads what find runs for what it finds.
func (r *invocationReader) executed(rest []string, depth int) {
	for i, w := range rest {
		switch w {
		case "-exec", "-execdir", "-ok", "-okdir":
			end := slices.IndexFunc(rest[i:], func(w string) bool { return w == ";" || w == "+" })
			if end < 0 {
				end = len(rest) - i
			}
			r.command(rest[i+1:i+max(end, 1)], depth+1)
		}
	}
}

// remote reads what a program runs that takes a script as its last words: all
// behind a word that is no flag may be one.
func (r *invocationReader) remote(rest []string, depth int) {
	for i, w := range rest[:min(len(rest), maxWrapped)] {
		if !isFlagText(w) {
			r.script(strings.Join(rest[i:], " "), depth+1)
		}
	}
}

// wraps tells the programs that run the command that they are given.
func wraps(program string) bool {
	switch program {
	case "sudo", "doas", "command", "builtin", "exec", "nohup", "nice", "ionice", "time", "timeout", "env", "stdbuf", "setsid",
		"xargs", "parallel", "chroot", "busybox", "flock", "docker", "podman", "kubectl", "nerdctl", "unbuffer", "strace", "cmd", "cmd.exe":
		return true
	}
	return false
}

func invocationOf(words []string) Invocation {
	program := words[0]
	if i := strings.LastIndexAny(program, `/\`); i >= 0 && i+1 < len(program) {
		program = program[i+1:]
	}
	inv := Invocation{Program: strings.ToLower(program)}
	// One dash and many letters is one flag to find and its like.
	inv.clusters = habitOf(inv.Program).clusters || inv.Program == "git" || inv.Program == "rsync"
	flagsOver := false
	for _, w := range words[1:] {
		switch {
		case !flagsOver && w == "--":
			flagsOver = true
		case !flagsOver && isFlagText(w):
			inv.Flags = append(inv.Flags, w)
		default:
			inv.Operands = append(inv.Operands, w)
		}
	}
	return inv
}

func isFlagText(w string) bool { return len(w) > 1 && w[0] == '-' && w != "--" }

// wordsAsWritten are words of a command as Invocation has them.
func wordsAsWritten(words []*syntax.Word) []string {
	texts := make([]string, len(words))
	for i, w := range words {
		texts[i] = asWritten(w)
	}
	return texts
}

// asWritten is a word without its quotes; expansions stand as they are printed.
func asWritten(w *syntax.Word) string {
	if read := readWord(w); read.literal {
		return read.text
	}
	var b strings.Builder
	for _, part := range w.Parts {
		switch p := part.(type) {
		case *syntax.Lit:
			b.WriteString(strings.ReplaceAll(p.Value, `\`, ""))
		case *syntax.SglQuoted:
			b.WriteString(p.Value)
		case *syntax.DblQuoted:
			b.WriteString(strings.Trim(printed(&syntax.Word{Parts: []syntax.WordPart{p}}), `"`))
		default:
			b.WriteString(printed(&syntax.Word{Parts: []syntax.WordPart{part}}))
		}
	}
	return b.String()
}
