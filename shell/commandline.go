package shell

import "strings"

// commandTarget is one program with the part of its command line that matters:
//
//   - the program, without /bin and the like;
//   - its flags as a set, clusters of known programs taken apart, without those
//     that only change what is printed;
//   - its operands in order, paths cleaned; of these, literal text with blanks
//     is free text and is left out, but for the files that a patch names, and
//     so is the pattern of grep, sed and their kind, unless it only picks
//     lines by number. The sub-command is the first operand.
//
// A program that runs another (sudo, env, …) is kept with what it runs, a shell
// with its script. words holds at least the program.
func commandTarget(words []word, depth int) string {
	program := programName(words[0])
	h, rest := habitOf(program), words[1:]
	if h.wraps && len(rest) > 0 && !rest[0].isFlag() && depth < maxNesting {
		return Key(tagWrap, program, commandTarget(rest, depth+1))
	}
	if script, ok := innerScript(rest); ok && h.shell {
		return Key(tagWrap, program, scriptTarget(script, depth+1))
	}
	line := commandLine{program: program, habit: h}
	line.read(rest)
	return Key(tagRun, program, SetKey(tagFlags, line.flags), Key(tagOperands, line.operands...))
}

// A commandLine collects what matters of one program's words.
type commandLine struct {
	program string
	habit   habit
	flags   []string
	// operands are word keys.
	operands []string
	// seen counts the operands read, kept or not.
	seen int
	// open is the flag whose value is the next word; empty if none.
	open string
}

func (l *commandLine) read(rest []word) {
	flagsOver, skip := false, false
	for _, w := range rest {
		switch {
		case skip:
			skip = false
		case l.open != "":
			l.addFlag(l.open + w.key())
			l.open = ""
		case !flagsOver && w.literal && w.text == "--":
			flagsOver = true
		case !flagsOver && w.isFlag():
			skip = l.flag(w.text)
		default:
			l.operand(w)
		}
	}
}

func (l *commandLine) operand(w word) {
	l.seen++
	if l.habit.prose || l.habit.pattern && l.seen == 1 && !picksLines(w) {
		return
	}
	if w.isProse() && !l.habit.code {
		if files, ok := PatchTarget(w.text); ok {
			l.operands = append(l.operands, files)
		}
		return
	}
	l.operands = append(l.operands, w.key())
}

// picksLines is whether the program of sed and its kind only prints or counts
// lines by number, as in 1,50p: then it says where, not what.
func picksLines(w word) bool {
	return w.literal && w.text != "" && strings.Trim(w.text, "0123456789,$p; ") == "" && strings.HasSuffix(w.text, "p")
}

// flag notes one flag. It reports whether the next word is its value and free
// text.
func (l *commandLine) flag(text string) (skip bool) {
	if strings.HasPrefix(text, "--") {
		return l.longFlag(text)
	}
	letters := l.valued(text[1:])
	// grep -e PATTERN: the pattern is no operand any more.
	given := l.habit.pattern && strings.HasSuffix(letters, "e")
	if given {
		l.seen++
		letters = strings.TrimSuffix(letters, "e")
	}
	if l.habit.clusters {
		l.cluster(letters)
	} else if letters != "" {
		l.addFlag("-" + letters)
	}
	return given || l.habit.message != 0 && text[len(text)-1] == l.habit.message
}

// valued takes the first flag that has a value off a cluster, with all behind
// it, and returns the letters in front.
func (l *commandLine) valued(letters string) string {
	i := strings.IndexAny(letters, l.habit.valued)
	if i < 0 {
		return letters
	}
	flag, value := "-"+letters[i:i+1], letters[i+1:]
	if value == "" {
		l.open = flag
	} else {
		l.addFlag(flag + "=" + CleanPath(value))
	}
	return letters[:i]
}

func (l *commandLine) longFlag(text string) (skip bool) {
	name, value, hasValue := strings.Cut(text, "=")
	switch {
	case isChatter(name):
		return false
	case takesProse(name):
		l.addFlag(name)
		return !hasValue
	case !hasValue && l.habit.valued != "" && takesValue(name):
		l.open = name
	case hasValue && !strings.ContainsAny(value, " \t\n"):
		l.addFlag(name + "=" + CleanPath(value))
	default:
		l.addFlag(name)
	}
	return false
}

// cluster adds the one-letter flags of known programs one by one; what holds a
// digit stays together, as in head -20.
func (l *commandLine) cluster(letters string) {
	letters = strings.Map(func(r rune) rune {
		if strings.ContainsRune(l.habit.quiet, r) {
			return -1
		}
		return r
	}, letters)
	if strings.ContainsAny(letters, "0123456789") {
		l.addFlag("-" + letters)
		return
	}
	for _, letter := range letters {
		l.addFlag("-" + string(letter))
	}
}

func (l *commandLine) addFlag(flag string) {
	l.flags = append(l.flags, sameFlag(l.program, flag))
}
