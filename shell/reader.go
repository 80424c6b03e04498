package shell

import (
	"encoding/base64"
	"slices"
	"strings"
	"unicode/utf16"

	"mvdan.cc/sh/v3/syntax"
)

const (
	// Work is how much of the commands of one reply is read, in bytes
	// and words: more than a model writes in one.
	Work = 512 << 10
	// maxInvocations bounds the programs that are kept of one call.
	maxInvocations = 4096
	// maxWrapped bounds how many words behind sudo and the like may begin the
	// command that it runs, and maxRough those of a program in what is read word
	// by word.
	maxWrapped = 24
	maxRough   = 16
)

// A Reader collects the programs that the commands of one call run, wherever they
// stand: in lists, pipelines, loops, functions and substitutions, behind sudo and
// the like, in scripts within and in what shells are fed. It reads Bash. What does
// not parse, or is longer than 128 KiB, is read word by word, which takes more for a
// program than is one. Nothing is executed, or expanded but for what the text itself
// says.
type Reader struct {
	wanted func(program string) bool
	left   *int
	found  []Invocation
	cut    bool
}

// NewReader makes a reader that keeps the programs that are wanted, by their names
// in lower case, and takes its work from left, in bytes and words. Readers of the
// calls of one reply share it, and begin at Work.
func NewReader(wanted func(program string) bool, left *int) *Reader {
	return &Reader{wanted: wanted, left: left}
}

// Script reads a command as a shell is given it.
func (r *Reader) Script(script string) { r.script(script, 0) }

// Words reads a command given as its words.
func (r *Reader) Words(argv []string) { r.command(argv, "", 0) }

// Code reads a program in the language of an interpreter: which functions it
// calls, as far as one can tell by their names, and the commands in it.
func (r *Reader) Code(code string) { r.code(code, 0) }

// Patch reads a patch: as if each file that it deletes were an operand of
// apply_patch, in the form of its own line, "*** Delete File: " and the path. What
// else it changes is left out.
func (r *Reader) Patch(patch string) {
	if !strings.Contains(patch, "\n") || !r.wanted(patchProgram) || !r.Spend(len(patch)) {
		return
	}
	if files := deletedFiles(patch); len(files) > 0 {
		r.keep(append([]string{patchProgram}, files...), "")
	}
}

// Found are the programs, in order, at most 4,096.
func (r *Reader) Found() []Invocation { return r.found }

// Cut is whether something was too long, too much or too deep to be read: then what
// was found may not be all.
func (r *Reader) Cut() bool { return r.cut }

// Spend takes n off the work that is left, for what its caller reads beside commands
// too; it is false, and the reader cut, if that is less.
func (r *Reader) Spend(n int) bool {
	if n > *r.left {
		r.cut, *r.left = true, 0
		return false
	}
	*r.left -= n
	return true
}

func (r *Reader) script(script string, depth int) {
	if depth > maxNesting {
		r.cut = true
		return
	}
	if !r.Spend(len(script) + 1) {
		return
	}
	if !parses(script) {
		r.roughly(script)
		return
	}
	file, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(strings.NewReader(script), "")
	if err != nil {
		r.roughly(script)
		return
	}
	newScriptReader(r, script, file, depth).read(file)
}

// roughly reads a script that is no Bash: each word between two separators may
// be a program.
func (r *Reader) roughly(script string) {
	unquote := strings.NewReplacer(`"`, "", `'`, "")
	for part := range strings.FieldsFuncSeq(script, func(c rune) bool { return strings.ContainsRune(";|&\n\r(){}`", c) }) {
		words := strings.Fields(unquote.Replace(part))
		for i := range words {
			r.keep(words[i:min(len(words), i+maxRough)], "")
		}
	}
}

// keep keeps a program if it is wanted, with what it is fed.
func (r *Reader) keep(words []string, input string) (program string) {
	program = bareProgram(words[0])
	if !r.wanted(program) {
		return program
	}
	size := len(input)
	for _, w := range words {
		size += len(w) + 1
	}
	if len(r.found) >= maxInvocations || !r.Spend(size) {
		r.cut = true
		return program
	}
	inv := invocationOf(words)
	inv.Input = input
	r.found = append(r.found, inv)
	return program
}

// command reads one program with its words and what it is fed, and what it runs.
func (r *Reader) command(words []string, input string, depth int) {
	if len(words) == 0 || words[0] == "" {
		return
	}
	if depth > maxNesting {
		r.cut = true
		return
	}
	if !r.Spend(len(words)) {
		return
	}
	if bareProgram(words[0]) == patchProgram {
		for _, w := range slices.Concat(words[1:], []string{input}) {
			r.Patch(w)
		}
		return
	}
	program, rest := r.keep(words, input), words[1:]
	switch w, wraps := wrapperOf(program); {
	case program == "command" && (slices.Contains(rest, "-v") || slices.Contains(rest, "-V")): // only looks for it
	case wraps:
		from := len(r.found)
		for _, i := range w.starts(rest) {
			r.command(rest[i:], input, depth+1)
		}
		r.splitString(program, rest, depth)
		if runsEach(program) {
			r.each(from)
		}
	case execFlags(program) != nil:
		r.executed(rest, execFlags(program), depth)
	case input != "" && (program == "patch" || program == "git" && (slices.Contains(rest, "apply") || slices.Contains(rest, "am"))):
		r.Patch(input)
	case isInterpreter(program):
		r.interpreted(rest, input, depth)
	default:
		for _, script := range scriptsOf(program, rest) {
			r.script(script, depth+1)
		}
		if input != "" && (runsScripts(program) || program == "ssh" || program == "at" || program == "batch") {
			r.script(input, depth+1)
		}
	}
}

