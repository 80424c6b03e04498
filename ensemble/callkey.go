package ensemble

import (
	"strings"

	"hotmess/wire"
)

// CallTarget is what one call is pointed at: its tool and its identifying
// arguments. Two calls agree at level target if and only if theirs are equal. It
// holds content and stays in the process.
func (c Comparer) CallTarget(call wire.Call) string {
	target, _ := c.callKeys(call)
	return target
}

// IsCommand is whether an argument of a tool is a shell command, by their names.
func IsCommand(tool, argument string) bool { return isCommand(tool, argument) }

// IsPatch is whether a tool takes patches and no commands, by its name.
func IsPatch(tool string) bool {
	tool = strings.ToLower(tool)
	return strings.Contains(tool, "patch") && !strings.Contains(tool, "dispatch") || strings.Contains(tool, "apply_diff")
}
