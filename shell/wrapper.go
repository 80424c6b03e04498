package shell

import (
	"slices"
	"strings"
)

// A wrapper is how a program such as sudo is given the command that it runs.
type wrapper struct {
	// valued lists its one-letter flags whose value is the next word.
	valued string
	// operands is how many words stand in front of the command, as the time of
	// timeout; anywhere: it is not known.
	operands int
	// behind lists sub-commands of which one must stand in front; none: there are
	// no sub-commands.
	behind []string
}

// anywhere stands for a command that may begin with any word.
const anywhere = -1

// wrapperOf knows the programs that run the command that they are given.
func wrapperOf(program string) (w wrapper, ok bool) {
	switch program {
	case "sudo", "doas":
		w.valued = "CDRTUaghprtu"
	case "command", "builtin", "nohup", "setsid", "busybox", "unbuffer":
	case "npx", "bunx":
		w.valued = "pw"
	case "exec":
		w.valued = "a"
	case "nice":
		w.valued = "n"
	case "ionice":
		w.valued = "cnpPu"
	case "time":
		w.valued = "fo"
	case "env":
		w.valued = "uCS"
	case "stdbuf":
		w.valued = "ioe"
	case "strace":
		w.valued = "EIOPSXabeopsu"
	case "caffeinate":
		w.valued = "tw"
	case "xargs":
		w.valued = "EILPadns"
	case "parallel":
		w.valued = "ICLNPSadjn"
	case "systemd-run":
		w.valued = "EHMptu"
	case "timeout":
		w.valued, w.operands = "ks", 1
	case "flock":
		w.valued, w.operands = "Ew", 1
	case "chroot", "gosu", "su-exec":
		w.operands = 1
	case "docker", "podman", "nerdctl", "kubectl", "docker-compose":
		w.operands, w.behind = anywhere, []string{"exec", "run", "create", "debug", "unshare"}
	case "unshare", "nsenter", "tini", "dumb-init", "cmd", "cmd.exe", "wsl", "wsl.exe":
		w.operands = anywhere
	case "uv", "bundle", "poetry", "pipenv":
		w.operands, w.behind = anywhere, []string{"run", "exec"}
	default:
		return wrapper{}, false
	}
	return w, true
}

// runsEach is whether a program runs a command for each of a list that stands
// elsewhere.
func runsEach(program string) bool { return program == "xargs" || program == "parallel" }

// starts are the words of rest, by number, that may begin the command. What a variable
// stands for is not known, nor whether the word behind a long flag is its value: so each
// of those may be one word or none.
func (w wrapper) starts(rest []string) (at []int) {
	from := 0
	if w.behind != nil {
		if from = slices.IndexFunc(rest, func(word string) bool { return slices.Contains(w.behind, word) }); from < 0 {
			return nil
		}
		from++
	}
	fewest, most := 0, 0 // operands so far
	value, may := false, false
	for i := from; i < len(rest) && i-from < maxWrapped; i++ {
		word := rest[i]
		switch {
		case value:
			value = false
			continue
		case isFlagText(word):
			long := strings.HasPrefix(word, "--")
			value = !long && strings.IndexAny(word[1:], w.valued) == len(word)-2
			may = long && !strings.Contains(word, "=")
			continue
		case word == "--", strings.Contains(word, "="):
			may = may && word != "--"
			continue
		case w.operands == anywhere || fewest <= w.operands && w.operands <= most:
			at = append(at, i)
		}
		most++
		if !may && !strings.Contains(word, "$") {
			fewest++
		}
		may = false
		if w.operands != anywhere && fewest > w.operands {
			break
		}
	}
	return at
}

// shellWrapper is how a program is given the command that it has a shell run.
func shellWrapper(program string) wrapper {
	if program == "ssh" { // behind the host
		return wrapper{valued: "BDEFIJLOPQRSWbceilmopw", operands: 1}
	}
	return wrapper{valued: "nq"} // watch
}
