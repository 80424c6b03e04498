package ensemble

import (
	"strings"

	"hotmess/wire"
)

// actionKeys compares tool calls. Parallel calls have no order, and call ids
// are left out. A reply without a call is one value at every level: its text is
// no action. Equal keys at a level imply equal keys at every coarser one.
func (c Comparer) actionKeys(calls []wire.Call) Keys {
	if len(calls) == 0 {
		return everyLevel(c.levels, list(tagNone))
	}
	names := make([]string, len(calls))
	targets := make([]string, len(calls))
	exact := make([]string, len(calls))
	for i, call := range calls {
		names[i] = call.Name
		targets[i], exact[i] = c.callKeys(call)
	}
	return Keys{
		LevelTool:   set(tagAction, names),
		LevelTarget: bag(tagAction, targets),
		LevelExact:  bag(tagAction, exact),
	}
}

// callKeys are one call's parts of the keys at levels target and exact.
// Arguments that are not JSON, malformed or the free text of a custom tool, are
// a value: at level exact what was written, at level target what identifies in
// it.
func (c Comparer) callKeys(call wire.Call) (target, exact string) {
	args := readArguments(call)
	exact = list(tagCall, call.Name, args.exact())
	if !args.parsed {
		return list(tagCall, call.Name, c.freeTarget(call.Name, args.raw)), exact
	}
	identifying := identify(c.tool(call.Name), args.value)
	return list(tagCall, append([]string{call.Name}, identifying...)...), exact
}

// callArguments are the arguments of a call as written and, if they are JSON, their
// value.
type callArguments struct {
	raw    string
	value  any
	parsed bool
}

// readArguments reads those of a call. None at all are an empty object, which is how
// models call a tool that takes none.
func readArguments(call wire.Call) callArguments {
	raw := call.Arguments
	if strings.TrimSpace(raw) == "" {
		raw = "{}"
	}
	v, ok := parseJSON(raw)
	return callArguments{raw, v, ok}
}

// exact is their part of a key at level exact.
func (a callArguments) exact() string {
	if !a.parsed {
		return list(tagMalformed, a.raw)
	}
	return list(tagJSON, canonicalJSON(a.value))
}

// freeTarget is what identifies in arguments that are not JSON. Broken JSON, as
// where a token limit cut it, is one value: what it would have said is unknown. What
// is too long to be taken apart is what was written.
func (c Comparer) freeTarget(name, raw string) string {
	switch {
	case len(raw) > maxJSON:
		return list(tagMalformed, raw)
	case strings.HasPrefix(strings.TrimSpace(raw), "{"):
		return list(tagMalformed)
	}
	return list(tagMalformed, identify(c.tool(name), raw)...)
}

// tool is the tool of that name; if the request did not offer it, nothing is
// known but its name.
func (c Comparer) tool(name string) wire.Tool {
	if t, ok := c.tools[name]; ok {
		return t
	}
	return wire.Tool{Name: name}
}
