package ensemble

import (
	"slices"

	"hotmess/wire"
)

const (
	// maxArguments bounds the arguments that one pair of replies is compared by.
	maxArguments = 64
	// unlistedArgument stands for every argument that neither the tool's schema
	// nor definedArguments name: such a name is the model's own text, and may
	// say anything.
	unlistedArgument = "(unlisted)"
	// wholeInput stands for arguments that are no JSON object: the free text of
	// a custom tool, or broken JSON.
	wholeInput = "(input)"
)

// definedArguments are the arguments of the tools that providers define, which
// come without a schema: shells, editors, patches, memory and computers.
var definedArguments = []string{
	"action", "actions", "code", "command", "commands", "cmd", "coordinate", "cwd", "diff", "duration", "env",
	"file_text", "input", "insert_line", "insert_text", "key", "keys", "max_output_length", "new_str", "old_path",
	"new_path", "old_str", "operation", "patch", "path", "query", "restart", "scroll_x", "scroll_y", "session_id",
	"start_coordinate", "text", "timeout", "timeout_ms", "type", "url", "user", "view_range", "working_directory",
	"x", "y",
}

// Arguments tells which arguments of the calls of two replies differ: the one
// that is unstable. Calls are compared where the replies agree at level tool and
// each calls the tool once. Keys are tool.argument, by top-level name; null is
// as good as absent, and an argument that one reply alone gives differs. It is
// nil where there is nothing to compare, and has 64 entries at most.
func (c Comparer) Arguments(a, b wire.Reply) map[string]bool {
	if c.kind != KindAction || a.Refusal != "" || b.Refusal != "" || len(a.Calls) == 0 {
		return nil
	}
	first, second := callsByName(a.Calls), callsByName(b.Calls)
	if len(first) != len(second) {
		return nil
	}
	for name := range first {
		if _, both := second[name]; !both {
			return nil
		}
	}
	differ := map[string]bool{}
	for _, call := range a.Calls {
		one, other := first[call.Name], second[call.Name]
		if len(one) == 1 && len(other) == 1 {
			c.compareArguments(differ, one[0], other[0])
		}
	}
	if len(differ) == 0 {
		return nil
	}
	return differ
}

func callsByName(calls []wire.Call) map[string][]wire.Call {
	named := make(map[string][]wire.Call, len(calls))
	for _, call := range calls {
		named[call.Name] = append(named[call.Name], call)
	}
	return named
}

// compareArguments notes in differ which arguments of two calls of one tool do.
// A tool that the request does not offer is not compared: its name is the
// model's.
func (c Comparer) compareArguments(differ map[string]bool, a, b wire.Call) {
	t, offered := c.tools[a.Name]
	if !offered {
		return
	}
	one, other := canonicalArguments(a), canonicalArguments(b)
	for _, name := range unionOfKeys(one, other) {
		key := a.Name + "." + listedName(t, name)
		if _, known := differ[key]; !known && len(differ) >= maxArguments {
			continue
		}
		// Several that are not listed are one: it differs if any does.
		differ[key] = differ[key] || one[name] != other[name]
	}
}

// canonicalArguments are the arguments of a call, by name, in canonical form.
func canonicalArguments(call wire.Call) map[string]string {
	args := readArguments(call)
	object, ok := args.value.(map[string]any)
	if !ok {
		return map[string]string{wholeInput: args.exact()}
	}
	named := make(map[string]string, len(object))
	for name, value := range object {
		if value != nil {
			named[name] = canonicalJSON(value)
		}
	}
	return named
}

// unionOfKeys lists the names of both, in order.
func unionOfKeys(a, b map[string]string) []string {
	names := make([]string, 0, len(a)+len(b))
	for name := range a {
		names = append(names, name)
	}
	for name := range b {
		names = append(names, name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// listedName is the name that an argument may be shown by.
func listedName(t wire.Tool, name string) string {
	if _, described := t.Params[name]; described || name == wholeInput {
		return name
	}
	if t.Params == nil && slices.Contains(definedArguments, name) {
		return name
	}
	return unlistedArgument
}