// each has all programs from one on run for a list that stands elsewhere.
func (r *Reader) each(from int) {
	for i := from; i < len(r.found); i++ {
		r.found[i].Each = true
	}
}

// splitString reads the command that env and flock are given as one word, and the words
// of cmd, which may be one too.
func (r *Reader) splitString(program string, rest []string, depth int) {
	for i, w := range rest[:min(len(rest), maxWrapped)] {
		switch {
		case program == "env" && (w == "-S" || w == "--split-string") && i+1 < len(rest),
			program == "flock" && (w == "-c" || w == "--command") && i+1 < len(rest):
			r.script(rest[i+1], depth+1)
		case program == "env" && strings.HasPrefix(w, "--split-string="):
			r.script(strings.TrimPrefix(w, "--split-string="), depth+1)
		case program == "env" && strings.HasPrefix(w, "-S"):
			r.script(w[len("-S"):], depth+1)
		case strings.HasPrefix(program, "cmd") && strings.ContainsAny(w, " \t"):
			r.script(w, depth+1)
		}
	}
}

// execFlags are the flags of find and its like in front of what they run.
func execFlags(program string) []string {
	switch program {
	case "find":
		return []string{"-exec", "-execdir", "-ok", "-okdir"}
	case "fd", "fdfind":
		return []string{"-x", "-X", "--exec", "--exec-batch"}
	}
	return nil
}

// executed reads what find runs for what it finds, which is a part of what it
// does.
func (r *Reader) executed(rest, flags []string, depth int) {
	for i, w := range rest {
		if slices.Contains(flags, w) {
			end := slices.IndexFunc(rest[i:], func(w string) bool { return w == ";" || w == "+" })
			if end < 0 {
				end = len(rest) - i
			}
			from := len(r.found)
			r.command(rest[i+1:i+max(end, 1)], "", depth+1)
			if from < len(r.found) {
				r.hang(from, strings.Join(rest[:i], "\x00"))
				r.each(from)
			}
		}
	}
}

// hang has all programs from one on hang on something else too.
func (r *Reader) hang(from int, on string) {
	for i := from; i < len(r.found) && r.Spend(len(on)); i++ {
		r.found[i].Within = Key(tagWrap, r.found[i].Within, on)
	}
}

// scriptsOf are the scripts among the words of a program.
func scriptsOf(program string, rest []string) (scripts []string) {
	switch {
	case isPowerShell(program):
		return powerShellScript(rest)
	case runsScripts(program):
		if script, ok := shellScript(rest); ok {
			scripts = append(scripts, script)
		}
	case program == "eval":
		scripts = append(scripts, strings.Join(rest, " "))
	case program == "trap" && len(rest) > 1:
		scripts = append(scripts, rest[0])
	case program == "alias":
		for _, w := range rest {
			if _, script, ok := strings.Cut(w, "="); ok {
				scripts = append(scripts, script)
			}
		}
	case program == "ssh" || program == "watch":
		for _, i := range shellWrapper(program).starts(rest) {
			scripts = append(scripts, strings.Join(rest[i:], " "))
		}
	case program == "su" || program == "runuser" || program == "script":
		// All behind a word that is no flag may be one.
		for i, w := range rest[:min(len(rest), maxWrapped)] {
			if !isFlagText(w) {
				scripts = append(scripts, strings.Join(rest[i:], " "))
			}
		}
	}
	return scripts
}

// shellScript is the script that a shell is given with -c, behind its other
// flags.
func shellScript(rest []string) (string, bool) {
	given := false
	for i := 0; i < len(rest); i++ {
		w := rest[i]
		switch {
		case w == "--" && given && i+1 < len(rest):
			return rest[i+1], true
		case w == "--rcfile", w == "--init-file":
			i++
		case strings.HasPrefix(w, "--"):
		case len(w) > 1 && (w[0] == '-' || w[0] == '+'):
			given = given || strings.Contains(w, "c")
			if strings.ContainsAny(w, "oO") {
				i++ // its value
			}
		default:
			return w, given
		}
	}
	return "", false
}

// powerShellScript is what PowerShell is given to run: all behind -Command, the
// default, or what -EncodedCommand encodes.
func powerShellScript(rest []string) []string {
	for i, w := range rest {
		name := strings.ToLower(strings.TrimLeft(w, "-/"))
		switch {
		case !isFlagText(w) && !strings.HasPrefix(w, "/"):
			if i > 0 && slices.Contains([]string{"executionpolicy", "ep", "ex", "version", "windowstyle", "w", "outputformat", "inputformat"}, strings.ToLower(strings.TrimLeft(rest[i-1], "-/"))) {
				continue
			}
			return []string{strings.Join(rest[i:], " ")}
		case name == "file" || name == "f":
			return nil
		case strings.HasPrefix("encodedcommand", name) && name != "ex" || name == "ec" || name == "enc":
			if i+1 < len(rest) {
				return []string{decodedCommand(rest[i+1])}
			}
		}
	}
	return nil
}

// decodedCommand is base64 of UTF-16, as PowerShell takes it.
func decodedCommand(encoded string) string {
	raw, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return ""
	}
	units := make([]uint16, len(raw)/2)
	for i := range units {
		units[i] = uint16(raw[2*i]) | uint16(raw[2*i+1])<<8
	}
	return string(utf16.Decode(units))
}

// runsScripts tells the shells.
func runsScripts(program string) bool {
	switch program {
	case "bash", "sh", "zsh", "dash", "ksh", "ash", "fish", "source", ".":
		return true
	}
	return isPowerShell(program)
}

func isPowerShell(program string) bool {
	switch program {
	case "powershell", "pwsh", "powershell.exe", "pwsh.exe":
		return true
	}
	return false
}
