package shell

import "strings"

// IsCommand is whether an argument of a tool is a shell command: by its own name, or
// by the tool's together with a name that only a shell tool gives to a command. The
// name is empty for what is no JSON object, such as the free text of a custom tool.
func IsCommand(tool, argument string) bool {
	switch strings.ToLower(argument) {
	case "command", "commands", "cmd", "cmdline", "cmd_line", "command_line", "commandline",
		"bash", "sh", "shell", "shell_command", "bash_command":
		return true
	case "", "input", "code", "script":
		return isShell(tool)
	default:
		return false
	}
}

// isShell is whether a tool runs shell commands, by its name.
func isShell(tool string) bool {
	switch strings.ToLower(tool) {
	case "bash", "sh", "zsh", "shell", "terminal", "command", "cmd", "exec", "local_shell",
		"run_command", "run_shell", "run_shell_command", "run_bash", "run_terminal_cmd", "run_in_terminal",
		"execute_command", "execute_bash", "execute_shell", "exec_command", "shell_exec", "bash_exec":
		return true
	default:
		return false
	}
}

// IsCode is whether an argument of a tool is code in another language than the
// shell's, by their names.
func IsCode(tool, argument string) bool {
	switch strings.ToLower(argument) {
	case "code", "script", "source", "source_code", "python_code", "input", "expression", "":
	default:
		return false
	}
	tool = strings.ToLower(tool)
	for _, part := range []string{"python", "interpreter", "jupyter", "notebook", "node", "javascript", "run_code", "execute_code", "repl"} {
		if strings.Contains(tool, part) {
			return true
		}
	}
	return false
}

// IsPatch is whether a tool takes patches and no commands, by its name.
func IsPatch(tool string) bool {
	tool = strings.ToLower(tool)
	return strings.Contains(tool, "patch") && !strings.Contains(tool, "dispatch") || strings.Contains(tool, "apply_diff")
}
