package sim

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// A Tool is one function that a request offers. It encodes and decodes as an
// entry of the request's tools.
type Tool struct {
	Name        string
	Description string
	// Parameters is the JSON Schema of the arguments, an object; empty for
	// none.
	Parameters json.RawMessage
}

// toolJSON is the form of a Tool on the wire.
type toolJSON struct {
	Type     string `json:"type"`
	Function struct {
		Name        string          `json:"name"`
		Description string          `json:"description,omitempty"`
		Parameters  json.RawMessage `json:"parameters,omitempty"`
	} `json:"function"`
}

// MarshalJSON gives {"type": "function", "function": {…}}.
func (t Tool) MarshalJSON() ([]byte, error) {
	wire := toolJSON{Type: "function"}
	wire.Function.Name, wire.Function.Description, wire.Function.Parameters = t.Name, t.Description, t.Parameters
	return json.Marshal(wire)
}

// UnmarshalJSON reads what MarshalJSON gives.
func (t *Tool) UnmarshalJSON(b []byte) error {
	var wire toolJSON
	if err := json.Unmarshal(b, &wire); err != nil {
		return err
	}
	*t = Tool{Name: wire.Function.Name, Description: wire.Function.Description, Parameters: wire.Function.Parameters}
	return nil
}

// An offered tool is one whose schema has been read, once for all the calls that
// a request makes of it.
type offered struct {
	name string
	// params is the schema of the arguments; one that cannot be read is one
	// without arguments.
	params schema
	// prose are the arguments that are free text, commands those of a shell.
	prose, commands []string
}

// offer reads a tool.
func offer(t Tool) offered {
	o := offered{name: t.Name, params: parametersOf(t)}
	described := slices.Collect(maps.Keys(o.params.Properties))
	for _, name := range slices.Concat(described, o.params.Required) {
		if o.params.Properties[name].freeText(name) {
			o.prose = append(o.prose, name)
		}
		if commandName.MatchString(name) {
			o.commands = append(o.commands, name)
		}
	}
	return o
}

// byName is tools in the order of their names, so that the order in which a
// request offers them does not matter.
func byName(tools []Tool) []offered {
	sorted := make([]offered, len(tools))
	for i, t := range tools {
		sorted[i] = offer(t)
	}
	slices.SortStableFunc(sorted, func(a, b offered) int { return strings.Compare(a.name, b.name) })
	return sorted
}

// A call is one proposed tool call.
type call struct {
	Name string `json:"name"`
	// Arguments is JSON text, as on the wire.
	Arguments string `json:"arguments"`
}

// callOf builds a call of tool with arguments from gen.
func callOf(tool offered, gen generator) call {
	args := map[string]any{}
	for name, param := range tool.params.wanted() {
		args[name] = gen.value(name, param, 0)
	}
	return call{Name: tool.name, Arguments: encode(args)}
}

// with is c with one argument set.
func (c call) with(name string, value any) call {
	var args map[string]any
	if json.Unmarshal([]byte(c.Arguments), &args) != nil || args == nil {
		return c
	}
	args[name] = value
	return call{Name: c.Name, Arguments: encode(args)}
}

// identity is what makes a call the same as another: its tool and those of its
// arguments that are not free text.
func identity(tool offered, c call) string {
	var args map[string]any
	if json.Unmarshal([]byte(c.Arguments), &args) != nil {
		return c.Name + " malformed"
	}
	for _, name := range tool.prose {
		delete(args, name)
	}
	for _, name := range tool.commands {
		if command, ok := args[name].(string); ok {
			args[name] = sameSpelling(command)
		}
	}
	return c.Name + " " + encode(args)
}

// parametersOf is the schema of a tool's arguments; a schema that cannot be
// read is one without arguments.
func parametersOf(tool Tool) schema {
	var s schema
	if json.Unmarshal(tool.Parameters, &s) != nil {
		return schema{}
	}
	return s
}

// encode is the JSON text of v, keys sorted. All v here come from decoded JSON
// or from generator, which encoding/json always accepts.
func encode(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// A toolChoice is what a request leaves of its tools.
type toolChoice struct {
	// none of them is to be called.
	none bool
	// only these are to be called, if there are any.
	only []string
}

// onlyTool is the choice of one tool, or of all if there is no name.
func onlyTool(name string) toolChoice {
	if name == "" {
		return toolChoice{}
	}
	return toolChoice{only: []string{name}}
}

// choose narrows the tools to what is left of them.
func (p *prompt) choose(c toolChoice) *failure {
	if c.none {
		p.tools = nil
	}
	if len(c.only) == 0 {
		return nil
	}
	p.tools = slices.DeleteFunc(p.tools, func(t Tool) bool { return !slices.Contains(c.only, t.Name) })
	if len(p.tools) == 0 {
		return badRequest("tool_choice", "tool_choice names a function that tools does not offer")
	}
	return nil
}
