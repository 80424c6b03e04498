package guard

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"hotmess/shell"
	"hotmess/wire"
)

// maxDepth bounds how deep arguments are taken apart.
const maxDepth = 16

// A reading is a call with its arguments taken apart. Arguments that are not
// JSON are one text, without a path; broken JSON is the texts in it, one per
// line.
type reading struct {
	wire.Call
	arguments any
	// invocations are the programs of all commands in it that rules may be for,
	// in order.
	invocations []shell.Invocation
	// groups are those of them that do what they say, by their programs.
	groups [][]shell.Invocation
	reader *shell.Reader
	// sql are the statements in it, each as its words, once they are read.
	sql [][]string
}

// maxArguments bounds the arguments that are taken apart, in bytes: decoded, they
// take many times as much. Models do not write as much in one call.
const maxArguments = 1 << 20

// readCall reads a call with the work that is left for the reply.
func (g *Guard) readCall(call wire.Call, left *int) *reading {
	r := &reading{Call: call, reader: shell.NewReader(g.wants, left)}
	if len(call.Arguments) > maxArguments {
		r.reader.Spend(len(call.Arguments))
		return r
	}
	r.arguments = takenApart(call.Arguments)
	r.commands("", r.arguments, 0)
	r.invocations = r.reader.Found()
	r.group()
	return r
}

// takenApart are arguments as JSON; see reading for those that are none. Some models
// encode them twice, which agents forgive.
func takenApart(arguments string) any {
	var v any
	if err := json.Unmarshal([]byte(arguments), &v); err != nil {
		if strings.HasPrefix(strings.TrimSpace(arguments), "{") {
			return strings.ReplaceAll(arguments, `"`, "\n")
		}
		return arguments
	}
	if text, ok := v.(string); ok {
		var object map[string]any
		if json.Unmarshal([]byte(text), &object) == nil && object != nil {
			return object
		}
	}
	return v
}

// group sorts invocations by their programs: a rule looks at the names of these first,
// of which there are few however long a command is.
func (r *reading) group() {
	at := map[string]int{}
	for _, inv := range r.invocations {
		if harmless(inv) {
			continue
		}
		i, known := at[inv.Program]
		if !known {
			i = len(r.groups)
			at[inv.Program] = i
			r.groups = append(r.groups, nil)
		}
		r.groups[i] = append(r.groups[i], inv)
	}
}

// unread is whether not all of the call could be read for commands or statements.
func (r *reading) unread() bool { return r.reader.Cut() }

// commands reads the shell commands in arguments: those that are one by their
// name, or by that of the tool.
func (r *reading) commands(name string, v any, depth int) {
	switch v := v.(type) {
	case string:
		switch {
		case shell.IsCommand(r.Name, name):
			r.reader.Script(v)
		case shell.IsPatch(r.Name):
			r.reader.Patch(v)
		case name == "" && depth == 0:
			r.reader.Script(v)
		case shell.IsCode(r.Name, name) && name != "":
			r.reader.Code(v)
		}
	case []any:
		if words := texts(v); len(words) == len(v) && !strings.EqualFold(name, "commands") && shell.IsCommand(r.Name, name) {
			r.reader.Words(words)
			return
		}
		for _, element := range v {
			if depth < maxDepth {
				r.commands(name, element, depth+1)
			}
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if depth < maxDepth {
				r.commands(key, v[key], depth+1)
			}
		}
	}
}

// texts are the strings of a list.
func texts(list []any) []string {
	var words []string
	for _, element := range list {
		if s, ok := element.(string); ok {
			words = append(words, s)
		}
	}
	return words
}

// values are the values at a path, as texts: dots go between keys, and lists
// are gone through.
func (r *reading) values(path string) []string { return valuesAt(nil, r.arguments, path) }

// valuesAt adds to those that were found. All lists within lists add to the same:
// copied at each level they would take the square of what arguments may have.
func valuesAt(found []string, v any, path string) []string {
	switch v := v.(type) {
	case map[string]any:
		if inner, ok := v[path]; ok {
			return valuesAt(found, inner, "")
		}
		head, rest, _ := strings.Cut(path, ".")
		if inner, ok := v[head]; ok && rest != "" {
			return valuesAt(found, inner, rest)
		}
		return found
	case []any:
		for _, element := range v {
			found = valuesAt(found, element, path)
		}
		return found
	}
	if path != "" || v == nil {
		return found
	}
	return append(found, scalar(v))
}

func scalar(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return fmt.Sprint(v) // a truth value
}

// programs identifies the programs that fit a rule, each once, in order.
func (r *reading) programs(of rule) []string {
	var found []string
	for _, group := range r.groups {
		if !of.program.fits(group[0].Program) {
			continue
		}
		for _, inv := range group {
			if of.fitsCommand(inv) {
				found = append(found, inv.Key())
			}
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// placing are the programs that say where others work.
func placing() []string {
	return append(containers(), "cd", "pushd", "chdir", "set-location", "ssh", "chroot")
}

// containers are those of them that do so only by some of their sub-commands.
func containers() []string { return []string{"docker", "podman", "nerdctl", "kubectl"} }

// places is whether a program says where another works.
func places(inv shell.Invocation) bool {
	if slices.Contains(containers(), inv.Program) {
		return slices.Contains(inv.Operands, "exec") || slices.Contains(inv.Operands, "run")
	}
	return slices.Contains(placing(), inv.Program)
}

// place is where a command works: the directories that it goes to, and what the
// call says of directory, host and user.
func (r *reading) place() []string {
	var place []string
	for _, inv := range r.invocations {
		if places(inv) {
			place = append(place, join(append([]string{inv.Program}, inv.Operands...)))
		}
	}
	for _, inv := range r.invocations {
		if slices.Contains(clients(), inv.Program) { // which database
			said := slices.DeleteFunc(slices.Concat(inv.Flags, inv.Operands), isSQL)
			place = append(place, join(append([]string{inv.Program, inv.Within}, said...)))
		}
	}
	for _, name := range []string{"cwd", "workdir", "working_directory", "dir", "directory", "host", "server", "user", "database", "db"} {
		for _, value := range r.values(name) {
			place = append(place, join([]string{name, value}))
		}
	}
	return place
}

// join writes texts so that no others read the same.
func join(texts []string) string {
	var b strings.Builder
	for _, s := range texts {
		b.WriteString(strconv.Itoa(len(s)))
		b.WriteByte(':')
		b.WriteString(s)
	}
	return b.String()
}
