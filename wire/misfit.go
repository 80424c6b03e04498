package wire

import (
	"slices"
	"strings"

	"github.com/tidwall/gjson"
)

// Misfits counts the calls of a reply that do not fit the request: of a tool
// that it does not offer, or with arguments that its schema rules out (see
// schemaCheck). body is the request's decoded body, v its View. A tool without a
// schema takes anything; where one is offered, calls of unknown tools do not
// count either, as the tools of a set have names of their own.
func Misfits(v View, body []byte, calls []Call) int {
	if len(calls) == 0 || len(v.Tools) == 0 {
		return 0
	}
	fields, err := topLevel(walk(body))
	if err != nil {
		return 0
	}
	misfits, check := 0, &schemaCheck{}
	for _, call := range calls {
		if !check.fitsRequest(v, fields, call) {
			misfits++
		}
	}
	return misfits
}

func (c *schemaCheck) fitsRequest(v View, fields map[string]gjson.Result, call Call) bool {
	offered := func(t Tool) bool { return t.Name == call.Name }
	if !slices.ContainsFunc(v.Tools, offered) {
		return slices.ContainsFunc(v.Tools, func(t Tool) bool { return t.Params == nil })
	}
	if c.spent(len(fields["tools"].Raw) + len(fields["functions"].Raw)) { // they are looked through for the schema
		return true
	}
	schema := grammars(v.Dialect).schema(fields, call.Name)
	if !schema.IsObject() {
		return true
	}
	text := call.Arguments
	if strings.TrimSpace(text) == "" {
		text = "{}"
	}
	arguments, ok := parse([]byte(text))
	c.steps = 0
	return ok && c.fits(schema, arguments, 0)
}

// named finds the element of a list by its name.
func named(list gjson.Result, name string, nameOf func(gjson.Result) string) gjson.Result {
	var found gjson.Result
	if list.IsArray() {
		list.ForEach(func(_, element gjson.Result) bool {
			if element.IsObject() && nameOf(element) == name {
				found = element
			}
			return !found.Exists()
		})
	}
	return found
}

func nameMember(object gjson.Result) string { return member(object, "name").String() }

func (chat) schema(f map[string]gjson.Result, tool string) gjson.Result {
	found := named(f["tools"], tool, func(t gjson.Result) string { return nameMember(member(t, "function")) })
	if found.Exists() {
		return member(member(found, "function"), "parameters")
	}
	return member(named(f["functions"], tool, nameMember), "parameters")
}

func (responses) schema(f map[string]gjson.Result, tool string) gjson.Result {
	if found := named(f["tools"], tool, nameMember); found.Exists() {
		return member(found, "parameters")
	}
	var schema gjson.Result
	if f["tools"].IsArray() {
		f["tools"].ForEach(func(_, space gjson.Result) bool {
			found := named(member(space, "tools"), tool, func(t gjson.Result) string { return qualified(nameMember(space), nameMember(t)) })
			schema = member(found, "parameters")
			return !schema.Exists()
		})
	}
	return schema
}

func (anthropic) schema(f map[string]gjson.Result, tool string) gjson.Result {
	return member(named(f["tools"], tool, nameMember), "input_schema")
}

func (gemini) schema(f map[string]gjson.Result, tool string) gjson.Result {
	var schema gjson.Result
	eachOf(protoFields(f)["tools"], func(t gjson.Result) {
		eachOf(field(t, "functionDeclarations"), func(declared gjson.Result) {
			if schema.Exists() || field(declared, "name").String() != tool {
				return
			}
			if schema = field(declared, "parameters"); !present(schema) {
				schema = field(declared, "parametersJsonSchema")
			}
		})
	})
	return schema
}
