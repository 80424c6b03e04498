package shell

import (
	"path"
	"strings"
)

// A habit is how a program reads its command line, as far as it is known. The
// zero habit fits most: flags are whole words, operands of one token identify.
type habit struct {
	// clusters: -rf is -r -f.
	clusters bool
	// quiet lists one-letter flags that change only what is printed.
	quiet string
	// pattern: the first operand is a pattern or a small program, not a place.
	pattern bool
	// valued lists the one-letter flags that have a value, joined to them or in
	// the next word.
	valued string
	// prose: every operand is free text.
	prose bool
	// code: an operand with blanks is code to be run, not free text.
	code bool
	// message is the one-letter flag whose value is free text; 0: none.
	message byte
	// wraps: the operands are another command.
	wraps bool
	// shell: -c takes a script.
	shell bool
}

// habitOf knows the programs that agents run most and that differ from the
// zero habit.
func habitOf(program string) habit {
	switch program {
	case "rm", "cp", "mv", "mkdir", "rmdir", "touch", "chmod", "chown", "ln", "tar":
		return habit{clusters: true, quiet: "v"}
	case "ls":
		return habit{clusters: true, quiet: "1aAlhtrSFGv"}
	case "cat", "wc", "sort", "uniq", "du", "df", "ps", "tee", "head", "tail":
		return habit{clusters: true, quiet: "v"}
	case "grep", "egrep", "fgrep", "ag", "ack":
		return habit{clusters: true, quiet: "nHhs", pattern: true, valued: "ABCmdD"}
	case "rg":
		return habit{clusters: true, quiet: "nHhs", pattern: true, valued: "ABCmtTgjMEr"}
	case "sed", "awk", "gawk", "jq":
		return habit{pattern: true}
	case "echo", "printf":
		return habit{prose: true}
	case "git", "hg", "jj":
		return habit{message: 'm'}
	case "sudo", "doas", "command", "nohup", "exec", "nice", "time", "env":
		return habit{wraps: true}
	case "bash", "sh", "zsh", "dash", "ksh":
		return habit{shell: true, code: true}
	case "eval", "ssh", "su", "xargs", "docker", "podman", "kubectl", "python", "python3", "node",
		"perl", "ruby", "php", "psql", "mysql", "sqlite3", "redis-cli", "mongosh", "osascript", "powershell", "pwsh":
		return habit{code: true}
	default:
		return habit{}
	}
}

// sameFlag gives flags that mean the same to a program one name.
func sameFlag(program, flag string) string {
	switch program {
	case "rm", "cp", "grep", "egrep", "fgrep":
		if flag == "-R" || flag == "--recursive" {
			return "-r"
		}
	case "chmod", "chown":
		if flag == "--recursive" {
			return "-R"
		}
	case "mkdir":
		if flag == "--parents" {
			return "-p"
		}
	case "git":
		if flag == "--message" {
			return "-m"
		}
	}
	if flag == "--force" && habitOf(program).clusters {
		return "-f"
	}
	return flag
}

// isChatter is whether a flag changes only what is printed, for any program.
func isChatter(flag string) bool {
	switch flag {
	case "--verbose", "--quiet", "--silent", "--color", "--colour", "--no-color", "--no-pager", "--progress", "--no-progress":
		return true
	default:
		return false
	}
}

// takesValue is whether a long flag of grep and its kind has a value, which
// may be the next word.
func takesValue(flag string) bool {
	switch flag {
	case "--type", "--type-not", "--glob", "--iglob", "--include", "--exclude", "--exclude-dir", "--max-count", "--max-depth",
		"--context", "--after-context", "--before-context", "--threads", "--sort", "--encoding", "--replace":
		return true
	default:
		return false
	}
}

// takesProse is whether the value of a long flag is free text.
func takesProse(flag string) bool {
	switch flag {
	case "--message", "--title", "--body", "--notes", "--description", "--comment":
		return true
	default:
		return false
	}
}

// programName is the program without the directories that hold programs by
// convention.
func programName(w word) string {
	if !w.literal {
		return w.key()
	}
	dir, name := path.Split(w.text)
	switch dir {
	case "/bin/", "/usr/bin/", "/usr/local/bin/", "/sbin/", "/usr/sbin/":
		return name
	default:
		return CleanPath(w.text)
	}
}

// innerScript is the script that a shell is given with -c, as in bash -lc.
func innerScript(rest []word) (string, bool) {
	for i, w := range rest {
		if !w.isFlag() {
			return "", false
		}
		if !strings.HasPrefix(w.text, "--") && strings.HasSuffix(w.text, "c") {
			return literalAt(rest, i+1)
		}
	}
	return "", false
}

func literalAt(words []word, i int) (string, bool) {
	if i >= len(words) || !words[i].literal {
		return "", false
	}
	return words[i].text, true
}
