package shell

import (
	"slices"
	"strings"
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
	// Input is the text that it is fed: a here-document, or what echo says in
	// front of a pipe.
	Input string
	// Within is what else its operands hang on, such as the whole script where
	// variables stand in them.
	Within string
	// Each is whether it is run for each of a list that stands elsewhere: by xargs,
	// parallel or find.
	Each     bool
	clusters bool
}

// Has reports whether a flag, with its dashes, is given: a letter also among
// others (-rf has -r), a long one also with a value or cut short, as GNU's
// programs take it.
func (inv Invocation) Has(flag string) bool {
	return slices.ContainsFunc(inv.Flags, func(given string) bool { return inv.means(given, flag) })
}

func (inv Invocation) means(given, flag string) bool {
	const shortest = len("--r")
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
// and spelling, and the same operands in order. Where these cannot be known
// beforehand, what they hang on is a part of it. It holds content.
func (inv Invocation) Key() string {
	l := commandLine{program: inv.Program, habit: habit{clusters: inv.clusters}}
	for _, flag := range inv.Flags {
		switch {
		case isChatter(flag):
		case inv.clusters && !strings.HasPrefix(flag, "--") && !strings.Contains(flag, "="):
			l.cluster(flag[1:])
		default:
			l.addFlag(flag)
		}
	}
	operands := make([]string, len(inv.Operands))
	for i, o := range inv.Operands {
		operands[i] = CleanPath(o)
	}
	key := Key(tagRun, inv.Program, SetKey(tagFlags, l.flags), Key(tagOperands, operands...))
	if inv.Within != "" {
		return Key(tagWrap, key, inv.Within)
	}
	return key
}

func invocationOf(words []string) Invocation {
	inv := Invocation{Program: bareProgram(words[0])}
	// One dash and many letters is one flag to find and its like.
	inv.clusters = habitOf(inv.Program).clusters || slices.Contains([]string{"git", "rsync", "crontab"}, inv.Program)
	method, rest := takeMethod(inv.Program, words[1:])
	if method != "" {
		inv.Operands = append(inv.Operands, method)
	}
	flagsOver, valued := false, false
	for i, w := range rest {
		switch {
		case valued: // git -C repo push: the first operand is push
			inv.Flags[len(inv.Flags)-1] += "=" + w
			valued = false
		case !flagsOver && w == "--":
			flagsOver = true
		case i > 0 && inv.Program == "kill" && strings.Trim(w[min(1, len(w)):], "0123456789") == "": // behind the signal, -1 is all processes
			inv.Operands = append(inv.Operands, w)
		case !flagsOver && isFlagText(w):
			inv.Flags = append(inv.Flags, w)
			valued = (len(inv.Operands) == 0 || method != "" && len(inv.Operands) == 1) && slices.Contains(valuedBefore(inv.Program), w)
		default:
			inv.Operands = append(inv.Operands, w)
		}
	}
	return inv
}

// bareProgram is a program in lower case, without directories.
func bareProgram(word string) string {
	if i := strings.LastIndexAny(word, `/\`); i >= 0 && i+1 < len(word) {
		word = word[i+1:]
	}
	return strings.ToLower(word)
}

// valuedBefore are flags in front of a sub-command whose value is the next word.
func valuedBefore(program string) []string {
	switch program {
	case "git":
		return []string{"-C", "-c", "--git-dir", "--work-tree", "--namespace", "--exec-path"}
	case "kubectl", "oc", "helm":
		return []string{"-n", "--namespace", "--context", "--kube-context", "--kubeconfig", "--cluster", "--user", "-s", "--server"}
	case "docker", "podman", "nerdctl":
		return []string{"-H", "--host", "-c", "--context", "--config"}
	case "aws":
		return []string{"--profile", "--region", "--output", "--endpoint-url", "--query", "--color", "--ca-bundle", "--cli-read-timeout", "--cli-connect-timeout"}
	case "gh", "glab":
		return []string{"-R", "--repo", "--hostname"}
	case "npm", "pnpm", "yarn", "cargo":
		return []string{"-C", "--prefix", "--dir", "--cwd", "-w", "--workspace", "--filter", "--config", "--manifest-path"}
	case "redis-cli", "valkey-cli":
		return []string{"-h", "-p", "-a", "-n", "-u", "--user", "--pass"}
	}
	return nil
}

// takeMethod takes the HTTP method, in upper case, off the words of a program that
// is given it by a flag. It is counted as its first operand, as HTTPie has it.
func takeMethod(program string, words []string) (method string, rest []string) {
	letter, long := methodFlags(program)
	if long == "" {
		return "", words
	}
	for i := 0; i < len(words); i++ {
		name, value, _ := strings.Cut(words[i], "=")
		if !strings.EqualFold(name, long) {
			var ok bool
			if name, value, ok = cutLetter(words[i], letter, curlValued); !ok {
				rest = append(rest, words[i])
				continue
			}
			if name != "-" {
				rest = append(rest, name)
			}
		}
		if value == "" && i+1 < len(words) {
			i++
			value = words[i]
		}
		method = strings.ToUpper(strings.TrimPrefix(value, "="))
	}
	return method, rest
}

// methodFlags are the flags of a program whose value is an HTTP method: a letter, 0
// if there is none, and a long one.
func methodFlags(program string) (letter byte, long string) {
	switch program {
	case "curl":
		return 'X', "--request"
	case "wget":
		return 0, "--method"
	case "gh", "glab":
		return 'X', "--method"
	case "invoke-restmethod", "irm", "invoke-webrequest", "iwr":
		return 0, "-method"
	}
	return 0, ""
}

// curlValued are the letters of curl's flags that have a value.
const curlValued = "AbCcDdEeFHhKmoPQrTtUuwxYyz"

// cutLetter cuts a cluster of one-letter flags at one of them: the flags in front,
// and what is joined to it; ok is false if it is not there, or a part of the value of
// another.
func cutLetter(word string, letter byte, valued string) (before, value string, ok bool) {
	if letter == 0 || !isFlagText(word) || strings.HasPrefix(word, "--") {
		return "", "", false
	}
	for i := 1; i < len(word); i++ {
		switch {
		case word[i] == letter:
			return word[:i], word[i+1:], true
		case strings.IndexByte(valued, word[i]) >= 0:
			return "", "", false
		}
	}
	return "", "", false
}

func isFlagText(w string) bool { return len(w) > 1 && w[0] == '-' && w != "--" }
