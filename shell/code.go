package shell

import (
	"regexp"
	"strings"
	"unicode"
)

// maxCallText bounds what is kept of what a function is called with, in bytes.
const maxCallText = 512

var (
	// called finds the names of functions with what opens their arguments.
	called = regexp.MustCompile(`([A-Za-z_][\w.:]*)\s*([('"\[])`)
	// literals finds plain strings.
	literals = regexp.MustCompile(`"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'` + "|`([^`]*)`")
)

// isInterpreter tells the programs that are given code in another language.
func isInterpreter(program string) bool {
	switch strings.TrimRight(strings.TrimSuffix(program, ".exe"), "0123456789.") {
	case "python", "py", "perl", "node", "nodejs", "ruby", "php", "deno", "bun", "mongosh", "mongo":
		return true
	}
	return false
}

// interpreted reads the code that an interpreter is given, by a flag or fed, and the
// module that it runs.
func (r *Reader) interpreted(rest []string, input string, depth int) {
	if input != "" {
		r.code(input, depth)
	}
	for i, w := range rest[:min(len(rest), maxWrapped)] {
		switch w {
		case "-m": // python -m twine
			r.command(rest[i+1:], "", depth+1)
		case "-c", "-e", "-E", "-r", "-p", "-ne", "-pe", "-lne", "-le", "--eval", "--print", "eval":
			if i+1 < len(rest) {
				r.code(rest[i+1], depth)
			}
		}
		if code, ok := strings.CutPrefix(w, "--eval="); ok {
			r.code(code, depth)
		}
	}
}

// code reads the functions that a program calls; those that run commands are read
// for these.
func (r *Reader) code(code string, depth int) {
	if depth > maxNesting || !r.Spend(len(code)+1) {
		r.cut = true
		return
	}
	for _, at := range called.FindAllStringSubmatchIndex(code, maxInvocations) {
		name := strings.ToLower(code[at[2]:at[3]])
		runs := runsCommand(name)
		if !runs && !r.wanted(name) {
			continue
		}
		with := argumentsOf(code[at[4]:min(len(code), at[4]+maxCallText)])
		if !runs {
			from := len(r.found)
			if r.keep([]string{name, with}, ""); strings.ContainsFunc(literals.ReplaceAllString(with, ""), unicode.IsLetter) {
				r.hang(from, code) // on what its variables are
			}
			continue
		}
		var words []string
		for _, found := range literals.FindAllStringSubmatch(with, maxWrapped) {
			words = append(words, found[1]+found[2]+found[3])
		}
		r.script(strings.Join(words, " "), depth+1)
	}
}

// argumentsOf is text from an opening bracket to the one that closes it, or a
// line.
func argumentsOf(text string) string {
	open := 0
	for i := range len(text) {
		switch text[i] {
		case '(', '[':
			open++
		case ')', ']':
			if open--; open <= 0 {
				return text[:i+1]
			}
		case '\n', ';':
			if open == 0 {
				return text[:i]
			}
		}
	}
	return text
}

// runsCommand tells the functions that run a command, by the last part of their
// names.
func runsCommand(name string) bool {
	if i := strings.LastIndexAny(name, ".:"); i >= 0 {
		switch name[:i] {
		case "subprocess":
			return true
		case "re": // re.exec and its like
			return false
		}
		name = name[i+1:]
	}
	switch name {
	case "system", "popen", "exec", "execsync", "spawn", "spawnsync", "execfile", "execfilesync", "shell_exec", "passthru", "check_output", "check_call":
		return true
	}
	return false
}
